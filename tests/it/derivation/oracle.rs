//! Every statistic against R: tests/oracle/derivation.R, made by `tests/oracle/make derivation.R`.

use rrdtc::cohort::{Cohort, Outcome, Values, Variable};
use rrdtc::derivation::{Derivation, Model, Options, derive};
use rrdtc::domain::score::State;
use rrdtc::statistics::hypothesis::compare;
use rrdtc::statistics::regression::{Criterion, Penalty, Rows, fit, profile, ridge, without};
use std::collections::BTreeMap;

const COHORT: &str = include_str!("../../oracle/mixed/mixed.csv");
const EXPECTED: &str = include_str!("../../oracle/expected/derivation.csv");
const COLUMNS: [&str; 7] = [
    "ageYears",
    "marker",
    "nodes",
    "sexMale",
    "gradeHigh",
    "gradeMiddle",
    "uptake",
];

/// What R says.
struct R(BTreeMap<(String, String), f64>);

impl R {
    fn read() -> Self {
        let lines = EXPECTED
            .lines()
            .filter(|line| !line.starts_with('#'))
            .skip(1);
        let value = |line: &str| {
            let parts: Vec<&str> = line.split(',').collect();
            let key = (parts[0].to_owned(), parts[1].to_owned());
            (key, parts[2].parse().unwrap())
        };
        Self(lines.map(value).collect())
    }

    fn get(&self, of: &str, statistic: &str) -> f64 {
        *self
            .0
            .get(&(of.to_owned(), statistic.to_owned()))
            .unwrap_or_else(|| panic!("R has no {of} {statistic}"))
    }

    /// Relative to the value, or absolute below 1.
    #[track_caller]
    fn check(&self, of: &str, statistic: &str, got: f64, within: f64) {
        let expected = self.get(of, statistic);
        let scale = if statistic.ends_with('p') {
            expected.abs()
        } else {
            expected.abs().max(1.0)
        };
        assert!(
            (got - expected).abs() <= within * scale,
            "{of} {statistic}: {got}, R {expected}"
        );
    }
}

type Row = BTreeMap<String, String>;

fn rows() -> Vec<Row> {
    let mut lines = COHORT.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cells = |line: &str| {
        let pairs = header.iter().zip(line.split(','));
        pairs
            .map(|(name, cell)| ((*name).to_owned(), cell.to_owned()))
            .collect()
    };
    lines.map(cells).collect()
}

pub(super) fn cohort() -> Cohort {
    let rows = rows();
    let numbers = [
        "ageYears",
        "marker",
        "nodes",
        "uptake",
        "biopsy",
        "separating",
        "few",
    ];
    let variable = |name: &str| Variable {
        name: name.to_owned(),
        values: if numbers.contains(&name) {
            Values::Numbers(rows.iter().map(|row| row[name].parse().ok()).collect())
        } else {
            let mut levels: Vec<String> = rows.iter().map(|row| row[name].clone()).collect();
            levels.retain(|level| !level.is_empty());
            levels.sort();
            levels.dedup();
            let of = |row: &Row| {
                levels
                    .iter()
                    .position(|l| *l == row[name])
                    .map(|l| l as u16)
            };
            let of = rows.iter().map(of).collect();
            Values::Categories { levels, of }
        },
    };
    let names = [
        "ageYears",
        "marker",
        "nodes",
        "sex",
        "grade",
        "site",
        "uptake",
        "biopsy",
        "separating",
        "few",
    ];
    Cohort {
        states: vec![[State::Unknown; 4]; rows.len()],
        outcomes: rows
            .iter()
            .map(|row| match row["outcome"].as_str() {
                "1" => Outcome::Refractory,
                "0" => Outcome::NotRefractory,
                _ => Outcome::Undetermined,
            })
            .collect(),
        variables: names.map(variable).to_vec(),
        ..Cohort::default()
    }
}

/// The complete patients of R's `k`, with these columns.
fn complete(columns: &[&str]) -> Rows {
    let mut all = Rows::new(columns.len());
    for row in rows() {
        let number = |name: &str| match name {
            "sexMale" => Some(f64::from(row["sex"] == "male")),
            "gradeHigh" if !row["grade"].is_empty() => Some(f64::from(row["grade"] == "high")),
            "gradeMiddle" if !row["grade"].is_empty() => Some(f64::from(row["grade"] == "middle")),
            "gradeHigh" | "gradeMiddle" => None,
            _ => row[name].parse::<f64>().ok(),
        };
        let is_complete = COLUMNS.iter().all(|name| number(name).is_some());
        if let (Some(outcome), true) = (number("outcome"), is_complete) {
            let x: Vec<f64> = columns.iter().filter_map(|name| number(name)).collect();
            all.push(&x, outcome, 1.0 - outcome);
        }
    }
    all
}

fn options(candidates: &[&str]) -> Options {
    Options {
        candidates: Some(candidates.iter().map(|name| (*name).to_owned()).collect()),
        bootstrap: 0,
        ..Options::default()
    }
}

#[test]
fn tests_of_one_variable() {
    let r = R::read();
    let numbers = ["ageYears", "marker", "nodes", "few"];
    let categories = ["sex", "grade", "site", "uptake", "biopsy", "separating"];
    let all: Vec<&str> = numbers.into_iter().chain(categories).collect();
    let derivation = derive(&cohort(), &options(&all)).unwrap();
    let test = |variable: &str, test: &str| {
        let row = derivation
            .univariable
            .iter()
            .find(|row| row.variable == variable);
        row.unwrap().tests.iter().find(|t| t.test == test).cloned()
    };
    for name in numbers {
        let row = derivation
            .univariable
            .iter()
            .find(|row| row.variable == name)
            .unwrap();
        r.check(name, "event.mean", row.classes[0].mean, 1e-12);
        r.check(name, "event.sd", row.classes[0].sd.unwrap(), 1e-12);
        r.check(name, "event.skewness", row.classes[0].skewness, 1e-12);
        r.check(name, "other.skewness", row.classes[1].skewness, 1e-12);
        r.check(name, "other.median", row.classes[1].quartiles[1], 1e-12);
        for (ours, of_r) in [("Student's t", "student"), ("Welch's t", "welch")] {
            let t = test(name, ours).unwrap();
            r.check(name, &format!("{of_r}.t"), t.statistic.unwrap(), 1e-12);
            r.check(
                name,
                &format!("{of_r}.df"),
                t.degrees_of_freedom.unwrap(),
                1e-12,
            );
            r.check(name, &format!("{of_r}.p"), t.p, 1e-9);
        }
        let ranks = test(name, "Wilcoxon rank sum").unwrap();
        r.check(name, "wilcoxon.w", ranks.statistic.unwrap(), 1e-12);
        r.check(name, "wilcoxon.p", ranks.p, 1e-9);
        let exact = test(name, "Wilcoxon rank sum, exact");
        assert_eq!(exact.is_some(), name == "few");
        if let Some(exact) = exact {
            r.check(name, "wilcoxon.exact", exact.p, 1e-9);
        }
        let cut = derivation
            .cut_offs
            .iter()
            .find(|cut| cut.variable == name)
            .unwrap();
        r.check(name, "auc", cut.auc.value, 1e-12);
        r.check(name, "auc.low", cut.auc.low.unwrap(), 1e-9);
        r.check(name, "auc.high", cut.auc.high.unwrap(), 1e-9);
        r.check(name, "cut.sensitivity", cut.sensitivity, 1e-12);
        r.check(name, "cut.specificity", cut.specificity, 1e-12);
        // R's threshold lies in the middle between the number that counts and the one below.
        assert!(cut.at_or_above && cut.at > r.get(name, "cut.threshold"));
    }
    for name in categories {
        let plain = test(name, "chi-squared").unwrap();
        r.check(name, "chi-squared", plain.statistic.unwrap(), 1e-12);
        r.check(
            name,
            "chi-squared.df",
            plain.degrees_of_freedom.unwrap(),
            1e-12,
        );
        r.check(name, "chi-squared.p", plain.p, 1e-9);
        if let Some(yates) = test(name, "chi-squared, Yates") {
            r.check(name, "yates", yates.statistic.unwrap(), 1e-12);
            r.check(name, "yates.p", yates.p, 1e-9);
        }
        r.check(name, "fisher.p", test(name, "Fisher").unwrap().p, 1e-9);
    }
}

#[test]
fn intervals_of_the_difference_of_means() {
    let r = R::read();
    let of = |name: &str, outcome: &str| -> Vec<f64> {
        let rows = rows();
        let class = rows.iter().filter(|row| row["outcome"] == outcome);
        class.filter_map(|row| row[name].parse().ok()).collect()
    };
    for name in ["ageYears", "marker", "nodes", "few"] {
        let comparison = compare(&of(name, "1"), &of(name, "0")).unwrap();
        for (test, of_r) in [(comparison.student, "student"), (comparison.welch, "welch")] {
            r.check(name, &format!("{of_r}.low"), test.low, 1e-9);
            r.check(name, &format!("{of_r}.high"), test.high, 1e-9);
        }
    }
}

#[test]
fn maximum_likelihood() {
    let r = R::read();
    let rows = complete(&COLUMNS);
    let whole = fit(&rows, Penalty::None).unwrap();
    let names: Vec<&str> = ["intercept"].into_iter().chain(COLUMNS).collect();
    for (place, name) in names.iter().enumerate() {
        r.check(
            "glm",
            &format!("coefficient.{name}"),
            whole.coefficients[place],
            1e-9,
        );
        r.check(
            "glm",
            &format!("se.{name}"),
            whole.standard_error(place),
            1e-9,
        );
        let p = whole.wald(place).p;
        assert!((p / r.get("glm", &format!("p.{name}")) - 1.0).abs() < 1e-9);
        if let Some(column) = place.checked_sub(1) {
            let wald = whole.wald_interval(place, 0.95);
            r.check("glm", &format!("low.{name}"), wald.low.exp(), 1e-9);
            r.check("glm", &format!("high.{name}"), wald.high.exp(), 1e-9);
            // R interpolates the profile by splines.
            let (interval, _) = profile(&rows, &whole, column, 0.95).unwrap();
            r.check("glm", &format!("profile.low.{name}"), interval.low, 2e-4);
            r.check("glm", &format!("profile.high.{name}"), interval.high, 2e-4);
        }
    }
    let ratio = whole.likelihood_ratio();
    r.check("glm", "lr", ratio.statistic, 1e-9);
    r.check("glm", "lr.p", ratio.p, 1e-9);
    r.check("glm", "log-likelihood", whole.log_likelihood, 1e-9);
    r.check("glm", "patients", whole.patients, 0.0);
    let without_grade = without(&rows, &whole, &[4, 5]).unwrap();
    r.check("glm", "lr.grade", without_grade.statistic, 1e-9);
    let smaller = fit(&rows.with_columns(&[0, 1, 2, 3, 6]), Penalty::None).unwrap();
    let beyond = whole.beyond(&smaller);
    assert!((beyond.p / without_grade.p - 1.0).abs() < 1e-9 && beyond.degrees_of_freedom == 2.0);
}

#[test]
fn offsets() {
    let r = R::read();
    let both = complete(&["ageYears", "uptake"]);
    let mut rows = Rows::new(1);
    for row in 0..both.len() {
        let [age, uptake] = [both.x(row)[0], both.x(row)[1]];
        rows.push_with_offset(
            &[age],
            both.events()[row],
            both.others()[row],
            0.5 * uptake - 1.0,
        );
    }
    let held = fit(&rows, Penalty::None).unwrap();
    for (place, name) in ["intercept", "ageYears"].into_iter().enumerate() {
        r.check(
            "offset",
            &format!("coefficient.{name}"),
            held.coefficients[place],
            1e-9,
        );
        r.check(
            "offset",
            &format!("se.{name}"),
            held.standard_error(place),
            1e-9,
        );
    }
    r.check("offset", "lr", held.likelihood_ratio().statistic, 1e-9);
}

#[test]
fn ridge_and_its_choice() {
    let r = R::read();
    let rows = complete(&COLUMNS);
    let lambdas = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
    for lambda in lambdas {
        for (criterion, name) in [(Criterion::Aic, "aic"), (Criterion::CorrectedAic, "aic.c")] {
            let one = ridge(&rows, &[lambda], criterion).unwrap();
            r.check("ridge", &format!("{name}.{lambda}"), one.value, 1e-6);
            let df = one.fit.effective_degrees_of_freedom;
            r.check("ridge", &format!("df.{lambda}"), df, 1e-6);
        }
    }
    let best = ridge(&rows, &lambdas, Criterion::CorrectedAic).unwrap();
    r.check("ridge", "best", best.lambda, 0.0);
    let held = fit(&rows, Penalty::Ridge(4.0)).unwrap();
    for (place, name) in ["intercept"].into_iter().chain(COLUMNS).enumerate() {
        r.check(
            "ridge",
            &format!("coefficient.{name}"),
            held.coefficients[place],
            1e-6,
        );
        r.check(
            "ridge",
            &format!("se.{name}"),
            held.standard_error(place),
            1e-6,
        );
    }
}

#[test]
fn firth_under_separation() {
    let r = R::read();
    let columns = ["ageYears", "uptake", "separating"];
    let rows = complete(&columns);
    assert!(fit(&rows, Penalty::None).is_err());
    let penalised = fit(&rows, Penalty::Firth).unwrap();
    for (place, name) in ["intercept"].into_iter().chain(columns).enumerate() {
        r.check(
            "firth",
            &format!("coefficient.{name}"),
            penalised.coefficients[place],
            1e-6,
        );
        r.check(
            "firth",
            &format!("se.{name}"),
            penalised.standard_error(place),
            1e-6,
        );
    }
    for (column, name) in columns.iter().enumerate() {
        let (interval, test) = profile(&rows, &penalised, column, 0.95).unwrap();
        r.check("firth", &format!("low.{name}"), interval.low, 1e-6);
        r.check("firth", &format!("high.{name}"), interval.high, 1e-6);
        r.check("firth", &format!("lr.{name}"), test.statistic, 1e-6);
    }
}

#[test]
fn forward_selection() {
    let r = R::read();
    let names = ["ageYears", "marker", "nodes", "sex", "grade", "uptake"];
    let derivation = derive(
        &cohort(),
        &Options {
            // Everything enters, so that R's complete patients are the same.
            univariable_p: 0.999_999,
            ..options(&names)
        },
    )
    .unwrap();
    r.check("forward", "steps", derivation.steps.len() as f64, 0.0);
    for (place, step) in derivation.steps.iter().enumerate() {
        let number = place + 1;
        assert_eq!(step.action, "entered");
        let expected = r.get("forward", &format!("{number}.term")) as usize;
        assert_eq!(step.variable, names[expected - 1]);
        r.check(
            "forward",
            &format!("{number}.lr"),
            step.test.statistic.unwrap(),
            1e-8,
        );
        r.check("forward", &format!("{number}.p"), step.test.p, 1e-8);
    }
    // The entered model of this cohort is R's glm, odds ratios and all.
    let entered: &Model = derivation.entered.as_ref().unwrap();
    r.check(
        "glm",
        "lr",
        entered.likelihood_ratio.statistic.unwrap(),
        1e-8,
    );
    let of = |name: &str| {
        entered
            .coefficients
            .iter()
            .find(|c| c.variable == name)
            .unwrap()
    };
    r.check(
        "glm",
        "low.ageYears",
        of("ageYears").odds_ratio.low.unwrap(),
        1e-9,
    );
    r.check(
        "glm",
        "high.uptake",
        of("uptake").odds_ratio.high.unwrap(),
        1e-9,
    );
}

/// A derivation whose nomogram is R's `small`: four criteria without selection.
fn calibrated(resamples: usize) -> Derivation {
    let complete = complete(&["ageYears", "sexMale", "gradeHigh", "uptake"]);
    let numbers = |column: usize, cut: f64| {
        let values = (0..complete.len()).map(|row| Some(f64::from(complete.x(row)[column] >= cut)));
        Values::Numbers(values.collect())
    };
    let columns = [
        ("old", 0, 50.0),
        ("sexMale", 1, 1.0),
        ("gradeHigh", 2, 1.0),
        ("uptake", 3, 1.0),
    ];
    let cohort = Cohort {
        states: vec![[State::Unknown; 4]; complete.len()],
        outcomes: complete
            .events()
            .iter()
            .map(|e| {
                if *e == 1.0 {
                    Outcome::Refractory
                } else {
                    Outcome::NotRefractory
                }
            })
            .collect(),
        variables: columns
            .iter()
            .map(|(name, column, cut)| Variable {
                name: (*name).to_owned(),
                values: numbers(*column, *cut),
            })
            .collect(),
        ..Cohort::default()
    };
    let options = Options {
        univariable_p: 0.999_999,
        entry_p: 0.999_99,
        removal_p: 0.999_999,
        bootstrap: resamples,
        ..options(&["old", "sexMale", "gradeHigh", "uptake"])
    };
    derive(&cohort, &options).unwrap()
}

#[test]
fn calibration_by_the_bootstrap() {
    let r = R::read();
    let calibration = calibrated(2000).calibration.unwrap();
    assert_eq!((calibration.points.len(), calibration.fitted), (50, 2000));
    for place in (0..50).step_by(7) {
        let (point, number) = (calibration.points[place], place + 1);
        r.check(
            "calibrate",
            &format!("predicted.{number}"),
            point.predicted,
            1e-8,
        );
        r.check(
            "calibrate",
            &format!("apparent.{number}"),
            point.apparent,
            1e-8,
        );
        // Other resamples: within their error.
        r.check(
            "calibrate",
            &format!("corrected.{number}"),
            point.corrected.unwrap(),
            4e-3,
        );
    }
    r.check(
        "calibrate",
        "mean-absolute-error",
        calibration.mean_absolute_error,
        2e-3,
    );
}
