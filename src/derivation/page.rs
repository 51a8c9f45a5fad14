//! A derivation as a page for people: the tables and figures of the paper, made from another cohort. Computes nothing. Read
//! [`page`] first.

mod models;
mod tested;

use super::{Curve, Derivation, Interval};
use crate::plot::charts::{self, Curve as Drawn};
use crate::plot::{Flow, FlowStep};
use crate::report::words::{fixed, plain, share, thousands, with_interval};
use crate::report::{Block, Page, Section, Table, Withheld};

/// Curves in one figure: more cannot be told apart.
const CURVES: usize = 6;

/// The report.
pub fn page(d: &Derivation) -> Page {
    let mut lead = vec![Block::paragraph(
        "The statistical method of Liu, Wang and Zhang (2022) repeated on a cohort. What comes out is a report, not a model that the service loads, and every figure on the patients that it was made from flatters.",
    )];
    if let Some(score) = &d.score {
        let mut facts = vec![
            (
                "Score".to_owned(),
                format!("0 to {} points, cut-off {}", score.total, score.cut_off),
            ),
            (
                "Area under its ROC curve, apparent".to_owned(),
                interval(&score.auc, share),
            ),
        ];
        if let Some(optimism) = &d.optimism {
            facts.push((
                "Corrected for optimism".to_owned(),
                share(optimism.auc.corrected),
            ));
        }
        lead.push(Block::Facts(facts));
    }
    lead.extend(
        d.warnings
            .iter()
            .map(|warning| Block::Warning(warning.text.clone())),
    );
    let mut sections = vec![flow(d), tested::univariable(d)];
    if !d.cut_offs.is_empty() {
        sections.push(tested::cut_offs(d));
    }
    sections.extend(models::regressions(d));
    sections.extend(d.score.as_ref().map(|score| models::score(d, score)));
    sections.extend(curves(d));
    if !d.performance.is_empty() {
        sections.push(tested::performance(d));
    }
    sections.extend(d.nomogram.as_ref().map(models::nomogram));
    sections.extend(d.calibration.as_ref().map(models::calibration));
    sections.extend(d.optimism.as_ref().map(models::optimism));
    if !d.withheld.is_empty() {
        let items = d.withheld.iter().map(|item| Withheld {
            what: item.what.clone(),
            why: item.why.clone(),
        });
        sections.push(Section::new(
            "Withheld",
            vec![Block::Withheld(items.collect())],
        ));
    }
    if !d.notes.is_empty() {
        sections.push(Section::new(
            "How it was computed",
            vec![Block::List(d.notes.clone())],
        ));
    }
    sections.push(sources(d));
    Page {
        title: "Derivation of a score by the method of the paper".to_owned(),
        made_by: d.software.clone(),
        lead,
        sections,
        closing: "Figures of one cohort, on the patients that they were made from. Not a certified medical device.".to_owned(),
    }
}

/// A value with its interval, where it has one.
fn interval(of: &Interval, write: fn(f64) -> String) -> String {
    match of.low.zip(of.high) {
        Some((low, high)) => with_interval(of.value, low, high, write),
        None => write(of.value),
    }
}

fn count(of: usize) -> String {
    thousands(of as u64)
}

fn flow(d: &Derivation) -> Section {
    let flow = &d.flow;
    let known = flow.events + flow.others;
    let incomplete = known.saturating_sub(flow.complete) as u64;
    let picture = Flow {
        title: "Flow of patients".to_owned(),
        description: format!(
            "Of {} patients {} have no known outcome. {} have the outcome, {} do not. {} have every variable of the regression.",
            count(flow.patients),
            count(flow.outcome_not_known),
            count(flow.events),
            count(flow.others),
            count(flow.complete)
        ),
        steps: vec![
            FlowStep::new(
                "Rows of data",
                flow.patients as u64 + flow.bad_rows,
                &[("could not be read", flow.bad_rows)],
            ),
            FlowStep::new(
                "Patients",
                flow.patients as u64,
                &[("outcome not known", flow.outcome_not_known as u64)],
            ),
            FlowStep::new(
                "Outcome known: tests of one variable",
                known as u64,
                &[("a variable of the regression is not known", incomplete)],
            ),
            FlowStep::new("Regression", flow.complete as u64, &[]),
        ],
    };
    Section::new(
        "Flow of patients",
        vec![
            Block::picture(
                "flow",
                picture,
                "From the rows of the input to the patients of the regression. Nobody was imputed.",
            ),
            Block::Facts(vec![
                ("With the outcome".to_owned(), count(flow.events)),
                ("Without it".to_owned(), count(flow.others)),
                (
                    "With the outcome, in the regression".to_owned(),
                    count(flow.complete_events),
                ),
                (
                    "With every criterion of the score known".to_owned(),
                    count(flow.scored),
                ),
            ]),
        ],
    )
}

/// The curves of the numbers, of the criteria and of the score, as far as they are there (the paper's Figs 3, 5, 6).
fn curves(d: &Derivation) -> Option<Section> {
    let kinds = [
        ("numbers", "roc-numbers", "ROC curves of the numbers"),
        ("criterion", "roc-criteria", "ROC curves of the criteria"),
        ("score", "roc-score", "ROC curve of the score"),
    ];
    let blocks: Vec<Block> = kinds
        .iter()
        .flat_map(|(kind, name, title)| {
            let of_kind: Vec<&Curve> = d
                .curves
                .iter()
                .filter(|curve| curve.kind == *kind)
                .collect();
            let parts: Vec<Vec<&Curve>> = of_kind.chunks(CURVES).map(<[_]>::to_vec).collect();
            parts
                .into_iter()
                .enumerate()
                .map(|(number, part)| {
                    let name = match number {
                        0 => (*name).to_owned(),
                        number => format!("{name}-{}", number + 1),
                    };
                    roc(&name, title, &part)
                })
                .collect::<Vec<_>>()
        })
        .collect();
    (!blocks.is_empty()).then(|| Section::new("ROC curves", blocks))
}

fn roc(name: &str, title: &str, curves: &[&Curve]) -> Block {
    let drawn: Vec<Drawn> = curves
        .iter()
        .map(|curve| {
            let points = curve.points.iter();
            let mut points: Vec<(f64, f64)> = points
                .map(|point| (1.0 - point.specificity, point.sensitivity))
                .collect();
            // From "everybody is positive" down: drawn from the other end.
            points.reverse();
            Drawn {
                name: format!("{}: AUC {}", curve.of, share(curve.auc)),
                points,
            }
        })
        .collect();
    let words: Vec<String> = drawn.iter().map(|curve| curve.name.clone()).collect();
    let figure = charts::roc(
        title,
        &format!("{title}. {}.", words.join("; ")),
        &drawn,
        Vec::new(),
    );
    let caption = format!(
        "{title}, on the patients that they were made from. The dashed diagonal is chance."
    );
    Block::picture(name, figure, &caption)
}

fn sources(d: &Derivation) -> Section {
    let method = &d.method;
    let facts = vec![
        ("Software".to_owned(), d.software.clone()),
        (
            "Outcome".to_owned(),
            format!("{}: {}", method.outcome, method.event),
        ),
        ("Candidates".to_owned(), method.candidates.join(", ")),
        (
            "To the regression with p below".to_owned(),
            plain(method.univariable_p),
        ),
        ("Enters with p below".to_owned(), plain(method.entry_p)),
        (
            "Is removed with p above".to_owned(),
            plain(method.removal_p),
        ),
        ("Fit".to_owned(), method.fit.clone()),
        (
            "Numbers enter the regressions".to_owned(),
            if method.numbers_cut {
                "cut in two"
            } else {
                "as they were measured"
            }
            .to_owned(),
        ),
        ("Resamples".to_owned(), count(method.bootstrap)),
        ("Seed".to_owned(), method.seed.to_string()),
    ];
    let mut table = Table::new("Input", &["File", "SHA-256", "Rows"]).with_words(&[1]);
    for input in &d.inputs {
        table.row([
            input.name.clone(),
            input.sha256.clone(),
            thousands(input.rows),
        ]);
    }
    Section::new(
        "What went in",
        vec![Block::Facts(facts), Block::Table(table)],
    )
}

/// Youden's index and the like, which may be negative.
fn index(value: f64) -> String {
    fixed(value, 3)
}
