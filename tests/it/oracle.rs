//! Statistics against R: every figure in tests/oracle/expected, which tests/oracle/make writes.

use rrdtc::statistics::bootstrap::optimism;
use rrdtc::statistics::calibration::{
    brier, flexible, in_the_large, observed_to_expected, predictions, recalibrate, val_prob,
};
use rrdtc::statistics::decision::{curve, thresholds, treat_all};
use rrdtc::statistics::logistic::{Fit, Group, fit};
use rrdtc::statistics::proportion::{Proportion, TwoByTwo, normal_quantile};
use rrdtc::statistics::ranking::{Ranked, of_patients, ranked, totals};
use rrdtc::statistics::roc::{Paired, auc, best, compare, coordinates};
use rrdtc::statistics::smooth::lowess;
use rrdtc::statistics::tails::t_both;
use rrdtc::statistics::{Estimate, chi_squared_p, two_sided_p};
use std::collections::BTreeMap;

/// Columns of a cohort by name.
struct Cohort {
    name: &'static str,
    columns: BTreeMap<String, Vec<f64>>,
}

const COHORTS: [&str; 7] = [
    "constant",
    "continuous",
    "extremes",
    "separated",
    "source",
    "ten",
    "ties",
];

impl Cohort {
    fn read(name: &'static str) -> Self {
        let path = format!("tests/oracle/cohorts/{name}.csv");
        let mut reader = csv::Reader::from_path(path).unwrap();
        let header = reader.headers().unwrap().clone();
        let mut columns: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for record in reader.records() {
            for (column, value) in header.iter().zip(&record.unwrap()) {
                let value = value.parse().unwrap();
                columns.entry(column.to_owned()).or_default().push(value);
            }
        }
        Self { name, columns }
    }

    fn column(&self, name: &str) -> &[f64] {
        &self.columns[name]
    }

    fn outcome(&self) -> impl Iterator<Item = bool> {
        self.column("outcome").iter().map(|y| *y == 1.0)
    }

    /// One group a patient: joining is for the statistics.
    fn by(&self, column: &str) -> Vec<Ranked> {
        of_patients(self.column(column).iter().copied().zip(self.outcome()))
    }

    fn pairs(&self, first: &str, second: &str) -> Vec<Paired> {
        let markers = self.column(first).iter().zip(self.column(second));
        let pair = |((first, second), with): ((&f64, &f64), bool)| Paired {
            first: *first,
            second: *second,
            events: f64::from(u8::from(with)),
            others: f64::from(u8::from(!with)),
        };
        markers.zip(self.outcome()).map(pair).collect()
    }
}

/// What we say, by cohort and statistic.
#[derive(Default)]
struct Told(BTreeMap<(String, String), f64>);

impl Told {
    fn tell(&mut self, cohort: &str, statistic: impl Into<String>, value: f64) {
        self.0.insert((cohort.to_owned(), statistic.into()), value);
    }

    fn with_limits(&mut self, cohort: &str, statistic: &str, value: Option<Estimate>) {
        let Some(value) = value else { return };
        self.tell(cohort, statistic, value.value);
        if let Some([low, high]) = value.limits {
            self.tell(cohort, format!("{statistic}.low"), low);
            self.tell(cohort, format!("{statistic}.high"), high);
        }
    }

    /// Every figure of R must be here and agree, relative to its size where that is above 1.
    fn compare(&self, file: &str, tolerance: impl Fn(&str) -> f64) {
        let path = format!("tests/oracle/expected/{file}.csv");
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_path(path)
            .unwrap();
        let mut wrong = Vec::new();
        let mut compared = 0;
        for record in reader.records() {
            let record = record.unwrap();
            let key = (record[0].to_owned(), record[1].to_owned());
            // NA: R has no value.
            let Ok(expected) = record[2].parse::<f64>() else {
                assert_eq!(&record[2], "NA");
                continue;
            };
            compared += 1;
            let close = |got: f64| {
                let scale = expected.abs().max(1.0);
                got == expected || (got - expected).abs() <= tolerance(&key.1) * scale
            };
            match self.0.get(&key) {
                Some(got) if close(*got) => {}
                got => wrong.push(format!("{} {}: R {expected:?}, here {got:?}", key.0, key.1)),
            }
        }
        assert!(compared > 50, "{file} tells too little");
        assert!(
            wrong.is_empty(),
            "{} of {compared}:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}

#[test]
fn discrimination_is_that_of_proc() {
    let mut told = Told::default();
    for cohort in COHORTS.map(Cohort::read) {
        let name = cohort.name;
        for (marker, column) in [
            ("marker", "marker"),
            ("probability", "probability"),
            ("fdg", "fdgUptake"),
        ] {
            let area = auc(&cohort.by(column)).unwrap();
            let statistic = format!("auc.{marker}");
            told.tell(
                name,
                format!("{statistic}.se"),
                area.standard_error.unwrap(),
            );
            let limits = area.limits;
            let estimate = Estimate {
                value: area.value,
                limits,
            };
            told.with_limits(name, &statistic, Some(estimate));
        }
        for (first, second, columns) in [
            ("marker", "fdg", ["marker", "fdgUptake"]),
            ("probability", "marker", ["probability", "marker"]),
        ] {
            let test = compare(&cohort.pairs(columns[0], columns[1])).unwrap();
            let [low, high] = test.limits.unwrap();
            for (part, value) in [
                ("z", test.z),
                ("p", test.p),
                ("low", Some(low)),
                ("high", Some(high)),
            ] {
                let statistic = format!("paired.{first}.{second}.{part}");
                told.tell(name, statistic, value.unwrap_or(f64::NAN));
            }
        }
        let cuts = coordinates(&cohort.by("marker")).unwrap();
        for (place, cut) in cuts.iter().enumerate() {
            for (part, value) in [
                ("threshold", cut.threshold),
                ("tp", cut.table.true_positive),
                ("fp", cut.table.false_positive),
                ("fn", cut.table.false_negative),
                ("tn", cut.table.true_negative),
            ] {
                told.tell(name, format!("cut.{}.{part}", place + 1), value);
            }
        }
        for (place, cut) in best(&cuts).iter().enumerate() {
            told.tell(name, format!("best.{}", place + 1), cut.threshold);
        }
        tell_table(&mut told, &cohort);
    }
    told.compare("discrimination", |_| 1e-9);
}

fn tell_table(told: &mut Told, cohort: &Cohort) {
    let mut table = TwoByTwo::default();
    for (p, with) in cohort.column("probability").iter().zip(cohort.outcome()) {
        match (*p >= 0.5, with) {
            (true, true) => table.true_positive += 1.0,
            (true, false) => table.false_positive += 1.0,
            (false, true) => table.false_negative += 1.0,
            (false, false) => table.true_negative += 1.0,
        }
    }
    let measures = table.measures();
    let estimate = |p: Proportion| Estimate::within(p.value, p.low, p.high);
    for (statistic, value) in [
        ("sensitivity", measures.sensitivity.map(estimate)),
        ("specificity", measures.specificity.map(estimate)),
        ("ppv", measures.positive_predictive_value.map(estimate)),
        ("npv", measures.negative_predictive_value.map(estimate)),
        ("accuracy", measures.accuracy.map(estimate)),
        ("youden", measures.youden),
        ("lr+", measures.positive_likelihood_ratio),
        ("lr-", measures.negative_likelihood_ratio),
    ] {
        told.with_limits(cohort.name, &format!("table.{statistic}"), value);
    }
}

#[test]
fn calibration_is_that_of_rms_and_of_loess() {
    let mut told = Told::default();
    for cohort in COHORTS.map(Cohort::read) {
        tell_calibration(&mut told, &cohort);
    }
    // lrm.fit stops once a step gains less than 0.025 in deviance: its coefficients are the less exact ones.
    told.compare("calibration", |statistic| match statistic {
        "val.prob.Intercept" | "val.prob.Slope" => 1e-6,
        // glm takes its standard errors from the step before the last.
        _ if statistic.starts_with("intercept") || statistic.starts_with("slope") => 1e-8,
        _ => 1e-9,
    });
}

fn tell_calibration(told: &mut Told, cohort: &Cohort) {
    let name = cohort.name;
    let groups = cohort.by("probability");
    let all = val_prob(&groups).unwrap();
    let nothing = f64::NAN;
    for (statistic, value) in [
        ("Dxy", 2.0 * all.c_rounded - 1.0),
        ("C (ROC)", all.c_rounded),
        ("R2", all.r2),
        ("D", all.d),
        ("D:Chi-sq", all.d_chi_squared),
        ("D:p", all.d_p),
        ("U", all.u.unwrap_or(nothing)),
        ("U:Chi-sq", all.u_chi_squared.unwrap_or(nothing)),
        ("U:p", all.u_p.unwrap_or(nothing)),
        ("Q", all.q.unwrap_or(nothing)),
        ("Brier", all.brier),
        ("Intercept", all.intercept.unwrap_or(nothing)),
        ("Slope", all.slope.unwrap_or(nothing)),
        ("Emax", all.distances.e_max),
        ("E90", all.distances.e_90),
        ("Eavg", all.distances.e_average),
        ("S:z", all.s_z.unwrap()),
        ("S:p", all.s_p.unwrap()),
    ] {
        told.tell(name, format!("val.prob.{statistic}"), value);
    }
    told.with_limits(name, "in-the-large", in_the_large(&groups).ok());
    if let Ok(fit) = recalibrate(&groups) {
        told.with_limits(name, "intercept", Some(fit.intercept()));
        told.with_limits(name, "slope", Some(fit.slope()));
        told.tell(name, "intercept.se", fit.covariance[0][0].sqrt());
        told.tell(name, "slope.se", fit.covariance[1][1].sqrt());
        told.tell(name, "CalibrationCurves.Emax", fit.e_max());
    }
    told.with_limits(name, "observed-expected", observed_to_expected(&groups));
    told.tell(name, "brier.scaled", brier(&groups).scaled.unwrap());

    let groups = predictions(&groups).unwrap();
    for (group, smooth) in groups.iter().zip(lowess(&groups)) {
        told.tell(name, format!("lowess.{}", seventeen(group.by)), smooth);
    }
    let Ok(smooth) = flexible(&groups) else {
        return;
    };
    for (statistic, value) in [
        ("ICI", smooth.distances.e_average),
        ("E50", smooth.distances.e_50),
        ("E90", smooth.distances.e_90),
        ("Emax", smooth.distances.e_max),
        ("ECI", smooth.eci),
        ("parameters", smooth.curve.parameters),
        ("degrees", smooth.curve.degrees),
        ("scale", smooth.curve.residual_scale),
    ] {
        told.tell(name, format!("loess.{statistic}"), value);
    }
    let (low, high) = (groups[0].by, groups[groups.len() - 1].by);
    for step in 0..=20 {
        let by = (low + (high - low) / 20.0 * f64::from(step)).min(high);
        let point = smooth.curve.at(by).unwrap();
        told.tell(name, format!("loess.fit.{}", step + 1), point.value);
        told.tell(name, format!("loess.se.{}", step + 1), point.standard_error);
    }
}

/// As C prints `%.17g` of a number from 0 to 1: 17 significant digits, no zeros at the end.
fn seventeen(p: f64) -> String {
    if p == 0.0 {
        return "0".to_owned();
    }
    let digits = 16 - p.log10().floor() as i32;
    let text = format!("{p:.*}", digits.max(0) as usize);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

#[test]
fn net_benefit_is_that_of_its_definition() {
    let mut told = Told::default();
    for cohort in COHORTS.map(Cohort::read) {
        let model = cohort.by("probability");
        let at = thresholds();
        for (percent, point) in (1..).zip(curve(&model, &at)) {
            told.tell(cohort.name, format!("model.{percent}"), point.net_benefit);
            let avoided = point.interventions_avoided.unwrap();
            told.tell(cohort.name, format!("avoided.{percent}"), avoided);
        }
        for (percent, point) in (1..).zip(treat_all(&model, &at)) {
            told.tell(cohort.name, format!("all.{percent}"), point.net_benefit);
        }
        for (percent, point) in (1..).zip(curve(&cohort.by("fdgUptake"), &at)) {
            told.tell(cohort.name, format!("fdg.{percent}"), point.net_benefit);
        }
    }
    told.compare("decision", |_| 1e-12);
}

#[test]
fn tails_are_those_of_r() {
    let mut told = Told::default();
    let path = "tests/oracle/expected/tails.csv";
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.comment(Some(b'#')).from_path(path).unwrap();
    let mut apart = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let expected: f64 = record[2].parse().unwrap();
        let parts: Vec<&str> = record[1].split(':').collect();
        let numbers: Vec<f64> = parts[1..]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let got = match parts[0] {
            "pnorm" if numbers[0] <= 0.0 => two_sided_p(numbers[0]) / 2.0,
            "pnorm" => 1.0 - two_sided_p(numbers[0]) / 2.0,
            "qnorm" => normal_quantile(numbers[0]),
            "chi-squared" => chi_squared_p(numbers[0], numbers[1]),
            "t" => t_both(numbers[0], numbers[1]),
            other => panic!("{other}"),
        };
        told.tell("-", &record[1], got);
        // Relative: a p of 1e-300 must have its digits too.
        if (got - expected).abs() > 1e-9 * expected.abs() {
            apart.push(format!("{}: R {expected:e}, here {got:e}", &record[1]));
        }
    }
    assert!(told.0.len() > 100);
    assert!(apart.is_empty(), "{}", apart.join("\n"));
}

#[test]
fn groups_and_their_patients_are_the_same() {
    // Sixteen groups of many patients against 404 groups of one.
    let cohort = Cohort::read("source");
    let patients = cohort.by("probability");
    let groups = ranked(patients.clone()).unwrap();
    assert!(groups.len() <= 16 && patients.len() == 404);
    assert_eq!(val_prob(&patients).unwrap(), val_prob(&groups).unwrap());
    assert_eq!(auc(&patients).unwrap(), auc(&groups).unwrap());
    assert_eq!(flexible(&patients).unwrap(), flexible(&groups).unwrap());
}

/// Patterns (age, recurrence, sites, FDG as the bits of a number) by outcome: without at even places, with at odd ones.
type Cells = [f64; 32];

fn four_factors(cells: &Cells) -> Fit<5> {
    let group = |pattern: usize| Group {
        row: std::array::from_fn(|at| match at {
            0 => 1.0,
            _ => f64::from(u8::from(pattern >> (4 - at) & 1 == 1)),
        }),
        events: cells[2 * pattern + 1],
        patients: cells[2 * pattern] + cells[2 * pattern + 1],
    };
    fit(&(0..16).map(group).collect::<Vec<_>>()).unwrap()
}

/// Dxy, R2, Intercept, Slope, D, U, Q, B of a model on patients.
fn indexes(model: &Fit<5>, cells: &Cells) -> [f64; 8] {
    let predicted = |pattern: usize| {
        let terms = (1..5).filter(|at| pattern >> (4 - at) & 1 == 1);
        let log_odds = terms.fold(model.coefficients[0], |sum, at| {
            sum + model.coefficients[at]
        });
        Ranked {
            by: 1.0 / (1.0 + (-log_odds).exp()),
            events: cells[2 * pattern + 1],
            others: cells[2 * pattern],
        }
    };
    let groups: Vec<Ranked> = (0..16).map(predicted).collect();
    let line = recalibrate(&groups).unwrap();
    let given = val_prob(&groups).unwrap();
    // rms::validate takes D and R2 of the recalibrated predictions, val.prob those of the predictions as they are.
    let n: f64 = cells.iter().sum();
    let (events, others) = totals(&groups);
    let null = events * (events / n).ln() + others * (others / n).ln();
    let ratio = 2.0 * (line.log_likelihood - null);
    let (d, u) = ((ratio - 1.0) / n, given.u.unwrap());
    let r2 = (1.0 - (-ratio / n).exp()) / (1.0 - (2.0 * null / n).exp());
    [
        given.dxy,
        r2,
        line.intercept,
        line.slope,
        d,
        u,
        d - u,
        given.brier,
    ]
}

#[test]
fn optimism_is_that_of_rms_on_the_same_resamples() {
    let path = "tests/oracle/expected/optimism.csv";
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.comment(Some(b'#')).from_path(path).unwrap();
    let mut drawn = vec![[0.0; 32]; 20];
    for record in reader.records() {
        let record = record.unwrap();
        let parts: Vec<&str> = record[1].split('.').collect();
        if let ["drawn", k, cell] = parts[..] {
            drawn[k.parse::<usize>().unwrap()][cell.parse::<usize>().unwrap()] =
                record[2].parse().unwrap();
        }
    }
    let cohort = Cohort::read("source");
    let mut cells = [0.0; 32];
    let bit = |column: &str, patient: usize| cohort.column(column)[patient] as usize;
    for patient in 0..404 {
        let predictors = [
            "ageAtDiagnosis",
            "recurrence",
            "multiSiteMetastasis",
            "fdgUptake",
            "outcome",
        ];
        let cell = predictors
            .iter()
            .fold(0, |cell, column| 2 * cell + bit(column, patient));
        cells[cell] += 1.0;
    }
    let original = indexes(&four_factors(&cells), &cells);
    let rows = optimism(original, 1, drawn.len(), |k, _| {
        let model = four_factors(&drawn[k]);
        Some((indexes(&model, &drawn[k]), indexes(&model, &cells)))
    });
    let mut told = Told::default();
    let names = ["Dxy", "R2", "Intercept", "Slope", "D", "U", "Q", "B"];
    for (name, row) in names.into_iter().zip(rows) {
        for (column, value) in [
            ("index.orig", row.original),
            ("training", row.training),
            ("test", row.test),
            ("optimism", row.optimism),
            ("index.corrected", row.corrected),
            ("n", row.n as f64),
        ] {
            told.tell("source", format!("{name}.{column}"), value);
        }
    }
    for (k, cells) in drawn.iter().enumerate() {
        for (cell, patients) in cells.iter().enumerate() {
            told.tell("source", format!("drawn.{k}.{cell}"), *patients);
        }
    }
    // lrm.fit stops early, as above.
    told.compare("optimism", |_| 1e-6);
}
