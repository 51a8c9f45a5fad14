//! Who was left out on the way, and how many remain: a column of boxes, with the left-out ones beside it. Read [`Flow`] first.

use super::canvas::{Anchor, Canvas};
use super::style::SMALL;
use super::text::{thousands, width, wrap};

/// A flow diagram as STROBE and TRIPOD ask for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flow {
    /// What it shows, in a few words: its accessible name.
    pub title: String,
    /// The figure in words.
    pub description: String,
    /// From top to bottom.
    pub steps: Vec<FlowStep>,
}

/// A box of the column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlowStep {
    /// Who is counted.
    pub name: String,
    /// How many.
    pub count: u64,
    /// Who leaves between this box and the next: why, and how many.
    pub left_out: Vec<(String, u64)>,
}

impl FlowStep {
    /// A box, and who leaves after it.
    pub fn new(name: &str, count: u64, left_out: &[(&str, u64)]) -> Self {
        let left_out = left_out.iter();
        Self {
            name: name.to_owned(),
            count,
            left_out: left_out
                .map(|(why, count)| ((*why).to_owned(), *count))
                .collect(),
        }
    }
}

const MARGIN: f64 = 10.0;
const WIDTH: f64 = 640.0;
const MAIN: f64 = 270.0;
const SIDE: f64 = 310.0;
const PADDING: f64 = 10.0;
const LINE: f64 = SMALL * 1.35;
const GAP: f64 = 22.0;

pub(super) fn draw(flow: &Flow) -> Canvas {
    let mut canvas = Canvas {
        width: WIDTH,
        ..Canvas::default()
    };
    let middle = MARGIN + MAIN / 2.0;
    let mut y = MARGIN;
    for (number, step) in flow.steps.iter().enumerate() {
        let lines = wrap(&step.name, SMALL, MAIN - 2.0 * PADDING);
        let height = (lines.len() + 1) as f64 * LINE + 2.0 * PADDING - 4.0;
        canvas.rectangle((MARGIN, y), (MAIN, height), "box", None);
        let mut base = y + PADDING + SMALL - 2.0;
        for line in &lines {
            canvas.text((middle, base), Anchor::Middle, "", line);
            base += LINE;
        }
        let count = format!("n = {}", thousands(step.count));
        canvas.text((middle, base), Anchor::Middle, "bold", &count);
        y += height;

        let is_last = number + 1 == flow.steps.len();
        if is_last && step.left_out.is_empty() {
            break;
        }
        let side = side_lines(step);
        let side_height = match side.len() {
            0 => 0.0,
            count => count as f64 * LINE + 2.0 * PADDING - 4.0,
        };
        let next = y + (side_height + 2.0 * GAP - 12.0).max(GAP + 8.0);
        let end = if is_last {
            y + GAP + side_height / 2.0 - 6.0
        } else {
            next - 8.0
        };
        canvas.line((middle, y), (middle, end), "axis");
        if !is_last {
            arrow(&mut canvas, (middle, next), false);
        }
        if !side.is_empty() {
            let (left, top) = (WIDTH - MARGIN - SIDE, y + GAP - 6.0);
            let centre = top + side_height / 2.0;
            canvas.line((middle, centre), (left - 8.0, centre), "axis");
            arrow(&mut canvas, (left, centre), true);
            canvas.rectangle((left, top), (SIDE, side_height), "box", None);
            let mut base = top + PADDING + SMALL - 2.0;
            for (text, count) in &side {
                canvas.text((left + PADDING, base), Anchor::Start, "", text);
                if let Some(count) = count {
                    canvas.text((left + SIDE - PADDING, base), Anchor::End, "bold", count);
                }
                base += LINE;
            }
        }
        y = next;
    }
    canvas.height = y + MARGIN;
    canvas
}

/// The lines of the box beside; a count stands on the last line of its reason.
fn side_lines(step: &FlowStep) -> Vec<(String, Option<String>)> {
    let mut lines = Vec::new();
    for (why, count) in &step.left_out {
        let count = thousands(*count);
        let room = SIDE - 2.0 * PADDING - width(&count, SMALL) * 1.1 - 12.0;
        let mut parts = wrap(why, SMALL, room);
        let last = parts.pop().unwrap_or_default();
        lines.extend(parts.into_iter().map(|part| (part, None)));
        lines.push((last, Some(count)));
    }
    lines
}

fn arrow(canvas: &mut Canvas, (x, y): (f64, f64), is_sideways: bool) {
    let tip = match is_sideways {
        true => [(x, y), (x - 9.0, y - 5.0), (x - 9.0, y + 5.0)],
        false => [(x, y), (x - 5.0, y - 9.0), (x + 5.0, y - 9.0)],
    };
    canvas.path(&tip, true, "arrow");
}
