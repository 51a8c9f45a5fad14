//! A local evaluation: how well score, class, PET alone and probability do on a hospital's own patients.
//!
//! Knows cohorts, the model and statistics. Knows no files, no command line and no clock: the day is an argument. Never says
//! "validated": a cohort of one hospital is a local evaluation. The main analysis holds patients with a known outcome and four
//! known predictors; everything about them is 32 counts, so that a million patients cost no more than a hundred.
//!
//! Read [`Validation`], then [`evaluate`].

mod calibrated;
mod decided;
mod describe;
mod figures;
mod gate;
mod given;
mod markers;
mod methods;
mod notes;
mod page;
mod patterns;
mod population;
mod refit;
mod resamples;
pub mod result;
mod subgroups;
pub mod summary;
mod unknowns;

pub use page::page;
pub use result::Validation;
pub use subgroups::NoSubgroup;

use crate::cohort::{Cohort, PatternCounts};
use crate::domain::model::Model;
use crate::domain::score::{Pattern, Predictor};
use crate::statistics::ranking::Ranked;
use crate::statistics::roc::Paired;
use calibrated::{Probabilities, calibration};
use gate::{Needs, Size};
use jiff::civil::Date;
use markers::{comparison, marker};
use result::{BadRow, Comparison, ModelUsed, Options, Provenance, Software, Withheld};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Bootstrap replicates; 0 for none.
    pub bootstrap: u32,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Columns, each `name` or `name:cut,cut`.
    pub subgroups: Vec<String>,
    /// Show also what the size of the cohort does not carry.
    pub all_figures: bool,
    /// The horizon of the outcome in words.
    pub horizon: Option<String>,
    /// Day of the report.
    pub date: Date,
}

/// Why there is nothing to evaluate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotEvaluate {
    /// No patients at all.
    #[error("the cohort has no patients{}", why_nobody(.bad_rows))]
    NoPatients {
        /// Rows that were set aside.
        bad_rows: u64,
    },
    /// No outcome is known.
    #[error(
        "none of the {patients} patients has a known outcome: fill in the column outcome (1 refractory, 0 not refractory)"
    )]
    NoOutcomes {
        /// Patients.
        patients: u64,
    },
    /// A subgroup that is none.
    #[error(transparent)]
    Subgroup(#[from] NoSubgroup),
}

fn why_nobody(bad_rows: &u64) -> String {
    match bad_rows {
        0 => ": the table has a header and nothing else".to_owned(),
        rows => format!(": all of its {rows} rows are unusable"),
    }
}

/// The marker that everything is held against.
const PET: &str = "petAlone";
const SCORE: &str = "score";
const CLASS: &str = "class";
const MODEL: &str = "modelProbability";

/// Evaluates the model on the cohort. Runs on the threads of the rayon pool in which it is called; the result does not depend
/// on their number.
///
/// # Errors
/// [`CannotEvaluate`] when nobody is there or no outcome is known, or a subgroup cannot be had. A cohort that is merely too
/// small or too one-sided gives a report that says so.
pub fn evaluate(
    cohort: &Cohort,
    model: &Model,
    request: Request,
) -> Result<Validation, CannotEvaluate> {
    let counts = cohort.counts();
    let flow = describe::flow(cohort, &counts);
    if flow.patients == 0 {
        return Err(CannotEvaluate::NoPatients {
            bad_rows: flow.bad_rows,
        });
    }
    if flow.outcome_undetermined == flow.patients {
        return Err(CannotEvaluate::NoOutcomes {
            patients: flow.patients,
        });
    }
    let all = request.all_figures;
    // Those that a map names come first.
    let asked = cohort.subgroups.iter().chain(
        request
            .subgroups
            .iter()
            .filter(|asked| !cohort.subgroups.contains(asked)),
    );
    let subgroups = asked
        .map(|asked| subgroups::subgroup(cohort, model, asked, all))
        .collect::<Result<Vec<_>, _>>()?;
    let complete = counts.complete();
    let size = Size::of(complete.refractory(), complete.not_refractory(), all);
    let groups = Groups::of(&complete, model);
    let mut markers = groups.markers(model, all);
    let mut comparisons = groups_compared(&complete, model, all);
    let mut calibrations: Vec<_> = groups
        .model
        .iter()
        .map(|(groups, labels)| {
            let probabilities = Probabilities {
                name: MODEL,
                label: "Probability of the model",
                groups,
                patterns: labels,
            };
            calibration(probabilities, all)
        })
        .collect();
    let mut decision = size
        .shows(Needs::Hundred)
        .then(|| decided::decision(&groups.rules()))
        .flatten();
    resamples::of_patterns(&complete, model, request.seed, request.bootstrap).mark(
        &mut markers,
        &mut comparisons,
        &mut calibrations,
    );
    let refit = size
        .shows(Needs::Hundred)
        .then(|| refit::refit(&complete, model, request.seed, request.bootstrap));
    let mut withheld = withheld(&size, model);
    if let Some(given) = given::evaluate(cohort, model, &request) {
        markers.push(given.marker);
        comparisons.extend(given.comparisons);
        calibrations.push(given.calibration);
        if let Some(decision) = &mut decision {
            decision.given = given.decision.map(Box::new);
        }
        withheld.extend(given.withheld);
    }
    let mut validation = Validation {
        statement: methods::STATEMENT,
        limits: methods::limits(&flow, request.horizon.as_deref()),
        provenance: provenance(cohort, model, request),
        cohort: describe::describe(cohort, &counts),
        gate: size.gate(),
        withheld,
        patterns: patterns::table(&complete, model),
        markers,
        comparisons,
        methods: methods::methods(&calibrations),
        calibration: calibrations,
        decision,
        unknowns: unknowns::unknowns(&counts, model, size.shows(Needs::Fifty)),
        subgroups,
        notes: Vec::new(),
        refit: None,
        flow,
    };
    validation.notes = notes::notes(
        &validation,
        &cohort.origin.columns_set_aside,
        model,
        refit.as_ref(),
    );
    validation.refit = refit.and_then(Result::ok);
    Ok(validation)
}

/// The analysed patients, grouped by everything that ranks or splits them.
struct Groups {
    score: Vec<Ranked>,
    class: Vec<Ranked>,
    pet: Vec<Ranked>,
    /// With the patterns of each group in words.
    model: Option<(Vec<Ranked>, Vec<String>)>,
}

impl Groups {
    fn of(counts: &PatternCounts, model: &Model) -> Self {
        Self {
            score: population::by_score(counts, model),
            class: population::by_class(counts, model),
            pet: population::by_pet(counts),
            model: population::by_model(counts, model).map(|groups| {
                let labels = groups
                    .iter()
                    .map(|group| label(group, counts, model))
                    .collect();
                (groups, labels)
            }),
        }
    }

    fn markers(&self, model: &Model, all: bool) -> Vec<result::Marker> {
        let named = |name, label, cutoff| markers::Named {
            name,
            label,
            cutoff,
        };
        let cutoff = f64::from(model.cutoff);
        let mut found = vec![
            marker(named(SCORE, "Score", Some(cutoff)), &self.score, all),
            marker(
                named(CLASS, "Class (at or above the cut-off)", Some(1.0)),
                &self.class,
                all,
            ),
            marker(named(PET, "PET alone", Some(1.0)), &self.pet, all),
        ];
        if let Some((groups, _)) = &self.model {
            found.push(marker(
                named(MODEL, "Probability of the model", None),
                groups,
                all,
            ));
        }
        found
    }

    fn rules(&self) -> Vec<(&'static str, &'static str, &[Ranked])> {
        let model = self.model.iter();
        let mut rules: Vec<(&'static str, &'static str, &[Ranked])> = model
            .map(|(groups, _)| (MODEL, "Probability of the model", groups.as_slice()))
            .collect();
        rules.push((CLASS, "Class (at or above the cut-off)", &self.class));
        rules.push((PET, "PET alone", &self.pet));
        rules
    }
}

/// The patterns that share a probability, in words.
fn label(group: &Ranked, counts: &PatternCounts, model: &Model) -> String {
    let same = |pattern: &Pattern| {
        let patients = counts.refractory[pattern.index()] + counts.not_refractory[pattern.index()];
        let nomogram = model.nomogram.as_ref();
        patients > 0 && nomogram.is_some_and(|n| n.of(*pattern).estimate == group.by)
    };
    let names: Vec<String> = Pattern::all().filter(same).map(|p| p.to_string()).collect();
    names.join("; ")
}

fn groups_compared(counts: &PatternCounts, model: &Model, all: bool) -> Vec<Comparison> {
    let by_score = |pattern: Pattern| f64::from(pattern.score(model));
    let by_class = |pattern: Pattern| f64::from(u8::from(pattern.score(model) >= model.cutoff));
    let by_pet = |pattern: Pattern| f64::from(u8::from(pattern.has(Predictor::FdgUptake)));
    let paired = |first: &dyn Fn(Pattern) -> f64, second: &dyn Fn(Pattern) -> f64| {
        let groups = Pattern::all().map(|pattern| Paired {
            first: first(pattern),
            second: second(pattern),
            events: counts.refractory[pattern.index()] as f64,
            others: counts.not_refractory[pattern.index()] as f64,
        });
        groups.collect::<Vec<_>>()
    };
    let mut found = vec![
        comparison(SCORE, PET, &paired(&by_score, &by_pet), all),
        comparison(CLASS, PET, &paired(&by_class, &by_pet), all),
    ];
    if let Some(nomogram) = &model.nomogram {
        let by_model = |pattern: Pattern| nomogram.of(pattern).estimate;
        found.push(comparison(MODEL, PET, &paired(&by_model, &by_pet), all));
        found.push(comparison(MODEL, SCORE, &paired(&by_model, &by_score), all));
    }
    found.into_iter().flatten().collect()
}

fn withheld(size: &Size, model: &Model) -> Vec<Withheld> {
    let mut found: Vec<Withheld> = size.withheld(&gate::OF_SCORE).collect();
    if model.nomogram.is_some() {
        found.extend(size.withheld(&gate::OF_MODEL));
    }
    found.extend(size.withheld(&gate::OF_REFIT));
    found.sort_by_key(|item| item.needed);
    found
}

fn provenance(cohort: &Cohort, model: &Model, request: Request) -> Provenance {
    Provenance {
        software: Software {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        model: ModelUsed {
            id: model.id.clone(),
            version: model.version.clone(),
            sha256: model.sha256.clone(),
            cutoff: model.cutoff,
            maximum: model.maximum(),
            basis: model.nomogram.as_ref().map(|n| n.basis_of_one().to_owned()),
        },
        inputs: cohort.origin.files.clone(),
        bad_rows: cohort
            .origin
            .listed
            .iter()
            .map(|row| BadRow {
                file: row.file.clone(),
                line: row.line,
                column: row.column.clone(),
                reason: row.reason.clone(),
            })
            .collect(),
        date: request.date.to_string(),
        options: Options {
            bootstrap: request.bootstrap,
            seed: request.seed,
            subgroups: request.subgroups,
            all_figures: request.all_figures,
            horizon: request.horizon,
        },
    }
}
