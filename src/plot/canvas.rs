//! SVG elements as they are written. All looks are classes of [`super::style`], so that a strict policy can hold the picture.

use super::text::escape;
use std::fmt::Write;

/// A picture in the making; `y` grows downwards.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    pub(super) width: f64,
    pub(super) height: f64,
    /// What the elements refer to.
    pub(super) definitions: String,
    pub(super) elements: String,
}

/// Which part of a text is at its point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Canvas {
    // Writing to a String cannot fail; its results are not looked at here.

    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let class = match class {
            "" => String::new(),
            class => format!(r#" class="{class}""#),
        };
        let _ = writeln!(
            self.elements,
            r#"<text x="{:.1}" y="{:.1}"{class}{anchor}>{}</text>"#,
            at.0,
            at.1,
            escape(text)
        );
    }

    /// A text that reads upwards, its middle at the point.
    pub(super) fn upright(&mut self, at: (f64, f64), class: &str, text: &str) {
        let _ = writeln!(
            self.elements,
            r#"<text transform="translate({:.1} {:.1}) rotate(-90)" class="{class}" text-anchor="middle">{}</text>"#,
            at.0,
            at.1,
            escape(text)
        );
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let _ = writeln!(
            self.elements,
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" class="{class}"/>"#,
            from.0, from.1, to.0, to.1
        );
    }

    /// `fill` refers to a definition, where a class cannot say what fills it.
    pub(super) fn rectangle(
        &mut self,
        (left, top): (f64, f64),
        (width, height): (f64, f64),
        class: &str,
        fill: Option<&str>,
    ) {
        let fill = fill
            .map(|id| format!(r#" fill="url(#{id})""#))
            .unwrap_or_default();
        let _ = writeln!(
            self.elements,
            r#"<rect x="{left:.1}" y="{top:.1}" width="{:.1}" height="{:.1}" class="{class}"{fill}/>"#,
            width.max(0.0),
            height.max(0.0)
        );
    }

    /// A line through points, or a closed shape.
    pub(super) fn path(&mut self, points: &[(f64, f64)], is_closed: bool, class: &str) {
        if points.is_empty() {
            return;
        }
        self.elements.push_str("<path d=\"");
        for (number, (x, y)) in points.iter().enumerate() {
            let command = if number == 0 { 'M' } else { 'L' };
            let _ = write!(self.elements, "{command}{x:.2} {y:.2}");
        }
        let close = if is_closed { "Z" } else { "" };
        let _ = writeln!(self.elements, "{close}\" class=\"{class}\"/>");
    }

    /// The mark of a series: `shape` is one of six, as a series is.
    pub(super) fn mark(&mut self, (x, y): (f64, f64), radius: f64, shape: usize, series: usize) {
        let class = format!("mark fill{series}");
        let r = radius;
        match shape {
            1 => {
                let _ = writeln!(
                    self.elements,
                    r#"<circle cx="{x:.1}" cy="{y:.1}" r="{r}" class="{class}"/>"#
                );
            }
            2 => self.path(
                &[
                    (x - r, y - r),
                    (x + r, y - r),
                    (x + r, y + r),
                    (x - r, y + r),
                ],
                true,
                &class,
            ),
            3 => {
                let r = r * 1.25;
                self.path(
                    &[(x, y - r), (x + r, y + r * 0.8), (x - r, y + r * 0.8)],
                    true,
                    &class,
                );
            }
            4 => {
                let r = r * 1.35;
                self.path(
                    &[(x, y - r), (x + r, y), (x, y + r), (x - r, y)],
                    true,
                    &class,
                );
            }
            5 => {
                let r = r * 1.25;
                self.path(
                    &[(x, y + r), (x + r, y - r * 0.8), (x - r, y - r * 0.8)],
                    true,
                    &class,
                );
            }
            _ => {
                let (r, t) = (r * 1.3, r * 0.45);
                let cross = [
                    (x - t, y - r),
                    (x + t, y - r),
                    (x + t, y - t),
                    (x + r, y - t),
                    (x + r, y + t),
                    (x + t, y + t),
                    (x + t, y + r),
                    (x - t, y + r),
                    (x - t, y + t),
                    (x - r, y + t),
                    (x - r, y - t),
                    (x - t, y - t),
                ];
                self.path(&cross, true, &class);
            }
        }
    }
}
