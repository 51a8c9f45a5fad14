//! Probabilities in the tails of Student's t. The distribution is that of `statrs`; this module chooses the form that keeps its digits
//! far out in the tail, where one minus a cumulative probability would lose them all.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::beta_reg;

/// The probability that Student's t lies as far from zero as `t`, or farther, on either side. NaN for NaN.
pub fn t_both(t: f64, degrees_of_freedom: f64) -> f64 {
    if t.is_nan() || degrees_of_freedom.is_nan() || degrees_of_freedom <= 0.0 {
        return f64::NAN;
    }
    if t.is_infinite() {
        return 0.0;
    }
    beta_reg(
        degrees_of_freedom / 2.0,
        0.5,
        degrees_of_freedom / (degrees_of_freedom + t * t),
    )
}

/// The quantile of Student's t. NaN where the degrees of freedom are not positive.
pub fn t_quantile(p: f64, degrees_of_freedom: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, degrees_of_freedom) {
        Ok(t) => t.inverse_cdf(p),
        Err(_) => f64::NAN,
    }
}
