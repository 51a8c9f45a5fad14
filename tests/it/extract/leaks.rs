//! What a chart of today knows about the time after the first radioiodine must not reach a predictor, one by one.

use super::*;

fn with_status(chart: Chart, id: &str, status: &str) -> Chart {
    let mut chart = chart;
    for record in &mut chart.records {
        if record["id"] == id {
            record["clinicalStatus"] = json!({ "coding": [{ "code": status }] });
        }
    }
    chart
}

fn undated(mut record: Value) -> Value {
    for member in ["onsetDateTime", "effectiveDateTime", "performedDateTime"] {
        record.as_object_mut().unwrap().remove(member);
    }
    record
}

fn recorded(mut record: Value, date: &str) -> Value {
    record["recordedDate"] = json!(date);
    record
}

fn recurred(date: &str) -> Value {
    condition("recurrence", SNOMED, "314953008", date)
}

fn bone(date: &str) -> Value {
    condition("bone", SNOMED, "94222008", date)
}

fn state(chart: &Chart, predictor: &str) -> String {
    Run::on(&of(chart, "p-1")).state(predictor)
}

#[test]
fn recurrence() {
    let negative = |date: &str| status("ned", "58899004", date);
    for (what, chart, expected) in [
        (
            "a recurrence before time zero counts",
            treated().with(recurred("2022-01-10")),
            "present",
        ),
        (
            "on the day of time zero too",
            treated().with(recurred(TIME_ZERO)),
            "present",
        ),
        (
            "the day after not",
            treated().with(recurred("2022-03-02")),
            "unknown not-recorded",
        ),
        (
            "without a date it can neither be used nor denied",
            treated()
                .with(undated(recurred("")))
                .with(negative("2022-02-01")),
            "unknown no-date",
        ),
        (
            "the year may be before or after",
            treated()
                .with(recurred("2022"))
                .with(negative("2022-02-01")),
            "unknown no-date",
        ),
        (
            "a clinical status says how things stand today",
            with_status(treated(), "dtc", "recurrence"),
            "unknown not-recorded",
        ),
        (
            "and makes no dated statement unknown",
            with_status(treated().with(negative("2022-02-01")), "dtc", "recurrence"),
            "absent",
        ),
        (
            "a statement of no disease after time zero",
            treated().with(negative("2022-03-02")),
            "unknown not-recorded",
        ),
        (
            "a statement of no disease in that year",
            treated().with(negative("2022")),
            "unknown not-recorded",
        ),
        (
            "a status of recurrence after time zero",
            treated()
                .with(negative("2022-02-01"))
                .with(status("r", "255227004", "2022-09-01")),
            "absent",
        ),
        (
            "an onset before, recorded after: nobody could have read it",
            treated()
                .with(negative("2022-02-01"))
                .with(recorded(recurred("2022-01-10"), "2023-01-01")),
            "absent",
        ),
        (
            "a metastasis after time zero does not undo an earlier statement",
            treated()
                .with(negative("2022-02-01"))
                .with(bone("2022-09-01")),
            "absent",
        ),
    ] {
        assert_eq!(state(&chart, "recurrence"), expected, "{what}");
    }
}

#[test]
fn silence_is_not_broken_by_what_came_later() {
    let worse = |date: &str| status("worse", "271299001", date);
    for (chart, expected) in [
        (treated(), "absent"),
        (treated().with(worse("2022-09-01")), "absent"),
        (treated().with(worse("2022-01-20")), "unknown not-recorded"),
        (treated().with(recurred("2023-01-01")), "absent"),
    ] {
        let lines = of(&chart, "p-1");
        let mut run = Run::on(&lines);
        run.rules.undocumented_recurrence_is_absent = true;
        assert_eq!(run.state("recurrence"), expected);
    }
}

#[test]
fn metastases() {
    let ended = |date: &str| {
        let mut bone = bone("2022-01-15");
        bone["clinicalStatus"] = json!({ "coding": [{ "code": "resolved" }] });
        bone["abatementDateTime"] = json!(date);
        bone
    };
    let stage = |date: &str| {
        let mut stage = status("m1", "399409002", date);
        stage["code"] = snomed("399409002");
        stage
    };
    for (what, chart, expected) in [
        (
            "two sites before time zero",
            treated().with(bone("2022-02-03")),
            "present",
        ),
        (
            "a second site the day after",
            treated().with(bone("2022-03-02")),
            "absent",
        ),
        (
            "without a date",
            treated().with(undated(bone(""))),
            "unknown no-date",
        ),
        (
            "in that year",
            treated().with(bone("2022")),
            "unknown no-date",
        ),
        (
            "an onset before, recorded after",
            treated().with(recorded(bone("2022-02-03"), "2022-03-10")),
            "absent",
        ),
        (
            "only recorded, after",
            treated().with(recorded(undated(bone("")), "2022-03-10")),
            "absent",
        ),
        (
            "resolved today, by a treatment that came later",
            with_status(treated().with(bone("2022-02-03")), "bone", "resolved"),
            "present",
        ),
        (
            "the only one resolved today",
            with_status(treated(), "lung", "resolved"),
            "absent",
        ),
        (
            "ended before time zero",
            treated().with(ended("2022-02-20")),
            "absent",
        ),
        (
            "ended after time zero",
            treated().with(ended("2022-06-20")),
            "present",
        ),
        (
            "ended in that year",
            treated().with(ended("2022")),
            "present",
        ),
        (
            "stage M1 after time zero",
            treated()
                .without("lung")
                .with(condition("n", SNOMED, "94392001", "2022-01-05"))
                .with(stage("2022-09-01")),
            "absent",
        ),
        (
            "no metastasis at time zero",
            treated().without("lung").with(bone("2022-09-01")),
            "excluded no-metastasis-recorded",
        ),
        (
            "the only metastasis without a date",
            treated().without("lung").with(undated(bone(""))),
            "excluded metastasis-not-dated",
        ),
    ] {
        assert_eq!(state(&chart, "multiSiteMetastasis"), expected, "{what}");
    }
    let lines = of(
        &treated().with(recorded(bone("2022-02-03"), "2022-03-10")),
        "p-1",
    );
    let mut run = Run::on(&lines);
    run.options.use_recorded_later = true;
    assert_eq!(run.state("multiSiteMetastasis"), "present");
}

#[test]
fn pet() {
    for (what, records, with_0, with_7) in [
        (
            "before time zero",
            vec![lesion("a", 6.1, "2022-02-20")],
            "present",
            "present",
        ),
        (
            "five days after",
            vec![lesion("a", 6.1, "2022-03-06")],
            "unknown not-recorded",
            "present",
        ),
        (
            "eight days after",
            vec![lesion("a", 6.1, "2022-03-09")],
            "unknown not-recorded",
            "unknown not-recorded",
        ),
        (
            "negative before, positive a week after",
            vec![
                lesion("a", 1.1, "2022-02-20"),
                lesion("b", 6.1, "2022-03-08"),
            ],
            "absent",
            "present",
        ),
        (
            "in that month",
            vec![lesion("a", 6.1, "2022-03")],
            "unknown no-date",
            "unknown no-date",
        ),
        (
            "without a date, beside a negative one",
            vec![
                lesion("a", 1.1, "2022-02-20"),
                undated(lesion("b", 6.1, "")),
            ],
            "unknown no-date",
            "unknown no-date",
        ),
        (
            "too old at time zero, whatever the days after",
            vec![lesion("a", 1.1, "2021-09-01")],
            "unknown stale",
            "unknown stale",
        ),
    ] {
        let chart = records.into_iter().fold(treated(), Chart::with);
        let lines = of(&chart, "p-1");
        let mut run = Run::on(&lines);
        assert_eq!(run.state("fdgUptake"), with_0, "{what}");
        run.options.pet_days_after = 7;
        assert_eq!(run.state("fdgUptake"), with_7, "{what}, 7 days after");
    }
}

#[test]
fn death_and_histology() {
    let deceased = |member: &str, value: Value| {
        let mut chart = treated();
        chart.patient[member] = value;
        chart
    };
    let anaplastic = |date: &str| treated().with(condition("atc", SNOMED, "255031003", date));
    let mut no_date = anaplastic("");
    let last = no_date.records.pop().unwrap();
    let no_date = no_date.with(undated(last));
    for (what, chart, expected) in [
        (
            "dead today",
            deceased("deceasedBoolean", json!(true)),
            "present",
        ),
        (
            "dead later",
            deceased("deceasedDateTime", json!("2024-01-01")),
            "present",
        ),
        (
            "dead in that year",
            deceased("deceasedDateTime", json!("2022")),
            "present",
        ),
        (
            "dead before",
            deceased("deceasedDateTime", json!("2021-12-31")),
            "excluded died-before-time-zero",
        ),
        (
            "dedifferentiated later",
            anaplastic("2023-01-01"),
            "present",
        ),
        (
            "never differentiated",
            anaplastic("2021-01-05"),
            "excluded excluded-histology",
        ),
        (
            "when cannot be told",
            no_date,
            "excluded histology-not-dated",
        ),
    ] {
        assert_eq!(state(&chart, "ageAtDiagnosis"), expected, "{what}");
    }
}

#[test]
fn time_zero_is_the_day_of_the_first_radioiodine() {
    for (what, chart, expected) in [
        (
            "a second course",
            treated().with(radioiodine("second", "2023-01-01")),
            Ok(TIME_ZERO),
        ),
        (
            "a second course of which only the year is known",
            treated().with(radioiodine("second", "2023")),
            Ok(TIME_ZERO),
        ),
        (
            "an earlier one",
            treated().with(radioiodine("first", "2022-02-01")),
            Ok("2022-02-01"),
        ),
        (
            "one that may be earlier",
            treated().with(radioiodine("which", "2022")),
            Err("time-zero-not-known"),
        ),
        (
            "one without a date",
            treated().with(undated(radioiodine("which", ""))),
            Err("time-zero-not-known"),
        ),
        (
            "only a month",
            Chart::basic().with(radioiodine("rai", "2022-03")),
            Err("time-zero-not-known"),
        ),
        (
            "before the cancer: hyperthyroidism",
            treated().with(radioiodine("benign", "2010-01-01")),
            Ok(TIME_ZERO),
        ),
        ("none", Chart::basic(), Err("no-radioiodine")),
    ] {
        let extraction = Run::on(&of(&chart, "p-1")).extract().unwrap();
        let found = match extraction.rows.first() {
            Some(row) => Ok(row.time_zero.to_string()),
            None => Err(excluded(&extraction)[0].0),
        };
        assert_eq!(
            found.as_deref(),
            expected.as_ref().map(|day| *day),
            "{what}"
        );
    }
}

#[test]
fn caveats_rest_on_what_was_known() {
    let irradiated = |date: &str| {
        let system = "http://hl7.org/fhir/sid/icd-10-cm";
        condition("irradiated", system, "Z92.3", date)
    };
    let other = |date: &str| {
        let system = "http://hl7.org/fhir/sid/icd-10-cm";
        condition("breast", system, "C50.9", date)
    };
    for (record, caveat, expected) in [
        (irradiated("2010-01-01"), "irradiation-history", true),
        (irradiated("2023-01-01"), "irradiation-history", false),
        (undated(irradiated("")), "irradiation-history", false),
        (other("2010-01-01"), "other-primary-cancer", true),
        (other("2023-01-01"), "other-primary-cancer", false),
        (undated(other("")), "other-primary-cancer", false),
    ] {
        let chart = treated().with(record);
        let extraction = Run::on(&of(&chart, "p-1")).extract().unwrap();
        let caveats = &extraction.rows[0].assessment.applicability.caveats;
        let found = caveats.iter().any(|found| found.as_str() == caveat);
        assert_eq!(found, expected, "{caveat}: {caveats:?}");
        assert!(
            !caveats
                .iter()
                .any(|found| found.as_str() == "radioiodine-uncertain"),
            "the radioiodine of time zero is not an earlier one"
        );
    }
}

fn snomed(code: &str) -> Value {
    json!({ "coding": [{ "system": SNOMED, "code": code }] })
}
