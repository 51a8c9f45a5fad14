//! A pair of tables: how many patients of each outcome have each of the 16 patterns.

use crate::domain::model::Points;
use crate::domain::score::{Pattern, Predictor};
use crate::model::published::{Class, Quantity};
use crate::statistics::logistic::{Fit, Group, NoFit, fit};
use crate::statistics::ranking::{Ranked, c_index};

/// Patients of each class by pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables(pub [[u32; Pattern::COUNT]; 2]);

/// The score by pattern, and its cut-off.
#[derive(Debug, Clone)]
pub struct Scores {
    /// Sum of points by [`Pattern::index`].
    pub by_pattern: [u32; Pattern::COUNT],
    /// Cut-off.
    pub cutoff: u32,
}

impl Scores {
    /// The sums of these points.
    pub fn new(points: Points, cutoff: u32) -> Self {
        let mut by_pattern = [0; Pattern::COUNT];
        for pattern in Pattern::all() {
            by_pattern[pattern.index()] = Predictor::ALL
                .into_iter()
                .filter(|predictor| pattern.has(*predictor))
                .map(|predictor| points.of(predictor))
                .sum();
        }
        Self { by_pattern, cutoff }
    }

    /// Whether a pattern reaches the cut-off without FDG uptake.
    pub fn is_at_or_above_without_pet(&self, pattern: Pattern) -> bool {
        self.by_pattern[pattern.index()] >= self.cutoff && !pattern.has(Predictor::FdgUptake)
    }
}

/// The four-factor logistic model of a pair of tables.
pub type FourFactorFit = Fit<5>;

impl Tables {
    /// Patients of a class by pattern.
    pub fn of(&self, class: Class) -> &[u32; Pattern::COUNT] {
        &self.0[class as usize]
    }

    /// Patients of a class whose pattern meets a condition.
    pub fn count(&self, class: Class, condition: impl Fn(Pattern) -> bool) -> u32 {
        Pattern::all()
            .filter(|pattern| condition(*pattern))
            .map(|pattern| self.of(class)[pattern.index()])
            .sum()
    }

    /// Fits the four-factor logistic model.
    ///
    /// # Errors
    /// [`NoFit`] where the outcome is separated.
    pub fn fit(&self) -> Result<FourFactorFit, NoFit> {
        let groups: Vec<Group<5>> = Pattern::all()
            .map(|pattern| {
                let [refractory, not_refractory] = self.at(pattern);
                Group {
                    row: design(pattern),
                    events: refractory,
                    patients: refractory + not_refractory,
                }
            })
            .collect();
        fit(&groups)
    }

    /// The value of a published quantity in these tables.
    pub fn value(&self, quantity: Quantity, scores: &Scores, fit: &FourFactorFit) -> f64 {
        let score = |pattern: Pattern| f64::from(scores.by_pattern[pattern.index()]);
        let at_or_above = |pattern: Pattern| scores.by_pattern[pattern.index()] >= scores.cutoff;
        let patients = |class| f64::from(self.count(class, |_| true));
        let number =
            |class, condition: &dyn Fn(Pattern) -> bool| f64::from(self.count(class, condition));
        let share =
            |class, condition: &dyn Fn(Pattern) -> bool| number(class, condition) / patients(class);
        use Class::{NotRefractory, Refractory};
        match quantity {
            Quantity::Patients(class) => patients(class),
            Quantity::Present(class, predictor) => number(class, &|p| p.has(predictor)),
            Quantity::AtOrAbove(class) => number(class, &at_or_above),
            Quantity::AtOrAboveWithoutPet(class) => {
                number(class, &|p| scores.is_at_or_above_without_pet(p))
            }
            Quantity::MeanScore(class) => self.moments(class, scores).0,
            Quantity::SdScore(class) => self.moments(class, scores).1.sqrt(),
            Quantity::AucScore => self.c_index(score),
            Quantity::AccuracyScore => {
                let right =
                    number(Refractory, &at_or_above) + number(NotRefractory, &|p| !at_or_above(p));
                right / (patients(Refractory) + patients(NotRefractory))
            }
            Quantity::SensitivityScore => share(Refractory, &at_or_above),
            Quantity::SpecificityScore => share(NotRefractory, &|p| !at_or_above(p)),
            Quantity::Sensitivity(predictor) => share(Refractory, &|p| p.has(predictor)),
            Quantity::Specificity(predictor) => share(NotRefractory, &|p| !p.has(predictor)),
            Quantity::AucPredictor(predictor) => {
                self.c_index(|p| f64::from(u8::from(p.has(predictor))))
            }
            Quantity::CIndexNomogram => self.c_index(|pattern| {
                let log_odds = design(pattern).into_iter().zip(fit.coefficients);
                log_odds.map(|(x, b)| x * b).sum()
            }),
        }
    }

    /// Mean and variance (n - 1) of the score in a class.
    fn moments(&self, class: Class, scores: &Scores) -> (f64, f64) {
        let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for (count, score) in self.of(class).iter().zip(scores.by_pattern) {
            let (count, score) = (f64::from(*count), f64::from(score));
            n += count;
            sum += count * score;
            squares += count * score * score;
        }
        let mean = sum / n;
        (mean, (squares - n * mean * mean) / (n - 1.0))
    }

    fn c_index(&self, by: impl Fn(Pattern) -> f64) -> f64 {
        let groups: Vec<Ranked> = Pattern::all()
            .map(|pattern| {
                let [events, others] = self.at(pattern);
                Ranked {
                    by: by(pattern),
                    events,
                    others,
                }
            })
            .collect();
        c_index(&groups)
    }

    /// Patients of a pattern: refractory, not refractory.
    fn at(&self, pattern: Pattern) -> [f64; 2] {
        Class::ALL.map(|class| f64::from(self.of(class)[pattern.index()]))
    }
}

/// The row of the design matrix: 1, then the four predictors.
pub fn design(pattern: Pattern) -> [f64; 5] {
    let [age, recurrence, sites, fdg] = pattern.0.map(|present| f64::from(u8::from(present)));
    [1.0, age, recurrence, sites, fdg]
}
