//! Draws the layers of a [`super::Figure`] into its frame. Read [`clipped`] and [`over`] first: what must not leave the panel,
//! and what lies above its edge.

use super::canvas::{Anchor, Canvas};
use super::chart::Frame;
use super::figure::{Bar, Figure, Layer, Line, Point, Series, Step};
use super::style::SMALL;
use super::text::width;
use super::thin::thin;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Size of a mark.
pub(super) const RADIUS: f64 = 4.5;
/// Height of the strip of spikes.
pub(super) const STRIP: f64 = 60.0;
/// Width of a column of spikes.
const COLUMN: f64 = 2.0;

/// Every x that a layer shows.
pub(super) fn xs(layer: &Layer) -> Vec<f64> {
    match layer {
        Layer::Line { points, .. } => points.iter().map(|(x, _)| *x).collect(),
        Layer::Band { points, .. } => points.iter().map(|(x, ..)| *x).collect(),
        Layer::Points { points, .. } => points.iter().map(|point| point.x).collect(),
        Layer::Bars { bars, .. } => bars.iter().flat_map(|bar| [bar.x.0, bar.x.1]).collect(),
        Layer::Spikes { up, down } => up.1.iter().chain(&down.1).map(|(x, _)| *x).collect(),
        Layer::Reference { line, .. } => match line {
            Line::Vertical(x) => vec![*x],
            Line::Horizontal(_) | Line::Between(..) => Vec::new(),
        },
        Layer::Text { at, .. } => vec![at.0],
    }
}

/// Every y that a layer shows.
pub(super) fn ys(layer: &Layer) -> Vec<f64> {
    match layer {
        Layer::Line { points, .. } => points.iter().map(|(_, y)| *y).collect(),
        Layer::Band { points, .. } => points
            .iter()
            .flat_map(|(_, low, high)| [*low, *high])
            .collect(),
        Layer::Points { points, .. } => points
            .iter()
            .flat_map(|point| {
                let (low, high) = point.interval.unwrap_or((point.y, point.y));
                [point.y, low, high]
            })
            .collect(),
        Layer::Bars { bars, .. } => bars.iter().flat_map(|bar| [bar.from, bar.to]).collect(),
        Layer::Spikes { .. } => Vec::new(),
        Layer::Reference { line, .. } => match line {
            Line::Horizontal(y) => vec![*y],
            Line::Vertical(_) | Line::Between(..) => Vec::new(),
        },
        Layer::Text { at, .. } => vec![at.1],
    }
}

/// What must not leave the panel: lines, bands, bars, intervals, references.
pub(super) fn clipped(canvas: &mut Canvas, frame: &Frame, layer: &Layer, prefix: &str) {
    match layer {
        Layer::Line {
            series,
            step,
            points,
            ..
        } => {
            let number = series.number();
            let class = format!("line stroke{number} dash{number}");
            for part in points.split(|(x, y)| !x.is_finite() || !y.is_finite()) {
                let places = part.iter().map(|point| frame.at(*point));
                let places: Vec<(f64, f64)> = places
                    .filter(|(x, y)| x.is_finite() && y.is_finite())
                    .collect();
                let path = match step {
                    Step::Straight => places,
                    Step::Across => across(&places),
                };
                canvas.path(&thin(&path), false, &class);
            }
        }
        Layer::Band { series, points, .. } => {
            let is_gap = |(x, low, high): &(f64, f64, f64)| !(x + low + high).is_finite();
            for part in points.split(is_gap) {
                let ends = part
                    .iter()
                    .map(|(x, low, high)| (frame.at((*x, *high)), frame.at((*x, *low))));
                let (upper, lower): (Vec<_>, Vec<_>) = ends.unzip();
                let mut outline = thin(&upper);
                outline.extend(thin(&lower).into_iter().rev());
                canvas.path(&outline, true, &format!("band fill{}", series.number()));
            }
        }
        Layer::Bars { series, bars, .. } => {
            for bar in bars {
                draw_bar(canvas, frame, bar, *series, prefix);
            }
        }
        Layer::Points { series, points, .. } => {
            let class = format!("whisker stroke{}", series.number());
            for point in points {
                let Some((low, high)) = point.interval else {
                    continue;
                };
                let (x, low, high) = (frame.x(point.x), frame.y(low), frame.y(high));
                if [x, low, high].iter().all(|place| place.is_finite()) {
                    canvas.line((x, low), (x, high), &class);
                    for end in [low, high] {
                        canvas.line((x - 4.0, end), (x + 4.0, end), &class);
                    }
                }
            }
        }
        Layer::Reference { line, .. } => {
            let (from, to) = match line {
                Line::Horizontal(y) => {
                    let y = frame.y(*y);
                    ((frame.left, y), (frame.right, y))
                }
                Line::Vertical(x) => {
                    let x = frame.x(*x);
                    ((x, frame.top), (x, frame.bottom))
                }
                Line::Between(from, to) => (frame.at(*from), frame.at(*to)),
            };
            if [from.0, from.1, to.0, to.1]
                .iter()
                .all(|place| place.is_finite())
            {
                canvas.line(from, to, "reference");
            }
        }
        Layer::Spikes { .. } | Layer::Text { .. } => {}
    }
}

/// The corners of a line by steps: first across, then up or down.
fn across(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut corners = Vec::with_capacity(points.len() * 2);
    for point in points {
        if let Some((_, y)) = corners.last() {
            corners.push((point.0, *y));
        }
        corners.push(*point);
    }
    corners
}

fn draw_bar(canvas: &mut Canvas, frame: &Frame, bar: &Bar, series: Series, prefix: &str) {
    let (left, from) = frame.at((bar.x.0, bar.from));
    let (right, to) = frame.at((bar.x.1, bar.to));
    if ![left, right, from, to]
        .iter()
        .all(|place| place.is_finite())
        || bar.from == bar.to
    {
        return;
    }
    let size = ((right - left).abs(), (from - to).abs());
    filled(
        canvas,
        (left.min(right), from.min(to)),
        size,
        series,
        prefix,
    );
}

/// A rectangle with the pattern of a series.
pub(super) fn filled(
    canvas: &mut Canvas,
    corner: (f64, f64),
    size: (f64, f64),
    series: Series,
    prefix: &str,
) {
    let number = series.number();
    if number == 1 {
        canvas.rectangle(corner, size, "bar fill1 stroke1", None);
    } else {
        let id = format!("{prefix}-pattern{number}");
        canvas.rectangle(corner, size, &format!("bar stroke{number}"), Some(&id));
    }
}

/// The patterns of the bars that the figure has: the first series is filled, each other has lines of its own direction.
pub(super) fn patterns(canvas: &mut Canvas, figure: &Figure, prefix: &str) {
    let mut used: Vec<usize> = Vec::new();
    for layer in &figure.layers {
        if let Layer::Bars { series, .. } = layer
            && series.number() > 1
            && !used.contains(&series.number())
        {
            used.push(series.number());
        }
    }
    for number in used {
        let (turn, gap) = match number {
            2 => (45, 7),
            3 => (-45, 5),
            4 => (0, 6),
            5 => (90, 6),
            _ => (60, 9),
        };
        let _ = writeln!(
            canvas.definitions,
            r#"<pattern id="{prefix}-pattern{number}" width="{gap}" height="{gap}" patternUnits="userSpaceOnUse" patternTransform="rotate({turn})"><rect class="ground" width="{gap}" height="{gap}"/><line class="hatch stroke{number}" x1="0" y1="0" x2="0" y2="{gap}"/></pattern>"#
        );
    }
}

/// What lies above the frame: marks and words.
pub(super) fn over(canvas: &mut Canvas, frame: &Frame, layer: &Layer, verticals: &mut usize) {
    match layer {
        Layer::Points { series, points, .. } => {
            for point in points {
                if frame.holds((point.x, point.y)) {
                    canvas.mark(
                        frame.at((point.x, point.y)),
                        RADIUS,
                        series.number(),
                        series.number(),
                    );
                }
            }
            for point in points {
                if !point.label.is_empty() && frame.holds((point.x, point.y)) {
                    beside(canvas, frame, point);
                }
            }
        }
        Layer::Text { at, text } if frame.holds(*at) => {
            let (x, y) = frame.at(*at);
            canvas.text((x, y), Anchor::Middle, "halo", text);
        }
        Layer::Reference { name, line } if !name.is_empty() => match line {
            Line::Horizontal(value) => {
                let y = frame.y(*value);
                if y.is_finite() && (frame.top..=frame.bottom).contains(&y) {
                    let y = if y - frame.top < SMALL + 6.0 {
                        y + SMALL + 3.0
                    } else {
                        y - 4.0
                    };
                    canvas.text((frame.right - 5.0, y), Anchor::End, "soft halo", name);
                }
            }
            Line::Vertical(value) => {
                let x = frame.x(*value);
                if x.is_finite() && (frame.left..=frame.right).contains(&x) {
                    // Several stand one below the other.
                    let y = frame.top + 4.0 + SMALL + *verticals as f64 * (SMALL + 4.0);
                    *verticals += 1;
                    let (x, anchor) = match x > (frame.left + 2.0 * frame.right) / 3.0 {
                        true => (x - 5.0, Anchor::End),
                        false => (x + 5.0, Anchor::Start),
                    };
                    canvas.text((x, y), anchor, "soft halo", name);
                }
            }
            Line::Between(..) => {}
        },
        _ => {}
    }
}

/// The label of a mark: on the side where there is room.
fn beside(canvas: &mut Canvas, frame: &Frame, point: &Point) {
    let (x, y) = frame.at((point.x, point.y));
    let room = width(&point.label, SMALL) + RADIUS + 5.0;
    let (x, anchor) = match x + room > frame.right {
        true => (x - RADIUS - 4.0, Anchor::End),
        false => (x + RADIUS + 4.0, Anchor::Start),
    };
    // A little lower: curves of interest rise to the right.
    canvas.text((x, y + SMALL * 1.1), anchor, "halo", &point.label);
}

type Counted = (String, Vec<(f64, f64)>);

/// The strip of spikes: both sides have the same scale, which its greatest count fills.
pub(super) fn spikes(canvas: &mut Canvas, frame: &Frame, top: f64, up: &Counted, down: &Counted) {
    let middle = top + STRIP / 2.0;
    let size = (frame.right - frame.left, STRIP);
    canvas.rectangle((frame.left, top), size, "axis", None);
    canvas.line((frame.left, middle), (frame.right, middle), "axis");
    let sides = [up, down].map(|(_, values)| columns(frame, values));
    let counts = sides.iter().flat_map(|columns| columns.values());
    let most = counts.fold(0.0, |most: f64, count| most.max(*count));
    let looks = [(-1.0, "line stroke1"), (1.0, "line stroke2")];
    for (columns, (sign, class)) in sides.iter().zip(looks) {
        for (column, count) in columns {
            let x = *column as f64 * COLUMN;
            let height = (count / most * (STRIP / 2.0 - 3.0)).max(1.0);
            canvas.line((x, middle), (x, middle + sign * height), class);
        }
    }
    let text = super::number(most);
    for y in [top + SMALL, top + STRIP - 3.0] {
        canvas.text((frame.left - 7.0, y), Anchor::End, "", &text);
    }
}

/// Counts by column: those that fall on the same place are counted together, so that no spike hides another.
fn columns(frame: &Frame, values: &[(f64, f64)]) -> BTreeMap<i64, f64> {
    let mut columns = BTreeMap::new();
    for (value, count) in values {
        let x = frame.x(*value);
        if (frame.left - 0.5..=frame.right + 0.5).contains(&x) && *count > 0.0 {
            *columns.entry((x / COLUMN).round() as i64).or_default() += count;
        }
    }
    columns
}
