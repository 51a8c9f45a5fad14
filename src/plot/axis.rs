//! Axes: from values to places between 0 and 1, and which values get a tick. Read [`Axis`] first.

/// One axis of a figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Axis {
    /// What it measures, with its unit.
    pub label: String,
    /// From values to places.
    pub scale: Scale,
    /// Least and greatest value shown; without it what the layers need, rounded to ticks.
    pub range: Option<(f64, f64)>,
    /// Which values are marked.
    pub ticks: Ticks,
}

/// From values to places on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal steps for equal differences.
    #[default]
    Linear,
    /// Equal steps for equal ratios; values of 0 and less have no place.
    Log,
}

/// Which values are marked.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Ticks {
    /// Round numbers.
    #[default]
    Round,
    /// These, with these words: categories, dates.
    At(Vec<(f64, String)>),
}

impl Axis {
    /// A linear axis that shows what the layers need.
    pub fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            ..Self::default()
        }
    }

    /// A linear axis from `low` to `high`.
    pub fn between(label: &str, low: f64, high: f64) -> Self {
        Self {
            range: Some((low, high)),
            ..Self::new(label)
        }
    }

    /// Categories at 0, 1, 2, ...
    pub fn categories(label: &str, names: impl IntoIterator<Item = String>) -> Self {
        let ticks: Vec<_> = names
            .into_iter()
            .enumerate()
            .map(|(place, name)| (place as f64, name))
            .collect();
        let range = (-0.5, (ticks.len() as f64 - 0.5).max(0.5));
        Self {
            range: Some(range),
            ticks: Ticks::At(ticks),
            ..Self::new(label)
        }
    }

    /// The same axis with a scale of ratios.
    pub fn log(self) -> Self {
        Self {
            scale: Scale::Log,
            ..self
        }
    }
}

/// An axis whose range is settled.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    scale: Scale,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Settled {
    /// Settles an axis for these values, with about `count` intervals. Values that are not finite are not looked at.
    pub(super) fn new(axis: &Axis, values: impl Iterator<Item = f64>, count: usize) -> Self {
        let log = axis.scale == Scale::Log;
        let has_place = |value: &f64| value.is_finite() && (!log || *value > 0.0);
        let seen = values.filter(has_place);
        let (least, greatest) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        });
        let seen = (least <= greatest).then_some((least, greatest));
        let given = axis
            .range
            .filter(|(low, high)| has_place(low) && has_place(high) && low < high);
        let none = if log { (0.1, 10.0) } else { (0.0, 1.0) };
        let (mut low, mut high) = given.or(seen).unwrap_or(none);
        if low == high {
            // One value alone stands in the middle.
            (low, high) = match (log, low == 0.0) {
                (true, _) => (low / 2.0, high * 2.0),
                (false, true) => (-1.0, 1.0),
                (false, false) => (low - low.abs() / 2.0, high + high.abs() / 2.0),
            };
        }
        let mut round = if log {
            log_ticks(low, high, count)
        } else {
            ticks(low, high, count)
        };
        if given.is_none() {
            // Out to the next ticks, so that nothing lies on the frame.
            if log {
                (low, high) = (low / 1.15, high * 1.15);
            } else if let [first, second, ..] = round[..] {
                let step = second - first;
                low = (low / step + 1e-9).floor() * step;
                high = (high / step - 1e-9).ceil() * step;
                round = ticks(low, high, count);
            }
        }
        let ticks = match &axis.ticks {
            Ticks::Round => {
                let decimals = if log { None } else { Some(decimals(&round)) };
                round
                    .into_iter()
                    .map(|tick| (tick, label(tick, decimals)))
                    .collect()
            }
            Ticks::At(ticks) => ticks
                .iter()
                .filter(|(value, _)| has_place(value) && *value >= low && *value <= high)
                .cloned()
                .collect(),
        };
        Self {
            scale: axis.scale,
            low,
            high,
            ticks,
        }
    }

    /// Where a value stands, 0 to 1 within the range; beyond it further out.
    pub(super) fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
        }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, about `count` intervals.
pub(super) fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return vec![low];
    }
    let rough = span / count.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let step = factors
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(power * 10.0);
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    // A span far smaller than its place cannot be cut: at most a few ticks whatever the rounding says.
    let steps = (last - first).clamp(0.0, 4.0 * count.max(1) as f64) as usize;
    (0..=steps)
        .map(|number| (first + number as f64) * step)
        // No negative zero.
        .map(|tick| tick + 0.0)
        .collect()
}

/// 1, 2, 5 in each decade, or only every power of ten where there are many.
fn log_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = last.saturating_sub(first);
    let factors: &[f64] = match (high / low).log10() {
        ..=3.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let every = (decades / 8 + 1).max(1) as usize;
    let powers = (first..=last).step_by(every);
    let all = powers.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
    let chosen: Vec<f64> = all
        .filter(|tick| *tick >= low * 0.999 && *tick <= high * 1.001)
        .collect();
    match chosen.len() {
        // Within a fraction of a decade equal differences are nearly equal ratios.
        0..=2 => ticks(low, high, count.saturating_sub(2)),
        _ => chosen,
    }
}

/// Decimals that tell the ticks apart.
fn decimals(ticks: &[f64]) -> usize {
    let step = match ticks {
        [first, second, ..] => second - first,
        _ => return 0,
    };
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 12.0) as usize
}

fn label(value: f64, decimals: Option<usize>) -> String {
    match decimals {
        Some(decimals) => format!("{value:.decimals$}").replace('-', "\u{2212}"),
        None => number(value),
    }
}

/// A number with as many decimals as it needs, at most six: the labels of a scale of ratios.
pub fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(
            ticks(0.0, 1.0, 5),
            [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]
        );
        assert_eq!(ticks(0.0, 52.0, 5), [0.0, 20.0, 40.0]);
        assert_eq!(ticks(-3.0, 12.0, 5), [0.0, 5.0, 10.0]);
        assert_eq!(ticks(1.0, 1.0, 5), [1.0]);
        assert!(ticks(1e15, 1e15 + 1.0, 5).len() < 25);
        assert_eq!(log_ticks(0.4, 12.0, 5), [0.5, 1.0, 2.0, 5.0, 10.0]);
        assert_eq!(log_ticks(0.95, 1.25, 5), [1.0, 1.1, 1.2000000000000002]);
    }

    #[test]
    fn labels_tell_ticks_apart() {
        let axis = Settled::new(&Axis::new("x"), [0.0, 0.31].into_iter(), 5);
        let labels: Vec<&str> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["0.0", "0.1", "0.2", "0.3", "0.4"]);
        let axis = Settled::new(&Axis::new("x"), [-20.0, 30.0].into_iter(), 5);
        assert_eq!(axis.ticks[0].1, "\u{2212}20");
    }

    #[test]
    fn a_range_is_never_empty() {
        for values in [vec![], vec![3.0], vec![0.0], vec![-2.0], vec![f64::NAN]] {
            for axis in [Axis::new("x"), Axis::new("x").log()] {
                let settled = Settled::new(&axis, values.iter().copied(), 5);
                assert!(settled.low < settled.high, "{values:?} {axis:?}");
                assert!(settled.place(settled.low).abs() < 1e-9);
            }
        }
    }
}
