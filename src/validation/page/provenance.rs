//! How the figures were computed, and from what.

use crate::report::words::thousands;
use crate::report::{Block, Section, Table};
use crate::validation::result::Validation;

pub fn methods(v: &Validation) -> Section {
    let methods = v.methods.iter();
    let methods = methods.map(|method| (method.name.to_owned(), method.text.to_owned()));
    let mut blocks = vec![Block::Facts(methods.collect())];
    if !v.notes.is_empty() {
        blocks.push(Block::Heading("Notes".to_owned()));
        let notes = v
            .notes
            .iter()
            .map(|note| format!("{}: {}", note.about, note.text));
        blocks.push(Block::List(notes.collect()));
    }
    Section::new("How it was computed", blocks)
}

pub fn sources(v: &Validation) -> Section {
    let made = &v.provenance;
    let (model, options) = (&made.model, &made.options);
    let mut facts = vec![
        (
            "Software".to_owned(),
            format!("{} {}", made.software.name, made.software.version),
        ),
        ("Day".to_owned(), made.date.clone()),
        (
            "Model".to_owned(),
            format!("{} {}", model.id, model.version),
        ),
        ("SHA-256 of the model file".to_owned(), model.sha256.clone()),
        (
            "Score".to_owned(),
            format!("0 to {} points, cut-off {}", model.maximum, model.cutoff),
        ),
    ];
    if let Some(basis) = &model.basis {
        facts.push(("What its probabilities rest on".to_owned(), basis.clone()));
    }
    let horizon = options.horizon.clone();
    facts.extend([
        (
            "Horizon of the outcome".to_owned(),
            horizon.unwrap_or_else(|| "not stated".to_owned()),
        ),
        (
            "Bootstrap replicates".to_owned(),
            options.bootstrap.to_string(),
        ),
        ("Seed".to_owned(), options.seed.to_string()),
        (
            "Subgroups".to_owned(),
            match options.subgroups.is_empty() {
                true => "none".to_owned(),
                false => options.subgroups.join(", "),
            },
        ),
        (
            "Figures below their gate".to_owned(),
            match options.all_figures {
                true => "shown, as asked for".to_owned(),
                false => "withheld".to_owned(),
            },
        ),
    ]);
    let mut table = Table::new("Input", &["File", "SHA-256", "Rows"]).with_words(&[1]);
    for input in &made.inputs {
        table.row([
            input.name.clone(),
            input.sha256.clone(),
            thousands(input.rows),
        ]);
    }
    Section::new(
        "What went in",
        vec![Block::Facts(facts), Block::Table(table)],
    )
}
