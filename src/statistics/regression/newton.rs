//! The maximum of the log likelihood, plain or penalised, by Newton's method on standardised columns. The information does not
//! depend on the outcome, so Newton's method is Fisher scoring is iteratively reweighted least squares (IRLS).

use super::square::{Cholesky, Square};
use super::{NoFit, Penalty, Rows};

/// Plain Newton needs about eight; what takes more goes on without end.
const MOST_STEPS: usize = 60;
/// With Firth's penalty the information is not the whole second derivative: steps shrink by a factor, and slowly in small cohorts.
const MOST_STEPS_OF_FIRTH: usize = 2_000;
/// Standardised columns; convergence is at least linear with a small factor, so the error is smaller still.
const SMALLEST_STEP: f64 = 1e-10;
/// In standardised units. Beyond it the quadratic model of the likelihood says little.
const LARGEST_STEP: f64 = 5.0;
/// Log odds over the range of a column: what still moves by this much when the steps are used up has no end.
const STILL_MOVES: f64 = 0.1;

/// Rows with standardised columns (mean 0, SD 1 over patients), the intercept first.
pub(super) struct Standardised<'a> {
    rows: &'a Rows,
    z: Vec<f64>,
    patients: Vec<f64>,
    size: usize,
    penalty: Penalty,
    /// Means of the columns.
    pub centre: Vec<f64>,
    /// Standard deviations of the columns, with n - 1.
    pub scale: Vec<f64>,
    /// Greatest less least, in standard deviations.
    range: Vec<f64>,
}

/// The likelihood and its derivatives at a point.
#[derive(Clone)]
pub(super) struct Point {
    pub at: Vec<f64>,
    /// Without penalty.
    pub log_likelihood: f64,
    /// With it.
    pub objective: f64,
    gradient: Vec<f64>,
    /// Without penalty.
    pub information: Square,
}

impl<'a> Standardised<'a> {
    pub fn new(rows: &'a Rows, penalty: Penalty) -> Result<Self, NoFit> {
        let width = rows.width();
        let patients: Vec<f64> = rows
            .events()
            .iter()
            .zip(rows.others())
            .map(|(a, b)| a + b)
            .collect();
        let events: f64 = rows.events().iter().sum();
        let all: f64 = patients.iter().sum();
        if !(all > 0.0 && all.is_finite()) {
            return Err(NoFit::NoPatients);
        }
        if events <= 0.0 || events >= all {
            return Err(NoFit::OneClass);
        }
        if let Some(row) = (0..rows.len()).find(|row| !rows.offset()[*row].is_finite()) {
            return Err(NoFit::OffsetNotFinite { row });
        }
        let mut centre = vec![0.0; width];
        let mut squares = vec![0.0; width];
        let mut least = vec![f64::INFINITY; width];
        let mut greatest = vec![f64::NEG_INFINITY; width];
        let used = |row: &usize| patients[*row] > 0.0;
        for row in (0..rows.len()).filter(used) {
            for (column, x) in rows.x(row).iter().enumerate() {
                centre[column] += x * patients[row] / all;
                least[column] = least[column].min(*x);
                greatest[column] = greatest[column].max(*x);
            }
        }
        if let Some(column) = centre.iter().position(|mean| !mean.is_finite()) {
            return Err(NoFit::NotFinite { column });
        }
        if let Some(column) = (0..width).find(|column| greatest[*column] <= least[*column]) {
            return Err(NoFit::Constant { column });
        }
        for row in (0..rows.len()).filter(used) {
            for (column, x) in rows.x(row).iter().enumerate() {
                squares[column] += patients[row] * (x - centre[column]).powi(2);
            }
        }
        let degrees = if all > 1.0 { all - 1.0 } else { all };
        let scale: Vec<f64> = squares.iter().map(|s| (s / degrees).sqrt()).collect();
        let range = (0..width)
            .map(|column| (greatest[column] - least[column]) / scale[column])
            .collect();
        let mut z = Vec::with_capacity(rows.len() * (width + 1));
        for row in 0..rows.len() {
            z.push(1.0);
            let columns = rows.x(row).iter().zip(centre.iter().zip(&scale));
            z.extend(columns.map(|(x, (centre, scale))| (x - centre) / scale));
        }
        Ok(Self {
            rows,
            z,
            patients,
            size: width + 1,
            penalty,
            centre,
            scale,
            range,
        })
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.z[row * self.size..(row + 1) * self.size]
    }

    fn log_odds(&self, row: usize, at: &[f64]) -> f64 {
        let sum: f64 = self.row(row).iter().zip(at).map(|(z, b)| z * b).sum();
        sum + self.rows.offset()[row]
    }

    /// Everything at a point. The error is the column that cannot be told from those before it.
    fn evaluate(&self, at: Vec<f64>) -> Result<Point, usize> {
        let mut gradient = vec![0.0; self.size];
        let mut information = Square::zeros(self.size);
        let mut log_likelihood = 0.0;
        let mut weights = Vec::with_capacity(if self.is_firth() { self.rows.len() } else { 0 });
        for (row, (events, patients)) in self.rows.events().iter().zip(&self.patients).enumerate() {
            if *patients <= 0.0 {
                if self.is_firth() {
                    weights.push((0.0, 0.5));
                }
                continue;
            }
            let log_odds = self.log_odds(row, &at);
            let probability = 1.0 / (1.0 + (-log_odds).exp());
            let weight = patients * probability * (1.0 - probability);
            // ln(1 + e^x) without overflow.
            let softplus = log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p();
            log_likelihood += events * log_odds - patients * softplus;
            let residual = events - patients * probability;
            let z = self.row(row);
            for (i, z_i) in z.iter().enumerate() {
                gradient[i] += z_i * residual;
                let weighted = weight * z_i;
                for (entry, z_j) in information.row_mut(i)[..=i].iter_mut().zip(z) {
                    *entry += weighted * z_j;
                }
            }
            if self.is_firth() {
                weights.push((weight, probability));
            }
        }
        information.mirror();
        let mut objective = log_likelihood;
        match self.penalty {
            Penalty::None => {}
            Penalty::Ridge(lambda) => {
                for i in 1..self.size {
                    gradient[i] -= lambda * at[i];
                    objective -= 0.5 * lambda * at[i] * at[i];
                }
            }
            Penalty::Firth => {
                let factor = Cholesky::of(&information)?;
                objective += factor.half_log_determinant();
                let mut leaned = vec![0.0; self.size];
                for (row, (weight, probability)) in weights.into_iter().enumerate() {
                    let z = self.row(row);
                    leaned.copy_from_slice(z);
                    factor.forward(&mut leaned);
                    let leverage = weight * leaned.iter().map(|l| l * l).sum::<f64>();
                    for (gradient, z) in gradient.iter_mut().zip(z) {
                        *gradient += z * leverage * (0.5 - probability);
                    }
                }
            }
        }
        Ok(Point {
            at,
            log_likelihood,
            objective,
            gradient,
            information,
        })
    }

    fn is_firth(&self) -> bool {
        matches!(self.penalty, Penalty::Firth)
    }

    /// The information with the penalty of a ridge.
    pub fn penalised(&self, information: &Square) -> Square {
        let mut penalised = information.clone();
        if let Penalty::Ridge(lambda) = self.penalty {
            for i in 1..self.size {
                penalised[(i, i)] += lambda;
            }
        }
        penalised
    }

    /// The maximum from a start. Fixed places keep their values.
    pub fn maximum(&self, start: Vec<f64>, fixed: &[usize]) -> Result<Point, NoFit> {
        let free: Vec<usize> = (0..self.size).filter(|i| !fixed.contains(i)).collect();
        let dependent = |place: usize| match place.checked_sub(1) {
            Some(column) => NoFit::Dependent { column },
            None => NoFit::NoPatients,
        };
        let mut point = self.evaluate(start).map_err(dependent)?;
        let mut last = vec![0.0; self.size];
        let most = if self.is_firth() {
            MOST_STEPS_OF_FIRTH
        } else {
            MOST_STEPS
        };
        for number in 0..most {
            let penalised = self.penalised(&point.information);
            let factored = if fixed.is_empty() {
                Cholesky::of(&penalised)
            } else {
                Cholesky::of(&penalised.part(&free))
            };
            let factor = match factored {
                Ok(factor) => factor,
                Err(place) if number == 0 => return Err(dependent(free[place])),
                Err(_) => return Err(self.endless(&last)),
            };
            let mut step: Vec<f64> = free.iter().map(|i| point.gradient[*i]).collect();
            factor.solve(&mut step);
            let largest = step.iter().fold(0.0_f64, |most, s| most.max(s.abs()));
            if !largest.is_finite() {
                return Err(self.endless(&last));
            }
            let mut share = (LARGEST_STEP / largest).min(1.0);
            let next = loop {
                let mut at = point.at.clone();
                for (i, step) in free.iter().zip(&step) {
                    at[*i] += share * step;
                }
                match self.evaluate(at) {
                    // Rounding may make a step that is next to nothing look like a loss.
                    Ok(next)
                        if next.objective >= point.objective - 1e-12 * point.objective.abs()
                            || share * largest < 1e-7 =>
                    {
                        break next;
                    }
                    _ if share * largest < 1e-12 => return Err(self.endless(&last)),
                    _ => share /= 2.0,
                }
            };
            last.fill(0.0);
            for (i, step) in free.iter().zip(&step) {
                last[*i] = share * step;
            }
            point = next;
            if share * largest < SMALLEST_STEP {
                return Ok(point);
            }
        }
        Err(self.endless(&last))
    }

    /// The columns whose coefficients have no end.
    fn endless(&self, last: &[f64]) -> NoFit {
        if self.penalty != Penalty::None {
            return NoFit::NotReached;
        }
        let moves = |column: &usize| (last[column + 1] * self.range[*column]).abs() > STILL_MOVES;
        NoFit::Separated {
            columns: (0..self.size - 1).filter(moves).collect(),
        }
    }
}
