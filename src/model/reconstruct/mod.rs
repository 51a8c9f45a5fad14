//! The nomogram from what the source study publishes (domain.md section 6).
//!
//! The paper gives neither intercept nor coefficients. Its class sizes, marginal counts, means and standard deviations of the
//! score, the two-by-two table at the cut-off and the AUC leave few tables of 16 patterns by outcome possible. This samples
//! such tables (`sampler`), fits the four-factor logistic model to each (`tables`), adds the sampling error of the fit and
//! says what comes out, with its uncertainty and with every published figure beside it (`summary`).

mod sampler;
mod summary;
mod tables;

pub use sampler::Prior;
pub use summary::{Comparison, Diagnostics};
pub use tables::Tables;

use super::published::{Class, Published, Quantity, Role};
use crate::domain::score::{Pattern, Predictor};
use crate::statistics::logistic::{Matrix, NoFit, cholesky};
use crate::statistics::proportion::normal_quantile;
use rand_xoshiro::rand_core::RngCore;
use sampler::Chain;
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tables::{FourFactorFit, Scores};

/// How to sample.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Of the number generator.
    pub seed: u64,
    /// Chains of each prior.
    pub chains: usize,
    /// Draws of each chain, after burn-in.
    pub draws: usize,
    /// Threads at work; what comes out does not depend on it.
    pub threads: usize,
    /// Refractory patients with recurrence, where another value that the paper prints is to be tried.
    pub recurrence: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 2022,
            chains: 4,
            draws: 4000,
            threads: 1,
            recurrence: None,
        }
    }
}

/// Why there is no reconstruction.
#[derive(Debug, thiserror::Error)]
pub enum CannotReconstruct {
    /// The file lacks a figure that the method rests on.
    #[error("the published figures lack {0:?} as a constraint")]
    Missing(Quantity),
    /// A count that is none.
    #[error("{0}: expected a whole number of patients, not more than its class has")]
    NoCount(String),
    /// An alternative that nothing documents.
    #[error("recurrence {asked} is no published value; the file documents {documented}")]
    UndocumentedAlternative {
        /// Asked for.
        asked: u32,
        /// In the file.
        documented: String,
    },
    /// No table has the published counts.
    #[error("no table has the published counts: they contradict each other")]
    Contradiction,
    /// No table is inside all constraints.
    #[error(
        "no table was found that meets every constraint ({prior} prior): the published figures contradict each other"
    )]
    NotFound {
        /// Prior.
        prior: &'static str,
    },
    /// A table cannot be fitted.
    #[error(transparent)]
    NoFit(#[from] NoFit),
    /// Too few draws to say anything.
    #[error("at least 1 chain and 8 draws are needed")]
    TooFew,
}

/// What the tables must satisfy, ready for the chain.
#[derive(Debug, Clone)]
pub struct Targets {
    patients: [u32; 2],
    present: [[u32; 4]; 2],
    without_pet: [u32; 2],
    is_at_or_above_without_pet: [bool; Pattern::COUNT],
    /// Least and greatest sum of squared scores by class.
    squares: [(i64, i64); 2],
    /// Least and greatest of twice the pairs in order.
    pairs: (i64, i64),
    squared_scores: [i64; Pattern::COUNT],
    /// 2, 1 or 0: the score of the first pattern is above, equal to or below that of the second.
    order: [[i64; Pattern::COUNT]; Pattern::COUNT],
}

/// One pair of tables with its fit, and coefficients drawn from the sampling error of that fit.
#[derive(Debug, Clone)]
struct Draw {
    tables: Tables,
    fit: FourFactorFit,
    sampled: [[f64; 5]; SAMPLED],
}

/// Coefficients drawn for each table, in pairs on opposite sides of the fit.
const SAMPLED: usize = 8;

/// What one prior gives: draws by chain.
struct Sample {
    prior: Prior,
    chains: Vec<Vec<Draw>>,
}

/// A reconstruction.
#[derive(Debug)]
pub struct Reconstruction {
    /// The model file.
    pub model_file: Value,
    /// Whether it can be relied on, and how it compares with what is published.
    pub diagnostics: Diagnostics,
}

/// Reconstructs the nomogram. `progress` is told of each draw, of which there are [`Options::work`].
///
/// # Errors
/// [`CannotReconstruct`] where the published figures cannot be met.
pub fn reconstruct(
    published: &Published,
    options: Options,
    progress: &(dyn Fn() + Sync),
) -> Result<Reconstruction, CannotReconstruct> {
    if options.chains == 0 || options.draws < 8 {
        return Err(CannotReconstruct::TooFew);
    }
    let mut published = published.clone();
    if let Some(asked) = options.recurrence {
        published.use_alternative(asked)?;
    }
    let scores = Scores::new(published.points, published.cutoff);
    let targets = Targets::new(&published, &scores)?;
    let samples = sample(&targets, options, progress)?;
    Ok(summary::summarise(&published, &scores, &samples, options))
}

/// Patients of each class by pattern, summed over the draws of one short chain: divided by `draws` the mean of the tables that
/// satisfy every constraint, under the multinomial prior. The margins of the mean are those that are published. Integers: the
/// same on every machine.
///
/// # Errors
/// [`CannotReconstruct`] where the published figures cannot be met.
pub fn summed_tables(
    published: &Published,
    seed: u64,
    draws: usize,
) -> Result<[[u64; Pattern::COUNT]; 2], CannotReconstruct> {
    let scores = Scores::new(published.points, published.cutoff);
    let targets = Targets::new(published, &scores)?;
    let mut chain = Chain::start(Prior::Multinomial, &targets, seed, 0)?;
    let mut sums = [[0; Pattern::COUNT]; 2];
    for _ in 0..draws {
        let tables = chain.next_draw()?;
        for (sums, counts) in sums.iter_mut().zip(&tables.0) {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += u64::from(*count);
            }
        }
    }
    Ok(sums)
}

impl Options {
    /// How many draws are made in all.
    pub fn work(&self) -> usize {
        Prior::ALL.len() * self.chains * self.draws
    }
}

impl Published {
    /// Puts another documented value for recurrence among the refractory in the place of the one that is used.
    fn use_alternative(&mut self, asked: u32) -> Result<(), CannotReconstruct> {
        let quantity = Quantity::Present(Class::Refractory, Predictor::Recurrence);
        let mut figures = self.figures.iter_mut();
        let figure = figures
            .find(|figure| figure.quantity == quantity)
            .ok_or(CannotReconstruct::Missing(quantity))?;
        let documented = || std::iter::once(&figure.published).chain(&figure.alternatives);
        if !documented().any(|value| *value == f64::from(asked)) {
            let documented: Vec<String> = documented().map(f64::to_string).collect();
            return Err(CannotReconstruct::UndocumentedAlternative {
                asked,
                documented: documented.join(" and "),
            });
        }
        figure.published = f64::from(asked);
        Ok(())
    }
}

impl Targets {
    fn new(published: &Published, scores: &Scores) -> Result<Self, CannotReconstruct> {
        let constraint = |quantity| {
            let figure = published.figure(quantity);
            figure
                .filter(|figure| figure.role == Role::Constraint)
                .ok_or(CannotReconstruct::Missing(quantity))
        };
        let count = |quantity, most: u32| {
            let figure = constraint(quantity)?;
            let number = figure.published;
            if number.fract() != 0.0 || !(0.0..=f64::from(most)).contains(&number) {
                return Err(CannotReconstruct::NoCount(figure.id.clone()));
            }
            Ok(number as u32)
        };
        let mut patients = [0; 2];
        let mut present = [[0; 4]; 2];
        let mut without_pet = [0; 2];
        let mut squares = [(0, 0); 2];
        for class in Class::ALL {
            let at = class as usize;
            patients[at] = count(Quantity::Patients(class), 1_000_000)?;
            for predictor in Predictor::ALL {
                present[at][predictor as usize] =
                    count(Quantity::Present(class, predictor), patients[at])?;
            }
            without_pet[at] = count(Quantity::AtOrAboveWithoutPet(class), patients[at])?;
            // The mean follows from the margins; with it a standard deviation is a sum of squares.
            let n = f64::from(patients[at]);
            let sum: u32 = Predictor::ALL
                .into_iter()
                .map(|predictor| published.points.of(predictor) * present[at][predictor as usize])
                .sum();
            let squares_of_mean = f64::from(sum).powi(2) / n;
            let figure = constraint(Quantity::SdScore(class))?;
            let squares_at = |sd: f64| sd.max(0.0).powi(2) * (n - 1.0) + squares_of_mean;
            squares[at] = (
                squares_at(figure.published - figure.tolerance).ceil() as i64,
                squares_at(figure.published + figure.tolerance).floor() as i64,
            );
        }
        let auc = constraint(Quantity::AucScore)?;
        let twice_all_pairs = 2.0 * f64::from(patients[0]) * f64::from(patients[1]);
        let (order, squared_scores) = Self::score_tables(scores);
        let mut is_at_or_above_without_pet = [false; Pattern::COUNT];
        for pattern in Pattern::all() {
            is_at_or_above_without_pet[pattern.index()] =
                scores.is_at_or_above_without_pet(pattern);
        }
        Ok(Self {
            patients,
            present,
            without_pet,
            is_at_or_above_without_pet,
            squares,
            pairs: (
                ((auc.published - auc.tolerance) * twice_all_pairs).ceil() as i64,
                ((auc.published + auc.tolerance) * twice_all_pairs).floor() as i64,
            ),
            squared_scores,
            order,
        })
    }
}

/// Runs every chain of every prior, on as many threads as there are; the order of the results is that of the chains.
fn sample(
    targets: &Targets,
    options: Options,
    progress: &(dyn Fn() + Sync),
) -> Result<Vec<Sample>, CannotReconstruct> {
    // The flat prior takes longest: first.
    let tasks: Vec<(Prior, u64)> = Prior::ALL
        .into_iter()
        .rev()
        .flat_map(|prior| (0..options.chains as u64).map(move |number| (prior, number)))
        .collect();
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..options.threads.clamp(1, tasks.len()) {
            scope.spawn(|| {
                while let Some((prior, number)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let draws = run_chain(*prior, *number, targets, options, progress);
                    let mut results = results
                        .lock()
                        .unwrap_or_else(|poisoned| poisoned.into_inner());
                    results.push((*prior, *number, draws));
                }
            });
        }
    });
    let mut results = results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_by_key(|(_, number, _)| *number);
    let mut samples = Prior::ALL.map(|prior| Sample {
        prior,
        chains: Vec::new(),
    });
    for (prior, _, draws) in results {
        let draws = draws?;
        if let Some(sample) = samples.iter_mut().find(|sample| sample.prior == prior) {
            sample.chains.push(draws);
        }
    }
    Ok(samples.into())
}

fn run_chain(
    prior: Prior,
    number: u64,
    targets: &Targets,
    options: Options,
    progress: &(dyn Fn() + Sync),
) -> Result<Vec<Draw>, CannotReconstruct> {
    let mut chain = Chain::start(prior, targets, options.seed, number)?;
    (0..options.draws)
        .map(|_| {
            let tables = chain.next_draw()?;
            let fit = tables.fit()?;
            let sampled = sampling_error(&fit, chain.random())?;
            progress();
            Ok(Draw {
                tables,
                fit,
                sampled,
            })
        })
        .collect()
}

/// Coefficients drawn from the normal distribution of the estimates.
fn sampling_error(
    fit: &FourFactorFit,
    random: &mut impl RngCore,
) -> Result<[[f64; 5]; SAMPLED], NoFit> {
    let factor: Matrix<5> = cholesky(&fit.covariance).ok_or(NoFit)?;
    let mut sampled = [fit.coefficients; SAMPLED];
    for pair in sampled.chunks_exact_mut(2) {
        let normal: [f64; 5] = std::array::from_fn(|_| {
            // The middle of one of 2^52 equal parts: never 0 and never 1.
            let uniform = ((random.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
            normal_quantile(uniform)
        });
        for i in 0..5 {
            let error: f64 = (0..=i).map(|j| factor[i][j] * normal[j]).sum();
            pair[0][i] += error;
            pair[1][i] -= error;
        }
    }
    Ok(sampled)
}
