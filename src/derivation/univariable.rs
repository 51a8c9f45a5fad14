//! One variable at a time: which test, and what it says (Table 1 of the paper).
//!
//! The paper names the tests and not when each was used. Here all of them are reported, and one decides: Welch's t-test for numbers,
//! unless a class is skewed, then Wilcoxon's; chi-squared without correction for categories, unless a cell is expected to be
//! nearly empty (Cochran), then Fisher's.

use super::candidate::{Candidate, Coding, Study};
use super::{ClassSummary, Level, TestResult, Univariable};
use crate::statistics::hypothesis::{
    Class, Comparison, Contingency, MOST_SKEWED, TTest, compare, fisher,
};

/// A variable against the outcome.
pub(super) fn univariable(study: &Study, candidate: &Candidate, most_p: f64) -> Univariable {
    let known = (0..study.is_event.len())
        .filter(|patient| candidate.is_known(*patient))
        .count();
    let mut row = Univariable {
        variable: candidate.name.clone(),
        kind: "numbers",
        known,
        missing: study.is_event.len() - known,
        classes: Vec::new(),
        levels: Vec::new(),
        tests: Vec::new(),
        decides: None,
        why: String::new(),
        p: None,
        entered: false,
    };
    match &candidate.values {
        Coding::Numbers(values) => numbers(&mut row, &study.is_event, values),
        Coding::Categories { levels, of } => categories(&mut row, &study.is_event, levels, of),
    }
    row.p = row
        .tests
        .iter()
        .find(|test| Some(test.test) == row.decides)
        .map(|test| test.p);
    row.entered = row.p.is_some_and(|p| p < most_p);
    row
}

fn numbers(row: &mut Univariable, is_event: &[bool], values: &[Option<f64>]) {
    let of = |class: bool| -> Vec<f64> {
        let pairs = values.iter().zip(is_event);
        pairs
            .filter(|(_, event)| **event == class)
            .filter_map(|(value, _)| *value)
            .collect()
    };
    let (events, others) = (of(true), of(false));
    let Some(comparison) = compare(&events, &others) else {
        row.why = match (events.len(), others.len()) {
            (0, 0) => "known in nobody".to_owned(),
            (0 | 1, _) | (_, 0 | 1) => "known in fewer than two patients of a class".to_owned(),
            _ => "the same number in all patients of both classes".to_owned(),
        };
        row.classes = [events, others]
            .iter()
            .filter(|values| !values.is_empty())
            .map(|values| summary(&Class::of(values)))
            .collect();
        return;
    };
    row.classes = vec![summary(&comparison.first), summary(&comparison.second)];
    row.tests = tests(&comparison);
    let exact = comparison.rank_sum.exact_p.is_some();
    let (decides, why) = match (comparison.is_skewed, exact) {
        (true, true) => (
            "Wilcoxon rank sum, exact",
            format!("a class has a skewness beyond {MOST_SKEWED}; few patients, no ties"),
        ),
        (true, false) => (
            "Wilcoxon rank sum",
            format!("a class has a skewness beyond {MOST_SKEWED}"),
        ),
        (false, _) => (
            "Welch's t",
            format!("neither class has a skewness beyond {MOST_SKEWED}"),
        ),
    };
    row.decides = Some(decides);
    row.why = why;
}

fn tests(comparison: &Comparison) -> Vec<TestResult> {
    let t = |test, t: &TTest| TestResult {
        test,
        statistic: Some(t.t),
        degrees_of_freedom: Some(t.degrees_of_freedom),
        p: t.p,
    };
    let ranks = |test, p| TestResult {
        test,
        statistic: Some(comparison.rank_sum.w),
        degrees_of_freedom: None,
        p,
    };
    let mut tests = vec![
        t("Student's t", &comparison.student),
        t("Welch's t", &comparison.welch),
        ranks("Wilcoxon rank sum", comparison.rank_sum.p),
    ];
    if let Some(p) = comparison.rank_sum.exact_p {
        tests.push(ranks("Wilcoxon rank sum, exact", p));
    }
    tests
}

pub(super) fn summary(class: &Class) -> ClassSummary {
    ClassSummary {
        patients: class.patients,
        mean: class.mean,
        sd: Some(class.sd).filter(|sd| sd.is_finite()),
        quartiles: class.quartiles,
        skewness: class.skewness,
    }
}

fn categories(row: &mut Univariable, is_event: &[bool], levels: &[String], of: &[Option<u16>]) {
    let mut counts = vec![[0_u64; 2]; levels.len()];
    for (level, event) in of.iter().zip(is_event) {
        if let Some(level) = level {
            counts[usize::from(*level)][usize::from(!event)] += 1;
        }
    }
    row.kind = if levels.len() == 2 {
        "two categories"
    } else {
        "categories"
    };
    let level = |(name, [events, others]): (&String, &[u64; 2])| Level {
        name: name.clone(),
        events: *events,
        others: *others,
    };
    row.levels = levels.iter().zip(&counts).map(level).collect();
    let Some(table) = Contingency::new(&counts) else {
        let filled = counts.iter().filter(|count| **count != [0, 0]).count();
        row.why = match filled {
            0 => "known in nobody",
            1 => "the same in all patients",
            _ => "known in patients of one class only",
        }
        .to_owned();
        return;
    };
    let plain = table.chi_squared();
    row.tests.push(TestResult {
        test: "chi-squared",
        statistic: Some(plain.statistic),
        degrees_of_freedom: Some(plain.degrees_of_freedom),
        p: plain.p,
    });
    if let Some(yates) = table.yates() {
        row.tests.push(TestResult {
            test: "chi-squared, Yates",
            statistic: Some(yates.statistic),
            degrees_of_freedom: Some(yates.degrees_of_freedom),
            p: yates.p,
        });
    }
    let exact = fisher(&table);
    if let Some(p) = exact {
        row.tests.push(TestResult {
            test: "Fisher",
            statistic: None,
            degrees_of_freedom: None,
            p,
        });
    }
    let (decides, why) = match (table.suits_chi_squared(), exact) {
        (true, _) => ("chi-squared", "no cell is expected to be nearly empty"),
        (false, Some(_)) => (
            "Fisher",
            "a cell is expected to hold less than one patient, or more than a fifth less than five",
        ),
        (false, None) => (
            "chi-squared",
            "cells are nearly empty, but the table is too large for Fisher's test",
        ),
    };
    row.decides = Some(decides);
    row.why = why.to_owned();
}
