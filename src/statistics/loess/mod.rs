//! Local quadratic regression of the outcome on a number: R's `loess(y ~ p, span = 0.75, degree = 2)` with its pointwise band, on
//! patients that share a number.
//!
//! R fits at the vertices of a k-d tree and joins them with cubic Hermite polynomials (`surface = "interpolate"`). So do we, with the
//! same vertices: a million predictions cost some seventeen local fits. The band is that of `predict(se = TRUE)` with
//! `loess.control(statistics = "exact")`: a residual scale that is the same everywhere and exact degrees of freedom, where R's default
//! takes an approximation of them (they differ in the fourth digit or so). Own code: no well-kept crate has it.
//!
//! Read [`Loess`] first. Method: Cleveland and Grosse, Statistics and Computing 1991;1:47.

mod cells;

use super::ranking::{Ranked, totals};
use cells::{MARGIN, vertices};

const SPAN: f64 = 0.75;
/// Why there is no curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoLoess {
    /// A quadratic needs more.
    #[error("a loess curve needs at least seven patients")]
    TooFew,
    /// The nearest three quarters of the patients share too few numbers.
    #[error(
        "the predictions take too few different values for a loess curve: look at the groups instead"
    )]
    TooFewValues,
}

/// A smooth curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Loess {
    /// At every group, in their order.
    pub fitted: Vec<f64>,
    /// How many parameters the curve is worth: the trace of the hat matrix.
    pub parameters: f64,
    /// Degrees of freedom of the residuals (`one.delta`, exact).
    pub degrees: f64,
    /// Of the residuals (`s`).
    pub residual_scale: f64,
    vertices: Vec<Vertex>,
    /// For each cell: products of the four operators (value and slope at its two vertices), for the standard error.
    products: Vec<[[f64; 4]; 4]>,
}

/// A value of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The curve. A share may come out below 0 or above 1.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
}

impl Point {
    /// Pointwise 95 % limits: 1.96 standard errors to both sides, as CalibrationCurves draws them. Not cut to 0 and 1.
    pub fn limits(&self) -> [f64; 2] {
        let half = super::z95() * self.standard_error;
        [self.value - half, self.value + half]
    }
}

/// A local fit. Value and slope are sums over patients of their outcome by a weight: the operators.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Vertex {
    at: f64,
    radius: f64,
    value: f64,
    slope: f64,
    basis: Basis,
}

/// Three polynomials that are orthogonal under the weights of a vertex, of `t = (x - at) / radius - mean`:
/// 1, t, t^2 - skew t - spread.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Basis {
    mean: f64,
    skew: f64,
    spread: f64,
    /// Their weighted squares.
    squares: [f64; 3],
}

impl Basis {
    fn at(&self, x: f64) -> [f64; 3] {
        let t = x - self.mean;
        [1.0, t, t * t - self.skew * t - self.spread]
    }

    /// Slopes at a place.
    fn slopes_at(&self, x: f64) -> [f64; 3] {
        let t = x - self.mean;
        [0.0, 1.0, 2.0 * t - self.skew]
    }
}

impl Loess {
    /// Fits the curve. Groups must be in ascending order with no number twice, and hold whole patients.
    ///
    /// # Errors
    /// [`NoLoess`] for few patients or few different numbers.
    pub fn fit(groups: &[Ranked]) -> Result<Self, NoLoess> {
        let (events, others) = totals(groups);
        let patients = events + others;
        let near = (patients * SPAN + 1e-5).floor();
        // R wants more patients in the neighbourhood than the three coefficients.
        if near < 4.0 {
            return Err(NoLoess::TooFew);
        }
        let vertices: Vec<Vertex> = vertices(groups, patients)
            .iter()
            .map(|at| Vertex::fit(groups, *at, near))
            .collect::<Result<_, _>>()?;
        let mut curve = Self {
            fitted: Vec::with_capacity(groups.len()),
            parameters: 0.0,
            degrees: 0.0,
            residual_scale: 0.0,
            products: vertices
                .windows(2)
                .map(|cell| products(groups, cell))
                .collect(),
            vertices,
        };
        let (mut squares, mut hat_squares) = (0.0, 0.0);
        for group in groups {
            let size = group.events + group.others;
            let cell = curve.cell(group.by);
            let blend = curve.blend(cell, group.by);
            let fitted = curve.value(cell, blend);
            squares += group.events * (1.0 - fitted).powi(2) + group.others * fitted.powi(2);
            curve.parameters += size * dot(blend, curve.operators(cell, group.by));
            hat_squares += size * form(&curve.products[cell], blend);
            curve.fitted.push(fitted);
        }
        // The trace of (I - L)(I - L)' without the matrix.
        curve.degrees = patients - 2.0 * curve.parameters + hat_squares;
        // The curve goes through every patient: nothing is left to tell its uncertainty from.
        if curve.degrees < 1e-6 {
            return Err(NoLoess::TooFew);
        }
        curve.residual_scale = (squares / curve.degrees).sqrt();
        Ok(curve)
    }

    /// The curve at a number within the range of the groups; none outside of it.
    pub fn at(&self, by: f64) -> Option<Point> {
        let (first, last) = (self.vertices.first()?, self.vertices.last()?);
        let outside = MARGIN / (1.0 + 2.0 * MARGIN) * (last.at - first.at) * 0.999_999;
        if !(first.at + outside..=last.at - outside).contains(&by) {
            return None;
        }
        let cell = self.cell(by);
        let blend = self.blend(cell, by);
        let variance = form(&self.products[cell], blend).max(0.0);
        Some(Point {
            value: self.value(cell, blend),
            standard_error: self.residual_scale * variance.sqrt(),
        })
    }

    /// The cell of a number, by its lower vertex.
    fn cell(&self, by: f64) -> usize {
        let above = self.vertices.partition_point(|vertex| vertex.at < by);
        above.clamp(1, self.vertices.len() - 1) - 1
    }

    /// How much value and slope of the lower and of the upper vertex count: Hermite's cubics.
    fn blend(&self, cell: usize, by: f64) -> [f64; 4] {
        let (low, high) = (self.vertices[cell].at, self.vertices[cell + 1].at);
        let width = high - low;
        let h = (by - low) / width;
        let rest = 1.0 - h;
        [
            rest * rest * (1.0 + 2.0 * h),
            h * rest * rest * width,
            h * h * (3.0 - 2.0 * h),
            -h * h * rest * width,
        ]
    }

    fn value(&self, cell: usize, blend: [f64; 4]) -> f64 {
        let (low, high) = (&self.vertices[cell], &self.vertices[cell + 1]);
        dot(blend, [low.value, low.slope, high.value, high.slope])
    }

    fn operators(&self, cell: usize, by: f64) -> [f64; 4] {
        operators(&self.vertices[cell..cell + 2], by)
    }
}

impl Vertex {
    fn fit(groups: &[Ranked], at: f64, near: f64) -> Result<Self, NoLoess> {
        let radius = radius(groups, at, near);
        if radius <= 0.0 {
            return Err(NoLoess::TooFewValues);
        }
        let from = groups.partition_point(|group| group.by <= at - radius);
        let to = groups.partition_point(|group| group.by < at + radius);
        let window = || {
            groups[from..to].iter().map(|group| {
                let x = (group.by - at) / radius;
                (x, tricube(x), group.events, group.events + group.others)
            })
        };
        let mean_of = |of: &dyn Fn(f64) -> f64, by: f64| -> f64 {
            window().map(|(x, w, _, n)| w * n * of(x)).sum::<f64>() / by
        };
        let weights = mean_of(&|_| 1.0, 1.0);
        let mean = mean_of(&|x| x, weights);
        let second = mean_of(&|x| (x - mean).powi(2), 1.0);
        let basis = Basis {
            mean,
            skew: mean_of(&|x| (x - mean).powi(3), second),
            spread: second / weights,
            squares: [weights, second, 0.0],
        };
        let (mut level, mut line, mut curve, mut third) = (0.0, 0.0, 0.0, 0.0);
        for (x, w, events, n) in window() {
            let [one, t, q] = basis.at(x);
            level += w * events * one;
            line += w * events * t;
            curve += w * events * q;
            third += w * n * q * q;
        }
        let fourth = mean_of(&|x| (x - mean).powi(4), 1.0);
        // What rounding leaves when fewer than three different numbers have a weight.
        if !(second > 1e-22 * weights && third > 1e-22 * fourth) {
            return Err(NoLoess::TooFewValues);
        }
        let squares = [weights, second, third];
        let basis = Basis { squares, ..basis };
        let coefficients = [level / weights, line / second, curve / third];
        let times = |polynomials: [f64; 3]| -> f64 {
            polynomials
                .iter()
                .zip(coefficients)
                .map(|(p, c)| p * c)
                .sum()
        };
        Ok(Self {
            at,
            radius,
            value: times(basis.at(0.0)),
            slope: times(basis.slopes_at(0.0)) / radius,
            basis,
        })
    }

    /// The weights of the outcome of one patient in value and slope.
    fn operators(&self, by: f64) -> [f64; 2] {
        let x = (by - self.at) / self.radius;
        let weight = tricube(x);
        if weight == 0.0 {
            return [0.0, 0.0];
        }
        let polynomials = self.basis.at(x);
        let times = |at_vertex: [f64; 3]| -> f64 {
            (0..3)
                .map(|i| at_vertex[i] * polynomials[i] / self.basis.squares[i])
                .sum::<f64>()
                * weight
        };
        let slope = times(self.basis.slopes_at(0.0)) / self.radius;
        [times(self.basis.at(0.0)), slope]
    }
}

/// Weight by distance in radii.
fn tricube(x: f64) -> f64 {
    let rest = 1.0 - x.abs().powi(3);
    rest.max(0.0).powi(3)
}

/// The distance to the patient at this place among the nearest.
fn radius(groups: &[Ranked], at: f64, near: f64) -> f64 {
    let mut above = groups.partition_point(|group| group.by < at);
    let mut below = above;
    let (mut found, mut distance) = (0.0, 0.0);
    while found < near {
        let to_below = below.checked_sub(1).map(|place| at - groups[place].by);
        let to_above = groups.get(above).map(|group| group.by - at);
        let group = match (to_below, to_above) {
            (Some(left), Some(right)) if left < right => below - 1,
            (Some(_), None) => below - 1,
            (_, Some(_)) => above,
            (None, None) => break,
        };
        if group < below {
            below = group;
        } else {
            above = group + 1;
        }
        distance = (groups[group].by - at).abs();
        found += groups[group].events + groups[group].others;
    }
    distance
}

fn operators(cell: &[Vertex], by: f64) -> [f64; 4] {
    let [value_low, slope_low] = cell[0].operators(by);
    let [value_high, slope_high] = cell[1].operators(by);
    [value_low, slope_low, value_high, slope_high]
}

fn products(groups: &[Ranked], cell: &[Vertex]) -> [[f64; 4]; 4] {
    let mut products = [[0.0; 4]; 4];
    for group in groups {
        let size = group.events + group.others;
        let operators = operators(cell, group.by);
        for (row, a) in products.iter_mut().zip(operators) {
            for (product, b) in row.iter_mut().zip(operators) {
                *product += size * a * b;
            }
        }
    }
    products
}

fn dot(a: [f64; 4], b: [f64; 4]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn form(matrix: &[[f64; 4]; 4], v: [f64; 4]) -> f64 {
    dot(v, std::array::from_fn(|i| dot(matrix[i], v)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(by: f64, events: f64, others: f64) -> Ranked {
        Ranked { by, events, others }
    }

    #[test]
    fn a_quadratic_is_its_own_curve() {
        // Shares of 100 patients that lie on 0.2 + 0.3 x^2.
        let groups: Vec<Ranked> = (0..=10)
            .map(|step| {
                let by = f64::from(step) / 10.0;
                let events = 100.0 * (0.2 + 0.3 * by * by);
                group(by, events, 100.0 - events)
            })
            .collect();
        let curve = Loess::fit(&groups).unwrap();
        for (group, fitted) in groups.iter().zip(&curve.fitted) {
            assert!((fitted - group.events / 100.0).abs() < 1e-12);
        }
        let point = curve.at(0.55).unwrap();
        assert!((point.value - 0.290_75).abs() < 1e-12);
        let [low, high] = point.limits();
        assert!(low < point.value && point.value < high && point.standard_error < 0.05);
        // Never beyond the predictions that there are.
        assert_eq!((curve.at(-0.01), curve.at(1.01)), (None, None));
        assert!(curve.at(0.0).is_some() && curve.at(1.0).is_some());
    }

    #[test]
    fn what_has_no_curve_is_said() {
        for few in [5, 6] {
            let few: Vec<Ranked> = (0..few).map(|x| group(f64::from(x), 1.0, 0.0)).collect();
            assert_eq!(Loess::fit(&few), Err(NoLoess::TooFew));
        }
        assert_eq!(Loess::fit(&[]), Err(NoLoess::TooFew));
        let two = [group(0.2, 10.0, 30.0), group(0.7, 30.0, 10.0)];
        assert_eq!(Loess::fit(&two), Err(NoLoess::TooFewValues));
        assert_eq!(Loess::fit(&two[..1]), Err(NoLoess::TooFewValues));
        // More than three quarters share one number.
        let mass = [
            group(0.1, 1.0, 3.0),
            group(0.2, 45.0, 45.0),
            group(0.3, 2.0, 2.0),
        ];
        assert_eq!(Loess::fit(&mass), Err(NoLoess::TooFewValues));
    }
}
