//! Estimates with intervals, one below the other, with their numbers in words beside them. Read [`Forest`] first.

use super::axis::{Axis, Settled};
use super::canvas::{Anchor, Canvas};
use super::style::{LABEL, SMALL};
use super::text::{width, wrap};

/// Odds ratios, subgroups: a row each.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Forest {
    /// What it shows, in a few words: its accessible name.
    pub title: String,
    /// The figure in words.
    pub description: String,
    /// The axis of the estimates; [`Axis::log`] for ratios.
    pub axis: Axis,
    /// No effect, or the figure of all patients.
    pub reference: Option<f64>,
    /// Above the column beside the names, such as "n (refractory)"; empty without such a column.
    pub counts_head: String,
    /// Above the numbers in words, such as "odds ratio (95 % interval)".
    pub numbers_head: String,
    /// From top to bottom.
    pub rows: Vec<ForestRow>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ForestRow {
    /// Name.
    pub name: String,
    /// Beside the name.
    pub counts: String,
    /// Estimate, lower and upper end. None in a row that heads others, or where there are too few to tell.
    pub estimate: Option<(f64, f64, f64)>,
    /// The same in words, or why there is none.
    pub numbers: String,
    /// A row that names the variable of the rows below it.
    pub is_heading: bool,
}

const MARGIN: f64 = 10.0;
const WIDTH: f64 = 700.0;
const NAMES: f64 = 190.0;
const ROW: f64 = 24.0;

pub(super) fn draw(forest: &Forest) -> Canvas {
    let mut canvas = Canvas {
        width: WIDTH,
        ..Canvas::default()
    };
    let column = |head: &str, of: fn(&ForestRow) -> &str| {
        let texts = forest.rows.iter().map(of);
        let widest = texts.map(|text| width(text, SMALL)).fold(0.0, f64::max);
        let head = wrap(head, SMALL, widest.max(80.0));
        (
            head.iter()
                .map(|line| width(line, SMALL))
                .fold(widest, f64::max),
            head,
        )
    };
    let (counts_width, counts_head) = column(&forest.counts_head, |row| &row.counts);
    let (numbers_width, numbers_head) = column(&forest.numbers_head, |row| &row.numbers);
    let counts_at = MARGIN + NAMES + 8.0 + counts_width;
    let left = if counts_width > 0.0 {
        counts_at + 16.0
    } else {
        MARGIN + NAMES + 12.0
    };
    let numbers_at = WIDTH - MARGIN;
    let right = (numbers_at - numbers_width - 16.0).max(left + 100.0);

    let ends = forest.rows.iter().filter_map(|row| row.estimate);
    let values = ends.flat_map(|(estimate, low, high)| [estimate, low, high]);
    let axis = Settled::new(&forest.axis, values.chain(forest.reference), 5);
    let x = |value: f64| left + axis.place(value).clamp(0.0, 1.0) * (right - left);

    let lines = counts_head.len().max(numbers_head.len()) as f64;
    let top = MARGIN + lines * SMALL * 1.2 + 8.0;
    for (head, at) in [(&counts_head, counts_at), (&numbers_head, numbers_at)] {
        for (number, line) in head.iter().enumerate() {
            let y = MARGIN + SMALL + number as f64 * SMALL * 1.2;
            canvas.text((at, y), Anchor::End, "bold", line);
        }
    }
    let names = forest.rows.iter().map(|row| {
        let indent = if row.is_heading { 0.0 } else { 12.0 };
        wrap(&row.name, SMALL, NAMES - indent)
    });
    let names: Vec<Vec<String>> = names.collect();
    let heights = names
        .iter()
        .map(|lines| ROW + (lines.len().max(1) - 1) as f64 * SMALL * 1.2);
    let heights: Vec<f64> = heights.collect();
    let bottom = top + heights.iter().sum::<f64>();

    // Every second row has a ground, so that the eye keeps the row.
    let mut y = top;
    for (number, height) in heights.iter().enumerate() {
        if number % 2 == 1 {
            canvas.rectangle((MARGIN / 2.0, y), (WIDTH - MARGIN, *height), "stripe", None);
        }
        y += height;
    }
    for (tick, _) in &axis.ticks {
        canvas.line((x(*tick), top), (x(*tick), bottom), "grid");
    }
    if let Some(reference) = forest
        .reference
        .filter(|value| axis.place(*value).is_finite())
    {
        canvas.line((x(reference), top), (x(reference), bottom), "reference");
    }
    let mut y = top;
    for ((row, lines), height) in forest.rows.iter().zip(&names).zip(&heights) {
        let middle = y + height / 2.0;
        let class = if row.is_heading { "bold" } else { "" };
        let indent = if row.is_heading { 0.0 } else { 12.0 };
        let first = middle - (lines.len().max(1) - 1) as f64 * SMALL * 0.6 + SMALL * 0.35;
        for (number, line) in lines.iter().enumerate() {
            let y = first + number as f64 * SMALL * 1.2;
            canvas.text((MARGIN + indent, y), Anchor::Start, class, line);
        }
        let base = middle + SMALL * 0.35;
        if !row.counts.is_empty() {
            canvas.text((counts_at, base), Anchor::End, "", &row.counts);
        }
        if !row.numbers.is_empty() {
            canvas.text((numbers_at, base), Anchor::End, "", &row.numbers);
        }
        if let Some((estimate, low, high)) = row.estimate {
            interval(&mut canvas, middle, [estimate, low, high], &axis, x);
        }
        y += height;
    }
    canvas.line((left, bottom), (right, bottom), "axis");
    for (tick, label) in &axis.ticks {
        canvas.line((x(*tick), bottom), (x(*tick), bottom + 4.0), "axis");
        canvas.text((x(*tick), bottom + 6.0 + SMALL), Anchor::Middle, "", label);
    }
    let mut y = bottom + 10.0 + SMALL;
    for line in wrap(&forest.axis.label, LABEL, (right - left).max(260.0)) {
        y += LABEL * 1.25;
        let half = width(&line, LABEL) / 2.0;
        let middle = ((left + right) / 2.0).min(WIDTH - MARGIN - half);
        canvas.text((middle, y), Anchor::Middle, "label", &line);
    }
    canvas.height = y + MARGIN;
    canvas
}

/// An interval with its estimate. An end beyond the axis is an arrow.
fn interval(
    canvas: &mut Canvas,
    y: f64,
    [estimate, low, high]: [f64; 3],
    axis: &Settled,
    x: impl Fn(f64) -> f64,
) {
    let places = [estimate, low, high].map(|value| axis.place(value));
    if places.iter().any(|place| place.is_nan()) {
        return;
    }
    let (from, to) = (x(low), x(high));
    canvas.line((from, y), (to, y), "whisker stroke1");
    for (end, place, sign) in [(from, places[1], -1.0), (to, places[2], 1.0)] {
        if (-1e-9..=1.0 + 1e-9).contains(&place) {
            canvas.line((end, y - 4.0), (end, y + 4.0), "whisker stroke1");
        } else {
            let tip = [
                (end + sign * 2.0, y),
                (end - sign * 6.0, y - 4.0),
                (end - sign * 6.0, y + 4.0),
            ];
            canvas.path(&tip, true, "mark fill1");
        }
    }
    if (-1e-9..=1.0 + 1e-9).contains(&places[0]) {
        canvas.mark((x(estimate), y), 4.5, 2, 1);
    }
}
