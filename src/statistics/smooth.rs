//! Smooth curves through outcomes: Cleveland's lowess as the R function `lowess` computes it, on patients that share a number.
//!
//! Own code: no well-kept crate has it, and calibration figures of rms depend on its details (a window of whole patients, points
//! closer than `delta` interpolated).

use super::ranking::{Ranked, totals};

/// Cleveland's lowess of the outcome (1 or 0) on the number, without robustness iterations: R's `lowess(x, y, iter = 0)` with its
/// defaults `f = 2/3` and `delta = 0.01 * diff(range(x))`. One value for each group; groups must be in ascending order with no
/// number twice, and hold whole patients. Between 100 and 200 local fits at most, whatever the number of groups.
pub fn lowess(groups: &[Ranked]) -> Vec<f64> {
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
        return Vec::new();
    };
    let (events, others) = totals(groups);
    let patients = events + others;
    let outcome_of = |group: &Ranked| group.events / (group.events + group.others);
    if patients < 2.0 {
        return groups.iter().map(outcome_of).collect();
    }
    let range = last.by - first.by;
    let delta = 0.01 * range;
    let wide = (patients * (2.0 / 3.0) + 1e-7).floor().clamp(2.0, patients);
    let mut window = Window::new(groups, wide, patients);
    let mut smooth = vec![0.0; groups.len()];
    let mut fitted: Option<usize> = None;
    let mut place = 0;
    loop {
        let (left, radius) = window.around(groups[place].by);
        smooth[place] = local_line(&groups[left..], groups[place].by, radius, range);
        if let Some(before) = fitted {
            let width = groups[place].by - groups[before].by;
            for between in before + 1..place {
                let share = (groups[between].by - groups[before].by) / width;
                smooth[between] = share * smooth[place] + (1.0 - share) * smooth[before];
            }
        }
        fitted = Some(place);
        if place + 1 == groups.len() {
            return smooth;
        }
        // The farthest group within delta, at least the next one.
        let cut = groups[place].by + delta;
        let within = groups[place + 1..].partition_point(|group| group.by <= cut);
        place += within.max(1);
    }
}

/// The nearest patients of a number: a window over patients in ascending order.
struct Window<'a> {
    groups: &'a [Ranked],
    patients: f64,
    /// Leftmost and rightmost patient in the window, from 0.
    left: f64,
    right: f64,
    /// The group of each, and how many patients are in the groups before it.
    left_at: (usize, f64),
    right_at: (usize, f64),
}

impl<'a> Window<'a> {
    fn new(groups: &'a [Ranked], wide: f64, patients: f64) -> Self {
        let mut window = Self {
            groups,
            patients,
            left: 0.0,
            right: wide - 1.0,
            left_at: (0, 0.0),
            right_at: (0, 0.0),
        };
        window.right_at = window.group_of(window.right, window.right_at);
        window
    }

    fn size(&self, group: usize) -> f64 {
        self.groups[group].events + self.groups[group].others
    }

    /// The group of a patient, searched from a group that is not behind it.
    fn group_of(&self, patient: f64, (mut group, mut before): (usize, f64)) -> (usize, f64) {
        while before + self.size(group) <= patient {
            before += self.size(group);
            group += 1;
        }
        (group, before)
    }

    /// Moves on to a number; gives the group of the leftmost patient and the distance to the farthest.
    fn around(&mut self, by: f64) -> (usize, f64) {
        while self.right + 1.0 < self.patients {
            let next_at = self.group_of(self.right + 1.0, self.right_at);
            let to_left = by - self.groups[self.left_at.0].by;
            let to_next = self.groups[next_at.0].by - by;
            if to_left <= to_next {
                break;
            }
            // One patient at a time as R does it; whole groups at once where nothing changes between.
            let rest_left = self.left_at.1 + self.size(self.left_at.0) - self.left;
            let rest_next = next_at.1 + self.size(next_at.0) - (self.right + 1.0);
            let step = rest_left.min(rest_next).max(1.0);
            self.left += step;
            self.right += step;
            self.left_at = self.group_of(self.left, self.left_at);
            self.right_at = self.group_of(self.right, self.right_at);
        }
        let to_left = by - self.groups[self.left_at.0].by;
        let to_right = self.groups[self.right_at.0].by - by;
        (self.left_at.0, to_left.max(to_right))
    }
}

/// The value at `by` of the line through the groups within `radius`, with tricube weights.
fn local_line(groups: &[Ranked], by: f64, radius: f64, range: f64) -> f64 {
    let (mut weights, mut places, mut outcomes) = (0.0, 0.0, 0.0);
    let mut near = 0;
    let weight = |group: &Ranked| {
        let distance = (group.by - by).abs();
        if distance > 0.999 * radius {
            0.0
        } else if distance <= 0.001 * radius {
            1.0
        } else {
            let share = distance / radius;
            let rest = 1.0 - share * share * share;
            rest * rest * rest
        }
    };
    for group in groups {
        let w = weight(group);
        if w == 0.0 && group.by > by {
            break;
        }
        near += 1;
        weights += w * (group.events + group.others);
        places += w * (group.events + group.others) * (group.by - by);
        outcomes += w * group.events;
    }
    let (offset, level) = (places / weights, outcomes / weights);
    let (mut spread, mut together) = (0.0, 0.0);
    for group in &groups[..near] {
        let w = weight(group);
        let from = group.by - by - offset;
        spread += w * (group.events + group.others) * from * from;
        together += w * group.events * from;
    }
    // All in one place: the level, no line.
    if radius > 0.0 && (spread / weights).sqrt() > 0.001 * range {
        level - offset * together / spread
    } else {
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(by: f64, events: f64, others: f64) -> Ranked {
        Ranked { by, events, others }
    }

    #[test]
    fn is_rs_lowess() {
        // R: lowess(c(1, 2, 2, 3, 4.5, 4.5, 4.5, 6, 7, 9), c(0, 0, 1, 0, 1, 0, 1, 1, 1, 1), iter = 0)$y
        let groups = [
            group(1.0, 0.0, 1.0),
            group(2.0, 1.0, 1.0),
            group(3.0, 0.0, 1.0),
            group(4.5, 2.0, 1.0),
            group(6.0, 1.0, 0.0),
            group(7.0, 1.0, 0.0),
            group(9.0, 1.0, 0.0),
        ];
        let expected: [f64; 7] = [
            0.199806772041961,
            0.274721371870444,
            0.000000000000000,
            0.626142198433199,
            0.910078079105551,
            1.000000000000000,
            1.000000000000000,
        ];
        for (got, expected) in lowess(&groups).into_iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{got} {expected}");
        }
    }

    #[test]
    fn few_patients() {
        assert!(lowess(&[]).is_empty());
        assert_eq!(lowess(&[group(0.3, 1.0, 0.0)]), [1.0]);
        assert_eq!(lowess(&[group(0.3, 3.0, 1.0)]), [0.75]);
    }
}
