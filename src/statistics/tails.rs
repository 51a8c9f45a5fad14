//! Probabilities in the tails of Student's t. The distribution is that of `statrs`; this module chooses the form that keeps its digits
//! far out in the tail, where one minus a cumulative probability would lose them all, and where `statrs` loses them, another one.

use super::two_sided_p;
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::beta::beta_reg;

/// With more degrees of freedom the incomplete beta function of `statrs` loses digits (4e-9 at a hundred thousand), and the normal
/// deviate of [`normal_deviate`] has more.
const MANY: f64 = 3000.0;

/// The standard normal deviate with the same tail as Student's t (Hill, Communications of the ACM 1970;13:617).
fn normal_deviate(t: f64, degrees_of_freedom: f64) -> f64 {
    let a = degrees_of_freedom - 0.5;
    let b = 48.0 * a * a;
    let y = a * (t * t / degrees_of_freedom).ln_1p();
    let second = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b);
    ((second + y + 3.0) / b + 1.0) * y.sqrt()
}

/// The probability that Student's t lies as far from zero as `t`, or farther, on either side. NaN for NaN.
pub fn t_both(t: f64, degrees_of_freedom: f64) -> f64 {
    if t.is_nan() || degrees_of_freedom.is_nan() || degrees_of_freedom <= 0.0 {
        return f64::NAN;
    }
    if t.is_infinite() {
        return 0.0;
    }
    if degrees_of_freedom > MANY {
        return two_sided_p(normal_deviate(t, degrees_of_freedom));
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
