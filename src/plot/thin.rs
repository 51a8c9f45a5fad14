//! A curve of a million points with no more vertices than the eye can see.

/// Vertices that a drawn curve has at most.
pub const MOST_VERTICES: usize = 1_000;

/// How far a curve may move, in units of the view box (about a pixel): at first a twentieth, which nobody sees.
const TOLERANCE: f64 = 0.05;

/// Leaves out vertices that lie on the way between their neighbours (Ramer, Douglas and Peucker). Corners stay exactly where
/// they are; no left-out vertex lies further than a twentieth of a unit from the line that is drawn, further only where more
/// than [`MOST_VERTICES`] would be left.
pub(super) fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut tolerance = TOLERANCE;
    let mut kept = simplified(points, tolerance);
    while kept.len() > MOST_VERTICES {
        tolerance *= 2.0;
        kept = simplified(&kept, tolerance);
    }
    kept
}

fn simplified(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    let Some(last) = points.len().checked_sub(1) else {
        return Vec::new();
    };
    let mut is_kept = vec![false; points.len()];
    is_kept[0] = true;
    is_kept[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let (mut furthest, mut most) = (from, tolerance);
        for (offset, point) in points[from + 1..to.max(from + 1)].iter().enumerate() {
            let distance = distance(*point, points[from], points[to]);
            if distance > most {
                (furthest, most) = (from + 1 + offset, distance);
            }
        }
        if furthest != from {
            is_kept[furthest] = true;
            open.extend([(from, furthest), (furthest, to)]);
        }
    }
    let kept = points.iter().zip(is_kept).filter(|(_, is_kept)| *is_kept);
    kept.map(|(point, _)| *point).collect()
}

/// From a point to the line between two others.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (px, py) = (point.0 - from.0, point.1 - from.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        ((px * dx + py * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (px - along * dx).hypot(py - along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_stay_and_straight_lines_lose_their_middle() {
        let steps = [
            (0.0, 0.0),
            (0.0, 5.0),
            (0.0, 9.0),
            (4.0, 9.0),
            (8.0, 9.0),
            (8.0, 20.0),
        ];
        assert_eq!(
            thin(&steps),
            [(0.0, 0.0), (0.0, 9.0), (8.0, 9.0), (8.0, 20.0)]
        );
        assert_eq!(thin(&[]), []);
        assert_eq!(thin(&[(1.0, 1.0)]), [(1.0, 1.0)]);
    }

    #[test]
    fn a_million_steps_are_drawn_with_a_thousand_vertices() {
        // The steps of a smooth ROC curve, y = x^(1/4), on 400 x 400 units.
        let count = 500_000;
        let at = |i: usize| {
            let x = i as f64 / count as f64;
            (400.0 * x, 400.0 * x.powf(0.25))
        };
        let points: Vec<(f64, f64)> = (0..count)
            .flat_map(|i| [at(i), (at(i).0, at(i + 1).1)])
            .collect();
        let kept = thin(&points);
        assert!(kept.len() <= MOST_VERTICES, "{}", kept.len());
        for point in points.iter().step_by(997) {
            let near = kept
                .windows(2)
                .map(|ends| distance(*point, ends[0], ends[1]))
                .fold(f64::INFINITY, f64::min);
            assert!(near <= 2.0 * TOLERANCE, "{point:?}: {near}");
        }
    }
}
