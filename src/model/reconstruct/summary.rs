//! What the draws say: the model file, and how it compares with what is published.

use super::sampler::Prior;
use super::tables::{Scores, design};
use super::{Draw, Options, Reconstruction, Sample};
use crate::domain::nomogram::{Coefficients, inverse_logit};
use crate::domain::score::{Pattern, Predictor};
use crate::model::published::{Published, Role, Statement};
use crate::model::write::{digits, number};
use crate::statistics::convergence::{effective_sample_size, r_hat};
use crate::statistics::logistic::Matrix;
use crate::statistics::proportion::normal_quantile;
use crate::statistics::{mean, quantile};
use serde_json::{Map, Value, json};

/// R-hat must stay below this.
pub const GREATEST_R_HAT: f64 = 1.01;
/// The effective sample size must be above this.
pub const LEAST_EFFECTIVE_SAMPLE: f64 = 1000.0;

/// Whether a reconstruction can be relied on.
#[derive(Debug)]
pub struct Diagnostics {
    /// Greatest R-hat of any coefficient under any prior.
    pub r_hat: f64,
    /// Least effective sample size of any coefficient under any prior.
    pub effective_sample_size: f64,
    /// Each published figure beside the sample.
    pub comparisons: Vec<Comparison>,
}

impl Diagnostics {
    /// Whether the chains have seen enough.
    pub fn converged(&self) -> bool {
        self.r_hat < GREATEST_R_HAT && self.effective_sample_size > LEAST_EFFECTIVE_SAMPLE
    }
}

/// A published figure beside what the tables of the multinomial prior give.
#[derive(Debug)]
pub struct Comparison {
    /// Name of the figure.
    pub id: String,
    /// Whether the tables had to meet it.
    pub role: Role,
    /// As published.
    pub published: f64,
    /// Least value in any table.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// Greatest value in any table.
    pub high: f64,
    /// Met within rounding: by every table where it is a constraint, by the median where it is a check.
    pub met: bool,
}

/// The five coefficients by name.
const NAMES: [&str; 5] = [
    "intercept",
    "ageAtDiagnosis",
    "recurrence",
    "multiSiteMetastasis",
    "fdgUptake",
];

/// What one prior says.
struct Summary {
    prior: Prior,
    medians: [f64; 5],
    within: Matrix<5>,
    between: Matrix<5>,
    /// By pattern: 2.5 % and 97.5 % quantiles of the draws with sampling error.
    bands: [(f64, f64); Pattern::COUNT],
    /// By pattern: the same quantiles of the fits alone.
    between_bands: [(f64, f64); Pattern::COUNT],
    r_hat: [f64; 5],
    effective_sample_size: [f64; 5],
}

pub(super) fn summarise(
    published: &Published,
    scores: &Scores,
    samples: &[Sample],
    options: Options,
) -> Reconstruction {
    let summaries: Vec<Summary> = samples.iter().map(Summary::new).collect();
    // Both priors are there, the multinomial one first.
    let reference = &summaries[0];
    let tables: Vec<&Draw> = samples[0].chains.iter().flatten().collect();
    let comparisons = compare(published, scores, &tables);
    let worst = |of: fn(&Summary) -> [f64; 5], pick: fn(f64, f64) -> f64| {
        summaries
            .iter()
            .flat_map(of)
            .reduce(pick)
            .unwrap_or(f64::NAN)
    };
    let diagnostics = Diagnostics {
        r_hat: worst(|summary| summary.r_hat, f64::max),
        effective_sample_size: worst(|summary| summary.effective_sample_size, f64::min),
        comparisons,
    };

    let coefficients = reference.rounded();
    let patterns: Vec<Row> = Pattern::all()
        .map(|pattern| {
            let estimate = digits(coefficients.probability(pattern), 12);
            let limits = summaries
                .iter()
                .map(|summary| summary.bands[pattern.index()]);
            let low = limits.clone().map(|(low, _)| low).fold(estimate, f64::min);
            let high = limits.map(|(_, high)| high).fold(estimate, f64::max);
            Row {
                pattern,
                score: scores.by_pattern[pattern.index()],
                low: digits(low, 6).min(estimate),
                estimate,
                high: digits(high, 6).max(estimate),
            }
        })
        .collect();
    let texts = &published.json["reconstruction"];
    let nomogram = json!({
        "basis": texts["basis"],
        "method": texts["method"],
        "intercept": number(coefficients.intercept, 6),
        "coefficients": by_predictor(&coefficients.log_odds_ratios),
        "covariance": {
            "order": NAMES,
            "total": matrix(|i, j| reference.within[i][j] + reference.between[i][j]),
            "withinTable": matrix(|i, j| reference.within[i][j]),
            "betweenTables": matrix(|i, j| reference.between[i][j]),
        },
        "patterns": patterns.iter().map(Row::json).collect::<Vec<_>>(),
        "parts": parts(reference, &patterns),
        "priors": summaries.iter().map(|summary| summary.json(scores, texts)).collect::<Vec<_>>(),
        "figures": figures(published, &diagnostics.comparisons),
        "statements": published.statements.iter().map(|s| statement(s, &patterns)).collect::<Vec<_>>(),
        "reconstruction": {
            "published": { "file": "liu-2022-published.json", "sha256": published.sha256 },
            "seed": options.seed,
            "chains": options.chains,
            "draws": options.draws,
            "converged": diagnostics.converged(),
        },
    });
    let mut model_file = Map::new();
    for (name, value) in published.json.as_object().into_iter().flatten() {
        // What is only an input has its result in the nomogram.
        if !["reconstruction", "figures", "statements"].contains(&name.as_str()) {
            model_file.insert(name.clone(), value.clone());
        }
    }
    if let (Some(recurrence), Some(id)) = (options.recurrence, published.json["id"].as_str()) {
        model_file.insert("id".into(), format!("{id}-recurrence-{recurrence}").into());
    }
    model_file.insert("nomogram".into(), nomogram);
    Reconstruction {
        model_file: Value::Object(model_file),
        diagnostics,
    }
}

/// A row of the table of patterns.
struct Row {
    pattern: Pattern,
    score: u32,
    low: f64,
    estimate: f64,
    high: f64,
}

impl Row {
    fn json(&self) -> Value {
        let mut row = present(self.pattern);
        row.insert("score".into(), self.score.into());
        for (name, value) in [
            ("low", self.low),
            ("estimate", self.estimate),
            ("high", self.high),
        ] {
            row.insert(name.into(), number(value, 12));
        }
        Value::Object(row)
    }
}

impl Summary {
    fn new(sample: &Sample) -> Self {
        let draws: Vec<&Draw> = sample.chains.iter().flatten().collect();
        let column =
            |i: usize| -> Vec<f64> { draws.iter().map(|draw| draw.fit.coefficients[i]).collect() };
        let columns: [Vec<f64>; 5] = std::array::from_fn(column);
        let means = columns.each_ref().map(|column| mean(column));
        let n = draws.len() as f64;
        let within = from_fn(|i, j| {
            draws
                .iter()
                .map(|draw| draw.fit.covariance[i][j])
                .sum::<f64>()
                / n
        });
        let between = from_fn(|i, j| {
            let products = columns[i].iter().zip(&columns[j]);
            products
                .map(|(a, b)| (a - means[i]) * (b - means[j]))
                .sum::<f64>()
                / (n - 1.0)
        });
        let by_chain = |i: usize| -> Vec<Vec<f64>> {
            let chains = sample.chains.iter();
            chains
                .map(|chain| chain.iter().map(|draw| draw.fit.coefficients[i]).collect())
                .collect()
        };
        let bands = |coefficients: &dyn Fn(&Draw) -> Vec<[f64; 5]>| {
            let all: Vec<[f64; 5]> = draws.iter().flat_map(|draw| coefficients(draw)).collect();
            let mut bands = [(0.0, 0.0); Pattern::COUNT];
            for pattern in Pattern::all() {
                let row = design(pattern);
                let log_odds = |b: &[f64; 5]| row.iter().zip(b).map(|(x, b)| x * b).sum::<f64>();
                let mut values: Vec<f64> = all.iter().map(log_odds).collect();
                values.sort_unstable_by(f64::total_cmp);
                let at = |p| inverse_logit(quantile(&values, p));
                bands[pattern.index()] = (at(0.025), at(0.975));
            }
            bands
        };
        Self {
            prior: sample.prior,
            medians: columns.each_ref().map(|column| median(column)),
            within,
            between,
            bands: bands(&|draw| draw.sampled.to_vec()),
            between_bands: bands(&|draw| vec![draw.fit.coefficients]),
            r_hat: std::array::from_fn(|i| r_hat(&by_chain(i))),
            effective_sample_size: std::array::from_fn(|i| effective_sample_size(&by_chain(i))),
        }
    }

    /// The medians as the file holds them: everything else follows from these.
    fn rounded(&self) -> Coefficients {
        let [intercept, log_odds_ratios @ ..] = self.medians.map(|median| digits(median, 6));
        Coefficients {
            intercept,
            log_odds_ratios,
        }
    }

    fn json(&self, scores: &Scores, texts: &Value) -> Value {
        let coefficients = self.rounded();
        let by_name = |values: [f64; 5]| -> Map<String, Value> {
            NAMES
                .into_iter()
                .zip(values)
                .map(|(name, value)| (name.to_owned(), number(value, 6)))
                .collect()
        };
        let patterns: Vec<Value> = Pattern::all()
            .map(|pattern| {
                let (low, high) = self.bands[pattern.index()];
                json!({
                    "score": scores.by_pattern[pattern.index()],
                    "low": number(low, 6),
                    "estimate": number(coefficients.probability(pattern), 6),
                    "high": number(high, 6),
                })
            })
            .collect();
        json!({
            "prior": self.prior.name(),
            "statement": texts["priors"][self.prior.name()],
            "medians": by_name(self.medians),
            "rHat": by_name(self.r_hat),
            "effectiveSampleSize": by_name(self.effective_sample_size),
            "stepsBetweenLooks": self.prior.steps_between_looks(),
            "patterns": patterns,
        })
    }
}

/// What each part of the uncertainty alone would make of the band, under the reference prior: the sampling error of a fit, and
/// the tables that the aggregates leave open.
fn parts(reference: &Summary, patterns: &[Row]) -> Vec<Value> {
    let z = normal_quantile(0.975);
    patterns
        .iter()
        .map(|row| {
            let x = design(row.pattern);
            let variance: f64 = (0..5)
                .flat_map(|i| (0..5).map(move |j| (i, j)))
                .map(|(i, j)| x[i] * x[j] * reference.within[i][j])
                .sum();
            let log_odds = reference.rounded().log_odds(row.pattern);
            let within =
                |side: f64| number(inverse_logit(log_odds + side * z * variance.sqrt()), 6);
            let (low, high) = reference.between_bands[row.pattern.index()];
            json!({
                "score": row.score,
                "withinTableLow": within(-1.0),
                "withinTableHigh": within(1.0),
                "betweenTablesLow": number(low, 6),
                "betweenTablesHigh": number(high, 6),
            })
        })
        .collect()
}

fn compare(published: &Published, scores: &Scores, draws: &[&Draw]) -> Vec<Comparison> {
    published
        .figures
        .iter()
        .map(|figure| {
            let values = draws
                .iter()
                .map(|draw| draw.tables.value(figure.quantity, scores, &draw.fit));
            let mut values: Vec<f64> = values.collect();
            values.sort_unstable_by(f64::total_cmp);
            let is_near = |value: f64| (value - figure.published).abs() <= figure.tolerance + 1e-12;
            let (low, median, high) = (
                quantile(&values, 0.0),
                quantile(&values, 0.5),
                quantile(&values, 1.0),
            );
            Comparison {
                id: figure.id.clone(),
                role: figure.role,
                published: figure.published,
                low,
                median,
                high,
                met: match figure.role {
                    Role::Constraint => is_near(low) && is_near(high),
                    Role::Check => is_near(median),
                },
            }
        })
        .collect()
}

fn figures(published: &Published, comparisons: &[Comparison]) -> Vec<Value> {
    published
        .figures
        .iter()
        .zip(comparisons)
        .map(|(figure, comparison)| {
            json!({
                "id": figure.id,
                "role": match figure.role { Role::Constraint => "constraint", Role::Check => "check" },
                "published": number(figure.published, 6),
                "tolerance": number(figure.tolerance, 6),
                "place": figure.place,
                "low": number(comparison.low, 6),
                "median": number(comparison.median, 6),
                "high": number(comparison.high, 6),
                "met": comparison.met,
            })
        })
        .collect()
}

/// What the model gives for a pattern of which the paper says something, without and with FDG uptake, and by how much the odds
/// would have to be greater for the sentence to hold.
fn statement(statement: &Statement, patterns: &[Row]) -> Value {
    let odds = |p: f64| p / (1.0 - p);
    let of = |fdg: bool| {
        let mut present = Predictor::ALL.map(|predictor| statement.present.contains(&predictor));
        present[Predictor::FdgUptake as usize] = fdg;
        let row = &patterns[Pattern(present).index()];
        json!({
            "score": row.score,
            "low": number(row.low, 6),
            "estimate": number(row.estimate, 6),
            "high": number(row.high, 6),
            "holds": row.estimate > statement.threshold,
            "neededOddsRatio": number(odds(statement.threshold) / odds(row.estimate), 6),
        })
    };
    json!({
        "id": statement.id,
        "says": statement.says,
        "place": statement.place,
        "threshold": number(statement.threshold, 6),
        "withoutFdgUptake": of(false),
        "withFdgUptake": of(true),
    })
}

fn present(pattern: Pattern) -> Map<String, Value> {
    Predictor::ALL
        .into_iter()
        .map(|predictor| (predictor.name().to_owned(), pattern.has(predictor).into()))
        .collect()
}

fn by_predictor(values: &[f64; 4]) -> Map<String, Value> {
    Predictor::ALL
        .into_iter()
        .map(|predictor| {
            let value = number(values[predictor as usize], 6);
            (predictor.name().to_owned(), value)
        })
        .collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

fn from_fn(of: impl Fn(usize, usize) -> f64) -> Matrix<5> {
    std::array::from_fn(|i| std::array::from_fn(|j| of(i, j)))
}

fn matrix(of: impl Fn(usize, usize) -> f64) -> Vec<Vec<Value>> {
    from_fn(of)
        .iter()
        .map(|row| row.iter().map(|value| number(*value, 6)).collect())
        .collect()
}
