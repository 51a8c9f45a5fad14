//! The usual figures of an evaluation, made from plain numbers. Each takes the description in words from its caller, who
//! knows what the numbers mean.

use super::axis::{Axis, Ticks};
use super::figure::{Bar, Figure, Layer, Line, Point, Series, Shape, Step};

/// A curve with a name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// In the legend, with its figure: "Score, AUC 0.898 (0.869 to 0.927)".
    pub name: String,
    /// x and y.
    pub points: Vec<(f64, f64)>,
}

/// ROC curves: points of 1 - specificity and sensitivity, both 0 to 1, from (0, 0) to (1, 1). `marked` are working points.
///
/// Between two points the line is straight: that is what the AUC with ties counted half measures.
pub fn roc(title: &str, description: &str, curves: &[Curve], marked: Vec<Point>) -> Figure {
    let mut layers = vec![Layer::Reference {
        name: "No discrimination".to_owned(),
        line: Line::Between((0.0, 0.0), (1.0, 1.0)),
    }];
    layers.extend(lines(curves));
    if !marked.is_empty() {
        layers.push(Layer::Points {
            name: String::new(),
            series: Series::new(1),
            points: marked,
        });
    }
    Figure {
        title: title.to_owned(),
        description: description.to_owned(),
        x: Axis::between("1 \u{2212} specificity", 0.0, 1.0),
        y: Axis::between("Sensitivity", 0.0, 1.0),
        layers,
        shape: Shape::Square,
    }
}

fn lines(curves: &[Curve]) -> impl Iterator<Item = Layer> {
    curves
        .iter()
        .enumerate()
        .map(|(number, curve)| Layer::Line {
            name: curve.name.clone(),
            series: Series::new(number + 1),
            step: Step::Straight,
            points: curve.points.clone(),
        })
}

/// A point of a flexible calibration curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Predicted probability.
    pub predicted: f64,
    /// Smoothed observed share.
    pub observed: f64,
    /// Lower and upper end of the band, where the curve has one.
    pub band: Option<(f64, f64)>,
}

/// What a calibration plot shows; all are probabilities from 0 to 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    /// Flexible curve.
    pub curve: Vec<CurvePoint>,
    /// The curve of the logistic recalibration: predicted, observed.
    pub logistic: Vec<(f64, f64)>,
    /// Groups: predicted (mean), observed share, interval of the share.
    pub groups: Vec<Point>,
    /// Name of the groups in the legend, such as "16 patterns, Wilson 95 % intervals".
    pub groups_name: String,
    /// Predicted probabilities of those with the outcome, with their counts.
    pub with_outcome: Vec<(f64, f64)>,
    /// Of those without.
    pub without_outcome: Vec<(f64, f64)>,
    /// Names of the two.
    pub outcome_names: [String; 2],
}

/// A calibration plot: observed against predicted, with the ideal line, and below it how the predictions are spread.
pub fn calibration(title: &str, description: &str, shown: &Calibration) -> Figure {
    let mut layers = vec![Layer::Reference {
        name: "Ideal".to_owned(),
        line: Line::Between((0.0, 0.0), (1.0, 1.0)),
    }];
    let banded = shown.curve.iter();
    let band: Vec<_> = banded
        .filter_map(|point| point.band.map(|(low, high)| (point.predicted, low, high)))
        .collect();
    if !band.is_empty() {
        layers.push(Layer::Band {
            name: "Its 95 % band".to_owned(),
            series: Series::new(1),
            points: band,
        });
    }
    if !shown.curve.is_empty() {
        layers.push(Layer::Line {
            name: "Flexible curve".to_owned(),
            series: Series::new(1),
            step: Step::Straight,
            points: shown
                .curve
                .iter()
                .map(|point| (point.predicted, point.observed))
                .collect(),
        });
    }
    if !shown.logistic.is_empty() {
        layers.push(Layer::Line {
            name: "Logistic recalibration".to_owned(),
            series: Series::new(2),
            step: Step::Straight,
            points: shown.logistic.clone(),
        });
    }
    if !shown.groups.is_empty() {
        layers.push(Layer::Points {
            name: shown.groups_name.clone(),
            series: Series::new(4),
            points: shown.groups.clone(),
        });
    }
    if !(shown.with_outcome.is_empty() && shown.without_outcome.is_empty()) {
        let [with, without] = shown.outcome_names.clone();
        layers.push(Layer::Spikes {
            up: (with, shown.with_outcome.clone()),
            down: (without, shown.without_outcome.clone()),
        });
    }
    Figure {
        title: title.to_owned(),
        description: description.to_owned(),
        x: Axis::between("Predicted probability", 0.0, 1.0),
        y: Axis::between("Observed share", 0.0, 1.0),
        layers,
        shape: Shape::Square,
    }
}

/// Decision curves: threshold probability (0 to 1) and net benefit. Below `-0.1` nothing is shown: "treat all" falls without
/// end.
pub fn decision(title: &str, description: &str, curves: &[Curve]) -> Figure {
    let values = curves.iter().flat_map(|curve| &curve.points);
    let highest = values
        .map(|(_, benefit)| *benefit)
        .filter(|benefit| benefit.is_finite());
    let highest = highest.fold(0.1, f64::max);
    let top = (highest * 20.0 + 0.2).ceil() / 20.0;
    Figure {
        title: title.to_owned(),
        description: description.to_owned(),
        x: Axis::between("Threshold probability", 0.0, 1.0),
        y: Axis::between("Net benefit", -0.1, top),
        layers: lines(curves).collect(),
        shape: Shape::Wide,
    }
}

/// How often each value occurs in two groups, as pairs of bars: value in words, count in the first and in the second group.
/// `cut` draws a line before the value of this place.
pub fn distribution(
    title: &str,
    description: &str,
    [x, y]: [&str; 2],
    names: [&str; 2],
    values: &[(String, f64, f64)],
    cut: Option<(usize, &str)>,
) -> Figure {
    let bars = |offset: f64, of: fn(&(String, f64, f64)) -> f64| {
        let places = values.iter().enumerate().map(|(place, value)| {
            let from = place as f64 + offset;
            Bar {
                x: (from, from + 0.38),
                from: 0.0,
                to: of(value),
            }
        });
        places.collect::<Vec<_>>()
    };
    let mut layers = vec![
        Layer::Bars {
            name: names[0].to_owned(),
            series: Series::new(1),
            bars: bars(-0.4, |value| value.1),
        },
        Layer::Bars {
            name: names[1].to_owned(),
            series: Series::new(2),
            bars: bars(0.02, |value| value.2),
        },
    ];
    if let Some((place, name)) = cut {
        layers.push(Layer::Reference {
            name: name.to_owned(),
            line: Line::Vertical(place as f64 - 0.5),
        });
    }
    Figure {
        title: title.to_owned(),
        description: description.to_owned(),
        x: Axis::categories(x, values.iter().map(|value| value.0.clone())),
        y: Axis::new(y),
        layers,
        shape: Shape::Wide,
    }
}

/// A control chart: a figure for each period, its limits, and which periods signal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Control {
    /// Periods in words, in their order.
    pub periods: Vec<String>,
    /// The figure of each period, with its interval where it has one.
    pub values: Vec<Option<Point>>,
    /// Expected figure.
    pub centre: Option<f64>,
    /// Lower and upper limit of each period.
    pub limits: Vec<Option<(f64, f64)>>,
    /// Places of the periods that signal.
    pub signals: Vec<usize>,
    /// Name of the figure.
    pub name: String,
}

/// A control chart over time. The x of each value is its period's place and need not be given.
pub fn control(title: &str, description: &str, y: &str, shown: &Control) -> Figure {
    let mut layers = Vec::new();
    // Each period has its own limits, from its left to its right; one without interrupts the band.
    let limits = shown.limits.iter().enumerate();
    let limits =
        limits.map(|(place, limits)| (place as f64, limits.unwrap_or((f64::NAN, f64::NAN))));
    let band: Vec<_> = limits
        .flat_map(|(x, (low, high))| [(x - 0.5, low, high), (x + 0.5, low, high)])
        .collect();
    if shown.limits.iter().any(Option::is_some) {
        layers.push(Layer::Band {
            name: "Within the control limits".to_owned(),
            series: Series::new(6),
            points: band,
        });
    }
    if let Some(centre) = shown.centre {
        layers.push(Layer::Reference {
            name: "Expected".to_owned(),
            line: Line::Between((-0.5, centre), (shown.periods.len() as f64 - 0.5, centre)),
        });
    }
    let placed = shown.values.iter().enumerate().map(|(place, value)| {
        value.clone().map(|value| Point {
            x: place as f64,
            ..value
        })
    });
    let placed: Vec<Option<Point>> = placed.collect();
    let is_signal = |place: usize| shown.signals.contains(&place);
    let points = |signal: bool| {
        let chosen = placed
            .iter()
            .enumerate()
            .filter(|(place, _)| is_signal(*place) == signal);
        chosen
            .filter_map(|(_, point)| point.clone())
            .collect::<Vec<_>>()
    };
    layers.push(Layer::Line {
        name: String::new(),
        series: Series::new(1),
        step: Step::Straight,
        // A period without a figure interrupts the line.
        points: placed
            .iter()
            .map(|point| {
                point
                    .as_ref()
                    .map_or((f64::NAN, f64::NAN), |point| (point.x, point.y))
            })
            .collect(),
    });
    layers.push(Layer::Points {
        name: shown.name.clone(),
        series: Series::new(1),
        points: points(false),
    });
    let signals = points(true);
    if !signals.is_empty() {
        layers.push(Layer::Points {
            name: "Signal".to_owned(),
            series: Series::new(4),
            points: signals
                .into_iter()
                .map(|point| point.labelled("signal"))
                .collect(),
        });
    }
    let mut x = Axis::categories("Period", shown.periods.iter().cloned());
    if shown.periods.is_empty() {
        x.ticks = Ticks::Round;
    }
    Figure {
        title: title.to_owned(),
        description: description.to_owned(),
        x,
        y: Axis::new(y),
        layers,
        shape: Shape::Wide,
    }
}
