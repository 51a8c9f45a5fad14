//! A local evaluation as a library: gates, bounds, subgroups, the local refit against R, degenerate cohorts.

use proptest::prelude::*;
use rrdtc::cohort::{Cohort, InputFile, Origin, Outcome, Values, Variable};
use rrdtc::domain::model::Model;
use rrdtc::domain::score::{Pattern, State};
use rrdtc::model::file::ModelFile;
use rrdtc::validation::{CannotEvaluate, Request, Validation, evaluate, summary};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let text = include_str!("../../cds-hooks/models/liu-2022.json");
    ModelFile::read("liu-2022.json", text).unwrap().model
});

fn request() -> Request {
    Request {
        bootstrap: 50,
        seed: 1,
        subgroups: Vec::new(),
        all_figures: false,
        horizon: None,
        date: "2026-11-25".parse().unwrap(),
    }
}

/// Patients as text: four states (`1`, `0`, `?` unknown, `!` conflicting), a blank, the outcome (`+`, `-`, `?`), how many.
fn cohort(kinds: &[(&str, usize)]) -> Cohort {
    let mut cohort = Cohort::default();
    for (kind, patients) in kinds {
        let (states, outcome) = kind.split_once(' ').unwrap();
        let state = |letter| match letter {
            '1' => State::Present,
            '0' => State::Absent,
            '?' => State::Unknown,
            _ => State::Conflicting,
        };
        let states: Vec<State> = states.chars().map(state).collect();
        let outcome = match outcome {
            "+" => Outcome::Refractory,
            "-" => Outcome::NotRefractory,
            _ => Outcome::Undetermined,
        };
        for _ in 0..*patients {
            cohort.states.push(states.clone().try_into().unwrap());
            cohort.outcomes.push(outcome);
        }
    }
    cohort.origin = Origin {
        files: vec![InputFile {
            name: "made.csv".to_owned(),
            sha256: "00".to_owned(),
            rows: cohort.len() as u64,
        }],
        ..Origin::default()
    };
    cohort
}

fn run(cohort: &Cohort) -> Validation {
    evaluate(cohort, &MODEL, request()).unwrap()
}

/// The report as JSON; fails where it holds a null or its summary a NaN.
fn json(validation: &Validation) -> Value {
    fn no_null(value: &Value, path: &str) {
        match value {
            Value::Null => panic!("null at {path}"),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    no_null(item, &format!("{path}[{at}]"));
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    no_null(member, &format!("{path}.{name}"));
                }
            }
            _ => {}
        }
    }
    let value = serde_json::to_value(validation).unwrap();
    no_null(&value, "");
    let text = summary::text(validation);
    let is_none = |word: &str| {
        word.contains("NaN") || word.trim_matches(|c: char| !c.is_alphabetic()) == "inf"
    };
    assert!(!text.split_whitespace().any(is_none), "{text}");
    value
}

/// A cohort of the oracle with every patient complete.
fn of_oracle(name: &str) -> Cohort {
    let mut reader = csv::Reader::from_path(format!("tests/oracle/cohorts/{name}.csv")).unwrap();
    let mut made = cohort(&[]);
    let mut probabilities = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let state = |at: usize| match &record[at] {
            "1" => State::Present,
            _ => State::Absent,
        };
        made.states.push([state(1), state(2), state(3), state(4)]);
        made.outcomes.push(match &record[5] {
            "1" => Outcome::Refractory,
            _ => Outcome::NotRefractory,
        });
        probabilities.push(Some(record[6].parse().unwrap()));
    }
    made.probabilities = Some(probabilities);
    made.origin.files[0].rows = made.len() as u64;
    made
}

fn close(value: &Value, expected: f64, by: f64) {
    let value = value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"));
    assert!(
        (value - expected).abs() <= by,
        "{value}, expected {expected}"
    );
}

#[test]
fn figures_of_the_source_study() {
    let report = json(&run(&of_oracle("source")));
    let class = &report["markers"][1];
    assert_eq!(class["name"], "class");
    let table = &class["atCutoff"];
    assert_eq!(
        [
            "truePositive",
            "falseNegative",
            "falsePositive",
            "trueNegative"
        ]
        .map(|name| table[name].as_u64().unwrap()),
        [169, 54, 13, 168]
    );
    // spec/clinical.md section 5, test vectors.
    for (name, expected) in [
        ("sensitivity", 0.757848),
        ("specificity", 0.928177),
        ("ppv", 0.928571),
        ("npv", 0.756757),
        ("accuracy", 0.834158),
        ("youden", 0.686024),
        ("lrPositive", 10.55157),
        ("lrNegative", 0.260890),
    ] {
        close(&table[name]["value"], expected, 5.1e-6);
    }
    for (at, value, error, low, high) in [
        (1, 0.843012, 0.017299, 0.809106, 0.876917),
        (2, 0.832842, 0.017409, 0.798721, 0.866962),
    ] {
        let auc = &report["markers"][at]["auc"];
        close(&auc["value"], value, 5.1e-7);
        close(&auc["standardError"], error, 5.1e-7);
        close(&auc["low"], low, 2e-6);
        close(&auc["high"], high, 2e-6);
    }
    let curve = &report["decision"];
    let benefit = |name: &str, at: usize| {
        let strategies = curve["strategies"].as_array().unwrap();
        let strategy = strategies.iter().find(|s| s["name"] == name).unwrap();
        strategy["netBenefit"][at - 1].clone()
    };
    for (name, expected) in [
        ("class", [0.4103, 0.3861, 0.2896]),
        ("petAlone", [0.3942, 0.3738, 0.2921]),
        ("treatAll", [0.4400, 0.1040, -1.2401]),
        ("treatNone", [0.0, 0.0, 0.0]),
    ] {
        for (at, expected) in [20, 50, 80].into_iter().zip(expected) {
            close(&benefit(name, at), expected, 5.1e-5);
        }
    }
    // At every threshold the strategies that are called best are those with the greatest net benefit.
    let mut told = 0;
    for range in curve["best"].as_array().unwrap() {
        let limit = |name: &str| (range[name].as_f64().unwrap() * 100.0).round() as usize;
        for at in limit("from")..=limit("to") {
            told += 1;
            let all = curve["strategies"].as_array().unwrap().iter();
            let worth = |s: &Value| s["netBenefit"][at - 1].as_f64().unwrap();
            let greatest = all.clone().map(worth).fold(f64::MIN, f64::max);
            let best: Vec<&Value> = all
                .filter(|s| worth(s) > greatest - 1e-12)
                .map(|s| &s["name"])
                .collect();
            assert_eq!(
                best,
                range["strategies"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .collect::<Vec<_>>()
            );
        }
    }
    assert_eq!(told, 99);
    assert_eq!(report["comparisons"][0]["first"], "score");
    assert_eq!(report["comparisons"][0]["second"], "petAlone");
    assert_eq!(report["patterns"].as_array().unwrap().len(), 16);
}

#[test]
fn the_refit_is_that_of_r() {
    let file = std::fs::read_to_string("tests/oracle/expected/validate.csv").unwrap();
    let mut expected: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for line in file.lines().skip(3) {
        let cells: Vec<&str> = line.split(',').collect();
        expected.insert((cells[0], cells[1]), cells[2].parse().unwrap());
    }
    for name in ["source", "continuous"] {
        let replicates = Request {
            bootstrap: 500,
            ..request()
        };
        let refit = evaluate(&of_oracle(name), &MODEL, replicates)
            .unwrap()
            .refit
            .unwrap();
        for coefficient in &refit.coefficients {
            let of =
                |what: &str| expected[&(name, format!("{what}.{}", coefficient.term).as_str())];
            assert!((coefficient.log_odds.value - of("coefficient")).abs() < 1e-6);
            assert!((coefficient.log_odds.standard_error.unwrap() - of("error")).abs() < 1e-6);
        }
        assert_eq!(refit.rows.len(), 11);
        for row in &refit.rows {
            let of = |column: &str| expected[&(name, format!("{}.{column}", row.name).as_str())];
            let near = |value: f64, column: &str, by: f64| {
                let expected = of(column);
                assert!(
                    (value - expected).abs() <= by,
                    "{name} {} {column}: {value}, R {expected}",
                    row.name
                );
            };
            near(row.index_orig, "index.orig", 1e-6);
            // Both means are over 500 draws of their own: about five of their standard errors.
            let by = match row.name {
                "g" => 0.1,
                "Intercept" | "Slope" => 0.03,
                "R2" | "D" | "Q" => 0.012,
                "Dxy" | "Emax" => 0.006,
                "gp" => 0.003,
                _ => 0.0015,
            };
            near(row.training, "training", by);
            near(row.test, "test", by);
            near(row.index_corrected, "index.corrected", by);
        }
        let corrected = refit.c_corrected.unwrap();
        let dxy = &refit.rows[0];
        assert!((corrected - (0.5 + dxy.index_corrected / 2.0)).abs() < 1e-12);
        assert!(corrected < refit.c_apparent);
    }
}

#[test]
fn nothing_depends_on_the_number_of_threads_and_a_seed_gives_the_same() {
    let cohort = of_oracle("continuous");
    let on = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let request = Request { seed, ..request() };
        let report = pool.install(|| evaluate(&cohort, &MODEL, request)).unwrap();
        serde_json::to_string(&report).unwrap()
    };
    assert_eq!(on(1, 7), on(3, 7));
    assert_ne!(on(1, 7), on(1, 8));
}

#[test]
fn gates_open_at_their_number() {
    for smaller in [49, 50, 99, 100, 199, 200] {
        // Overlapping enough to fit everything; the smaller class is the one without the outcome.
        let part = smaller / 5;
        let cohort = cohort(&[
            ("0000 -", smaller - 4 * part),
            ("1000 -", part),
            ("0100 -", part),
            ("0010 -", part),
            ("0001 -", part),
            ("0000 +", 40),
            ("1000 +", 50),
            ("0100 +", 60),
            ("0010 +", 60),
            ("0001 +", 90),
        ]);
        let report = json(&run(&cohort));
        let probability = &report["calibration"][0];
        let is_there = |value: &Value| !value.is_null() && value != &serde_json::json!([]);
        for (from, value) in [
            (0, &report["markers"][0]["atCutoff"]["sensitivity"]),
            (50, &report["markers"][0]["auc"]),
            (50, &report["comparisons"][0]),
            (50, &probability["observedExpected"]),
            (50, &probability["inTheLarge"]),
            (100, &probability["slope"]),
            (100, &probability["packages"][0]),
            (100, &report["decision"]),
            (100, &report["refit"]),
            (200, &probability["curves"][0]),
            (200, &probability["distances"]),
        ] {
            assert_eq!(is_there(value), smaller >= from, "{smaller} {from} {value}");
        }
        let withheld = report["withheld"].as_array().unwrap();
        assert_eq!(withheld.is_empty(), smaller >= 200);
        for item in withheld {
            let needed = item["needed"].as_u64().unwrap();
            assert_eq!(item["missing"].as_u64().unwrap(), needed - smaller as u64);
            assert_eq!(item["shown"], false);
        }
        // Withheld, and all the same shown when asked for: each item marked.
        let all = Request {
            all_figures: true,
            ..request()
        };
        let all = json(&evaluate(&cohort, &MODEL, all).unwrap());
        assert!(is_there(&all["calibration"][0]["curves"]) && is_there(&all["refit"]));
        assert_eq!(all["withheld"].as_array().unwrap().len(), withheld.len());
        assert!(
            all["withheld"]
                .as_array()
                .unwrap()
                .iter()
                .all(|item| item["shown"] == true)
        );
    }
}

#[test]
fn a_report_says_what_it_is_and_never_more() {
    let text = format!(
        "{} {}",
        summary::text(&run(&of_oracle("source"))),
        json(&run(&of_oracle("source")))
    );
    assert!(text.contains("Local evaluation") && text.contains("horizon"));
    // The model's own words about itself.
    let text = text.replace("not validated", "");
    for word in ["validated", "low risk", "low-risk", "no risk"] {
        assert!(!text.to_lowercase().contains(word), "{word}");
    }
}

#[test]
fn degenerate_cohorts_give_a_report_that_says_so() {
    for (what, kinds, note) in [
        (
            "one class only",
            vec![("1001 +", 60), ("0000 +", 60)],
            "Every analysed patient",
        ),
        (
            "nobody refractory",
            vec![("1001 -", 60), ("0000 -", 60)],
            "No analysed patient",
        ),
        (
            "perfect separation",
            vec![("1001 +", 120), ("0000 -", 110)],
            "standard error is 0",
        ),
        (
            "constant predictor",
            vec![
                ("1001 +", 120),
                ("1000 -", 110),
                ("1001 -", 7),
                ("1000 +", 20),
            ],
            "No refit",
        ),
        ("all ties", vec![("1001 +", 120), ("1001 -", 110)], "No NPV"),
        (
            "ten patients",
            vec![("1001 +", 4), ("0000 -", 5), ("1000 +", 1)],
            "",
        ),
        ("one patient", vec![("1001 +", 1)], "Every analysed patient"),
        (
            "nobody complete",
            vec![("100? +", 5), ("?000 -", 5)],
            "no main analysis",
        ),
        (
            "outcomes open",
            vec![("1001 +", 5), ("0000 -", 5), ("0000 ?", 50)],
            "",
        ),
    ] {
        let cohort = cohort(&kinds);
        for all_figures in [false, true] {
            let request = Request {
                all_figures,
                ..request()
            };
            let report = evaluate(&cohort, &MODEL, request).unwrap();
            json(&report);
            let said = report.notes.iter().any(|n| n.text.contains(note));
            // What a gate withholds is not said to be impossible.
            assert!(
                note.is_empty() || said || (!all_figures && note.starts_with("No refit")),
                "{what}: {:?}",
                report.notes
            );
        }
    }
    assert!(matches!(
        evaluate(&cohort(&[]), &MODEL, request()),
        Err(CannotEvaluate::NoPatients { .. })
    ));
    assert!(matches!(
        evaluate(&cohort(&[("1001 ?", 9)]), &MODEL, request()),
        Err(CannotEvaluate::NoOutcomes { patients: 9 })
    ));
    for name in ["ten", "ties", "separated", "extremes"] {
        for all_figures in [false, true] {
            let request = Request {
                all_figures,
                ..request()
            };
            json(&evaluate(&of_oracle(name), &MODEL, request).unwrap());
        }
    }
    // Given probabilities of exactly 0 and 1 are counted.
    let report = evaluate(
        &of_oracle("extremes"),
        &MODEL,
        Request {
            all_figures: true,
            ..request()
        },
    );
    let notes = report.unwrap().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.text.contains("exactly 0 or 1")),
        "{notes:?}"
    );
}

#[test]
fn the_flow_holds_every_row_once() {
    let mut cohort = cohort(&[
        ("1001 +", 30),
        ("0000 -", 40),
        ("100? +", 5),
        ("?00! -", 6),
        ("!000 -", 7),
        ("1111 ?", 8),
    ]);
    cohort.origin.files[0].rows += 3;
    cohort.origin.bad_rows = 3;
    let report = run(&cohort);
    let flow = &report.flow;
    assert_eq!(
        (
            flow.rows,
            flow.bad_rows,
            flow.patients,
            flow.outcome_undetermined,
            flow.incomplete,
            flow.without_pet,
            flow.analysed
        ),
        (99, 3, 96, 8, 18, 11, 70)
    );
    assert_eq!(
        flow.bad_rows + flow.outcome_undetermined + flow.incomplete + flow.analysed,
        flow.rows
    );
    let unknowns = &report.unknowns;
    assert_eq!((unknowns.patients, unknowns.incomplete), (88, 18));
    // Age open, the rest known: the class is fixed.
    assert_eq!(unknowns.determinate_class.true_negative, 47);
    assert_eq!(unknowns.indeterminate, [5, 6]);
    assert_eq!(
        (
            unknowns.without_pet.patients,
            unknowns.without_pet.refractory
        ),
        (11, 5)
    );
    assert_eq!(unknowns.undetermined, [8, 0, 0]);
}

/// A figure of patients of whom everything is known: pattern, and whether refractory.
type FigureOf = dyn Fn(&[(Pattern, bool)]) -> f64;

/// Every completion of every patient, one after the other, and the least and greatest of what a figure gives.
fn by_hand(cohort: &Cohort, figure: &FigureOf) -> (f64, f64) {
    let known: Vec<(Vec<Pattern>, bool)> = cohort
        .states
        .iter()
        .zip(&cohort.outcomes)
        .filter(|(_, outcome)| **outcome != Outcome::Undetermined)
        .map(|(states, outcome)| {
            (
                Pattern::completions(states).collect(),
                *outcome == Outcome::Refractory,
            )
        })
        .collect();
    let all: usize = known
        .iter()
        .map(|(completions, _)| completions.len())
        .product();
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    for mut place in 0..all {
        let mut patients = Vec::new();
        for (completions, outcome) in &known {
            patients.push((completions[place % completions.len()], *outcome));
            place /= completions.len();
        }
        let value = figure(&patients);
        least = least.min(value);
        greatest = greatest.max(value);
    }
    (least, greatest)
}

fn area(patients: &[(Pattern, bool)], by: impl Fn(Pattern) -> f64) -> f64 {
    let (mut won, mut pairs) = (0.0, 0.0);
    for (first, _) in patients.iter().filter(|(_, refractory)| *refractory) {
        for (second, _) in patients.iter().filter(|(_, refractory)| !refractory) {
            let (first, second) = (by(*first), by(*second));
            won += f64::from(u8::from(first > second)) + 0.5 * f64::from(u8::from(first == second));
            pairs += 1.0;
        }
    }
    won / pairs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn bounds_are_those_of_every_completion(
        patients in prop::collection::vec((prop::array::uniform4(0..4usize), 0..5usize), 1..6)
    ) {
        let mut cohort = cohort(&[("1001 +", 1), ("0000 -", 1), ("0001 -", 1), ("1110 +", 1), ("0000 +", 1)]);
        for (states, outcome) in &patients {
            // At most two open predictors each, so that all completions can be looked at.
            let mut open = 0;
            cohort.states.push(states.map(|state| {
                let state = State::ALL[state];
                open += usize::from(state.is_open());
                if open > 2 { State::Absent } else { state }
            }));
            cohort.outcomes.push([Outcome::Refractory, Outcome::NotRefractory, Outcome::Undetermined][outcome % 3]);
        }
        let all = Request { all_figures: true, bootstrap: 0, ..request() };
        let report = evaluate(&cohort, &MODEL, all).unwrap();
        let nomogram = MODEL.nomogram.as_ref().unwrap();
        let p = |pattern: Pattern| nomogram.of(pattern).estimate;
        let positive = |pattern: Pattern| pattern.score(&MODEL) >= MODEL.cutoff;
        let share = |patients: &[(Pattern, bool)], of: &dyn Fn(Pattern, bool) -> bool, holds: &dyn Fn(Pattern, bool) -> bool| {
            let all: Vec<_> = patients.iter().filter(|(p, r)| of(*p, *r)).collect();
            all.iter().filter(|(p, r)| holds(*p, *r)).count() as f64 / all.len() as f64
        };
        let figures: [(&str, Box<FigureOf>); 9] = [
            ("sensitivity", Box::new(move |all| share(all, &|_, r| r, &|p, _| positive(p)))),
            ("specificity", Box::new(move |all| share(all, &|_, r| !r, &|p, _| !positive(p)))),
            ("ppv", Box::new(move |all| share(all, &|p, _| positive(p), &|_, r| r))),
            ("npv", Box::new(move |all| share(all, &|p, _| !positive(p), &|_, r| !r))),
            ("accuracy", Box::new(move |all| share(all, &|_, _| true, &|p, r| positive(p) == r))),
            ("auc", Box::new(|all| area(all, |p| f64::from(p.score(&MODEL))))),
            ("modelAuc", Box::new(move |all| area(all, p))),
            ("observedExpected", Box::new(move |all| {
                let expected: f64 = all.iter().map(|(pattern, _)| p(*pattern)).sum();
                all.iter().filter(|(_, r)| *r).count() as f64 / expected
            })),
            ("brier", Box::new(move |all| {
                let squares = all.iter().map(|(pattern, r)| (f64::from(u8::from(*r)) - p(*pattern)).powi(2));
                squares.sum::<f64>() / all.len() as f64
            })),
        ];
        prop_assert_eq!(report.unknowns.bounds.len(), figures.len());
        for (bound, (name, figure)) in report.unknowns.bounds.iter().zip(&figures) {
            prop_assert_eq!(bound.figure, *name);
            let (least, greatest) = by_hand(&cohort, figure);
            prop_assert!((bound.least - least).abs() < 1e-9, "{} {} {}", name, bound.least, least);
            prop_assert!((bound.greatest - greatest).abs() < 1e-9, "{} {} {}", name, bound.greatest, greatest);
            prop_assert!(bound.exact);
        }
    }
}

#[test]
fn subgroups_have_levels_and_small_ones_only_counts() {
    let mut cohort = of_oracle("continuous");
    let n = cohort.len();
    let sex = (0..n).map(|at| Some(u16::from(at % 3 == 0)));
    let site = (0..n).map(|at| match at {
        0..3 => Some(0),
        3..33 => Some(1),
        33..40 => None,
        _ => Some(2),
    });
    let years = (0..n).map(|at| Some(20.0 + (at * 7 % 61) as f64));
    let categories = |name: &str, levels: &[&str], of: Vec<Option<u16>>| Variable {
        name: name.to_owned(),
        values: Values::Categories {
            levels: levels.iter().map(|level| (*level).to_owned()).collect(),
            of,
        },
    };
    cohort.variables = vec![
        categories("sex", &["female", "male"], sex.collect()),
        categories(
            "site",
            &["Rarest Hospital", "North", "South"],
            site.collect(),
        ),
        Variable {
            name: "years".to_owned(),
            values: Values::Numbers(years.collect()),
        },
    ];
    let asked = |subgroups: &[&str]| Request {
        subgroups: subgroups.iter().map(|name| (*name).to_owned()).collect(),
        ..request()
    };
    let report = evaluate(
        &cohort,
        &MODEL,
        asked(&["sex", "site", "years:45,65", "fdgUptake", "years"]),
    )
    .unwrap();
    let [sex, site, years, pet, halves] = report.subgroups.as_slice() else {
        panic!("{:?}", report.subgroups)
    };
    let all: u64 = sex.levels.iter().map(|level| level.patients).sum();
    assert_eq!(all, report.flow.analysed);
    assert!(
        sex.levels
            .iter()
            .all(|level| level.auc.is_some() && !level.below_gate)
    );
    let what: Vec<&str> = sex.differences.iter().map(|d| d.what).collect();
    assert_eq!(
        what,
        ["sensitivity", "specificity", "auc", "observedExpected"]
    );
    // The reference is the level with most patients.
    assert!(
        sex.differences
            .iter()
            .all(|d| d.reference == "female" && d.level == "male")
    );
    let auc = |at: usize| sex.levels[at].auc.as_ref().unwrap().value;
    assert!((sex.differences[2].difference.value - (auc(1) - auc(0))).abs() < 1e-12);

    assert_eq!(site.missing, 7);
    let names: Vec<&str> = site
        .levels
        .iter()
        .map(|level| level.level.as_str())
        .collect();
    assert_eq!(names, ["North", "South", "fewer than 5 patients each"]);
    let north = &site.levels[0];
    assert!(north.below_gate && north.auc.is_none() && north.observed_expected.is_none());
    assert_eq!(north.patients, 30);

    let names: Vec<&str> = years
        .levels
        .iter()
        .map(|level| level.level.as_str())
        .collect();
    assert_eq!(names, ["below 45", "45 to below 65", "at least 65"]);
    assert_eq!(pet.levels.len(), 2);
    // Everybody with a positive PET is above the cut-off: no patient is left to tell a specificity above 0.
    assert_eq!(pet.levels[0].sensitivity.as_ref().unwrap().value, 1.0);
    assert!(halves.cut.as_ref().unwrap().contains("median"));

    // A rare level and what a few patients share is nowhere in the report.
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.contains("North") && !text.contains("Rarest Hospital"));

    for (asked_for, said) in [
        ("sx", "there is no column sx"),
        ("sex:45", "cannot be cut"),
        ("years:old", "no list of numbers"),
    ] {
        let error = evaluate(&cohort, &MODEL, asked(&[asked_for])).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn given_probabilities_are_evaluated_beside_the_model() {
    let cohort = of_oracle("continuous");
    let report = run(&cohort);
    let names: Vec<&str> = report.markers.iter().map(|marker| marker.name).collect();
    assert_eq!(
        names,
        [
            "score",
            "class",
            "petAlone",
            "modelProbability",
            "givenProbability"
        ]
    );
    let given = &report.calibration[1];
    assert_eq!(given.name, "givenProbability");
    assert!(given.groups.is_empty(), "never deciles");
    let slope = given.slope.as_ref().unwrap();
    let drawn = slope.bootstrap.unwrap();
    assert!(drawn.low < slope.value && slope.value < drawn.high);
    assert!(
        report
            .comparisons
            .iter()
            .any(|pair| pair.first == "givenProbability" && pair.second == "modelProbability")
    );
    let curve = report.decision.unwrap().given.unwrap();
    assert_eq!(curve.patients, 600);
    assert_eq!(curve.strategies[0].name, "givenProbability");
    // Patients without a probability, or without an outcome, are in no figure of it.
    let mut part = of_oracle("continuous");
    for given in part.probabilities.as_mut().unwrap().iter_mut().take(100) {
        *given = None;
    }
    let report = run(&part);
    assert_eq!(report.flow.with_given_probability, Some(500));
    assert_eq!(report.calibration[1].patients, 500);
    assert_eq!(report.markers[0].patients, 600);
    for outcome in part.outcomes.iter_mut().skip(90).take(20) {
        *outcome = Outcome::Undetermined;
    }
    let report = run(&part);
    assert_eq!(report.flow.with_given_probability, Some(490));
    assert_eq!(report.calibration[1].patients, 490);
    assert_eq!(report.markers[0].patients, 580);
}

#[test]
fn bootstrap_intervals_hold_the_figure_and_follow_its_error() {
    let request = Request {
        bootstrap: 1000,
        ..request()
    };
    let report = evaluate(&of_oracle("source"), &MODEL, request).unwrap();
    for marker in &report.markers[..3] {
        let auc = marker.auc.as_ref().unwrap();
        let drawn = auc.bootstrap.unwrap();
        assert_eq!(drawn.replicates, 1000);
        // Within a tenth of DeLong's width: two ways to the same interval.
        let (wide, delong) = (drawn.high - drawn.low, auc.high.unwrap() - auc.low.unwrap());
        assert!(
            (wide / delong - 1.0).abs() < 0.1,
            "{} {wide} {delong}",
            marker.name
        );
    }
    let slope = report.calibration[0].slope.as_ref().unwrap();
    let drawn = slope.bootstrap.unwrap();
    let wald = slope.high.unwrap() - slope.low.unwrap();
    assert!(((drawn.high - drawn.low) / wald - 1.0).abs() < 0.2);
    assert!(
        report.comparisons[..4]
            .iter()
            .all(|pair| pair.difference.bootstrap.is_some())
    );
}
