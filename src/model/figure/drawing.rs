//! Lines, marks and texts as SVG elements: black, white and grey, presentation attributes only, so that a page with a strict
//! content security policy can hold them. Knows nothing of nomograms. Read [`Drawing`] first.

use crate::plot::escape;
use std::fmt::Write;

/// Sizes of text, in units of the view box.
pub(super) const TEXT: f64 = 12.0;
/// For ticks and what stands below the figure.
pub(super) const SMALL: f64 = 11.0;
/// Of the heading.
pub(super) const LARGE: f64 = 14.0;
/// From one line of text to the next, as a multiple of its size.
const LEADING: f64 = 1.25;

/// A picture in the making; `y` grows downwards.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    elements: String,
}

/// How a text looks and where its point is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) anchor: Anchor,
}

/// Which part of a text is at its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
}

impl Style {
    pub(super) const fn plain(size: f64) -> Self {
        Self {
            size,
            bold: false,
            anchor: Anchor::Start,
        }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn centred(self) -> Self {
        Self {
            anchor: Anchor::Middle,
            ..self
        }
    }

    /// From one line to the next.
    pub(super) fn line_height(self) -> f64 {
        self.size * LEADING
    }

    /// About how wide a text is; rather too wide than too narrow, as sans-serif is another font on each machine.
    pub(super) fn width(self, text: &str) -> f64 {
        let ems: f64 = text.chars().map(ems).sum();
        ems * self.size * if self.bold { 1.1 } else { 1.0 }
    }
}

/// Width of a character in a wide sans-serif font.
fn ems(c: char) -> f64 {
    match c {
        ' ' | 'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | '"' => 0.42,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.95,
        'a'..='z' => 0.6,
        '0'..='9' => 0.64,
        c if c.is_ascii() => 0.8,
        // Latin, Greek, Cyrillic; beyond: as wide as high.
        c if (c as u32) < 0x1100 => 0.8,
        _ => 1.0,
    }
}

/// Lines of a text that are no wider than this; a word that is wider by itself is broken.
pub(super) fn wrap(text: &str, style: Style, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = match line.as_str() {
            "" => word.to_owned(),
            line => format!("{line} {word}"),
        };
        if style.width(&longer) <= width {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for c in word.chars() {
            line.push(c);
            if style.width(&line) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, c.to_string()));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

impl Drawing {
    // Writing to a String cannot fail; its results are not looked at here.

    /// A text on the baseline `y`.
    pub(super) fn text(&mut self, x: f64, y: f64, style: Style, text: &str) {
        let weight = if style.bold {
            r#" font-weight="bold""#
        } else {
            ""
        };
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
        };
        let _ = writeln!(
            self.elements,
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{}"{weight}{anchor}>{}</text>"#,
            style.size,
            escape(text)
        );
    }

    /// A text in lines from `top` on; returns where the next one may begin.
    pub(super) fn paragraph(
        &mut self,
        x: f64,
        top: f64,
        width: f64,
        style: Style,
        text: &str,
    ) -> f64 {
        let mut y = top;
        for line in wrap(text, style, width) {
            self.text(x, y + style.size, style, &line);
            y += style.line_height();
        }
        y
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        let _ = writeln!(
            self.elements,
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}"{}/>"#,
            from.0,
            from.1,
            to.0,
            to.1,
            stroke.attributes()
        );
    }

    /// A rectangle between two values of x.
    pub(super) fn bar(&mut self, x: (f64, f64), y: (f64, f64), fill: &str, stroke: Stroke) {
        let _ = writeln!(
            self.elements,
            r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{fill}"{}/>"#,
            x.0,
            y.0,
            (x.1 - x.0).max(0.0),
            y.1 - y.0,
            stroke.attributes()
        );
    }

    /// A disc, black or hollow.
    pub(super) fn disc(&mut self, x: f64, y: f64, radius: f64, fill: &str) {
        let _ = writeln!(
            self.elements,
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{fill}" stroke="black" stroke-width="1.5"/>"#
        );
    }

    /// A filled shape.
    pub(super) fn shape(&mut self, corners: &[(f64, f64)], fill: &str) {
        let corners: Vec<String> = corners
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            self.elements,
            r#"<polygon points="{}" fill="{fill}" stroke="black" stroke-width="1"/>"#,
            corners.join(" ")
        );
    }

    /// The elements so far.
    pub(super) fn into_elements(self) -> String {
        self.elements
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stroke {
    /// Not at all.
    None,
    /// An axis or a tick.
    Thin,
    /// The limits of a band.
    Strong,
    /// From one axis to the next.
    Grid,
    /// Where a reading goes on.
    Dotted,
    /// What is not known.
    Dashed,
}

impl Stroke {
    fn attributes(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Thin => r#" stroke="black" stroke-width="1""#,
            Self::Strong => r#" stroke="black" stroke-width="2""#,
            Self::Grid => r##" stroke="#cccccc" stroke-width="0.7""##,
            Self::Dotted => r#" stroke="black" stroke-width="1.2" stroke-dasharray="1.5 3""#,
            Self::Dashed => r#" stroke="black" stroke-width="1.5" stroke-dasharray="5 3""#,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_no_character_is_lost() {
        let style = Style::plain(10.0);
        let text = "reconstructed from published aggregates mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm x";
        let lines = wrap(text, style, 100.0);
        assert!(lines.iter().all(|line| style.width(line) <= 100.0));
        assert!(lines.len() > 4);
        let kept: String = lines.concat().split_whitespace().collect();
        assert_eq!(kept, text.split_whitespace().collect::<String>());
    }
}
