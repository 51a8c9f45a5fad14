//! The evaluation as a page for people. Knows what the figures mean and in which order they are read; computes nothing. What a
//! gate withholds is said where it would stand, and again in a list. Read [`page`] first.

mod calibrated;
mod discrimination;
mod groups;
mod numbers;
mod patients;
mod provenance;

use super::result::{Marker, Validation};
use super::{CLASS, PET, SCORE};
use crate::plot::Picture;
use crate::report::words::{part, share, thousands};
use crate::report::{Block, Page, Section, Withheld};
use numbers::{shown, with_interval};

/// The report. `nomogram` is the picture of the model's nomogram (SVG), where it has one.
pub fn page(v: &Validation, nomogram: Option<String>) -> Page {
    let mut sections = vec![
        Section::new(
            "What limits these figures",
            vec![Block::List(v.limits.clone())],
        ),
        patients::flow(v),
        patients::description(v),
        patients::patterns(v),
        discrimination::rules(v),
        discrimination::roc(v),
    ];
    sections.extend(
        v.calibration
            .iter()
            .map(|column| calibrated::calibration(v, column)),
    );
    sections.push(calibrated::decision(v));
    sections.extend(v.refit.as_ref().map(calibrated::refit));
    if !v.subgroups.is_empty() {
        sections.push(groups::subgroups(v));
    }
    sections.push(groups::unknowns(v));
    sections.push(withheld(v));
    sections.extend(nomogram.map(|svg| nomogram_section(v, svg)));
    sections.push(provenance::methods(v));
    sections.push(provenance::sources(v));
    let model = &v.provenance.model;
    Page {
        title: format!("Local evaluation of {} {}", model.id, model.version),
        made_by: format!(
            "{} {}, {}",
            v.provenance.software.name, v.provenance.software.version, v.provenance.date
        ),
        lead: lead(v),
        sections,
        closing: "Figures of one cohort. Not a certified medical device; no figure of this page says what to do for one patient."
            .to_owned(),
    }
}

fn lead(v: &Validation) -> Vec<Block> {
    let mut blocks = vec![
        Block::paragraph(v.statement),
        Block::paragraph(v.gate.meaning),
    ];
    if v.gate.all_figures && !v.withheld.is_empty() {
        blocks.push(Block::Warning(
            "This page was made with --all-figures: it shows figures that the size of the cohort does not carry. They are listed under Withheld; none of them should be quoted without that remark."
                .to_owned(),
        ));
    }
    let mut facts = vec![(
        "Analysed".to_owned(),
        format!(
            "{} patients, {} turned out refractory",
            thousands(v.flow.analysed),
            part(v.flow.refractory, v.flow.analysed)
        ),
    )];
    for name in [SCORE, PET] {
        if let Some(marker) = marker(v, name) {
            let label = format!("Area under the ROC curve: {}", marker.label);
            facts.push((label, shown(&marker.auc, share)));
        }
    }
    if let Some(pair) = v.comparisons.first() {
        facts.push((
            "Difference of the two".to_owned(),
            with_interval(&pair.difference, share),
        ));
    }
    if let Some(table) = marker(v, CLASS).and_then(|marker| marker.at_cutoff.as_ref()) {
        let name = |what: &str| format!("{what} at {} points and above", v.provenance.model.cutoff);
        facts.push((name("Sensitivity"), shown(&table.sensitivity, share)));
        facts.push((name("Specificity"), shown(&table.specificity, share)));
    }
    for column in &v.calibration {
        facts.push((
            format!("Observed by expected: {}", column.label),
            shown(&column.observed_expected, crate::report::words::three),
        ));
    }
    blocks.push(Block::Facts(facts));
    blocks
}

fn marker<'a>(v: &'a Validation, name: &str) -> Option<&'a Marker> {
    v.markers.iter().find(|marker| marker.name == name)
}

fn withheld(v: &Validation) -> Section {
    let items: Vec<Withheld> = v
        .withheld
        .iter()
        .map(|item| Withheld {
            what: match item.shown {
                true => format!("{} (shown all the same)", item.what),
                false => item.what.clone(),
            },
            why: item.why.clone(),
        })
        .collect();
    let blocks = match items.is_empty() {
        true => vec![Block::paragraph(
            "Nothing: the cohort is large enough for every figure of this page.",
        )],
        false => vec![Block::Withheld(items)],
    };
    Section::new("Withheld", blocks)
}

fn nomogram_section(v: &Validation, svg: String) -> Section {
    let picture = Picture::Given {
        title: "Nomogram of the model".to_owned(),
        svg,
    };
    let basis = v.provenance.model.basis.clone().unwrap_or_default();
    let caption =
        format!("The nomogram of the model that was evaluated. What it rests on: {basis}.");
    Section::new(
        "The nomogram of the model",
        vec![Block::picture("nomogram", picture, &caption)],
    )
}
