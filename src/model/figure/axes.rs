//! The axes from top to bottom, and the marks of a patient on them. Read [`Axis`] first.

use super::drawing::{Drawing, Stroke, Style, wrap};
use super::geometry::{LARGEST, pretty};
use super::marks::{MARK, band_bar, cut, diamond, limits_bar, open};
use super::words::fill;
use super::{Figure, MARGIN, NAME, Patient, READ, TICK, WIDTH, number};
use crate::domain::interval::Interval;
use crate::domain::nomogram::Probability;
use crate::domain::score::{Predictor, State};

/// Width of the column with the names of the axes.
const NAMES: f64 = 134.0;
/// Where the axes begin and end.
const LEFT: f64 = 158.0;
const RIGHT: f64 = 500.0;
/// Least distance between two labels.
const GAP: f64 = 4.0;
/// Between the names of two predictors.
const ROW_GAP: f64 = 14.0;

/// A horizontal axis: the values at its ends, and how far down it lies.
#[derive(Clone, Copy)]
struct Axis {
    shown: Interval<f64>,
    y: f64,
}

impl Axis {
    /// Where a value stands; what lies past an end stands at the end.
    fn x(&self, value: f64) -> f64 {
        let share = (value - self.shown.low) / (self.shown.high - self.shown.low);
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

impl Figure<'_> {
    /// The axis of the points and those of the predictors below it.
    pub(super) fn points_axes(&self, drawing: &mut Drawing, top: f64) -> f64 {
        let shown = Interval {
            low: 0.0,
            high: LARGEST,
        };
        let rows = Predictor::ALL.map(|predictor| self.name_of(predictor));
        let row_heights = rows.iter().map(|lines| {
            let lines = lines.len() as f64 * NAME.line_height();
            lines.max(32.0) + ROW_GAP
        });
        let row_heights: Vec<f64> = row_heights.collect();
        let points = Axis {
            shown,
            y: top + 24.0,
        };
        let first = points.y + 16.0;
        let bottom = first + row_heights.iter().sum::<f64>() - ROW_GAP;
        let ticks = pretty(0.0, LARGEST, 10);
        for tick in &ticks {
            let x = points.x(*tick);
            drawing.line((x, points.y), (x, bottom), Stroke::Grid);
        }
        self.name(drawing, points.y, &[(self.words.points.clone(), NAME)]);
        scale_above(drawing, points, &ticks);
        let mut y = first;
        for ((predictor, lines), height) in Predictor::ALL.into_iter().zip(&rows).zip(row_heights) {
            let middle = y + (height - ROW_GAP) / 2.0;
            self.name(drawing, middle, lines);
            self.levels(drawing, Axis { shown, y: middle }, predictor);
            y += height;
        }
        y
    }

    /// The name of a predictor in lines, and the patient's state.
    fn name_of(&self, predictor: Predictor) -> Vec<(String, Style)> {
        let name = self.words.predictor(predictor, self.model);
        let mut lines = styled(&name, NAME);
        if let Some(patient) = &self.patient {
            let state = patient.states[predictor as usize];
            lines.extend(styled(self.words.state(state), READ));
        }
        lines
    }

    /// The axis of one predictor: its two levels, and where the patient stands.
    fn levels(&self, drawing: &mut Drawing, axis: Axis, predictor: Predictor) {
        let y = axis.y;
        let patient = self.patient.as_ref();
        let state = patient.map(|patient| patient.states[predictor as usize]);
        let level = |present: bool| {
            let points = self.scale.points(predictor, present);
            let template = match present {
                true => &self.words.present,
                false => &self.words.absent,
            };
            let text = fill(template, &[("points", &number(points))]);
            let is_read = state
                == Some(if present {
                    State::Present
                } else {
                    State::Absent
                });
            let style = if is_read { TICK.bold() } else { TICK };
            let x = axis.x(points);
            let half = style.width(&text) / 2.0;
            // A label at the end of the axis is moved in.
            let middle = x.clamp(LEFT - 24.0 + half, WIDTH - MARGIN / 2.0 - half);
            (x, text, style, middle, half)
        };
        let levels = [level(false), level(true)];
        let ends = (axis.x(0.0), levels[0].0.max(levels[1].0));
        drawing.line((ends.0, y), (ends.1, y), Stroke::Thin);
        for (x, ..) in &levels {
            drawing.line((*x, y - 4.0), (*x, y + 4.0), Stroke::Thin);
        }
        let [
            (_, _, _, absent, half_absent),
            (_, _, _, present, half_present),
        ] = &levels;
        let is_crowded = (absent - present).abs() < half_absent + half_present + GAP;
        for (number, (_, text, style, middle, half)) in levels.iter().enumerate() {
            // Two labels that would touch stand on both sides of the axis.
            let baseline = if is_crowded && number == 1 {
                y - MARK - 5.0
            } else {
                y + MARK + 2.0 + style.size
            };
            drawing.bar(
                (middle - half, middle + half),
                (baseline - style.size, baseline + 3.0),
                "white",
                Stroke::None,
            );
            drawing.text(*middle, baseline, *style, text);
        }
        match state {
            None => {}
            Some(State::Present) => drawing.disc(levels[1].0, y, MARK, "black"),
            Some(State::Absent) => drawing.disc(levels[0].0, y, MARK, "black"),
            Some(State::Unknown | State::Conflicting) => open(drawing, ends, y),
        }
    }

    /// The axis of the sum and that of the probability, which share their scale.
    pub(super) fn sum_axes(&self, drawing: &mut Drawing, top: f64) -> f64 {
        let shown = self.scale.shown(self.nomogram);
        let total = Axis {
            shown,
            y: top + 26.0,
        };
        let probability = Axis {
            shown,
            y: total.y + 54.0,
        };
        let ticks = self.scale.total_ticks();
        for tick in &ticks {
            let x = total.x(*tick);
            drawing.line((x, total.y), (x, probability.y), Stroke::Grid);
        }
        let mut name = styled(&self.words.total_points, NAME);
        if let Some(patient) = &self.patient {
            name.extend(styled(&self.range(patient.reading.total), READ));
        }
        self.name(drawing, total.y, &name);
        scale_above(drawing, total, &ticks);

        let mut name = styled(&self.words.probability, NAME);
        if let Some(patient) = &self.patient {
            name.extend(styled(&self.short(&patient.probability), READ));
        }
        self.name(drawing, probability.y, &name);
        let end = scale_below(drawing, probability, &self.scale.probability_ticks(shown));
        if let Some(patient) = &self.patient {
            self.mark(drawing, total, probability, patient);
        }
        end + 8.0
    }

    /// The patient's sum and probability.
    fn mark(&self, drawing: &mut Drawing, total: Axis, probability: Axis, patient: &Patient) {
        let sum = patient.reading.total;
        let (from, to) = (total.x(sum.low), total.x(sum.high));
        let middle = probability.y - 16.0;
        let band = self.band(&patient.probability);
        let is_cut = cut(band, probability.shown);
        let ends = (probability.x(band.low), probability.x(band.high));
        if patient.probability.estimate.is_some() {
            drawing.line((from, total.y), (from, probability.y), Stroke::Dotted);
            band_bar(drawing, ends, is_cut, middle);
            diamond(drawing, from, middle);
            drawing.disc(from, total.y, MARK, "black");
        } else {
            limits_bar(drawing, ends, is_cut, middle);
            open(drawing, (from, to), total.y);
        }
    }

    /// The sums at which the limits of a probability stand.
    pub(super) fn band(&self, probability: &Probability) -> Interval<f64> {
        Interval {
            low: self.scale.total_at(probability.low),
            high: self.scale.total_at(probability.high),
        }
    }

    /// The name of an axis, its lines about the height of the axis.
    fn name(&self, drawing: &mut Drawing, middle: f64, lines: &[(String, Style)]) {
        let mut y = middle - lines.len() as f64 * NAME.line_height() / 2.0;
        for (line, style) in lines {
            drawing.text(MARGIN, y + style.size, *style, line);
            y += style.line_height();
        }
    }
}

/// A name in lines that fit its column.
fn styled(text: &str, style: Style) -> Vec<(String, Style)> {
    let lines = wrap(text, style, NAMES);
    lines.into_iter().map(|line| (line, style)).collect()
}

/// An axis with its labels above it.
fn scale_above(drawing: &mut Drawing, axis: Axis, ticks: &[f64]) {
    let (first, last) = (ticks.first(), ticks.last());
    let (from, to) = (first.copied().unwrap_or(0.0), last.copied().unwrap_or(0.0));
    drawing.line((axis.x(from), axis.y), (axis.x(to), axis.y), Stroke::Thin);
    let labels: Vec<(f64, String)> = ticks
        .iter()
        .map(|tick| (axis.x(*tick), number(*tick)))
        .collect();
    // Every label, or every second, ...: the first choice that leaves none without room.
    let step = (1..).find(|step| {
        let labels: Vec<_> = labels.iter().step_by(*step).cloned().collect();
        rows(&labels, 1).iter().all(Option::is_some)
    });
    for (number, (x, text)) in labels.iter().enumerate() {
        drawing.line((*x, axis.y - 5.0), (*x, axis.y), Stroke::Thin);
        if step.is_some_and(|step| number % step == 0) {
            drawing.text(*x, axis.y - 8.0, TICK, text);
        }
    }
}

/// The axis of the probability, its labels below it in one row or two; returns where they end.
fn scale_below(drawing: &mut Drawing, axis: Axis, ticks: &[(f64, f64)]) -> f64 {
    drawing.line((LEFT, axis.y), (RIGHT, axis.y), Stroke::Thin);
    let labels: Vec<(f64, String)> = ticks
        .iter()
        .map(|(total, probability)| (axis.x(*total), number(probability * 100.0)))
        .collect();
    let rows = rows(&labels, 2);
    for ((x, text), row) in labels.iter().zip(&rows) {
        let depth = row.unwrap_or(0) as f64 * (TICK.size + 2.0);
        drawing.line((*x, axis.y), (*x, axis.y + 5.0 + depth), Stroke::Thin);
        if row.is_some() {
            drawing.text(*x, axis.y + 7.0 + depth + TICK.size, TICK, text);
        }
    }
    let depth = rows.into_iter().flatten().max().unwrap_or(0) as f64 * (TICK.size + 2.0);
    axis.y + 7.0 + depth + TICK.size + 6.0
}

/// In which row each label, from left to right, has room; `None`: in no row.
fn rows(labels: &[(f64, String)], count: usize) -> Vec<Option<usize>> {
    let mut ends = vec![f64::NEG_INFINITY; count];
    labels
        .iter()
        .map(|(x, text)| {
            let half = TICK.width(text) / 2.0;
            let row = ends.iter().position(|end| end + GAP <= x - half)?;
            ends[row] = x + half;
            Some(row)
        })
        .collect()
}
