//! The pages of an evaluation and of what follows from it: what they say, from cohorts that are made here.

use rrdtc::cohort::{Cohort, InputFile, Origin, Outcome, Values, Variable};
use rrdtc::derivation::{self, derive};
use rrdtc::domain::nomogram::inverse_logit;
use rrdtc::domain::score::State;
use rrdtc::model::file::ModelFile;
use rrdtc::monitoring::{
    self, Calibration, Chart, Counted, Expected, FeedbackSummary, Monitoring, MonitoringSettings,
    Month, OutcomeSummary, Point, Reference, TrailSummary, Verdict,
};
use rrdtc::recalibration::{self, compare, diff_page, model_diff, recalibrate};
use rrdtc::report::Page;
use rrdtc::validation::{self, Request, Validation, evaluate};
use std::sync::LazyLock;

static MODEL: LazyLock<ModelFile> = LazyLock::new(|| {
    let text = include_str!("../../cds-hooks/models/liu-2022.json");
    ModelFile::read("liu-2022.json", text).unwrap()
});

/// Numbers from 0 to 1 that look random and are always the same.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Patients in whom the four predictors act much as in the source study. One in twelve has no PET, one in twenty no outcome.
pub fn cohort(patients: usize) -> Cohort {
    let mut draws = Draws(7);
    let mut cohort = Cohort::default();
    let (mut given, mut age, mut sex) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..patients {
        let mut states = [0.48, 0.28, 0.22, 0.43].map(|share| match draws.next() < share {
            true => State::Present,
            false => State::Absent,
        });
        let effects = [0.3, 1.9, 1.6, 3.6];
        let log_odds = states
            .iter()
            .zip(effects)
            .map(|(state, effect)| match state {
                State::Present => effect,
                _ => 0.0,
            });
        let probability = inverse_logit(-1.6 + log_odds.sum::<f64>());
        let outcome = match (draws.next() < 0.05, draws.next() < probability) {
            (true, _) => Outcome::Undetermined,
            (_, true) => Outcome::Refractory,
            _ => Outcome::NotRefractory,
        };
        if draws.next() < 0.08 {
            states[3] = State::Unknown;
        }
        cohort.states.push(states);
        cohort.outcomes.push(outcome);
        given.push(Some(
            (probability + 0.2 * (draws.next() - 0.5)).clamp(0.01, 0.99),
        ));
        age.push((draws.next() > 0.03).then(|| (20.0 + 55.0 * draws.next()).floor()));
        sex.push(Some(u16::from(draws.next() < 0.35)));
    }
    cohort.probabilities = Some(given);
    cohort.variables = vec![
        Variable {
            name: "ageYears".to_owned(),
            values: Values::Numbers(age),
        },
        Variable {
            name: "sex".to_owned(),
            values: Values::Categories {
                levels: vec!["female".to_owned(), "male".to_owned()],
                of: sex,
            },
        },
    ];
    cohort.origin = Origin {
        files: vec![InputFile {
            name: "cohort.csv".to_owned(),
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            rows: patients as u64,
        }],
        ..Origin::default()
    };
    cohort
}

pub fn evaluated(patients: usize, all_figures: bool) -> Validation {
    let request = Request {
        bootstrap: 50,
        seed: 1,
        subgroups: vec!["sex".to_owned(), "ageYears:45,60".to_owned()],
        all_figures,
        horizon: Some("24 months".to_owned()),
        date: "2026-11-25".parse().unwrap(),
    };
    evaluate(&cohort(patients), &MODEL.model, request).unwrap()
}

pub fn derived() -> Page {
    let options = derivation::Options {
        bootstrap: 10,
        ..derivation::Options::default()
    };
    derivation::page(&derive(&cohort(600), &options).unwrap())
}

pub fn recalibrated() -> Page {
    let options = recalibration::Options {
        bootstrap: 20,
        ..recalibration::Options::default()
    };
    recalibration::page(&recalibrate(&cohort(900), &MODEL, &options).unwrap())
}

pub fn compared() -> Page {
    let mut diff = model_diff(&MODEL, &MODEL);
    let thresholds: Vec<f64> = (1..10).map(|tenth| f64::from(tenth) / 10.0).collect();
    diff.comparison = Some(compare(&cohort(400), &MODEL, &MODEL, &thresholds, 20, 1).unwrap());
    diff_page(&diff)
}

/// A trail with a signal in its third month.
pub fn monitored() -> Page {
    let months = ["2026-01", "2026-02", "2026-03"];
    let point = |month: &str, count: u64, state: &'static str| Point {
        month: month.to_owned(),
        count,
        patients: 40,
        share: Some(count as f64 / 40.0),
        low: (state != "too-few").then_some(0.25),
        high: (state != "too-few").then_some(0.7),
        state,
    };
    let expected = |month: &str, observed: u64, state: &'static str| Expected {
        month: month.to_owned(),
        patients: 30,
        observed,
        expected: 15.2,
        ratio: Some(observed as f64 / 15.2),
        low: Some(8),
        high: Some(23),
        cumulative: observed as f64 - 15.2,
        state,
    };
    let counted = |name: &str, count: u64| Counted {
        name: name.to_owned(),
        count,
    };
    monitoring::page(&Monitoring {
        software: "rrdtc 0.1.0".to_owned(),
        model: ["liu-2022", "2.0.0", "0123"].map(str::to_owned),
        verdict: Verdict::Signal,
        signals: vec!["fdgUptake present: 2026-03 above its limits".to_owned()],
        insufficient: vec!["recurrence: too few patients".to_owned()],
        settings: MonitoringSettings {
            minimum_count: 20,
            minimum_reference: 50,
            horizon_months: Some(24),
            tail: 0.00135,
            tests: 12,
            expected_false_signals: 0.03,
        },
        trail: TrailSummary {
            verified: true,
            instances: vec!["a".to_owned()],
            entries: 130,
            counted: 120,
            models: vec![counted("0123", 130)],
            settings: vec![counted("4567", 130)],
            ..TrailSummary::default()
        },
        reference: Reference {
            kind: "derivation".to_owned(),
            text: "the published study".to_owned(),
            period: None,
            patients: Some(404),
        },
        months: months
            .iter()
            .map(|month| Month {
                month: (*month).to_owned(),
                patients: 44,
                applicable: 40,
                classes: vec![
                    counted("at-or-above-cutoff", 18),
                    counted("below-cutoff", 22),
                ],
                models: 1,
                settings: 1,
                ..Month::default()
            })
            .collect(),
        charts: vec![Chart {
            id: "fdgUptake-present".to_owned(),
            title: "FDG uptake present".to_owned(),
            reference: "derivation",
            centre: Some(0.45),
            reference_patients: Some(404),
            points: vec![
                point("2026-01", 17, "within"),
                point("2026-02", 3, "too-few"),
                point("2026-03", 31, "above"),
            ],
            not_judged: None,
        }],
        feedback: Some(FeedbackSummary {
            shown: 90,
            accepted: 12,
            overridden: 9,
            reasons: vec![counted("already discussed", 9)],
            of_other_cards: 1,
        }),
        calibration: Some(Calibration {
            outcomes: OutcomeSummary::default(),
            months: vec![
                expected("2026-01", 14, "within"),
                expected("2026-02", 25, "above"),
            ],
            total: expected("all", 39, "within"),
            not_judged: None,
        }),
        warnings: vec!["Two models answered.".to_owned()],
        notes: vec!["Limits are exact binomial.".to_owned()],
    })
}

/// One page of each kind.
pub fn all() -> Vec<(&'static str, Page)> {
    vec![
        (
            "evaluation",
            validation::page(&evaluated(1_200, false), None),
        ),
        (
            "evaluation of few",
            validation::page(&evaluated(90, false), None),
        ),
        (
            "evaluation with all figures",
            validation::page(&evaluated(90, true), None),
        ),
        ("derivation", derived()),
        ("recalibration", recalibrated()),
        ("comparison", compared()),
        ("monitoring", monitored()),
    ]
}

fn names(page: &Page) -> Vec<String> {
    page.figures().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn no_page_promises_what_a_cohort_cannot() {
    for (kind, page) in all() {
        // What the model file says of itself.
        let html = page.html().to_lowercase().replace("not validated", "");
        for forbidden in [
            "validated",
            "low risk",
            "low-risk",
            "no risk",
            "nan ",
            ">nan<",
            "inf<",
            "none.",
            "some(",
        ] {
            assert!(!html.contains(forbidden), "{kind}: {forbidden:?}");
        }
    }
}

#[test]
fn the_same_result_is_the_same_page() {
    for ((kind, page), (_, again)) in all().into_iter().zip(all()) {
        assert!(page.html() == again.html(), "{kind}");
    }
}

#[test]
fn an_evaluation_shows_its_figures_as_they_are() {
    let evaluation = evaluated(1_200, false);
    let page = validation::page(
        &evaluation,
        Some("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned()),
    );
    let html = page.html();
    let score = &evaluation.markers[0];
    let auc = score.auc.as_ref().unwrap();
    let area = format!(
        "{:.3} ({:.3} to {:.3})",
        auc.value,
        auc.low.unwrap(),
        auc.high.unwrap()
    );
    assert!(html.contains(&format!("<dd>{area}</dd>")), "{area}");
    let row = &evaluation.patterns[0];
    let cells = format!(
        "<td class=\"number\">{}</td><td class=\"number\">{}</td>",
        row.patients, row.refractory
    );
    assert!(html.replace('\n', "").contains(&cells), "{cells}");
    assert!(html.contains(&evaluation.provenance.model.sha256));
    assert!(html.contains(&evaluation.provenance.inputs[0].sha256));
    for limit in &evaluation.limits {
        assert!(html.contains(&limit[..20]), "{limit}");
    }
    assert_eq!(
        names(&page),
        [
            "flow",
            "score-distribution",
            "roc",
            "calibration",
            "calibration-given",
            "decision-curve",
            "decision-curve-given",
            "subgroups-sensitivity",
            "subgroups-specificity",
            "subgroups-auc",
            "subgroups-observed-expected",
            "nomogram",
        ]
    );
}

#[test]
fn what_a_small_cohort_does_not_carry_is_named_and_not_drawn() {
    let evaluation = evaluated(90, false);
    assert!(!evaluation.withheld.is_empty());
    let page = validation::page(&evaluation, None);
    let html = page.html();
    for item in &evaluation.withheld {
        let what = item.what.replace('\'', "&#39;");
        assert!(html.contains(&format!("<strong>{what}</strong>")), "{what}");
    }
    let drawn = names(&page);
    for absent in ["roc", "decision-curve"] {
        assert!(
            !drawn.iter().any(|name| name == absent),
            "{absent}: {drawn:?}"
        );
    }
    let shown = validation::page(&evaluated(90, true), None);
    assert!(
        shown.html().contains("--all-figures"),
        "figures below their gate are marked"
    );
    assert!(names(&shown).iter().any(|name| name == "roc"));
}

#[test]
fn a_derivation_has_the_tables_and_figures_of_the_paper() {
    let page = derived();
    let drawn = names(&page);
    for figure in [
        "flow",
        "odds-ratios",
        "score-distribution",
        "roc-score",
        "roc-criteria",
        "calibration",
    ] {
        assert!(
            drawn.iter().any(|name| name == figure),
            "{figure}: {drawn:?}"
        );
    }
    let html = page.html();
    for table in ["Table 1", "Table 2", "Table 3", "Table 4"] {
        assert!(html.contains(table), "{table}");
    }
}

#[test]
fn a_recalibration_shows_before_and_after() {
    let drawn = names(&recalibrated());
    assert_eq!(drawn, ["flow", "calibration-before", "calibration-after"]);
    assert_eq!(names(&compared()), ["flow", "decision-curve"]);
}

#[test]
fn a_signal_is_said_at_the_top_and_marked_in_the_chart() {
    let page = monitored();
    let html = page.html();
    let (top, rest) = html.split_once("<section").unwrap();
    assert!(top.contains("Signal:"), "{top}");
    assert!(rest.contains("2026-03 above its limits"));
    let figures = page.figures();
    let (name, chart) = &figures[0];
    assert_eq!(name, "fdgUptake-present");
    assert_eq!(chart.matches(">signal</text>").count(), 1);
}
