//! The rows of an extraction as a table: comma-separated values with a header.

use super::extract::Row;
use super::missingness::outcome_name;
use crate::domain::score::Predictor;

/// Which columns the table has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns {
    /// The day of time zero instead of its month.
    pub dates: bool,
    /// Age in years, SUVmax and site groups.
    pub values: bool,
}

/// The table: comma-separated values with a header, also when nobody is in it.
pub fn write(rows: &[Row], columns: Columns, out: impl std::io::Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    let reasons = Predictor::ALL.map(|predictor| format!("{}Reason", predictor.name()));
    let mut header = vec!["patient", "timeZero"];
    header.extend(Predictor::ALL.map(Predictor::name));
    header.extend(["outcome", "outcomeReason"]);
    header.extend(reasons.iter().map(String::as_str));
    header.extend(["applicabilityCaveats", "predictorCaveats"]);
    if columns.values {
        header.extend(["ageYears", "suvMax", "metastasisSites"]);
    }
    writer.write_record(&header)?;
    for row in rows {
        let Some(scored) = &row.assessment.scored else {
            continue;
        };
        let day = row.time_zero.to_string();
        let mut cells: Vec<String> = vec![
            row.patient.clone(),
            if columns.dates {
                day
            } else {
                day[..7].to_owned()
            },
        ];
        cells.extend(row.predictors().map(|(_, state, _)| state.to_owned()));
        cells.push(outcome_name(row.outcome).to_owned());
        cells.push(row.outcome_reason.as_str().to_owned());
        cells.extend(
            row.predictors()
                .map(|(_, _, reason)| reason.unwrap_or("").to_owned()),
        );
        let applicability: Vec<&str> = row
            .assessment
            .applicability
            .caveats
            .iter()
            .map(|caveat| caveat.as_str())
            .collect();
        let mut caveats: Vec<&str> = scored
            .predictors
            .iter()
            .flat_map(|predictor| &predictor.finding.caveats)
            .map(|caveat| caveat.as_str())
            .collect();
        caveats.sort_unstable();
        caveats.dedup();
        cells.extend([applicability.join(" "), caveats.join(" ")]);
        if columns.values {
            let years = scored
                .years
                .filter(|years| years.high == Some(years.low))
                .map_or(String::new(), |years| years.low.to_string());
            let suv_max = scored
                .suv_max
                .as_ref()
                .filter(|suv_max| suv_max.comparator.is_none())
                .map_or(String::new(), |suv_max| suv_max.value.clone());
            let sites: Vec<&str> = scored.sites.iter().map(|site| site.0.as_str()).collect();
            cells.extend([years, suv_max, sites.join(" ")]);
        }
        writer.write_record(&cells)?;
    }
    writer.flush()?;
    Ok(())
}
