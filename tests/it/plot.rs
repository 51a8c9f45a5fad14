//! Pictures from numbers: read back from their SVG.

use rrdtc::plot::charts::{self, Calibration, Control, Curve, CurvePoint};
use rrdtc::plot::style::PALETTE;
use rrdtc::plot::{
    Axis, Bar, Figure, Flow, FlowStep, Forest, ForestRow, Layer, Line, Picture, Point, Series, Step,
};

/// One picture of each kind, with numbers of a cohort like that of the paper.
pub fn gallery() -> Vec<(&'static str, Picture)> {
    let score = vec![
        (0.0, 0.0),
        (0.05, 0.72),
        (0.07, 0.758),
        (0.2, 0.82),
        (0.5, 0.93),
        (1.0, 1.0),
    ];
    let pet = vec![(0.0, 0.0), (0.06, 0.726), (1.0, 1.0)];
    let curve = |name: &str, points: &[(f64, f64)]| Curve {
        name: name.to_owned(),
        points: points.to_vec(),
    };
    let roc = charts::roc(
        "ROC curves of the score and of PET alone",
        "Sensitivity against 1 minus specificity. The score has an AUC of 0.898, PET alone 0.833.",
        &[
            curve("Score: AUC 0.898 (0.868 to 0.928)", &score),
            curve("PET alone: AUC 0.833 (0.799 to 0.867)", &pet),
        ],
        vec![Point::new(0.07, 0.758).labelled("cut-off: 10 points")],
    );
    let smooth = (0..=50).map(|i| {
        let p = f64::from(i) / 50.0;
        let observed = p.powf(1.2);
        CurvePoint {
            predicted: p,
            observed,
            band: Some(((observed - 0.08).max(0.0), (observed + 0.08).min(1.0))),
        }
    });
    let calibration = charts::calibration(
        "Calibration of the probability",
        "Observed share against predicted probability.",
        &Calibration {
            curve: smooth.collect(),
            logistic: (0..=20)
                .map(|i| f64::from(i) / 20.0)
                .map(|p| (p, p * 0.95 + 0.02))
                .collect(),
            groups: vec![
                Point::new(0.1, 0.12).with_interval(0.08, 0.18),
                Point::new(0.55, 0.5).with_interval(0.3, 0.7),
                Point::new(0.93, 0.96).with_interval(0.9, 0.99),
            ],
            groups_name: "Patterns, with Wilson 95 % intervals".to_owned(),
            with_outcome: vec![(0.1, 20.0), (0.55, 30.0), (0.93, 162.0)],
            without_outcome: vec![(0.1, 150.0), (0.55, 20.0), (0.93, 11.0)],
            outcome_names: ["refractory".to_owned(), "not refractory".to_owned()],
        },
    );
    let benefit = |tp: f64, fp: f64| -> Vec<(f64, f64)> {
        (0..99)
            .map(|i| f64::from(i) / 100.0)
            .map(|t| (t, (tp - fp * t / (1.0 - t)) / 404.0))
            .collect()
    };
    let decision = charts::decision(
        "Decision curves",
        "Net benefit against threshold probability.",
        &[
            curve("Class", &benefit(169.0, 13.0)),
            curve("PET alone", &benefit(162.0, 11.0)),
            curve("Treat all", &benefit(223.0, 181.0)),
            curve("Treat none", &[(0.0, 0.0), (1.0, 0.0)]),
        ],
    );
    let values = [0, 1, 4, 5, 7, 8, 11, 12, 40, 41, 44, 45, 47, 48, 51, 52];
    let values: Vec<(String, f64, f64)> = values
        .iter()
        .enumerate()
        .map(|(i, value)| {
            (
                value.to_string(),
                (i * i % 37) as f64,
                ((16 - i) * 5 % 41) as f64,
            )
        })
        .collect();
    let distribution = charts::distribution(
        "Score by outcome",
        "Number of patients at each value of the score.",
        ["Score (points)", "Patients"],
        ["Refractory", "Not refractory"],
        &values,
        Some((6, "cut-off")),
    );
    let row =
        |name: &str, counts: &str, estimate: Option<(f64, f64, f64)>, numbers: &str| ForestRow {
            name: name.to_owned(),
            counts: counts.to_owned(),
            estimate,
            numbers: numbers.to_owned(),
            is_heading: estimate.is_none() && numbers.is_empty(),
        };
    let forest = Forest {
        title: "Odds ratios".to_owned(),
        description: "FDG uptake has the largest odds ratio, 39.5.".to_owned(),
        axis: Axis {
            range: Some((0.5, 100.0)),
            ..Axis::new("Odds ratio, scale of ratios").log()
        },
        reference: Some(1.0),
        counts_head: "Refractory, of all".to_owned(),
        numbers_head: "Odds ratio (95 % interval)".to_owned(),
        rows: vec![
            row("Predictors", "", None, ""),
            row(
                "Age at diagnosis 48 years and more, completed",
                "129 of 196",
                Some((1.037, 1.007, 1.069)),
                "1.04 (1.01 to 1.07)",
            ),
            row(
                "Recurrence",
                "92 of 112",
                Some((7.362, 2.388, 22.698)),
                "7.36 (2.39 to 22.7)",
            ),
            row(
                "FDG uptake",
                "162 of 173",
                Some((39.534, 18.59, 184.076)),
                "39.5 (18.6 to 184)",
            ),
            row("Oncocytic", "2 of 3", None, "too few to tell"),
        ],
    };
    let control = charts::control(
        "Share at or above the cut-off, by month",
        "The share leaves its limits in the fifth month.",
        "Share at or above the cut-off",
        &Control {
            periods: [
                "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06",
            ]
            .map(str::to_owned)
            .to_vec(),
            values: vec![
                Some(Point::new(0.0, 0.45)),
                Some(Point::new(0.0, 0.41)),
                None,
                Some(Point::new(0.0, 0.5)),
                Some(Point::new(0.0, 0.72)),
                Some(Point::new(0.0, 0.47)),
            ],
            centre: Some(0.45),
            limits: vec![
                Some((0.3, 0.6)),
                Some((0.25, 0.65)),
                None,
                Some((0.3, 0.6)),
                Some((0.32, 0.58)),
                Some((0.3, 0.6)),
            ],
            signals: vec![4],
            name: "Share of the month".to_owned(),
        },
    );
    let flow = Flow {
        title: "Flow of patients".to_owned(),
        description: "Of 788 rows 404 patients were analysed.".to_owned(),
        steps: vec![
            FlowStep {
                name: "Rows read".to_owned(),
                count: 1_788,
                left_out: vec![
                    ("rows that could not be read".to_owned(), 12),
                    ("outcome undetermined or not yet known at the end of the horizon of 24 months".to_owned(), 372),
                ],
            },
            FlowStep {
                name: "Patients with a known outcome".to_owned(),
                count: 1_404,
                left_out: vec![("a predictor is unknown".to_owned(), 1_000)],
            },
            FlowStep {
                name: "Patients analysed (complete cases)".to_owned(),
                count: 404,
                left_out: Vec::new(),
            },
        ],
    };
    vec![
        ("roc", roc.into()),
        ("calibration", calibration.into()),
        ("decision", decision.into()),
        ("distribution", distribution.into()),
        ("forest", forest.into()),
        ("control", control.into()),
        ("flow", flow.into()),
    ]
}

/// Reads XML as a picture of ours may hold it and refuses everything else; returns the tags in their order.
fn tags(text: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut parts = text.trim_end().split('<');
    assert_eq!(parts.next(), Some(""), "text before the root");
    for part in parts {
        let (tag, after) = part.split_once('>').expect("a tag ends");
        assert!(
            !after.contains('>') || open.last() == Some(&"style"),
            "a stray > after {tag}"
        );
        let name = tag.trim_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else {
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            found.push(tag.to_owned());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        for entity in after.split('&').skip(1) {
            let (name, _) = entity.split_once(';').expect("an entity ends");
            assert!(["amp", "lt", "gt", "quot"].contains(&name), "{name}");
        }
        let is_end = open.is_empty();
        assert!(!is_end || after.trim().is_empty(), "text after the root");
    }
    assert!(open.is_empty(), "{open:?}");
    found
}

#[test]
fn every_picture_is_whole_and_says_what_it_shows() {
    for (name, picture) in gallery() {
        let svg = picture.document();
        let tags = tags(&svg);
        let root = &tags[0];
        assert!(root.contains("role=\"img\""), "{name}: {root}");
        assert!(
            root.contains("aria-labelledby=\"plot-title plot-desc\""),
            "{name}: {root}"
        );
        assert!(
            svg.contains(&format!(
                "<title id=\"plot-title\">{}</title>",
                picture.title()
            )),
            "{name}"
        );
        let description = svg
            .split_once("<desc id=\"plot-desc\">")
            .unwrap()
            .1
            .split_once('<')
            .unwrap()
            .0;
        assert!(description.len() > 20, "{name}: {description}");
        assert!(
            !svg.contains(" style="),
            "{name}: a strict policy would forbid it"
        );
        assert_eq!(svg, picture.document(), "{name}: the same bytes");
    }
}

#[test]
fn names_are_shown_not_obeyed() {
    let figure = Figure {
        title: "a <b> & \"c\"".to_owned(),
        x: Axis::categories("<x>", ["</svg>".to_owned()]),
        y: Axis::between("y", 0.0, 1.0),
        layers: vec![Layer::Bars {
            name: "<script>".to_owned(),
            series: Series::new(2),
            bars: vec![Bar {
                x: (-0.2, 0.2),
                from: 0.0,
                to: 0.5,
            }],
        }],
        ..Figure::default()
    };
    let svg = Picture::from(figure).document();
    tags(&svg);
    assert!(svg.contains("&lt;script&gt;"));
}

#[test]
fn what_is_no_number_is_not_drawn() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let points: Vec<(f64, f64)> = odd
        .iter()
        .flat_map(|a| odd.map(|b| (*a, b)))
        .chain([(0.1, 0.2), (0.3, f64::NAN)])
        .collect();
    let series = Series::new(1);
    let layers = vec![
        Layer::Line {
            name: "line".to_owned(),
            series,
            step: Step::Across,
            points: points.clone(),
        },
        Layer::Band {
            name: "band".to_owned(),
            series,
            points: points.iter().map(|(x, y)| (*x, *y, 1.0)).collect(),
        },
        Layer::Points {
            name: "points".to_owned(),
            series,
            points: points
                .iter()
                .map(|(x, y)| Point::new(*x, *y).with_interval(*x, *y).labelled("here"))
                .collect(),
        },
        Layer::Bars {
            name: "bars".to_owned(),
            series,
            bars: points
                .iter()
                .map(|(x, y)| Bar {
                    x: (*x, *x),
                    from: 0.0,
                    to: *y,
                })
                .collect(),
        },
        Layer::Spikes {
            up: ("up".to_owned(), points.clone()),
            down: ("down".to_owned(), points.clone()),
        },
        Layer::Reference {
            name: "reference".to_owned(),
            line: Line::Vertical(f64::NAN),
        },
        Layer::Reference {
            name: "reference".to_owned(),
            line: Line::Between((0.0, f64::NAN), (1.0, 1.0)),
        },
        Layer::Text {
            at: (f64::NAN, 0.0),
            text: "text".to_owned(),
        },
    ];
    for axis in [
        Axis::new("axis"),
        Axis::new("axis").log(),
        Axis::between("axis", f64::NAN, 1.0),
    ] {
        for layers in [layers.clone(), Vec::new()] {
            let figure = Figure {
                x: axis.clone(),
                y: axis.clone(),
                layers,
                ..Figure::default()
            };
            let svg = Picture::from(figure).document();
            for tag in tags(&svg) {
                assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
            }
        }
    }
    let row = |estimate| ForestRow {
        name: "row".to_owned(),
        estimate: Some(estimate),
        ..ForestRow::default()
    };
    let rows = vec![
        row((f64::NAN, 0.0, 1.0)),
        row((1.0, 0.0, f64::INFINITY)),
        row((1.0, 0.5, 2.0)),
    ];
    let forest = Forest {
        axis: Axis::new("ratio").log(),
        reference: Some(f64::NAN),
        rows,
        ..Forest::default()
    };
    for tag in tags(&Picture::from(forest).document()) {
        assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
    }
}

#[test]
fn a_curve_of_a_million_points_is_drawn_with_a_thousand() {
    let count = 1_000_000;
    let at = |i: i32| f64::from(i) / f64::from(count);
    let points = (0..=count).map(|i| (at(i), at(i).sqrt())).collect();
    let curve = Curve {
        name: "curve".to_owned(),
        points,
    };
    let svg = Picture::from(charts::roc("t", "d", &[curve], Vec::new())).document();
    let path = svg
        .split("<path d=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(
        path.matches('L').count() < rrdtc::plot::MOST_VERTICES,
        "{}",
        path.len()
    );
    assert!(
        path.matches('L').count() > 20,
        "a curve is no straight line"
    );
}

/// Contrast by WCAG 2.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |colour: &str| {
        let part = |at: usize| {
            let part = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn colours_have_contrast_on_paper_and_in_the_dark() {
    let ground = PALETTE
        .iter()
        .find(|colour| colour.name == "ground")
        .unwrap();
    for colour in PALETTE {
        // Grid and stripes carry nothing; frames and boxes must be seen; what can be text must be read.
        let needed = match colour.name {
            "ground" | "faint" => continue,
            "edge" => 3.0,
            _ => 4.5,
        };
        for (colour, ground) in [(colour.light, ground.light), (colour.dark, ground.dark)] {
            let is = contrast(colour, ground);
            assert!(is >= needed, "{colour} on {ground}: {is:.2}");
        }
    }
}

#[test]
fn series_differ_without_colour() {
    let lines = (1..=6).map(|number| Layer::Line {
        name: format!("series {number}"),
        series: Series::new(number),
        step: Step::Straight,
        points: vec![(0.0, number as f64), (1.0, number as f64)],
    });
    let figure = Figure {
        layers: lines.collect(),
        ..Figure::default()
    };
    let svg = Picture::from(figure).document();
    let style = svg
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    let mut dashes: Vec<&str> = (1..=6)
        .map(|number| {
            assert!(svg.contains(&format!("stroke{number} dash{number}")));
            let start = format!(".plot .dash{number}{{");
            style
                .split_once(start.as_str())
                .unwrap()
                .1
                .split_once('}')
                .unwrap()
                .0
        })
        .collect();
    dashes.sort_unstable();
    dashes.dedup();
    assert_eq!(dashes.len(), 6);
}
