//! Where things stand on the axes of a nomogram, by the rules of `rms::nomogram` (Harrell, R package rms): the largest effect
//! is 100 points, the level of a predictor with the lower log odds is 0 points, the sum of the points tells the log odds.
//!
//! Knows numbers only: no words, no picture. Read [`Scale`] first.

use crate::domain::interval::Interval;
use crate::domain::nomogram::{Coefficients, Nomogram, inverse_logit};
use crate::domain::score::{Pattern, Predictor, State, States};

/// Points of the largest effect.
pub const LARGEST: f64 = 100.0;

/// Where the probability axis has ticks, as far as it reaches.
pub const PROBABILITIES: [f64; 13] = [
    0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99,
];

/// About as many intervals `rms::nomogram` asks of an axis.
const INTERVALS: usize = 10;

/// Below this a log odds ratio is no effect that could set the scale.
const NO_EFFECT: f64 = 1e-9;

/// The axis of the probability goes on past both ends of the sum for bands that reach further, but by no more than this
/// share of the sum.
const PAST_THE_SUM: f64 = 0.15;

/// Log odds to points and back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Log odds at 0 points.
    least: f64,
    /// Log odds that one point is worth.
    per_point: f64,
    log_odds_ratios: [f64; Predictor::COUNT],
}

/// Where a patient stands on the axes of points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Points of each predictor: one value, or both levels when it is not known.
    pub points: [Interval<f64>; Predictor::COUNT],
    /// Least and greatest sum.
    pub total: Interval<f64>,
}

impl Scale {
    /// The scale of a model. Without any effect there is nothing that could be 100 points: then 100 points are one unit of
    /// log odds, and every level has 0 points.
    pub fn new(coefficients: &Coefficients) -> Self {
        let ratios = coefficients.log_odds_ratios;
        let largest = ratios
            .iter()
            .fold(0.0_f64, |most, ratio| most.max(ratio.abs()));
        Self {
            least: ratios
                .iter()
                .fold(coefficients.intercept, |sum, ratio| sum + ratio.min(0.0)),
            per_point: if largest < NO_EFFECT { 1.0 } else { largest } / LARGEST,
            log_odds_ratios: ratios,
        }
    }

    /// Points of a level. A negative coefficient gives its points to absence.
    pub fn points(&self, predictor: Predictor, present: bool) -> f64 {
        let ratio = self.log_odds_ratios[predictor as usize];
        let above_least = if present { ratio } else { 0.0 } - ratio.min(0.0);
        above_least / self.per_point
    }

    /// Sum of the points of a pattern.
    pub fn total(&self, pattern: Pattern) -> f64 {
        let points = |predictor| self.points(predictor, pattern.has(predictor));
        Predictor::ALL.into_iter().map(points).sum()
    }

    /// The greatest sum of a pattern.
    pub fn most(&self) -> f64 {
        let higher = |p| self.points(p, true).max(self.points(p, false));
        Predictor::ALL.into_iter().map(higher).sum()
    }

    /// Probability at a sum.
    pub fn probability(&self, total: f64) -> f64 {
        inverse_logit(self.least + total * self.per_point)
    }

    /// The sum at which a probability (between 0 and 1) stands; below 0 when no pattern is so unlikely.
    pub fn total_at(&self, probability: f64) -> f64 {
        ((probability / (1.0 - probability)).ln() - self.least) / self.per_point
    }

    /// Ticks of the sum. `rms` makes the log odds of the cohort pretty, turns the greatest into points and makes these pretty
    /// again; the log odds of the 16 patterns stand here for those of the cohort.
    pub fn total_ticks(&self) -> Vec<f64> {
        let greatest = self.least + self.most() * self.per_point;
        let log_odds = pretty(self.least, greatest, INTERVALS);
        let greatest = log_odds.last().copied().unwrap_or(greatest);
        let most = (greatest - self.least) / self.per_point;
        pretty(0.0, most.max(LARGEST), INTERVALS)
    }

    /// The sums that the picture must have room for: all ticks, and the bands of all patterns as far as is sensible.
    pub fn shown(&self, nomogram: &Nomogram) -> Interval<f64> {
        let end = self.total_ticks().last().copied().unwrap_or(LARGEST);
        let room = end * PAST_THE_SUM;
        let all = Interval {
            low: 0.0,
            high: end,
        };
        let reach = Pattern::all().fold(all, |reach, pattern| {
            let band = nomogram.of(pattern);
            Interval {
                low: reach.low.min(self.total_at(band.low)),
                high: reach.high.max(self.total_at(band.high)),
            }
        });
        Interval {
            low: reach.low.max(-room),
            high: reach.high.min(end + room),
        }
    }

    /// Ticks of the probability within these sums: sum and probability.
    pub fn probability_ticks(&self, shown: Interval<f64>) -> Vec<(f64, f64)> {
        let ticks = PROBABILITIES.iter().map(|p| (self.total_at(*p), *p));
        ticks
            .filter(|(total, _)| shown.low <= *total && *total <= shown.high)
            .collect()
    }

    /// Where a patient stands.
    pub fn reading(&self, states: &States) -> Reading {
        let points = Predictor::ALL.map(|predictor| {
            let (absent, present) = (self.points(predictor, false), self.points(predictor, true));
            match states[predictor as usize] {
                State::Present => Interval::exactly(present),
                State::Absent => Interval::exactly(absent),
                State::Unknown | State::Conflicting => Interval {
                    low: absent.min(present),
                    high: absent.max(present),
                },
            }
        });
        Reading {
            points,
            total: Interval {
                low: points.iter().map(|points| points.low).sum(),
                high: points.iter().map(|points| points.high).sum(),
            },
        }
    }
}

/// Round values from at or below `low` to at or above `high`, as R's `pretty()` chooses them: steps of 1, 2 or 5 times a power
/// of ten, the least of these that gives not many more than `intervals` steps, with a liking for round ones.
/// Two equal ends: only that value.
pub fn pretty(low: f64, high: f64, intervals: usize) -> Vec<f64> {
    let cell = (high - low) / intervals as f64;
    // Not "at most 0": a NaN is neither.
    let has_extent = cell > 0.0 && cell.is_finite();
    if !has_extent {
        return vec![low];
    }
    // R's defaults of high.u.bias and u5.bias.
    const BIAS: f64 = 1.5;
    const BIAS_OF_FIVE: f64 = 0.5 + 1.5 * BIAS;
    let base = 10_f64.powf(cell.log10().floor());
    let mut step = base;
    for (factor, bias) in [(2.0, BIAS), (5.0, BIAS_OF_FIVE), (10.0, BIAS)] {
        let next = factor * base;
        if next - cell >= bias * (cell - step) {
            break;
        }
        step = next;
    }
    // A hair of rounding makes no further step.
    let first = (low / step + 1e-7).floor();
    let last = (high / step - 1e-7).ceil();
    let count = (last - first) as usize;
    (0..=count)
        .map(|number| (first + number as f64) * step)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(intercept: f64, log_odds_ratios: [f64; 4]) -> (Scale, Coefficients) {
        let coefficients = Coefficients {
            intercept,
            log_odds_ratios,
        };
        (Scale::new(&coefficients), coefficients)
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn points_are_those_of_the_rule_worked_by_hand() {
        // Largest effect 4: a point is 0.04; 1 / 0.04 = 25, 2 / 0.04 = 50, 3 / 0.04 = 75.
        let (scale, _) = scale(-2.0, [1.0, 2.0, 3.0, 4.0]);
        let present = Predictor::ALL.map(|p| scale.points(p, true));
        let absent = Predictor::ALL.map(|p| scale.points(p, false));
        assert_eq!(present, [25.0, 50.0, 75.0, 100.0]);
        assert_eq!(absent, [0.0; 4]);
        assert_eq!(scale.most(), 250.0);
        // 0 points: log odds -2. 50 points: -2 + 50 * 0.04 = 0, an even chance.
        assert!(near(scale.probability(0.0), 1.0 / (1.0 + 2.0_f64.exp())));
        assert!(near(scale.probability(50.0), 0.5));
        assert!(near(scale.total_at(0.5), 50.0));
        // logit 0.9 = ln 9 = 2.197225: (2.197225 + 2) / 0.04 = 104.9306.
        assert!((scale.total_at(0.9) - 104.930_614).abs() < 1e-6);
    }

    #[test]
    fn a_negative_coefficient_gives_its_points_to_absence() {
        // Largest effect 2: a point is 0.02. -1: absent 50, present 0. Log odds at 0 points: 0.5 - 1 = -0.5.
        let (scale, coefficients) = scale(0.5, [-1.0, 2.0, 0.0, 0.4]);
        assert_eq!(scale.points(Predictor::AgeAtDiagnosis, false), 50.0);
        assert_eq!(scale.points(Predictor::AgeAtDiagnosis, true), 0.0);
        assert_eq!(scale.points(Predictor::MultiSiteMetastasis, true), 0.0);
        assert!(near(scale.points(Predictor::FdgUptake, true), 20.0));
        assert!(near(scale.probability(0.0), inverse_logit(-0.5)));
        assert!(near(scale.most(), 170.0));
        assert!(near(
            scale.probability(scale.total(Pattern::default())),
            coefficients.probability(Pattern::default())
        ));
        let reading = scale.reading(&[
            State::Unknown,
            State::Present,
            State::Conflicting,
            State::Absent,
        ]);
        assert_eq!(
            reading.points[0],
            Interval {
                low: 0.0,
                high: 50.0
            }
        );
        assert_eq!(reading.points[1], Interval::exactly(100.0));
        assert_eq!(
            reading.total,
            Interval {
                low: 100.0,
                high: 150.0
            }
        );
    }

    #[test]
    fn from_points_back_to_the_probability_of_every_pattern() {
        for (intercept, ratios) in [
            (-1.88056, [0.677082, 1.29701, 1.84607, 3.46662]),
            (0.5, [-1.0, 2.0, 0.0, -0.4]),
            (-3.0, [0.0; 4]),
            (3.0, [0.0, -2.5, 0.0, 0.0]),
        ] {
            let (scale, coefficients) = scale(intercept, ratios);
            for pattern in Pattern::all() {
                let total = scale.total(pattern);
                assert!((-1e-9..=scale.most() + 1e-9).contains(&total));
                let expected = coefficients.probability(pattern);
                assert!(near(scale.probability(total), expected), "{pattern}");
                assert!((scale.total_at(expected) - total).abs() < 1e-6, "{pattern}");
            }
        }
    }

    #[test]
    fn without_any_effect_every_level_has_no_points() {
        for ratio in [0.0, -0.0, 1e-300] {
            let (scale, _) = scale(-1.0, [ratio; 4]);
            assert!(Predictor::ALL.iter().all(|p| scale.points(*p, true) < 1e-9));
            assert!(near(scale.probability(0.0), inverse_logit(-1.0)));
            assert!(scale.total_at(0.5).is_finite());
            assert_eq!(scale.total_ticks().last(), Some(&100.0));
        }
    }

    /// What `nomogram(lrm(..), fun = plogis, fun.at = ..)` of rms 6.5.0 gives for three fits to simulated patients.
    #[test]
    fn every_axis_is_that_of_rms() {
        // Intercept, coefficients, points of the higher level (with the sign of the effect), last tick of the sum, ticks of
        // the probability.
        type Fit = (f64, [f64; 4], [f64; 4], f64, &'static [(f64, f64)]);
        let fits: [Fit; 3] = [
            (
                -2.142683536140,
                [
                    0.667684354236,
                    1.374626976110,
                    2.143622738816,
                    3.556649011503,
                ],
                [18.77284916, 38.64949765, 60.27085416, 100.0],
                240.0,
                &[
                    (0.1, -1.533583038),
                    (0.2, 21.266832397),
                    (0.5, 60.244447209),
                    (0.8, 99.222062021),
                    (0.95, 143.031476556),
                    (0.99, 189.442521625),
                ],
            ),
            (
                0.242284089422,
                [
                    -0.849901240709,
                    2.063789042013,
                    0.133401364987,
                    0.495332962972,
                ],
                [-41.1815948, 100.0, 6.463905093, 24.00114318],
                180.0,
                &[
                    (0.4, 9.795169887),
                    (0.7, 70.497309730),
                    (0.95, 172.113372068),
                ],
            ),
            (
                -1.175324137876,
                [
                    -0.421862634376,
                    0.511739188155,
                    -2.368685496273,
                    1.026876364950,
                ],
                [-17.80998934, 21.60435351, -100.0, 43.35216163],
                200.0,
                &[
                    (0.05, 43.12228275),
                    (0.3, 131.65842603),
                    (0.6, 184.54697384),
                ],
            ),
        ];
        for (intercept, ratios, effects, end, probabilities) in fits {
            let (scale, _) = scale(intercept, ratios);
            for (predictor, effect) in Predictor::ALL.into_iter().zip(effects) {
                let higher = scale.points(predictor, effect > 0.0);
                assert!((higher - effect.abs()).abs() < 1e-7, "{higher} {effect}");
                assert_eq!(scale.points(predictor, effect < 0.0), 0.0);
            }
            let ticks = scale.total_ticks();
            assert_eq!((ticks[1], *ticks.last().unwrap()), (20.0, end));
            for (probability, total) in probabilities {
                // rms finds these by linear interpolation.
                let ours = scale.total_at(*probability);
                assert!((ours - total).abs() < 1e-2, "{ours} {total}");
            }
        }
    }

    #[test]
    fn pretty_is_that_of_r() {
        // Printed by R 4.2.2: pretty(c(low, high), n = 10).
        for (low, high, first, step, last) in [
            (0.0, 100.0, 0.0, 10.0, 100.0),
            (0.0, 105.0, 0.0, 10.0, 110.0),
            (0.0, 135.0, 0.0, 10.0, 140.0),
            (0.0, 210.2, 0.0, 20.0, 220.0),
            (0.0, 227.3, 0.0, 20.0, 240.0),
            (0.0, 290.1, 0.0, 50.0, 300.0),
            (-1.88056, 5.406222, -2.0, 1.0, 6.0),
            (-3.2, 0.77, -3.5, 0.5, 1.0),
            (0.0, 1.0, 0.0, 0.1, 1.0),
            (0.0, 400.0, 0.0, 50.0, 400.0),
        ] {
            let ticks = pretty(low, high, 10);
            assert!(near(ticks[0], first), "{ticks:?}");
            assert!(near(ticks[1] - ticks[0], step), "{ticks:?}");
            assert!(near(*ticks.last().unwrap(), last), "{ticks:?}");
        }
        assert_eq!(pretty(3.0, 3.0, 10), [3.0]);
        assert_eq!(pretty(0.0, f64::INFINITY, 10), [0.0]);
    }
}
