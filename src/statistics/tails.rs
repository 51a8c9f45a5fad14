//! Probabilities in the tails of the distributions that tests refer to. The distributions are those of `statrs`; this module
//! chooses the form that keeps its digits far out in the tail, where one minus a cumulative probability would lose them all.

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::beta_reg;
use statrs::function::erf::erfc;
use statrs::function::gamma::gamma_ur;

/// The probability that a standard normal number lies as far from zero as `z`, or farther, on either side.
pub fn normal_both(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The probability that a chi-squared number is as great as `x`, or greater. One for what is not positive. NaN for NaN, and
/// for no degrees of freedom.
pub fn chi_squared_above(x: f64, degrees_of_freedom: f64) -> f64 {
    if x.is_nan() || degrees_of_freedom.is_nan() || degrees_of_freedom <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    if degrees_of_freedom == 1.0 {
        return normal_both(x.sqrt());
    }
    gamma_ur(degrees_of_freedom / 2.0, x / 2.0)
}

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
