//! Outcomes: from records, from a map, from a table. Silence is none.

use super::*;
use rrdtc::cohort::Outcome;
use rrdtc::cohort::outcome::{Code, OutcomeMap, OutcomeTable, UnusableOutcomes};

const LOCAL: &str = "https://hospital.example.org/codes";

fn outcome(lines: &str, outcomes: Outcomes) -> (Outcome, &'static str) {
    let mut run = Run::on(lines);
    run.outcomes = outcomes;
    let extraction = run.extract().unwrap();
    let row = &extraction.rows[0];
    (row.outcome, row.outcome_reason.as_str())
}

fn map(text: &str) -> Result<OutcomeMap, UnusableOutcomes> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outcome.toml");
    std::fs::write(&file, text).unwrap();
    OutcomeMap::read(&file)
}

fn table(text: &str) -> Result<OutcomeTable, UnusableOutcomes> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outcomes.csv");
    std::fs::write(&file, text).unwrap();
    OutcomeTable::read(&file)
}

fn observed(code: &str, date: &str) -> Value {
    let mut observed = lesion("outcome", 1.0, date);
    observed.as_object_mut().unwrap().remove("valueQuantity");
    observed["code"] = json!({ "coding": [{ "system": LOCAL, "code": code }] });
    observed
}

#[test]
fn a_stated_code_after_time_zero_is_an_outcome_and_nothing_else_is() {
    use Outcome::{Refractory, Undetermined};
    let code = || {
        Outcomes::Map(OutcomeMap {
            refractory: vec![format!("{LOCAL}|RR").parse::<Code>().unwrap()],
            ..OutcomeMap::default()
        })
    };
    let mut refuted = condition("rr", LOCAL, "RR", "2023-01-01");
    refuted["verificationStatus"] = json!({ "coding": [{ "code": "refuted" }] });
    let mut denied = observed("RR", "2023-01-01");
    denied["valueBoolean"] = json!(false);
    let mut preliminary = observed("RR", "2023-01-01");
    preliminary["status"] = json!("preliminary");
    for (record, expected) in [
        (None, (Undetermined, "not-recorded")),
        (
            Some(condition("rr", LOCAL, "RR", "2023-01-01")),
            (Refractory, "stated"),
        ),
        (Some(observed("RR", "2022-03-02")), (Refractory, "stated")),
        (
            Some(observed("RR", TIME_ZERO)),
            (Undetermined, "not-after-time-zero"),
        ),
        (Some(observed("RR", "2022")), (Undetermined, "no-date")),
        (
            Some(observed("OTHER", "2023-01-01")),
            (Undetermined, "not-recorded"),
        ),
        (Some(refuted), (Undetermined, "not-recorded")),
        (Some(denied), (Undetermined, "not-recorded")),
        (Some(preliminary), (Undetermined, "not-recorded")),
    ] {
        let chart = record.clone().into_iter().fold(treated(), Chart::with);
        let found = outcome(&of(&chart, "p-1"), code());
        assert_eq!(found, expected, "{record:?}");
    }
    // What tells the outcome tells no predictor.
    let chart = treated().with(condition("rr", LOCAL, "RR", "2023-01-01"));
    let (with, without) = (of(&chart, "p-1"), of(&treated(), "p-1"));
    for predictor in ["recurrence", "multiSiteMetastasis", "fdgUptake"] {
        let mut run = Run::on(&with);
        run.outcomes = code();
        assert_eq!(run.state(predictor), Run::on(&without).state(predictor));
    }
}

#[test]
fn a_map_states_what_follow_up_is_enough() {
    let text = format!(
        "horizon_months = 24\nminimal_follow_up_months = 12\n\
         [[refractory]]\nsystem = \"{LOCAL}\"\ncode = \"RR\"\n\
         [[follow_up]]\nsystem = \"{LOCAL}\"\ncode = \"VISIT\"\n"
    );
    for (date, expected) in [
        ("2023-02-28", (Outcome::Undetermined, "follow-up-too-short")),
        ("2023-03-01", (Outcome::NotRefractory, "followed-up")),
    ] {
        let chart = treated().with(observed("VISIT", date));
        let found = outcome(&of(&chart, "p-1"), Outcomes::Map(map(&text).unwrap()));
        assert_eq!(found, expected, "{date}");
    }
    for (text, message) in [
        ("horizon_months = 24", "refractory"),
        (
            "[[refractory]]\nsystem = \"s\"\ncode = \"c\"\n[[follow_up]]\nsystem = \"s\"\ncode = \"d\"",
            "minimal_follow_up_months",
        ),
        ("horizon_month = 24", "horizon_month"),
    ] {
        let error = map(text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_table_beside_the_export() {
    for (row, expected) in [
        ("p-1,refractory,2023-05", (Outcome::Refractory, "stated")),
        ("Patient/p-1,0,", (Outcome::NotRefractory, "stated")),
        (
            "p-1,1,2022-03-01",
            (Outcome::Undetermined, "not-after-time-zero"),
        ),
        ("p-1,1,2022", (Outcome::Undetermined, "no-date")),
        ("p-1,,", (Outcome::Undetermined, "not-recorded")),
        ("p-2,1,", (Outcome::Undetermined, "not-recorded")),
    ] {
        let table = table(&format!("patient,outcome,date\n{row}\n")).unwrap();
        let found = outcome(&of(&treated(), "p-1"), Outcomes::Table(table));
        assert_eq!(found, expected, "{row}");
    }
    for (text, message) in [
        ("id,outcome\np-1,1\n", "no column \"patient\""),
        ("patient,outcome\nsecret,maybe\n", "line 2: column outcome"),
        ("patient,outcome\nsecret,1\nsecret,0\n", "line 3"),
        ("patient,outcome,date\nsecret,1,yesterday\n", "column date"),
    ] {
        let error = table(text).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn missingness_is_told_by_outcome_and_reason() {
    let lines = of(&treated(), "p-1") + &of(&treated().with(lesion("l", 6.1, "2022-02-20")), "p-2");
    let mut run = Run::on(&lines);
    run.outcomes = Outcomes::Table(table("patient,outcome\np-1,0\np-2,1\n").unwrap());
    let flow = run.extract().unwrap().flow;
    let rows: Vec<_> = flow
        .missingness
        .rows()
        .iter()
        .filter(|row| row.variable == "fdgUptake")
        .map(|row| {
            let reason = row.reason.as_deref();
            (
                row.state.as_str(),
                reason,
                row.refractory,
                row.not_refractory,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("present", None, 1, 0),
            ("unknown", Some("not-recorded"), 0, 1)
        ]
    );
    assert_eq!(
        (flow.included.refractory, flow.included.not_refractory),
        (1, 1)
    );
}
