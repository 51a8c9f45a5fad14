//! Draws a [`Figure`]: first the frame is laid out (how much room the ticks, the labels and the legend take), then the layers
//! are drawn into it from below. Read [`draw`] first.

use super::axis::Settled;
use super::canvas::{Anchor, Canvas};
use super::figure::{Bar, Figure, Layer, Line, Point, Series, Shape, Step};
use super::style::{LABEL, SMALL};
use super::text::{width, wrap};
use super::thin::thin;
use std::fmt::Write;

const MARGIN: f64 = 10.0;
/// Height of the strip of spikes, and of the gap above it.
const STRIP: f64 = 60.0;
const STRIP_GAP: f64 = 8.0;
/// Width of a sample in the legend.
const SAMPLE: f64 = 34.0;
const RADIUS: f64 = 4.5;

/// Where the axes lie: the panel from `left`, `top` to `right`, `bottom`, and the settled axes.
struct Frame {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: Settled,
    y: Settled,
}

impl Frame {
    fn x(&self, value: f64) -> f64 {
        self.left + self.x.place(value) * (self.right - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - self.y.place(value) * (self.bottom - self.top)
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x(x), self.y(y))
    }

    fn holds(&self, (x, y): (f64, f64)) -> bool {
        let within = |place: f64| (-1e-9..=1.0 + 1e-9).contains(&place);
        within(self.x.place(x)) && within(self.y.place(y))
    }
}

pub(super) fn draw(figure: &Figure, prefix: &str) -> Canvas {
    let total = match figure.shape {
        Shape::Wide => 580.0,
        Shape::Square => 480.0,
    };
    let mut canvas = Canvas {
        width: total,
        ..Canvas::default()
    };
    let x = Settled::new(&figure.x, figure.layers.iter().flat_map(xs), 6);
    let y = Settled::new(&figure.y, figure.layers.iter().flat_map(ys), 5);
    let tick_width = y.ticks.iter().map(|(_, label)| width(label, SMALL));
    let tick_width = tick_width.fold(0.0, f64::max);
    let guess = match figure.shape {
        Shape::Wide => 300.0,
        Shape::Square => total - 90.0,
    };
    let y_label = wrap(&figure.y.label, LABEL, guess);
    let left = MARGIN + y_label.len() as f64 * LABEL * 1.25 + 6.0 + tick_width + 8.0;
    let right = total - MARGIN - 8.0;
    let top = MARGIN;
    let height = match figure.shape {
        Shape::Wide => 300.0,
        Shape::Square => right - left,
    };
    let frame = Frame {
        left,
        right,
        top,
        bottom: top + height,
        x,
        y,
    };
    let _ = writeln!(
        canvas.definitions,
        r#"<clipPath id="{prefix}-panel"><rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/></clipPath>"#,
        left - 2.0,
        top - 2.0,
        right - left + 4.0,
        height + 4.0
    );
    patterns(&mut canvas, figure, prefix);
    grid(&mut canvas, &frame);
    let _ = writeln!(canvas.elements, r#"<g clip-path="url(#{prefix}-panel)">"#);
    for layer in &figure.layers {
        clipped(&mut canvas, &frame, layer, prefix);
    }
    canvas.elements.push_str("</g>\n");
    canvas.rectangle((left, top), (right - left, height), "axis", None);
    let mut verticals = 0;
    for layer in &figure.layers {
        over(&mut canvas, &frame, layer, &mut verticals);
    }
    let mut bottom = frame.bottom;
    for layer in &figure.layers {
        if let Layer::Spikes { up, down } = layer {
            spikes(&mut canvas, &frame, bottom + STRIP_GAP, up, down);
            bottom += STRIP_GAP + STRIP;
        }
    }
    y_axis(&mut canvas, &frame, &y_label);
    bottom = x_axis(&mut canvas, &frame, bottom, &figure.x.label);
    bottom = legend(&mut canvas, figure, bottom, prefix);
    canvas.height = bottom + MARGIN;
    canvas
}

/// Every x that a layer shows.
fn xs(layer: &Layer) -> Vec<f64> {
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
fn ys(layer: &Layer) -> Vec<f64> {
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

fn grid(canvas: &mut Canvas, frame: &Frame) {
    for (value, _) in &frame.y.ticks {
        let y = frame.y(*value);
        canvas.line((frame.left, y), (frame.right, y), "grid");
    }
    for (value, _) in &frame.x.ticks {
        let x = frame.x(*value);
        canvas.line((x, frame.top), (x, frame.bottom), "grid");
    }
}

fn y_axis(canvas: &mut Canvas, frame: &Frame, label: &[String]) {
    for (value, text) in &frame.y.ticks {
        let y = frame.y(*value);
        canvas.line((frame.left - 4.0, y), (frame.left, y), "axis");
        canvas.text((frame.left - 7.0, y + SMALL * 0.35), Anchor::End, "", text);
    }
    let middle = (frame.top + frame.bottom) / 2.0;
    for (number, line) in label.iter().enumerate() {
        let x = MARGIN + LABEL * (0.9 + number as f64 * 1.25);
        canvas.upright((x, middle), "label", line);
    }
}

/// Ticks and label below `top`; returns where they end.
fn x_axis(canvas: &mut Canvas, frame: &Frame, top: f64, label: &str) -> f64 {
    let ticks = &frame.x.ticks;
    let slot = (frame.right - frame.left) / ticks.len().max(1) as f64;
    let widest = ticks.iter().flat_map(|(_, text)| text.split_whitespace());
    let widest = widest.map(|word| width(word, SMALL)).fold(0.0, f64::max) + 4.0;
    // Where not even single words have room, every second tick has its label, or every third, ...
    let every = (widest / slot).ceil().max(1.0) as usize;
    let mut lines_most = 0;
    for (number, (value, text)) in ticks.iter().enumerate() {
        let x = frame.x(*value);
        canvas.line((x, top), (x, top + 4.0), "axis");
        if number % every != 0 {
            continue;
        }
        let lines = wrap(text, SMALL, slot * every as f64 - 4.0);
        for (line, part) in lines.iter().enumerate() {
            let y = top + 6.0 + SMALL + line as f64 * SMALL * 1.15;
            // The last label must not leave the picture.
            let most = canvas.width - 2.0 - width(part, SMALL) / 2.0;
            canvas.text((x.min(most), y), Anchor::Middle, "", part);
        }
        lines_most = lines_most.max(lines.len());
    }
    let mut y = top + 8.0 + lines_most as f64 * SMALL * 1.2;
    for line in wrap(label, LABEL, frame.right - frame.left) {
        y += LABEL * 1.25;
        let middle = (frame.left + frame.right) / 2.0;
        canvas.text((middle, y), Anchor::Middle, "label", &line);
    }
    y + 4.0
}

/// What must not leave the panel: lines, bands, bars, intervals, references.
fn clipped(canvas: &mut Canvas, frame: &Frame, layer: &Layer, prefix: &str) {
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
            let points = points
                .iter()
                .filter(|(x, low, high)| x.is_finite() && low.is_finite() && high.is_finite());
            let (upper, lower): (Vec<_>, Vec<_>) = points
                .map(|(x, low, high)| (frame.at((*x, *high)), frame.at((*x, *low))))
                .unzip();
            let mut outline = thin(&upper);
            outline.extend(thin(&lower).into_iter().rev());
            canvas.path(&outline, true, &format!("band fill{}", series.number()));
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
fn filled(canvas: &mut Canvas, corner: (f64, f64), size: (f64, f64), series: Series, prefix: &str) {
    let number = series.number();
    if number == 1 {
        canvas.rectangle(corner, size, "bar fill1 stroke1", None);
    } else {
        let id = format!("{prefix}-pattern{number}");
        canvas.rectangle(corner, size, &format!("bar stroke{number}"), Some(&id));
    }
}

/// The patterns of the bars that the figure has: the first series is filled, each other has lines of its own direction.
fn patterns(canvas: &mut Canvas, figure: &Figure, prefix: &str) {
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
fn over(canvas: &mut Canvas, frame: &Frame, layer: &Layer, verticals: &mut usize) {
    match layer {
        Layer::Points { series, points, .. } => {
            for point in points {
                if frame.holds((point.x, point.y)) {
                    canvas.mark(frame.at((point.x, point.y)), RADIUS, series.number());
                }
            }
            for point in points {
                if !point.label.is_empty() && frame.holds((point.x, point.y)) {
                    beside(canvas, frame, point);
                }
            }
        }
        Layer::Text { at, text } => {
            if frame.holds(*at) {
                let (x, y) = frame.at(*at);
                canvas.text((x, y), Anchor::Middle, "halo", text);
            }
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
    canvas.text((x, y + SMALL * 0.35), anchor, "halo", &point.label);
}

type Counted = (String, Vec<(f64, f64)>);

/// The strip of spikes: both sides have the same scale, which its greatest count fills.
fn spikes(canvas: &mut Canvas, frame: &Frame, top: f64, up: &Counted, down: &Counted) {
    let middle = top + STRIP / 2.0;
    let counts = up.1.iter().chain(&down.1).map(|(_, count)| *count);
    let most = counts.filter(|count| count.is_finite()).fold(0.0, f64::max);
    canvas.rectangle(
        (frame.left, top),
        (frame.right - frame.left, STRIP),
        "axis",
        None,
    );
    canvas.line((frame.left, middle), (frame.right, middle), "axis");
    for ((name, values), sign, class) in [(up, -1.0, "line stroke1"), (down, 1.0, "line stroke2")] {
        // Those that fall on the same place are counted together, so that no spike hides another.
        let mut columns: std::collections::BTreeMap<i64, f64> = std::collections::BTreeMap::new();
        for (value, count) in values {
            let x = frame.x(*value);
            if x.is_finite() && (frame.left - 0.5..=frame.right + 0.5).contains(&x) && *count > 0.0
            {
                *columns.entry((x * 0.5).round() as i64).or_default() += count;
            }
        }
        let tallest = columns.values().fold(most, |a, b| a.max(*b));
        for (column, count) in columns {
            let x = column as f64 * 2.0;
            let height = (count / tallest * (STRIP / 2.0 - 3.0)).max(1.0);
            canvas.line((x, middle), (x, middle + sign * height), class);
        }
        let y = if sign < 0.0 {
            top + SMALL
        } else {
            top + STRIP - 4.0
        };
        canvas.text((frame.right - 5.0, y), Anchor::End, "soft halo", name);
    }
}

/// What a sample in the legend shows.
#[derive(PartialEq)]
enum Sample {
    Line,
    Band,
    Mark { whisker: bool },
    Bar,
    Reference,
}

/// Names beside samples, in rows below `top`; returns where they end.
fn legend(canvas: &mut Canvas, figure: &Figure, top: f64, prefix: &str) -> f64 {
    let mut y = top + 4.0;
    let mut x = MARGIN + 10.0;
    let mut is_empty = true;
    for layer in &figure.layers {
        let (name, series, sample) = match layer {
            Layer::Line { name, series, .. } => (name, *series, Sample::Line),
            Layer::Band { name, series, .. } => (name, *series, Sample::Band),
            Layer::Points {
                name,
                series,
                points,
            } => {
                let whisker = points.iter().any(|point| point.interval.is_some());
                (name, *series, Sample::Mark { whisker })
            }
            Layer::Bars { name, series, .. } => (name, *series, Sample::Bar),
            Layer::Reference {
                name,
                line: Line::Between(..),
            } => (name, Series::new(1), Sample::Reference),
            _ => continue,
        };
        if name.is_empty() {
            continue;
        }
        let most = canvas.width - 2.0 * MARGIN - SAMPLE - 20.0;
        let lines = wrap(name, SMALL, most);
        let widest = lines
            .iter()
            .map(|line| width(line, SMALL))
            .fold(0.0, f64::max);
        let needs = SAMPLE + 6.0 + widest;
        if is_empty || x + needs > canvas.width - MARGIN {
            x = MARGIN + 10.0;
            y += SMALL * 1.5;
        }
        is_empty = false;
        draw_sample(canvas, (x, y - SMALL * 0.35), series, &sample, prefix);
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                y += SMALL * 1.2;
            }
            canvas.text((x + SAMPLE + 6.0, y), Anchor::Start, "", line);
        }
        x += needs + 18.0;
    }
    if is_empty { top } else { y + 4.0 }
}

fn draw_sample(
    canvas: &mut Canvas,
    (x, y): (f64, f64),
    series: Series,
    sample: &Sample,
    prefix: &str,
) {
    let number = series.number();
    let ends = ((x, y), (x + SAMPLE, y));
    match sample {
        Sample::Line => canvas.line(ends.0, ends.1, &format!("line stroke{number} dash{number}")),
        Sample::Reference => canvas.line(ends.0, ends.1, "reference"),
        Sample::Band => canvas.rectangle(
            (x, y - 6.0),
            (SAMPLE, 12.0),
            &format!("band fill{number}"),
            None,
        ),
        Sample::Bar => filled(
            canvas,
            (x + 6.0, y - 6.0),
            (SAMPLE - 12.0, 12.0),
            series,
            prefix,
        ),
        Sample::Mark { whisker } => {
            let middle = x + SAMPLE / 2.0;
            if *whisker {
                canvas.line(
                    (middle, y - 8.0),
                    (middle, y + 8.0),
                    &format!("whisker stroke{number}"),
                );
            }
            canvas.mark((middle, y), RADIUS, number);
        }
    }
}
