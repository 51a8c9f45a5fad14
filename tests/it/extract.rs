//! A cohort from FHIR Bulk Data: what reaches a patient's row, who is in the table, broken lines, shards.

mod broken;
mod leaks;
mod outcomes;
mod process;

use crate::support::*;
use crate::versions::rows::r5;
use rrdtc::chart::Release;
use rrdtc::cohort::bulk::{Files, UnusableBulk};
use rrdtc::cohort::extract::{self, Extraction, Judgement, Options, Outcomes};
use rrdtc::cohort::flow;
use rrdtc::domain::rules;
use serde_json::{Value, json};

/// Day of the first radioiodine of [`treated`].
pub const TIME_ZERO: &str = "2022-03-01";

/// Papillary cancer at 50, thyroidectomy, a lung metastasis, and radioiodine on [`TIME_ZERO`].
pub fn treated() -> Chart {
    Chart::basic().with(radioiodine("rai", TIME_ZERO))
}

pub fn radioiodine(id: &str, date: &str) -> Value {
    procedure(id, SNOMED, "228698009", date)
}

/// The same chart of another patient.
pub fn of(chart: &Chart, id: &str) -> String {
    let mut lines = String::new();
    for resource in std::iter::once(&chart.patient).chain(&chart.records) {
        let mut resource = resource.clone();
        if resource["resourceType"] == "Patient" {
            resource["id"] = json!(id);
        } else if resource["subject"].is_object() {
            resource["subject"] = json!({ "reference": format!("Patient/{id}") });
        }
        lines.push_str(&format!("{resource}\n"));
    }
    lines
}

pub struct Run<'a> {
    pub lines: &'a str,
    pub options: Options,
    pub rules: rules::Settings,
    pub outcomes: Outcomes,
}

impl<'a> Run<'a> {
    pub fn on(lines: &'a str) -> Self {
        Self {
            lines,
            options: Options::default(),
            rules: rules::Settings::default(),
            outcomes: Outcomes::None,
        }
    }

    pub fn extract(&self) -> Result<Extraction, UnusableBulk> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("export.ndjson");
        std::fs::write(&file, self.lines).unwrap();
        let files = Files::open(&[file], folder.path()).unwrap();
        let judgement = Judgement {
            terminology: &KNOWLEDGE.terminology,
            model: &KNOWLEDGE.model,
            rules: self.rules,
        };
        extract::extract(
            &files,
            judgement,
            self.options,
            &self.outcomes,
            &|id| format!("pseudonym of {id}"),
            flow::Settings::default(),
            &|_| (),
        )
    }

    /// State and reason of a predictor of the only patient, or why that patient is excluded.
    pub fn state(&self, predictor: &str) -> String {
        let extraction = self.extract().unwrap();
        if let Some((reason, _)) = excluded(&extraction).first() {
            return format!("excluded {reason}");
        }
        let (_, state, reason) = extraction.rows[0]
            .predictors()
            .find(|(known, _, _)| known.name() == predictor)
            .unwrap();
        match reason {
            Some(reason) => format!("{state} {reason}"),
            None => state.to_owned(),
        }
    }
}

pub fn excluded(extraction: &Extraction) -> Vec<(&str, u64)> {
    extraction
        .flow
        .excluded
        .iter()
        .filter(|step| step.patients > 0)
        .map(|step| (step.reason.as_str(), step.patients))
        .collect()
}

#[test]
fn a_row_is_what_the_hook_would_have_answered_on_the_day_before_the_treatment_is_recorded() {
    let chart = Chart::basic()
        .with(lesion("pet", 6.1, "2022-02-20"))
        .with(status("ned", "58899004", "2022-02-01"))
        .with(condition("bone", SNOMED, "94222008", "2022-02-03"));
    let mut resources = rrdtc::chart::input::Resources::written_in(Release::R4);
    let raw: Vec<Box<serde_json::value::RawValue>> = std::iter::once(&chart.patient)
        .chain(&chart.records)
        .map(|resource| serde_json::value::to_raw_value(resource).unwrap())
        .collect();
    for resource in &raw {
        assert!(resources.add(resource));
    }
    let input = resources.of("p-1").unwrap();
    let facts = rrdtc::chart::read(input, &KNOWLEDGE.terminology)
        .unwrap()
        .facts;
    let hook = rrdtc::domain::assessment::assess(
        facts,
        &KNOWLEDGE.model,
        rules::Settings::default(),
        TIME_ZERO.parse().unwrap(),
    );
    let lines = of(&chart.with(radioiodine("rai", TIME_ZERO)), "p-1");
    let extraction = Run::on(&lines).extract().unwrap();
    let row = &extraction.rows[0];
    assert_eq!(row.time_zero.to_string(), TIME_ZERO);
    let (hook, row) = (hook.scored.unwrap(), row.assessment.scored.clone().unwrap());
    assert_eq!(row.predictors, hook.predictors);
    assert_eq!(row.score, hook.score);
    let states: Vec<_> = Run::on(&lines).extract().unwrap().rows[0]
        .predictors()
        .map(|(_, state, _)| state)
        .collect();
    assert_eq!(states, ["present", "unknown", "present", "present"]);
}

#[test]
fn the_order_of_lines_files_and_threads_changes_nothing() {
    let chart = treated()
        .with(lesion("pet", 6.1, "2022-02-20"))
        .with(condition("bone", SNOMED, "94222008", "2022-02-03"));
    let mut lines: Vec<String> = (0..40)
        .flat_map(|n| {
            let chart = match n % 3 {
                0 => chart.clone(),
                1 => treated(),
                _ => Chart::empty().with(condition("flu", SNOMED, "6142004", "2020-01-01")),
            };
            let lines = of(&chart, &format!("p{n}"));
            lines.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let table = |lines: &[String], threads: usize| {
        let text = lines.join("\n");
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let extraction = pool.install(|| Run::on(&text).extract().unwrap());
        let mut table = Vec::new();
        extract::write(&extraction.rows, Default::default(), &mut table).unwrap();
        (String::from_utf8(table).unwrap(), extraction.flow)
    };
    let (expected, flow) = table(&lines, 1);
    assert_eq!(expected.lines().count(), 28);
    assert_eq!(flow.excluded[0].patients, 13);
    lines.reverse();
    for threads in [1, 4] {
        let (reversed, other) = table(&lines, threads);
        assert_eq!(reversed, expected);
        assert_eq!(other.excluded, flow.excluded);
    }
}

#[test]
fn who_is_excluded_why_and_the_counts_add_up() {
    let without_patient = of(&treated(), "gone");
    let without_patient: String = without_patient
        .lines()
        .skip(1)
        .map(|line| format!("{line}\n"))
        .collect();
    let medullary = condition("mtc", SNOMED, "255032005", "2021-01-01");
    let lines = [
        of(&treated(), "in"),
        of(&Chart::empty(), "healthy"),
        of(&Chart::basic(), "no-rai"),
        without_patient,
        of(&treated().with(medullary), "mtc"),
        of(&treated().without("lung"), "no-metastasis"),
        of(&treated().with(radioiodine("other", "2022")), "which"),
    ]
    .concat();
    let extraction = Run::on(&lines).extract().unwrap();
    assert_eq!(
        excluded(&extraction),
        [
            ("no-thyroid-cancer", 1),
            ("no-patient-resource", 1),
            ("no-radioiodine", 1),
            ("time-zero-not-known", 1),
            ("excluded-histology", 1),
            ("no-metastasis-recorded", 1),
        ]
    );
    let flow = &extraction.flow;
    assert_eq!((flow.patients, flow.included.patients), (7, 1));
    assert_eq!(flow.excluded.last().unwrap().remaining, 1);
    assert_eq!(flow::Flow::read(&flow.json().unwrap()).unwrap(), *flow);
    let mut wrong = flow.clone();
    wrong.excluded[0].patients += 1;
    assert_eq!(
        flow::Flow::read(&wrong.json().unwrap()),
        Err(flow::UnequalFlows::Damaged)
    );
}

#[test]
fn records_without_subject_are_found_by_those_that_name_them() {
    let iodine = json!({ "coding": [{ "system": SNOMED, "code": "111160004" }] });
    let given = json!({
        "resourceType": "MedicationAdministration", "id": "given", "status": "completed",
        "subject": { "reference": "Patient/p-1" }, "effectiveDateTime": TIME_ZERO,
        "medicationReference": { "reference": "Medication/m" },
        "dosage": { "dose": { "value": 3.7, "unit": "GBq" } },
    });
    let mut member = lesion("lesion", 6.1, "2022-02-20");
    member.as_object_mut().unwrap().remove("subject");
    let mut panel = lesion("panel", 6.1, "2022-02-20");
    panel.as_object_mut().unwrap().remove("valueQuantity");
    panel["code"] = json!({ "text": "findings" });
    panel["hasMember"] = json!([{ "reference": "Observation/lesion" }]);
    let chart = Chart::basic().with(given).with(panel);
    let medication = json!({ "resourceType": "Medication", "id": "m", "code": iodine });
    for first in [true, false] {
        let mut lines = of(&chart, "p-1");
        let loose = format!("{medication}\n{member}\n");
        match first {
            true => lines.insert_str(0, &loose),
            false => lines.push_str(&loose),
        }
        assert_eq!(Run::on(&lines).state("fdgUptake"), "present");
    }
    // Somebody else's medication of the same kind gives nobody radioiodine.
    let lines = of(&chart, "p-1") + &format!("{member}\n");
    assert_eq!(
        Run::on(&lines).state("fdgUptake"),
        "excluded no-radioiodine"
    );
}

#[test]
fn whatever_way_json_writes_a_reference_the_record_is_found() {
    let bone = condition("bone", SNOMED, "94222008", "2022-02-03");
    for (written, found) in [
        ("Patient/p-1", true),
        ("https://ehr.example.org/fhir/Patient/p-1", true),
        ("Patient/p-1/_history/3", true),
        (r"Patient\/p-1", true),
        (r"\u0050atient/p-1", true),
        (r"Patient/p\u002d1", true),
        ("Patient/p-11", false),
        ("Patient/P-1", false),
        ("Group/p-1", false),
    ] {
        let line = bone.to_string().replace("Patient/p-1", written);
        let lines = of(&treated(), "p-1") + &line + "\n";
        let expected = if found { "present" } else { "absent" };
        assert_eq!(
            Run::on(&lines).state("multiSiteMetastasis"),
            expected,
            "{written}"
        );
    }
    let spaced = of(&treated(), "p-1").replace(r#""resourceType":"#, r#""resourceType" :  "#);
    assert_eq!(Run::on(&spaced).state("ageAtDiagnosis"), "present");
}

#[test]
fn the_release_that_is_said_decides_how_resources_are_read() {
    let lines: String = std::iter::once(&treated().patient)
        .chain(&treated().with(lesion("pet", 6.1, "2022-02-20")).records)
        .map(|resource| format!("{}\n", r5(resource)))
        .collect();
    let mut run = Run::on(&lines);
    run.options.release = Release::R5;
    assert_eq!(run.state("fdgUptake"), "present");
    run.options.release = Release::R4;
    assert!(run.state("fdgUptake").starts_with("excluded"));
}
