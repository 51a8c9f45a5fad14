//! The regressions: every variable that the tests of one variable let pass, and forward selection among them.

use super::candidate::{Coding, Study};
use super::{Coefficient, Interval, Model, Options, Step, TestResult, Withheld};
use crate::statistics::ranking::{Ranked, ranked};
use crate::statistics::regression::{Fit, NoFit, Penalty, Rows, Test, fit, profile, without};
use crate::statistics::roc::auc_of_ranked;
use rayon::prelude::*;
use std::ops::Range;

/// A variable may enter and be removed again; after so many steps the selection goes round.
const MOST_STEPS: usize = 100;

/// Complete patients and the columns of their variables.
pub(super) struct Design {
    pub rows: Rows,
    pub terms: Vec<Term>,
    /// Names of the columns for error texts.
    names: Vec<String>,
    pub patients: usize,
    pub events: usize,
}

/// A variable in a regression.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// Place among the candidates of the study.
    pub candidate: usize,
    pub variable: String,
    pub columns: Range<usize>,
    /// What each column compares.
    contrasts: Vec<String>,
    /// The category of each column, and the one that it is compared with; none for numbers.
    pub levels: Option<(u16, Vec<u16>)>,
}

impl Design {
    /// Of some candidates of a study.
    pub fn new(study: &Study, candidates: &[usize]) -> Self {
        let complete: Vec<usize> = (0..study.is_event.len())
            .filter(|patient| {
                candidates
                    .iter()
                    .all(|candidate| study.candidates[*candidate].is_known(*patient))
            })
            .collect();
        let mut terms = Vec::new();
        let mut width = 0;
        for candidate in candidates {
            let term = term(study, *candidate, &complete, width);
            width = term.columns.end;
            terms.push(term);
        }
        let mut rows = Rows::new(width);
        let mut x = vec![0.0; width];
        for patient in &complete {
            for term in &terms {
                fill(study, term, *patient, &mut x);
            }
            let event = study.is_event[*patient];
            rows.push(&x, f64::from(event), f64::from(!event));
        }
        if terms.iter().all(|term| term.levels.is_some()) {
            rows = rows.grouped();
        }
        let name = |term: &Term| {
            let contrasts = term.contrasts.iter();
            contrasts
                .map(|contrast| format!("{} ({contrast})", term.variable))
                .collect::<Vec<_>>()
        };
        Self {
            names: terms.iter().flat_map(name).collect(),
            rows,
            terms,
            patients: complete.len(),
            events: complete.iter().filter(|i| study.is_event[**i]).count(),
        }
    }

    /// Some of the terms, in the order given.
    fn columns(&self, terms: &[usize]) -> Vec<usize> {
        let columns = terms
            .iter()
            .flat_map(|term| self.terms[*term].columns.clone());
        columns.collect()
    }

    pub fn why(&self, problem: &NoFit, terms: &[usize]) -> String {
        let names: Vec<String> = self
            .columns(terms)
            .iter()
            .map(|column| self.names[*column].clone())
            .collect();
        problem.named(&names)
    }
}

fn term(study: &Study, candidate: usize, complete: &[usize], start: usize) -> Term {
    let from = &study.candidates[candidate];
    let (contrasts, levels) = match &from.values {
        Coding::Numbers(_) => (vec!["per unit".to_owned()], None),
        Coding::Categories { levels, of } => {
            let mut patients = vec![0_usize; levels.len()];
            for level in complete.iter().filter_map(|patient| of[*patient]) {
                patients[usize::from(level)] += 1;
            }
            let mut filled = (0..levels.len() as u16).filter(|l| patients[usize::from(*l)] > 0);
            // Without a second category the column is constant, which the fit says.
            let reference = filled.next().unwrap_or(0);
            let mut others: Vec<u16> = filled.collect();
            if others.is_empty() {
                others.push(if reference == 0 { 1 } else { 0 });
            }
            let name = |level: u16| levels.get(usize::from(level)).map_or("?", String::as_str);
            let contrast = |level: &u16| format!("{} against {}", name(*level), name(reference));
            (
                others.iter().map(contrast).collect(),
                Some((reference, others)),
            )
        }
    };
    Term {
        candidate,
        variable: from.name.clone(),
        columns: start..start + contrasts.len(),
        contrasts,
        levels,
    }
}

fn fill(study: &Study, term: &Term, patient: usize, x: &mut [f64]) {
    match (&study.candidates[term.candidate].values, &term.levels) {
        (Coding::Numbers(values), _) => {
            x[term.columns.start] = values[patient].unwrap_or(f64::NAN);
        }
        (Coding::Categories { of, .. }, Some((_, levels))) => {
            for (column, level) in term.columns.clone().zip(levels) {
                x[column] = f64::from(of[patient] == Some(*level));
            }
        }
        (Coding::Categories { .. }, None) => {}
    }
}

/// A fit of some of the terms of a design.
pub(super) struct Fitted {
    /// Places among the terms of the design, in the order of the columns.
    pub terms: Vec<usize>,
    pub fit: Fit,
    rows: Rows,
}

impl Fitted {
    pub fn new(design: &Design, terms: &[usize], penalty: Penalty) -> Result<Self, NoFit> {
        let rows = design.rows.with_columns(&design.columns(terms));
        Ok(Self {
            terms: terms.to_vec(),
            fit: fit(&rows, penalty)?,
            rows,
        })
    }

    /// The columns of one of its terms, in this fit.
    fn columns(&self, design: &Design, term: usize) -> Vec<usize> {
        let mut start = 0;
        for of in &self.terms {
            let width = design.terms[*of].columns.len();
            if *of == term {
                return (start..start + width).collect();
            }
            start += width;
        }
        Vec::new()
    }

    /// The likelihood ratio test of one of its terms.
    fn test(&self, design: &Design, term: usize) -> Result<Test, NoFit> {
        without(&self.rows, &self.fit, &self.columns(design, term))
    }

    /// Log odds ratios of the columns of a term; none where the term is not in the fit.
    pub fn coefficients(&self, design: &Design, candidate: usize) -> Option<(&[f64], usize)> {
        let term = *self
            .terms
            .iter()
            .find(|term| design.terms[**term].candidate == candidate)?;
        let columns = self.columns(design, term);
        let first = *columns.first()?;
        let last = *columns.last()?;
        Some((&self.fit.coefficients[first + 1..=last + 1], term))
    }

    /// As it is reported.
    pub fn model(&self, design: &Design) -> Result<Model, NoFit> {
        let fit = &self.fit;
        let mut coefficients = Vec::new();
        let mut place = 0;
        for term in self.terms.iter().map(|term| &design.terms[*term]) {
            for contrast in &term.contrasts {
                coefficients.push(self.coefficient(&term.variable, contrast, place)?);
                place += 1;
            }
        }
        let predicted = (0..self.rows.len()).map(|row| Ranked {
            by: fit.log_odds(self.rows.x(row)),
            events: self.rows.events()[row],
            others: self.rows.others()[row],
        });
        let groups = ranked(predicted.collect()).map_err(|_| NoFit::OneClass)?;
        let whole = without(&self.rows, fit, &(0..self.rows.width()).collect::<Vec<_>>())?;
        Ok(Model {
            patients: fit.patients,
            events: fit.events,
            events_per_coefficient: fit.events.min(fit.patients - fit.events)
                / self.rows.width() as f64,
            intercept: fit.coefficients[0],
            intercept_standard_error: fit.standard_error(0),
            coefficients,
            log_likelihood: fit.penalised_log_likelihood,
            likelihood_ratio: likelihood_ratio(whole),
            c_index: auc_of_ranked(&groups).value,
            interval_method: match fit.penalty {
                Penalty::Firth => "profile of the penalised likelihood",
                Penalty::None | Penalty::Ridge(_) => "Wald",
            },
        })
    }

    fn coefficient(
        &self,
        variable: &str,
        contrast: &str,
        column: usize,
    ) -> Result<Coefficient, NoFit> {
        let fit = &self.fit;
        let (interval, test) = match fit.penalty {
            Penalty::Firth => profile(&self.rows, fit, column, 0.95)?,
            Penalty::None | Penalty::Ridge(_) => {
                (fit.wald_interval(column + 1, 0.95), fit.wald(column + 1))
            }
        };
        let coefficient = fit.coefficients[column + 1];
        let limit = |limit: f64| Some(limit.exp()).filter(|limit| limit.is_finite());
        Ok(Coefficient {
            variable: variable.to_owned(),
            contrast: contrast.to_owned(),
            coefficient,
            standard_error: fit.standard_error(column + 1),
            odds_ratio: Interval {
                value: coefficient.exp(),
                low: limit(interval.low),
                high: limit(interval.high),
            },
            p: test.p,
            points: points(coefficient.exp()),
        })
    }
}

/// The paper's rule: the odds ratio, rounded.
pub(super) fn points(odds_ratio: f64) -> u64 {
    odds_ratio.round() as u64
}

pub(super) fn likelihood_ratio(test: Test) -> TestResult {
    TestResult {
        test: "likelihood ratio",
        statistic: Some(test.statistic),
        degrees_of_freedom: Some(test.degrees_of_freedom),
        p: test.p,
    }
}

/// A variable beside those chosen, and what it adds.
type Tried = Result<(Fitted, Test), NoFit>;

/// What forward selection came to.
pub(super) struct Selection {
    pub steps: Vec<Step>,
    /// None where nothing entered.
    pub fitted: Option<Fitted>,
    pub withheld: Vec<Withheld>,
}

/// Forward selection: at each step the variable with the least p of the likelihood ratio test enters, if it is below the limit;
/// then each variable whose test is above the limit of removal goes, the greatest p first.
pub(super) fn forward(design: &Design, penalty: Penalty, options: &Options) -> Selection {
    let mut selection = Selection {
        steps: Vec::new(),
        fitted: None,
        withheld: Vec::new(),
    };
    let mut chosen: Vec<usize> = Vec::new();
    let mut barred: Vec<usize> = Vec::new();
    let mut last_removed = None;
    while selection.steps.len() < MOST_STEPS {
        let open: Vec<usize> = (0..design.terms.len())
            .filter(|term| !chosen.contains(term) && !barred.contains(term))
            .collect();
        let tried: Vec<(usize, Tried)> = open
            .into_par_iter()
            .map(|term| {
                let mut terms = chosen.clone();
                terms.push(term);
                let fitted = Fitted::new(design, &terms, penalty)
                    .and_then(|fitted| fitted.test(design, term).map(|test| (fitted, test)));
                (term, fitted)
            })
            .collect();
        let mut best: Option<(usize, Fitted, Test)> = None;
        for (term, result) in tried {
            match result {
                // Equal p under the least number: the greater statistic.
                Ok((fitted, test))
                    if best.as_ref().is_none_or(|(_, _, least)| {
                        test.p < least.p || test.p == least.p && test.statistic > least.statistic
                    }) =>
                {
                    best = Some((term, fitted, test));
                }
                Ok(_) => {}
                Err(problem) => {
                    barred.push(term);
                    let mut terms = chosen.clone();
                    terms.push(term);
                    selection.withheld.push(Withheld {
                        what: format!("{} in the selection", design.terms[term].variable),
                        why: design.why(&problem, &terms),
                    });
                }
            }
        }
        let Some((term, fitted, test)) = best.filter(|(_, _, test)| test.p < options.entry_p)
        else {
            break;
        };
        // What has just been removed and would enter again goes round.
        if last_removed == Some(term) {
            break;
        }
        chosen.push(term);
        selection.push("entered", design, term, test, &fitted);
        selection.fitted = Some(fitted);
        last_removed = selection.remove(design, penalty, options, &mut chosen);
    }
    selection
}

impl Selection {
    fn push(
        &mut self,
        action: &'static str,
        design: &Design,
        term: usize,
        test: Test,
        after: &Fitted,
    ) {
        self.steps.push(Step {
            step: self.steps.len() + 1,
            action,
            variable: design.terms[term].variable.clone(),
            test: likelihood_ratio(test),
            log_likelihood: after.fit.penalised_log_likelihood,
        });
    }

    /// Removes what no longer belongs; gives the last term that went.
    fn remove(
        &mut self,
        design: &Design,
        penalty: Penalty,
        options: &Options,
        chosen: &mut Vec<usize>,
    ) -> Option<usize> {
        let mut removed = None;
        while chosen.len() > 1 {
            let fitted = self.fitted.as_ref()?;
            let worst = chosen
                .iter()
                .filter_map(|term| Some((*term, fitted.test(design, *term).ok()?)))
                .max_by(|a, b| a.1.p.total_cmp(&b.1.p))?;
            if worst.1.p <= options.removal_p {
                break;
            }
            let rest: Vec<usize> = chosen.iter().copied().filter(|t| *t != worst.0).collect();
            let Ok(smaller) = Fitted::new(design, &rest, penalty) else {
                break;
            };
            *chosen = rest;
            removed = Some(worst.0);
            self.push("removed", design, worst.0, worst.1, &smaller);
            self.fitted = Some(smaller);
        }
        removed
    }
}
