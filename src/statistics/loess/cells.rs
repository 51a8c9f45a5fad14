//! Where a loess curve has its vertices: R's k-d tree in one dimension.

use super::Ranked;

/// A cell with no more than this share of the patients is not divided.
const CELL: f64 = super::SPAN * 0.2;
/// How far the outer vertices lie outside, as a share of the range.
pub(super) const MARGIN: f64 = 0.005;

/// The vertices for groups in ascending order, ascending: the median of every cell that holds too many patients, and both ends.
pub(super) fn vertices(groups: &[Ranked], patients: f64) -> Vec<f64> {
    Cells::of(groups, patients).vertices
}

struct Cells<'a> {
    groups: &'a [Ranked],
    /// How many patients are in the groups up to and with each.
    up_to: Vec<f64>,
    vertices: Vec<f64>,
    largest: u64,
}

impl<'a> Cells<'a> {
    fn of(groups: &'a [Ranked], patients: f64) -> Self {
        let mut before = 0.0;
        let up_to = groups.iter().map(|group| {
            before += group.events + group.others;
            before
        });
        let (low, high) = (groups[0].by, groups[groups.len() - 1].by);
        let scale = 1e-10 * low.abs().max(high.abs()) + 1e-30;
        let margin = MARGIN * (high - low).max(scale);
        let mut cells = Self {
            groups,
            up_to: up_to.collect(),
            vertices: vec![low - margin, high + margin],
            largest: (patients * CELL).floor() as u64,
        };
        cells.divide(1, patients as u64, [low - margin, high + margin]);
        cells.vertices.sort_unstable_by(f64::total_cmp);
        cells.vertices.dedup();
        cells
    }

    /// The number of a patient, counted from 1 in ascending order.
    fn of_patient(&self, patient: u64) -> f64 {
        let group = self.up_to.partition_point(|to| *to < patient as f64);
        self.groups[group].by
    }

    /// Divides a cell with the patients `first..=last` at its median; patients that share a number go to one side.
    fn divide(&mut self, first: u64, last: u64, [low, high]: [f64; 2]) {
        if last + 1 - first <= self.largest {
            return;
        }
        let median = (first + last) / 2;
        let mut middle = median;
        // The nearest gap between two numbers: to the right, to the left, farther right ... as far as both sides reach.
        let mut offset: i64 = 0;
        while let Some(place) = median.checked_add_signed(offset)
            && (first..last).contains(&place)
        {
            if self.of_patient(place) != self.of_patient(place + 1) {
                middle = place;
                break;
            }
            offset = if offset > 0 { -offset } else { 1 - offset };
        }
        let cut = self.of_patient(middle);
        if cut == low || cut == high {
            return;
        }
        self.vertices.push(cut);
        self.divide(first, middle, [low, cut]);
        self.divide(middle + 1, last, [cut, high]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vertices_are_those_of_r() {
        // R: loess(y ~ x)$kd, x = c(1:20, rep(7, 12), rep(15, 8)), y any: 8, 6, 14, 7, 15 and the box.
        let groups: Vec<Ranked> = (1..=20)
            .map(|x| Ranked {
                by: f64::from(x),
                events: match x {
                    7 => 13.0,
                    15 => 9.0,
                    _ => 1.0,
                },
                others: 0.0,
            })
            .collect();
        let expected = [0.905, 6.0, 7.0, 8.0, 14.0, 15.0, 20.095];
        let got = vertices(&groups, 40.0);
        assert_eq!(got.len(), expected.len(), "{got:?}");
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        }
    }
}
