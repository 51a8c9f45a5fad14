//! Draws a [`Figure`]: lays out the frame (how much room the ticks, the labels and the legend take) and its axes; what lies
//! in it is drawn by [`super::layers`], what is below by [`super::legend`]. Read [`draw`] first.

use super::axis::{Settled, Ticks};
use super::canvas::{Anchor, Canvas};
use super::figure::{Figure, Layer, Shape};
use super::layers::{STRIP, clipped, over, patterns, spikes, xs, ys};
use super::legend::legend;
use super::style::{LABEL, SMALL};
use super::text::{width, wrap};
use std::fmt::Write;

pub(super) const MARGIN: f64 = 10.0;
/// Above the strip of spikes.
const STRIP_GAP: f64 = 8.0;

/// Where the axes lie: the panel from `left`, `top` to `right`, `bottom`, and the settled axes.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    x: Settled,
    y: Settled,
}

impl Frame {
    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + self.x.place(value) * (self.right - self.left)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - self.y.place(value) * (self.bottom - self.top)
    }

    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x(x), self.y(y))
    }

    pub(super) fn holds(&self, (x, y): (f64, f64)) -> bool {
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
    let has_words = matches!(figure.x.ticks, Ticks::At(_));
    grid(&mut canvas, &frame, has_words);
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

fn grid(canvas: &mut Canvas, frame: &Frame, has_words: bool) {
    for (value, _) in &frame.y.ticks {
        let y = frame.y(*value);
        canvas.line((frame.left, y), (frame.right, y), "grid");
    }
    // Between categories and periods there is nothing to read off.
    let lines = match has_words {
        true => &[],
        false => frame.x.ticks.as_slice(),
    };
    for (value, _) in lines {
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
