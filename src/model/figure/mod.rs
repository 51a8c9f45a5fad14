//! The nomogram as a picture: the axes that `rms::nomogram` would draw from the coefficients, and a patient's reading on them.
//!
//! Knows how a nomogram looks. Knows no patient data but the four states, and decides nothing: the probability is that of
//! `domain`. Read [`svg`] first; where things stand on the axes is [`geometry`], the words are [`Words`].

mod axes;
mod drawing;
pub mod geometry;
mod marks;
mod words;

pub use words::{DescriptionWords, LegendWords, PredictorWords, StateWords, Words};

use crate::domain::interval::Interval;
use crate::domain::model::Model;
use crate::domain::nomogram::{Nomogram, Probability, Rounding, percent};
use crate::domain::score::{Predictor, State, States};
use crate::plot::escape;
use drawing::{Drawing, LARGE, SMALL, Style, TEXT};
use geometry::{Reading, Scale};
use marks::{MARK, arrow, cut, example, limits_bar, open};
use words::fill;

/// Width of the view box.
const WIDTH: f64 = 520.0;
const MARGIN: f64 = 10.0;
const NAME: Style = Style::plain(TEXT);
const READ: Style = Style::plain(TEXT).bold();
const TICK: Style = Style::plain(SMALL).centred();
const NOTE: Style = Style::plain(SMALL);

/// The nomogram of a model as an SVG document, with the reading of a patient where `states` are given; `None` when the model
/// has no nomogram.
///
/// The picture scales with the element that holds it; at a width of 700 px the smallest text has 14 px. Its ids begin with
/// `nomogram-`: a page can hold one.
pub fn svg(model: &Model, states: Option<&States>, words: &Words) -> Option<String> {
    let nomogram = model.nomogram.as_ref()?;
    let scale = Scale::new(nomogram.coefficients());
    let figure = Figure {
        model,
        nomogram,
        words,
        scale,
        patient: states.map(|states| Patient {
            states: *states,
            reading: scale.reading(states),
            probability: nomogram.probability(states),
        }),
    };
    Some(figure.document())
}

struct Figure<'a> {
    model: &'a Model,
    nomogram: &'a Nomogram,
    words: &'a Words,
    scale: Scale,
    patient: Option<Patient>,
}

struct Patient {
    states: States,
    reading: Reading,
    probability: Probability,
}

impl Figure<'_> {
    fn document(&self) -> String {
        let mut drawing = Drawing::default();
        let height = self.draw(&mut drawing);
        let title = match self.sentence() {
            None => self.words.title.clone(),
            Some(sentence) => format!("{}. {sentence}", self.words.title),
        };
        format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0}" lang="{lang}" xml:lang="{lang}" "#,
                r#"role="img" aria-labelledby="nomogram-title nomogram-description" font-family="sans-serif" fill="black">"#,
                "\n",
                r#"<title id="nomogram-title">{title}</title>"#,
                "\n",
                r#"<desc id="nomogram-description">{description}</desc>"#,
                "\n",
                r#"<rect x="0" y="0" width="{width}" height="{height:.0}" fill="white"/>"#,
                "\n{elements}</svg>\n",
            ),
            width = WIDTH,
            height = height,
            lang = escape(&self.words.language),
            title = escape(&title),
            description = escape(&self.description()),
            elements = drawing.into_elements(),
        )
    }

    /// Draws everything from top to bottom; returns the height.
    fn draw(&self, drawing: &mut Drawing) -> f64 {
        let whole = WIDTH - 2.0 * MARGIN;
        let heading = Style::plain(LARGE).bold();
        let mut y = drawing.paragraph(MARGIN, MARGIN, whole, heading, &self.words.title);
        if let Some(sentence) = self.sentence() {
            y = drawing.paragraph(MARGIN, y + 4.0, whole, READ, &sentence);
        }
        y = self.points_axes(drawing, y + 8.0);
        y = self.sum_axes(drawing, y);
        y = match &self.patient {
            Some(patient) => self.legend(drawing, y, patient),
            None => self.how_to_read(drawing, y),
        };
        for note in self.notes() {
            y = drawing.paragraph(MARGIN, y, whole, NOTE, &note) + 3.0;
        }
        y + MARGIN
    }

    /// What the marks of this patient mean.
    fn legend(&self, drawing: &mut Drawing, top: f64, patient: &Patient) -> f64 {
        let legend = &self.words.legend;
        let is_open = |state: &State| state.is_open();
        let mut y = top;
        let sample = (MARGIN + 6.0, MARGIN + 46.0);
        let middle = (sample.0 + sample.1) / 2.0;
        let mut entry = |drawing: &mut Drawing, mark: &dyn Fn(&mut Drawing, f64), text: &str| {
            mark(drawing, y + 8.0);
            let x = sample.1 + 14.0;
            let end = drawing.paragraph(x, y, WIDTH - MARGIN - x, NOTE, text);
            y = end.max(y + 16.0) + 3.0;
        };
        if !patient.states.iter().all(is_open) {
            entry(
                drawing,
                &|drawing, y| drawing.disc(middle, y, MARK, "black"),
                &legend.level,
            );
        }
        if patient.states.iter().any(is_open) {
            entry(
                drawing,
                &|drawing, y| open(drawing, sample, y),
                &legend.open,
            );
        }
        if patient.probability.estimate.is_some() {
            entry(
                drawing,
                &|drawing, y| example(drawing, sample, y),
                &legend.band,
            );
        } else {
            let mark = |drawing: &mut Drawing, y| limits_bar(drawing, sample, (false, false), y);
            entry(drawing, &mark, &legend.limits);
        }
        let shown = self.scale.shown(self.nomogram);
        let is_cut = cut(self.band(&patient.probability), shown);
        if is_cut.0 || is_cut.1 {
            let mark = |drawing: &mut Drawing, y| arrow(drawing, middle - 4.0, 1.0, y);
            entry(drawing, &mark, &legend.cut);
        }
        y + 4.0
    }

    /// Without a patient there is no band to show: how to come to one.
    fn how_to_read(&self, drawing: &mut Drawing, top: f64) -> f64 {
        let mut y = top;
        for sentence in &self.words.how_to_read {
            y = drawing.paragraph(MARGIN, y, WIDTH - 2.0 * MARGIN, NOTE, sentence) + 3.0;
        }
        y += 11.0;
        let sample = (MARGIN + 6.0, MARGIN + 46.0);
        example(drawing, sample, y);
        let x = sample.1 + 14.0;
        let width = WIDTH - MARGIN - x;
        drawing.paragraph(x, y - 8.0, width, NOTE, &self.words.legend.band) + 8.0
    }

    /// What stands below the figure.
    fn notes(&self) -> [String; 3] {
        let model = self.model;
        let basis = match &self.patient {
            Some(patient) => self.nomogram.basis(&patient.probability),
            None => self.nomogram.basis_of_one(),
        };
        let maximum = model.maximum().to_string();
        let sha256 = model.sha256.get(..12).unwrap_or(&model.sha256);
        [
            fill(&self.words.not_the_score, &[("maximum", &maximum)]),
            fill(&self.words.basis, &[("basis", basis)]),
            fill(
                &self.words.model,
                &[
                    ("id", &model.id),
                    ("version", &model.version),
                    ("sha256", sha256),
                ],
            ),
        ]
    }

    /// The reading in one sentence.
    fn sentence(&self) -> Option<String> {
        let probability = &self.patient.as_ref()?.probability;
        let template = match probability.estimate {
            Some(_) => &self.words.reading,
            None => &self.words.open_reading,
        };
        Some(tell(template, probability))
    }

    /// The figure in words.
    fn description(&self) -> String {
        let words = &self.words.description;
        let mut sentences: Vec<String> = Vec::new();
        let each = Predictor::ALL.map(|predictor| {
            let name = self.words.predictor(predictor, self.model);
            match &self.patient {
                None => fill(
                    &words.levels,
                    &[
                        ("predictor", &name),
                        ("absent", &number(self.scale.points(predictor, false))),
                        ("present", &number(self.scale.points(predictor, true))),
                    ],
                ),
                Some(patient) => fill(
                    &words.state,
                    &[
                        ("predictor", &name),
                        (
                            "state",
                            self.words.state(patient.states[predictor as usize]),
                        ),
                        (
                            "points",
                            &self.range(patient.reading.points[predictor as usize]),
                        ),
                    ],
                ),
            }
        });
        sentences.extend(each);
        match &self.patient {
            None => {
                let ends = [0.0, self.scale.most()];
                let chance =
                    ends.map(|end| percent(self.scale.probability(end), Rounding::Nearest));
                sentences.push(fill(
                    &words.ends,
                    &[
                        ("low", &number(ends[0])),
                        ("high", &number(ends[1])),
                        ("lowProbability", &chance[0]),
                        ("highProbability", &chance[1]),
                    ],
                ));
            }
            Some(patient) => {
                let total = self.range(patient.reading.total);
                sentences.push(fill(&words.total, &[("points", &total)]));
                let template = match patient.probability.estimate {
                    Some(_) => &words.probability,
                    None => &words.open_probability,
                };
                sentences.push(tell(template, &patient.probability));
            }
        }
        sentences.extend(self.notes());
        sentences.join(" ")
    }

    /// One number of points, or the least and the greatest.
    fn range(&self, points: Interval<f64>) -> String {
        let (low, high) = (number(points.low), number(points.high));
        if low == high {
            return low;
        }
        fill(&self.words.range, &[("low", &low), ("high", &high)])
    }

    /// The probability in the column of the names.
    fn short(&self, probability: &Probability) -> String {
        match probability.estimate {
            Some(estimate) => percent(estimate, Rounding::Nearest),
            None => tell(&self.words.range, probability),
        }
    }
}

/// Estimate and limits in a sentence, limits rounded outwards.
fn tell(template: &str, probability: &Probability) -> String {
    let estimate = probability
        .estimate
        .map(|estimate| percent(estimate, Rounding::Nearest))
        .unwrap_or_default();
    fill(
        template,
        &[
            ("estimate", &estimate),
            ("low", &percent(probability.low, Rounding::Down)),
            ("high", &percent(probability.high, Rounding::Up)),
        ],
    )
}

/// Points with at most one decimal.
fn number(points: f64) -> String {
    let tenths = (points * 10.0).round() / 10.0;
    // Plus zero: no "-0".
    (tenths + 0.0).to_string()
}
