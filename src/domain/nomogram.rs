//! The nomogram: a logistic model on the four predictors, with a table of all 16 patterns and a band for each.
//!
//! It is a second model beside the score, not another scale of it: the points of the score are no weights of this model, and
//! the two put some patients in a different order (see [`Nomogram::contradiction`]). The coefficients come from a model file;
//! where those of `liu-2022` come from is told by `rrdtc model facts` (domain.md section 6).

use super::model::Model;
use super::score::{Pattern, Predictor, States};

/// Estimates in a file may differ from what its coefficients give by so much.
const TOLERANCE: f64 = 1e-9;

/// Intercept and log odds ratios of the logistic model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// Log odds of the outcome with none of the four predictors.
    pub intercept: f64,
    /// Log odds ratios in the order of [`Predictor::ALL`].
    pub log_odds_ratios: [f64; Predictor::COUNT],
}

impl Coefficients {
    /// How many there are: the intercept and one for each predictor.
    pub const COUNT: usize = 1 + Predictor::COUNT;

    /// Log odds of a pattern.
    pub fn log_odds(&self, pattern: Pattern) -> f64 {
        Predictor::ALL
            .into_iter()
            .filter(|predictor| pattern.has(*predictor))
            .map(|predictor| self.log_odds_ratios[predictor as usize])
            .fold(self.intercept, |sum, coefficient| sum + coefficient)
    }

    /// Probability of a pattern.
    pub fn probability(&self, pattern: Pattern) -> f64 {
        inverse_logit(self.log_odds(pattern))
    }
}

/// Which way a probability is rounded for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// A lower limit: never to more than it is.
    Down,
    /// An estimate.
    Nearest,
    /// An upper limit: never to less than it is.
    Up,
}

/// A probability as people read it: whole per cents, and never impossible or certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Percent {
    /// Under 1 %.
    UnderOne,
    /// 1 to 99 %.
    Whole(u8),
    /// Over 99 %.
    OverNinetyNine,
}

impl Percent {
    /// Rounds a probability between 0 and 1.
    pub fn of(probability: f64, rounding: Rounding) -> Self {
        let exact = probability * 100.0;
        let whole = match rounding {
            Rounding::Down => exact.floor(),
            Rounding::Nearest => exact.round(),
            Rounding::Up => exact.ceil(),
        };
        if whole < 1.0 {
            Self::UnderOne
        } else if whole > 99.0 {
            Self::OverNinetyNine
        } else {
            // 1 to 99.
            Self::Whole(whole as u8)
        }
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnderOne => f.write_str("under 1 %"),
            Self::Whole(whole) => write!(f, "{whole} %"),
            Self::OverNinetyNine => f.write_str("over 99 %"),
        }
    }
}

/// A probability in English: "83 %", "under 1 %", "over 99 %".
pub fn percent(probability: f64, rounding: Rounding) -> String {
    Percent::of(probability, rounding).to_string()
}

/// Log odds to probability.
pub fn inverse_logit(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Probability of one pattern with the limits of its 95 % band, all between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Banded {
    /// Lower limit.
    pub low: f64,
    /// What follows from the coefficients.
    pub estimate: f64,
    /// Upper limit.
    pub high: f64,
}

/// The probability that the disease turns out refractory, as far as the four states tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probability {
    /// Least lower limit over every completion of what is open.
    pub low: f64,
    /// Only where nothing is open.
    pub estimate: Option<f64>,
    /// Greatest upper limit over every completion of what is open.
    pub high: f64,
}

/// A logistic model that was checked against its own table.
#[derive(Debug, Clone, PartialEq)]
pub struct Nomogram {
    coefficients: Coefficients,
    basis: String,
    basis_of_interval: String,
    by_pattern: [Banded; Pattern::COUNT],
}

/// A nomogram that contradicts itself.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum InvalidNomogram {
    /// The chains that it was drawn from had not settled.
    #[error("the nomogram was reconstructed by chains that had not converged: draw more")]
    NotConverged,
    /// Infinite or not a number.
    #[error("a coefficient of the nomogram is not finite")]
    NotFinite,
    /// Nothing is said about what the probabilities rest on.
    #[error("the nomogram does not say what its probabilities rest on: basis is empty")]
    NoBasis,
    /// Fewer or more than 16 different patterns.
    #[error("the nomogram must list each of the 16 patterns once; it lists {0} different ones")]
    Patterns(usize),
    /// The table is not that of the coefficients.
    #[error("the nomogram lists {listed} for {pattern}, but its coefficients give {computed}")]
    Estimate {
        /// Pattern.
        pattern: Pattern,
        /// In the file.
        listed: f64,
        /// From the coefficients.
        computed: f64,
    },
    /// Limits out of order, or outside 0 to 1.
    #[error("the band of {0} is not one: expected 0 < low <= estimate <= high < 1")]
    Band(Pattern),
}

impl Nomogram {
    /// Checks a nomogram against its own table.
    pub fn new(
        coefficients: Coefficients,
        basis: String,
        table: &[(Pattern, Banded)],
    ) -> Result<Self, InvalidNomogram> {
        let all = coefficients
            .log_odds_ratios
            .into_iter()
            .chain([coefficients.intercept]);
        if !all.into_iter().all(f64::is_finite) {
            return Err(InvalidNomogram::NotFinite);
        }
        if basis.trim().is_empty() {
            return Err(InvalidNomogram::NoBasis);
        }
        let mut by_pattern = [None; Pattern::COUNT];
        for (pattern, banded) in table {
            by_pattern[pattern.index()] = Some(*banded);
        }
        let different = by_pattern.iter().flatten().count();
        if different != Pattern::COUNT || table.len() != Pattern::COUNT {
            return Err(InvalidNomogram::Patterns(different));
        }
        // All 16 are there.
        let by_pattern = by_pattern.map(|banded| {
            banded.unwrap_or(Banded {
                low: f64::NAN,
                estimate: f64::NAN,
                high: f64::NAN,
            })
        });
        for pattern in Pattern::all() {
            let Banded {
                low,
                estimate,
                high,
            } = by_pattern[pattern.index()];
            let computed = coefficients.probability(pattern);
            // "Not within" rather than "beyond": a NaN is neither.
            let follows = (estimate - computed).abs() <= TOLERANCE;
            if !follows {
                return Err(InvalidNomogram::Estimate {
                    pattern,
                    listed: estimate,
                    computed,
                });
            }
            let is_band = 0.0 < low && low <= estimate && estimate <= high && high < 1.0;
            if !is_band {
                return Err(InvalidNomogram::Band(pattern));
            }
        }
        let basis_of_interval =
            format!("{basis}; least and greatest limit over every completion of what is not known");
        Ok(Self {
            coefficients,
            basis,
            basis_of_interval,
            by_pattern,
        })
    }

    /// Intercept and log odds ratios.
    pub fn coefficients(&self) -> &Coefficients {
        &self.coefficients
    }

    /// The row of a pattern.
    pub fn of(&self, pattern: Pattern) -> &Banded {
        &self.by_pattern[pattern.index()]
    }

    /// What the states tell: one row of the table, or the limits of all rows that are possible.
    pub fn probability(&self, states: &States) -> Probability {
        let mut rows = Pattern::completions(states).map(|pattern| self.of(pattern));
        // States always have a completion.
        let first = rows
            .next()
            .unwrap_or(&self.by_pattern[Pattern::default().index()]);
        let alone = Probability {
            low: first.low,
            estimate: Some(first.estimate),
            high: first.high,
        };
        rows.fold(alone, |sum, row| Probability {
            low: sum.low.min(row.low),
            estimate: None,
            high: sum.high.max(row.high),
        })
    }

    /// What the row of a pattern rests on, and what its width holds.
    pub fn basis_of_one(&self) -> &str {
        &self.basis
    }

    /// What a probability rests on, and what its width holds.
    pub fn basis(&self, probability: &Probability) -> &str {
        match probability.estimate {
            Some(_) => &self.basis,
            None => &self.basis_of_interval,
        }
    }

    /// The pattern that score and nomogram put on different sides of this one, where there is any: more points and a lower
    /// probability, or fewer points and a higher one. Of several, the one whose probability differs most.
    pub fn contradiction(&self, model: &Model, pattern: Pattern) -> Option<Pattern> {
        let distance = |other: &Pattern| self.of(*other).estimate - self.of(pattern).estimate;
        Pattern::all()
            .filter(|other| {
                let more_points = other.score(model).cmp(&pattern.score(model));
                let more_likely = distance(other).total_cmp(&0.0);
                more_points != more_likely && more_points.is_ne() && more_likely.is_ne()
            })
            .max_by(|a, b| distance(a).abs().total_cmp(&distance(b).abs()))
    }
}
