//! A look at the audit trail as a page for people. Computes nothing. Read [`page`] first.

use super::{Calibration, Chart, Counted, Monitoring, Verdict};
use crate::plot::Point;
use crate::plot::charts::{self, Control};
use crate::report::words::{fixed, part, percent, plain, share, thousands, three};
use crate::report::{Block, Page, Section, Table, Withheld};

/// The report.
pub fn page(m: &Monitoring) -> Page {
    let [id, version, sha256] = &m.model;
    let mut lead = match m.verdict {
        Verdict::InControl => vec![Block::paragraph(
            "No signal: every chart could be judged in at least one month, and no point lies outside its limits. That is no proof that nothing changed.",
        )],
        Verdict::Signal => vec![Block::Warning(
            "Signal: at least one point lies outside its control limits. Find out why before the model is relied on further.".to_owned(),
        )],
        Verdict::Insufficient => vec![Block::Warning(
            "Not enough to judge: no point lies outside its limits, but at least one chart could not be judged. Nothing is promised.".to_owned(),
        )],
    };
    lead.extend(m.warnings.iter().cloned().map(Block::Warning));
    let mut sections = Vec::new();
    if !m.signals.is_empty() {
        sections.push(Section::new(
            "Signals",
            vec![Block::List(m.signals.clone())],
        ));
    }
    sections.push(charts_section(m));
    if let Some(calibration) = &m.calibration {
        sections.push(outcomes(calibration));
    }
    sections.push(months(m));
    if let Some(feedback) = &m.feedback {
        let facts = vec![
            ("Cards shown".to_owned(), thousands(feedback.shown)),
            (
                "A suggestion was taken".to_owned(),
                part(feedback.accepted, feedback.shown),
            ),
            (
                "Overridden".to_owned(),
                part(feedback.overridden, feedback.shown),
            ),
            (
                "Feedback on cards that the trail does not hold".to_owned(),
                thousands(feedback.of_other_cards),
            ),
        ];
        let mut blocks = vec![Block::Facts(facts)];
        if !feedback.reasons.is_empty() {
            blocks.push(Block::Table(counted(
                "Reasons of the overrides",
                "Reason",
                &feedback.reasons,
            )));
        }
        sections.push(Section::new("What became of the cards", blocks));
    }
    if !m.insufficient.is_empty() {
        let items = m.insufficient.iter().map(|text| Withheld {
            what: "Not judged".to_owned(),
            why: text.clone(),
        });
        sections.push(Section::new(
            "What could not be judged",
            vec![Block::Withheld(items.collect())],
        ));
    }
    sections.push(trail(m));
    let settings = &m.settings;
    let mut blocks = vec![Block::Facts(vec![
        ("Compared with".to_owned(), m.reference.text.clone()),
        (
            "Fewest patients of a month that are judged".to_owned(),
            thousands(settings.minimum_count),
        ),
        (
            "Fewest patients of a reference".to_owned(),
            thousands(settings.minimum_reference),
        ),
        (
            "Months before an outcome counts".to_owned(),
            settings
                .horizon_months
                .map_or("not said".to_owned(), |months| months.to_string()),
        ),
        (
            "Probability beyond one limit when nothing changed, at most".to_owned(),
            plain(settings.tail),
        ),
        (
            "Points that were judged".to_owned(),
            thousands(settings.tests),
        ),
        (
            "False signals to be expected among them, at most".to_owned(),
            fixed(settings.expected_false_signals, 2),
        ),
    ])];
    if !m.notes.is_empty() {
        blocks.push(Block::List(m.notes.clone()));
    }
    sections.push(Section::new("How it was judged", blocks));
    Page {
        title: format!("Does {id} {version} still fit?"),
        made_by: format!("{}; model file SHA-256 {sha256}", m.software),
        lead,
        sections,
        closing: "Counts of one service. Not a certified medical device.".to_owned(),
    }
}

fn charts_section(m: &Monitoring) -> Section {
    let mut blocks = vec![Block::paragraph(format!(
        "Shares by month with control limits, compared with: {}. Months without a band were not judged.",
        m.reference.text
    ))];
    for chart in &m.charts {
        blocks.push(chart_block(chart));
    }
    Section::new("Control charts", blocks)
}

fn chart_block(chart: &Chart) -> Block {
    let is_signal = |state: &str| matches!(state, "above" | "below");
    let points = chart.points.iter();
    let shown = Control {
        periods: points.clone().map(|point| point.month.clone()).collect(),
        values: points
            .clone()
            .map(|point| point.share.map(|share| Point::new(0.0, share)))
            .collect(),
        centre: chart.centre,
        limits: points
            .clone()
            .map(|point| point.low.zip(point.high))
            .collect(),
        signals: points
            .clone()
            .enumerate()
            .filter(|(_, point)| is_signal(point.state))
            .map(|(place, _)| place)
            .collect(),
        name: "Share of the month".to_owned(),
    };
    let columns = ["Month", "Count", "Patients", "Share", "Limits", "State"];
    let mut numbers = Table::new(&format!("{}, by month", chart.title), &columns).with_words(&[5]);
    for point in points.clone() {
        numbers.row([
            point.month.clone(),
            thousands(point.count),
            thousands(point.patients),
            point.share.map_or("nobody".to_owned(), percent),
            match point.low.zip(point.high) {
                Some((low, high)) => format!("{} to {}", percent(low), percent(high)),
                None => "not judged".to_owned(),
            },
            point.state.replace('-', " "),
        ]);
    }
    let signals: Vec<String> = points
        .filter(|point| is_signal(point.state))
        .map(|point| format!("{} {} its limits", point.month, point.state))
        .collect();
    let mut said = match signals.is_empty() {
        true => "No month lies outside its limits.".to_owned(),
        false => format!("Signals: {}.", signals.join("; ")),
    };
    if let Some(why) = &chart.not_judged {
        said = format!("Not judged: {why}");
    }
    let centre = chart.centre.map_or(String::new(), |centre| {
        format!(" Expected: {}.", percent(centre))
    });
    let figure = charts::control(
        &chart.title,
        &format!("Share by month with control limits.{centre} {said}"),
        "Share of patients",
        &shown,
    );
    // Where the reference of the report does not tell this share, the other months stand in.
    let against = match chart.reference {
        "other-months" => " Compared with the other months.",
        _ => "",
    };
    let caption = format!("{}.{against}{centre} {said}", chart.title);
    Block::picture_with_numbers(&chart.id, figure, &caption, numbers)
}

fn outcomes(c: &Calibration) -> Section {
    let rows: Vec<_> = c.months.iter().collect();
    let ratio = |count: Option<u64>, expected: f64| {
        count
            .filter(|_| expected > 0.0)
            .map(|count| count as f64 / expected)
    };
    let shown = Control {
        periods: rows.iter().map(|row| row.month.clone()).collect(),
        values: rows
            .iter()
            .map(|row| row.ratio.map(|ratio| Point::new(0.0, ratio)))
            .collect(),
        centre: Some(1.0),
        limits: rows
            .iter()
            .map(|row| ratio(row.low, row.expected).zip(ratio(row.high, row.expected)))
            .collect(),
        signals: rows
            .iter()
            .enumerate()
            .filter(|(_, row)| matches!(row.state, "above" | "below"))
            .map(|(place, _)| place)
            .collect(),
        name: "Observed by expected".to_owned(),
    };
    let columns = [
        "Month",
        "Patients",
        "Observed",
        "Expected",
        "Observed by expected",
        "Limits of the observed",
        "Cumulative difference",
        "State",
    ];
    let mut table = Table::new(
        "Observed and expected refractory patients by month of the assessment",
        &columns,
    )
    .with_words(&[7]);
    for row in rows.into_iter().chain([&c.total]) {
        table.row([
            row.month.clone(),
            thousands(row.patients),
            thousands(row.observed),
            fixed(row.expected, 1),
            row.ratio.map_or("nobody expected".to_owned(), three),
            match row.low.zip(row.high) {
                Some((low, high)) => format!("{low} to {high}"),
                None => "not judged".to_owned(),
            },
            fixed(row.cumulative, 1),
            row.state.replace('-', " "),
        ]);
    }
    let total = &c.total;
    let description = format!(
        "Observed by expected number of refractory patients by month, with control limits. All months: {} observed, {} expected.",
        thousands(total.observed),
        fixed(total.expected, 1)
    );
    let figure = charts::control(
        "Observed by expected, by month",
        &description,
        "Observed by expected",
        &shown,
    );
    let outcomes = &c.outcomes;
    let facts = [
        ("Rows of outcomes", outcomes.rows),
        ("Outcome undetermined", outcomes.undetermined),
        ("Fit no assessment of the trail", outcomes.unmatched),
        ("Predictors not all known", outcomes.incomplete),
        ("Younger than the horizon", outcomes.too_recent),
        ("Counted", outcomes.counted),
        (
            "Applicable patients without an outcome",
            outcomes.without_outcome,
        ),
    ];
    let mut facts: Vec<_> = facts
        .iter()
        .map(|(name, count)| ((*name).to_owned(), thousands(*count)))
        .collect();
    facts.push((
        "SHA-256 of the outcomes".to_owned(),
        outcomes.sha256.clone(),
    ));
    let mut blocks = vec![Block::Facts(facts)];
    if let Some(why) = &c.not_judged {
        blocks.push(Block::paragraph(format!("Not judged: {why}")));
    }
    if !c.months.is_empty() {
        blocks.push(Block::picture(
            "observed-expected",
            figure,
            "Refractory patients by those whom the probabilities of the model in use expect. 1 is right; above 1 the probabilities are too low.",
        ));
    }
    blocks.push(Block::Table(table));
    Section::new("Outcomes", blocks)
}

fn months(m: &Monitoring) -> Section {
    let columns = ["Month", "Patients", "Model applies", "Models", "Settings"];
    let mut table = Table::new("Patients by month", &columns)
        .with_note("Models and settings: how many different ones answered in the month.");
    for month in &m.months {
        table.row([
            month.month.clone(),
            thousands(month.patients),
            part(month.applicable, month.patients),
            month.models.to_string(),
            month.settings.to_string(),
        ]);
    }
    let columns = [
        "Month",
        "Predictor",
        "Present",
        "Absent",
        "Unknown",
        "Conflicting",
    ];
    let mut states = Table::new("States of the predictors", &columns).with_words(&[1]);
    for month in &m.months {
        for state in &month.states {
            let mut cells = vec![month.month.clone(), state.predictor.clone()];
            let counts = [
                state.present,
                state.absent,
                state.unknown,
                state.conflicting,
            ];
            cells.extend(counts.map(thousands));
            states.row(cells);
        }
    }
    let mut others = Table::new(
        "Classes, reasons, caveats and what became of cards",
        &["Month", "Kind", "Name", "Patients"],
    )
    .with_words(&[1, 2]);
    for month in &m.months {
        let kinds = [
            ("class", &month.classes),
            ("does not apply", &month.reasons),
            ("caveat", &month.caveats),
            ("display", &month.displays),
        ];
        for (kind, counts) in kinds {
            for count in counts {
                others.row([
                    month.month.clone(),
                    kind.to_owned(),
                    count.name.clone(),
                    thousands(count.count),
                ]);
            }
        }
    }
    Section::new(
        "Months",
        vec![
            Block::Table(table),
            Block::Table(states),
            Block::Table(others),
        ],
    )
}

fn counted(caption: &str, what: &str, counts: &[Counted]) -> Table {
    let all: u64 = counts.iter().map(|count| count.count).sum();
    let mut table = Table::new(caption, &[what, "Count", "Share"]);
    for count in counts {
        let of_all = match all {
            0 => "nobody".to_owned(),
            all => share(count.count as f64 / all as f64),
        };
        table.row([count.name.clone(), thousands(count.count), of_all]);
    }
    table
}

fn trail(m: &Monitoring) -> Section {
    let trail = &m.trail;
    let mut facts = vec![
        (
            "Chain".to_owned(),
            if trail.verified {
                "checked and intact"
            } else {
                "not checked: lines may have been edited"
            }
            .to_owned(),
        ),
        ("Instances".to_owned(), trail.instances.join(", ")),
    ];
    let counts = [
        ("Assessments", trail.entries),
        ("Missing by the trail's own account", trail.not_recorded),
        ("Outside the time asked for", trail.outside_period),
        ("Of services or clients not asked for", trail.of_others),
        ("Unreadable by this version", trail.unreadable),
        (
            "Without a pseudonym, each counted as a patient",
            trail.without_pseudonym,
        ),
        (
            "Replaced by a later one of the same patient and month",
            trail.repeated,
        ),
        ("Patient-months that count", trail.counted),
    ];
    facts.extend(counts.map(|(name, count)| (name.to_owned(), thousands(count))));
    let mut blocks = vec![Block::Facts(facts)];
    for (caption, counts) in [
        ("Models that answered, by SHA-256", &trail.models),
        ("Settings, by SHA-256", &trail.settings),
    ] {
        if !counts.is_empty() {
            blocks.push(Block::Table(counted(caption, "SHA-256", counts)));
        }
    }
    Section::new("The audit trail", blocks)
}
