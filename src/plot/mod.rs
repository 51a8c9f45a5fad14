//! Numbers to vector pictures (SVG): axes, lines, bands, points, bars; a forest; a flow of patients. Pure: no statistics, no
//! patients, no files.
//!
//! No plotting crate: the pictures must be read by a screen reader (a title, and a description that tells the numbers), be
//! printed, follow the reader's dark mode, tell their series apart without colour, stand side by side in one page under a
//! strict content security policy, and be the same bytes every time. The crates that draw charts write fixed colours or
//! bitmaps and no description.
//!
//! Read [`Figure`] first: two axes and layers. [`charts`] makes the usual ones of an evaluation (ROC, calibration, decision
//! curve, distribution, control chart) from plain numbers. A [`Picture`] is whatever can be drawn: in a page
//! ([`Picture::inline`]) or as a file of its own ([`Picture::document`]).

mod axis;
mod canvas;
mod chart;
pub mod charts;
mod figure;
mod flow;
mod forest;
mod layers;
mod legend;
pub mod style;
mod text;
mod thin;

pub use axis::{Axis, Scale, Ticks, number};
pub use figure::{Bar, Figure, Layer, Line, Point, Series, Shape, Step};
pub use flow::{Flow, FlowStep};
pub use forest::{Forest, ForestRow};
pub use text::{escape, thousands};
pub use thin::MOST_VERTICES;

use canvas::Canvas;
use std::fmt::Write;

/// Whatever can be drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture {
    /// Axes and layers.
    Figure(Figure),
    /// Estimates with intervals, one below the other.
    Forest(Forest),
    /// Who was left out on the way, and how many remain.
    Flow(Flow),
    /// A whole SVG document that another module made; it is shown on white as it is.
    Given {
        /// What it shows, in a few words.
        title: String,
        /// The document.
        svg: String,
    },
}

impl From<Figure> for Picture {
    fn from(figure: Figure) -> Self {
        Self::Figure(figure)
    }
}

impl From<Forest> for Picture {
    fn from(forest: Forest) -> Self {
        Self::Forest(forest)
    }
}

impl From<Flow> for Picture {
    fn from(flow: Flow) -> Self {
        Self::Flow(flow)
    }
}

impl Picture {
    /// What it shows, in a few words.
    pub fn title(&self) -> &str {
        match self {
            Self::Figure(figure) => &figure.title,
            Self::Forest(forest) => &forest.title,
            Self::Flow(flow) => &flow.title,
            Self::Given { title, .. } => title,
        }
    }

    /// An `<svg>` element for a page that holds [`style::page_sheet`]. Every id in it begins with `prefix`, which must be a
    /// different one for each picture of the page: letters, digits and hyphens.
    pub fn inline(&self, prefix: &str) -> String {
        match self.canvas(prefix) {
            Some(canvas) => self.element(&canvas, prefix, false),
            None => self.given().to_owned(),
        }
    }

    /// An SVG file: with its own style, its own ground, and a dark form for readers who ask for one.
    pub fn document(&self) -> String {
        match self.canvas("plot") {
            Some(canvas) => self.element(&canvas, "plot", true),
            None => self.given().to_owned(),
        }
    }

    fn canvas(&self, prefix: &str) -> Option<Canvas> {
        match self {
            Self::Figure(figure) => Some(chart::draw(figure, prefix)),
            Self::Forest(forest) => Some(forest::draw(forest)),
            Self::Flow(flow) => Some(flow::draw(flow)),
            Self::Given { .. } => None,
        }
    }

    fn given(&self) -> &str {
        match self {
            Self::Given { svg, .. } => svg,
            _ => "",
        }
    }

    fn description(&self) -> &str {
        match self {
            Self::Figure(figure) => &figure.description,
            Self::Forest(forest) => &forest.description,
            Self::Flow(flow) => &flow.description,
            Self::Given { .. } => "",
        }
    }

    fn element(&self, canvas: &Canvas, prefix: &str, is_document: bool) -> String {
        let (width, height) = (canvas.width.ceil(), canvas.height.ceil());
        // A file tells its size; in a page the style sheet does.
        let size = match is_document {
            true => format!(r#" width="{width}" height="{height}""#),
            false => String::new(),
        };
        let mut svg = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {width} {height}"{size} role="img" aria-labelledby="{prefix}-title {prefix}-desc">"#
        );
        let title = text::escape(self.title());
        let description = text::escape(self.description());
        let _ = writeln!(svg, r#"<title id="{prefix}-title">{title}</title>"#);
        let _ = writeln!(svg, r#"<desc id="{prefix}-desc">{description}</desc>"#);
        if is_document {
            let _ = writeln!(svg, "<style>{}</style>", style::document_sheet());
        }
        if !canvas.definitions.is_empty() {
            let _ = writeln!(svg, "<defs>\n{}</defs>", canvas.definitions);
        }
        if is_document {
            let _ = writeln!(
                svg,
                r#"<rect class="ground" x="0" y="0" width="{width}" height="{height}"/>"#
            );
        }
        svg.push_str(&canvas.elements);
        svg.push_str("</svg>\n");
        svg
    }
}
