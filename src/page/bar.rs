//! A value or range on a scale, as a picture. Places are shares of the width, so the words keep their size whatever the width.

/// A bar to draw. Places are per cents of the width.
#[derive(Debug)]
pub(super) struct Bar {
    /// What it shows, in words.
    pub(super) label: String,
    /// Begin of the range.
    pub(super) from: String,
    /// Width of the range; at least so much that it can be seen.
    pub(super) width: String,
    /// The value within the range, where there is one.
    pub(super) mark: Option<String>,
    /// A line across the scale.
    pub(super) line: Option<Tick>,
    /// What stands below the scale.
    pub(super) ticks: Vec<Tick>,
}

/// A place with words.
#[derive(Debug)]
pub(super) struct Tick {
    pub(super) at: String,
    pub(super) text: String,
    /// `start`, `middle` or `end`: words at the edge stay inside.
    pub(super) anchor: &'static str,
}

/// Space left and right of the scale, per cent.
const MARGIN: f64 = 1.0;
/// Least width of a range, per cent.
const LEAST: f64 = 0.8;

impl Bar {
    /// A range between 0 and `end`; `values` are what is written at its ends.
    pub(super) fn new(label: String, end: f64, range: (f64, f64), mark: Option<f64>) -> Self {
        let (from, to) = (place(range.0, end), place(range.1, end));
        let width = (to - from).max(LEAST);
        Self {
            label,
            from: per_cent(from.min(100.0 - MARGIN - width)),
            width: per_cent(width),
            mark: mark.map(|value| per_cent(place(value, end))),
            line: None,
            ticks: Vec::new(),
        }
    }

    /// With words at a place on the scale.
    pub(super) fn tick(mut self, value: f64, end: f64, text: String) -> Self {
        self.ticks.push(Tick::new(value, end, text));
        self
    }

    /// With a line across the scale.
    pub(super) fn line(mut self, value: f64, end: f64, text: String) -> Self {
        self.line = Some(Tick::new(value, end, text));
        self
    }
}

impl Tick {
    fn new(value: f64, end: f64, text: String) -> Self {
        let at = place(value, end);
        Self {
            at: per_cent(at),
            text,
            anchor: match at {
                at if at < 12.0 => "start",
                at if at > 88.0 => "end",
                _ => "middle",
            },
        }
    }
}

fn place(value: f64, end: f64) -> f64 {
    let share = if end > 0.0 { value / end } else { 0.0 };
    MARGIN + share.clamp(0.0, 1.0) * (100.0 - 2.0 * MARGIN)
}

fn per_cent(place: f64) -> String {
    format!("{place:.2}%")
}
