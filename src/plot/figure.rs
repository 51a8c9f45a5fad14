//! What a figure holds: two axes and layers. Numbers are in the units of the axes; those that are not finite are not drawn.

use super::axis::Axis;
use super::style::SERIES;

/// Two axes and what lies between them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// What it shows, in a few words: its accessible name.
    pub title: String,
    /// The figure in words for those who do not see it: what is on the axes, and what the curves say, with numbers.
    pub description: String,
    /// Horizontal.
    pub x: Axis,
    /// Vertical.
    pub y: Axis,
    /// From the lowest to the uppermost.
    pub layers: Vec<Layer>,
    /// Wide or square.
    pub shape: Shape,
}

/// How wide and high a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// For time, categories and distributions.
    #[default]
    Wide,
    /// For two axes of the same kind: a ROC curve, a calibration plot.
    Square,
}

/// Which of six looks a layer has: 1 to 6, each with its colour, dash and mark. Layers that belong together share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series(u8);

impl Series {
    /// The look of this number, from 1; after the sixth they begin again.
    pub fn new(number: usize) -> Self {
        Self(((number.max(1) - 1) % SERIES) as u8)
    }

    /// 1 to 6.
    pub fn number(self) -> usize {
        usize::from(self.0) + 1
    }
}

/// What is drawn on the axes. A name appears in the legend; an empty one does not.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// A line through points in their order.
    Line {
        /// In the legend.
        name: String,
        /// Look.
        series: Series,
        /// Straight, or by steps.
        step: Step,
        /// x and y. A point that is not finite interrupts the line.
        points: Vec<(f64, f64)>,
    },
    /// The area between two curves.
    Band {
        /// In the legend.
        name: String,
        /// Look.
        series: Series,
        /// x, lower and upper y.
        points: Vec<(f64, f64, f64)>,
    },
    /// Marks, with intervals where they have some.
    Points {
        /// In the legend.
        name: String,
        /// Look.
        series: Series,
        /// The marks.
        points: Vec<Point>,
    },
    /// Bars from 0 up, or down where the height is negative.
    Bars {
        /// In the legend.
        name: String,
        /// Look: colour and pattern.
        series: Series,
        /// The bars.
        bars: Vec<Bar>,
    },
    /// Thin spikes in a strip of its own below the axes: how often each x occurs, one outcome upwards, the other downwards.
    Spikes {
        /// What stands upwards, and its counts.
        up: (String, Vec<(f64, f64)>),
        /// What stands downwards, and its counts.
        down: (String, Vec<(f64, f64)>),
    },
    /// A value to compare with.
    Reference {
        /// Beside the line; that of a sloped line in the legend.
        name: String,
        /// Where.
        line: Line,
    },
    /// A few words at a place.
    Text {
        /// Place.
        at: (f64, f64),
        /// Words.
        text: String,
    },
}

/// How a line goes from one point to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// Straight.
    #[default]
    Straight,
    /// First across, then up or down: a value holds until the next one.
    Across,
}

/// A mark.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Point {
    /// Place.
    pub x: f64,
    /// Place.
    pub y: f64,
    /// Lower and upper end of the interval of y.
    pub interval: Option<(f64, f64)>,
    /// Beside the mark.
    pub label: String,
}

impl Point {
    /// A mark alone.
    pub fn new(x: f64, y: f64) -> Self {
        Self {
            x,
            y,
            ..Self::default()
        }
    }

    /// With an interval of y.
    pub fn with_interval(self, low: f64, high: f64) -> Self {
        Self {
            interval: Some((low, high)),
            ..self
        }
    }

    /// With words beside it.
    pub fn labelled(self, label: &str) -> Self {
        Self {
            label: label.to_owned(),
            ..self
        }
    }
}

/// A bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// From and to.
    pub x: (f64, f64),
    /// Where it begins, 0 for most.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

/// Where a reference lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line {
    /// The same y everywhere.
    Horizontal(f64),
    /// The same x everywhere.
    Vertical(f64),
    /// From one point to another.
    Between((f64, f64), (f64, f64)),
}
