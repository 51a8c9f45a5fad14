//! Values of a TOML document, and where they stand in it.

use crate::cohort::table::column::nearest;
use toml_edit::{Item, TableLike};

/// Something wrong at a place in the text.
pub(super) struct Mistake {
    pub at: usize,
    pub problem: String,
}

pub(super) fn known_keys(table: &dyn TableLike, known: &[&str], path: &str) -> Result<(), Mistake> {
    match table.iter().find(|(key, _)| !known.contains(key)) {
        None => Ok(()),
        Some((key, _)) => Err(Mistake {
            at: place(table, key),
            problem: match nearest(key, known.iter().copied()) {
                Some(near) => format!("{path}{key} is not known; did you mean {path}{near}?"),
                None => format!(
                    "{path}{key} is not known; expected one of {}",
                    known.join(", ")
                ),
            },
        }),
    }
}

pub(super) fn place(table: &dyn TableLike, key: &str) -> usize {
    let found = table.get_key_value(key);
    found
        .and_then(|(key, item)| key.span().or(item.span()))
        .map_or(0, |span| span.start)
}

pub(super) fn inside<'a>(
    item: &'a Item,
    at: usize,
    path: &str,
) -> Result<&'a dyn TableLike, Mistake> {
    item.as_table_like().ok_or_else(|| Mistake {
        at,
        problem: format!("{path}: expected a table: [{path}]"),
    })
}

pub(super) fn text(item: &Item, at: usize, key: &str) -> Result<String, Mistake> {
    item.as_str().map(str::to_owned).ok_or_else(|| Mistake {
        at,
        problem: format!("{key}: expected a text in quotation marks"),
    })
}

/// A list of texts; numbers are taken as they are written.
pub(super) fn texts(item: &Item, at: usize, key: &str) -> Result<Vec<String>, Mistake> {
    let wrong = || Mistake {
        at,
        problem: format!("{key}: expected a list of texts, for instance [\"NA\", \"-9\"]"),
    };
    let list = item.as_array().ok_or_else(wrong)?;
    list.iter()
        .map(|value| match value {
            toml_edit::Value::String(text) => Ok(text.value().clone()),
            toml_edit::Value::Integer(number) => Ok(number.value().to_string()),
            _ => Err(wrong()),
        })
        .collect()
}
