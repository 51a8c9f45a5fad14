//! Numbers as people read them: three significant digits, intervals with "to", a true minus, small p values as "under 0.001".
//! What is not a finite number is "not computable", never an empty place.

pub use crate::plot::thousands;

use crate::plot::number as shortest;

/// For a figure that has no value.
pub const NOT_COMPUTABLE: &str = "not computable";

/// Three significant digits; from 1,000 on a whole number with commas.
pub fn three(value: f64) -> String {
    if !value.is_finite() {
        return NOT_COMPUTABLE.to_owned();
    }
    let size = value.abs();
    if size >= 999.5 {
        let whole = thousands(size.round() as u64);
        return if value < 0.0 {
            format!("\u{2212}{whole}")
        } else {
            whole
        };
    }
    if size < 1e-12 {
        return "0".to_owned();
    }
    if size < 1e-4 {
        let text = format!("{value:.2e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{digits} \u{d7} 10^{power}").replace('-', "\u{2212}");
    }
    // Rounding may carry to the next power of ten, which then has one decimal less: 0.9996 is 1.00, not 1.000.
    let power = size.log10().floor() as i32;
    let carried = (size / 10f64.powi(power - 2)).round() >= 1_000.0;
    let decimals = (2 - power - i32::from(carried)).max(0) as usize;
    format!("{value:.decimals$}").replace('-', "\u{2212}")
}

/// A probability or another share with three decimals, so that its column lines up: 0.898.
pub fn share(value: f64) -> String {
    fixed(value, 3)
}

/// A number with these many decimals.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return NOT_COMPUTABLE.to_owned();
    }
    let text = format!("{value:.decimals$}");
    // No negative zero.
    let is_zero = !text.contains(|c: char| ('1'..='9').contains(&c));
    let text = if is_zero {
        text.trim_start_matches('-')
    } else {
        &text
    };
    text.replace('-', "\u{2212}")
}

/// A share as a percentage with one decimal: "24.3 %".
pub fn percent(share: f64) -> String {
    match share.is_finite() {
        true => format!("{} %", fixed(share * 100.0, 1)),
        false => NOT_COMPUTABLE.to_owned(),
    }
}

/// "0.81 to 0.88", each end written by `write`.
pub fn interval(low: f64, high: f64, write: impl Fn(f64) -> String) -> String {
    format!("{} to {}", write(low), write(high))
}

/// "0.84 (0.81 to 0.88)".
pub fn with_interval(value: f64, low: f64, high: f64, write: impl Fn(f64) -> String) -> String {
    format!("{} ({})", write(value), interval(low, high, &write))
}

/// "24.3 % (19.1 to 30.4)".
pub fn percent_with_interval(share: f64, low: f64, high: f64) -> String {
    let ends = interval(low * 100.0, high * 100.0, |end| fixed(end, 1));
    format!("{} ({ends})", percent(share))
}

/// A p value: "0.023", "under 0.001".
pub fn p_value(p: f64) -> String {
    match p {
        p if !p.is_finite() => NOT_COMPUTABLE.to_owned(),
        p if p < 0.001 => "under 0.001".to_owned(),
        p => fixed(p, 3),
    }
}

/// "223 of 404 (55.2 %)".
pub fn part(count: u64, of: u64) -> String {
    match of {
        0 => format!("{} of 0", thousands(count)),
        of => format!(
            "{} of {} ({})",
            thousands(count),
            thousands(of),
            percent(count as f64 / of as f64)
        ),
    }
}

/// A number with no more decimals than it needs.
pub fn plain(value: f64) -> String {
    match value.is_finite() {
        true => shortest(value),
        false => NOT_COMPUTABLE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_significant_digits() {
        for (value, expected) in [
            (0.897_6, "0.898"),
            (0.012_345, "0.0123"),
            (0.999_6, "1.00"),
            (10.551_57, "10.6"),
            (99.96, "100"),
            (-1.240_1, "\u{2212}1.24"),
            (1_234.4, "1,234"),
            (999.7, "1,000"),
            (0.0, "0"),
            (0.000_012_3, "1.23 \u{d7} 10^\u{2212}5"),
            (f64::NAN, NOT_COMPUTABLE),
            (f64::INFINITY, NOT_COMPUTABLE),
        ] {
            assert_eq!(three(value), expected, "{value}");
        }
    }

    #[test]
    fn shares_intervals_and_p_values() {
        assert_eq!(
            with_interval(0.843, 0.809_1, 0.876_9, share),
            "0.843 (0.809 to 0.877)"
        );
        assert_eq!(percent(54.0 / 222.0), "24.3 %");
        assert_eq!(
            percent_with_interval(0.243, 0.191, 0.304),
            "24.3 % (19.1 to 30.4)"
        );
        assert_eq!(fixed(-0.000_1, 3), "0.000");
        assert_eq!(fixed(-0.5, 2), "\u{2212}0.50");
        assert_eq!(p_value(0.000_2), "under 0.001");
        assert_eq!(p_value(0.023_4), "0.023");
        assert_eq!(part(223, 404), "223 of 404 (55.2 %)");
        assert_eq!(part(0, 0), "0 of 0");
        assert_eq!(thousands(1_403), "1,403");
    }
}
