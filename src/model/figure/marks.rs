//! The marks of a reading, told apart by shape and line, never by colour alone.

use super::drawing::{Drawing, Stroke};
use crate::domain::interval::Interval;

/// Radius of a mark on an axis.
pub(super) const MARK: f64 = 4.5;

/// Both ends of what is not known, joined.
pub(super) fn open(drawing: &mut Drawing, ends: (f64, f64), y: f64) {
    drawing.bar(ends, (y - 2.5, y + 2.5), "white", Stroke::Dashed);
    drawing.disc(ends.0, y, MARK, "white");
    drawing.disc(ends.1, y, MARK, "white");
}

/// Estimate and band as the legend shows them.
pub(super) fn example(drawing: &mut Drawing, ends: (f64, f64), y: f64) {
    band_bar(drawing, ends, (false, false), y);
    diamond(drawing, (ends.0 + ends.1) / 2.0, y);
}

/// The band of an estimate; an end that the axis does not reach is an arrow.
pub(super) fn band_bar(drawing: &mut Drawing, ends: (f64, f64), is_cut: (bool, bool), y: f64) {
    drawing.bar(ends, (y - 3.5, y + 3.5), "#bbbbbb", Stroke::Thin);
    caps(drawing, ends, is_cut, y);
}

/// Limits without an estimate.
pub(super) fn limits_bar(drawing: &mut Drawing, ends: (f64, f64), is_cut: (bool, bool), y: f64) {
    drawing.bar(ends, (y - 3.5, y + 3.5), "white", Stroke::Dashed);
    caps(drawing, ends, is_cut, y);
}

/// Which ends of a bar the axis does not reach.
pub(super) fn cut(band: Interval<f64>, shown: Interval<f64>) -> (bool, bool) {
    (band.low < shown.low, band.high > shown.high)
}

fn caps(drawing: &mut Drawing, ends: (f64, f64), is_cut: (bool, bool), y: f64) {
    for (x, is_cut, outwards) in [(ends.0, is_cut.0, -1.0), (ends.1, is_cut.1, 1.0)] {
        if is_cut {
            arrow(drawing, x, outwards, y);
        } else {
            drawing.line((x, y - 7.0), (x, y + 7.0), Stroke::Strong);
        }
    }
}

/// That a bar goes on past the axis.
pub(super) fn arrow(drawing: &mut Drawing, x: f64, outwards: f64, y: f64) {
    let tip = (x + outwards * 9.0, y);
    drawing.shape(&[(x, y - 7.0), tip, (x, y + 7.0)], "black");
}

pub(super) fn diamond(drawing: &mut Drawing, x: f64, y: f64) {
    let corners = [(x, y - 8.0), (x + 6.0, y), (x, y + 8.0), (x - 6.0, y)];
    drawing.shape(&corners, "black");
}
