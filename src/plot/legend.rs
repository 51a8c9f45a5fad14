//! The legend of a [`super::Figure`]: a sample of each named layer beside its name. Read [`legend`] first.

use super::canvas::{Anchor, Canvas};
use super::chart::MARGIN;
use super::figure::{Figure, Layer, Line, Series};
use super::layers::{RADIUS, filled};
use super::style::SMALL;
use super::text::{width, wrap};

/// Width of a sample.
const SAMPLE: f64 = 34.0;

/// What a sample shows.
enum Sample {
    Line,
    Band,
    Mark { whisker: bool },
    Bar,
    Spike { up: bool },
    Reference,
}

/// Names beside samples, in rows below `top`; returns where they end.
pub(super) fn legend(canvas: &mut Canvas, figure: &Figure, top: f64, prefix: &str) -> f64 {
    let mut y = top + 4.0;
    let mut x = MARGIN + 10.0;
    let mut is_empty = true;
    let entries = figure.layers.iter().flat_map(entries);
    for (name, series, sample) in entries.filter(|(name, ..)| !name.is_empty()) {
        let most = canvas.width - 2.0 * MARGIN - SAMPLE - 20.0;
        let lines = wrap(name, SMALL, most);
        let widest = lines.iter().map(|line| width(line, SMALL));
        let needs = SAMPLE + 6.0 + widest.fold(0.0, f64::max);
        if is_empty || x + needs > canvas.width - MARGIN {
            x = MARGIN + 10.0;
            y += SMALL * 1.5;
        }
        is_empty = false;
        draw_sample(canvas, (x, y - SMALL * 0.35), series, &sample, prefix);
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                y += SMALL * 1.2;
            }
            canvas.text((x + SAMPLE + 6.0, y), Anchor::Start, "", line);
        }
        x += needs + 18.0;
    }
    if is_empty { top } else { y + 4.0 }
}

/// What the legend says of a layer. Straight references say their name where they are.
fn entries(layer: &Layer) -> Vec<(&str, Series, Sample)> {
    match layer {
        Layer::Line { name, series, .. } => vec![(name, *series, Sample::Line)],
        Layer::Band { name, series, .. } => vec![(name, *series, Sample::Band)],
        Layer::Points {
            name,
            series,
            points,
        } => {
            let whisker = points.iter().any(|point| point.interval.is_some());
            vec![(name, *series, Sample::Mark { whisker })]
        }
        Layer::Bars { name, series, .. } => vec![(name, *series, Sample::Bar)],
        Layer::Spikes { up, down } => vec![
            (&up.0, Series::new(1), Sample::Spike { up: true }),
            (&down.0, Series::new(2), Sample::Spike { up: false }),
        ],
        Layer::Reference {
            name,
            line: Line::Between(..),
        } => vec![(name, Series::new(1), Sample::Reference)],
        Layer::Reference { .. } | Layer::Text { .. } => Vec::new(),
    }
}

fn draw_sample(
    canvas: &mut Canvas,
    (x, y): (f64, f64),
    series: Series,
    sample: &Sample,
    prefix: &str,
) {
    let number = series.number();
    let (from, to, middle) = ((x, y), (x + SAMPLE, y), x + SAMPLE / 2.0);
    match sample {
        Sample::Line => canvas.line(from, to, &format!("line stroke{number} dash{number}")),
        Sample::Reference => canvas.line(from, to, "reference"),
        Sample::Band => {
            let class = format!("band fill{number}");
            canvas.rectangle((x, y - 6.0), (SAMPLE, 12.0), &class, None);
        }
        Sample::Bar => {
            let size = (SAMPLE - 12.0, 12.0);
            filled(canvas, (x + 6.0, y - 6.0), size, series, prefix);
        }
        Sample::Spike { up } => {
            let class = format!("line stroke{number}");
            let (base, tip) = if *up {
                (y + 6.0, y - 6.0)
            } else {
                (y - 6.0, y + 6.0)
            };
            canvas.line((x + 6.0, base), (x + SAMPLE - 6.0, base), "axis");
            canvas.line((middle, base), (middle, tip), &class);
        }
        Sample::Mark { whisker } => {
            if *whisker {
                let class = format!("whisker stroke{number}");
                canvas.line((middle, y - 8.0), (middle, y + 8.0), &class);
            }
            canvas.mark((middle, y), RADIUS, number, number);
        }
    }
}
