//! Everything that is wrong with a configuration, each with the place where it was written and what to write instead.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, levels joined by dots: `clients.0.issuer`.
    pub setting: String,
    /// What is wrong and what to write instead. Never the value of a secret.
    pub problem: String,
    /// File and line, where it was written in a file.
    pub place: Option<(PathBuf, usize)>,
}

impl Mistake {
    /// Whether it may be there only because of an earlier one, at the same setting or inside of it.
    pub(super) fn follows_from(&self, earlier: &Self) -> bool {
        earlier
            .setting
            .strip_prefix(&self.setting)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((file, line)) = &self.place {
            write!(f, "{}:{line}: ", file.display())?;
        }
        write!(f, "{}: {}", self.setting, self.problem)
    }
}

/// A list of mistakes that grows while settings are checked.
#[derive(Debug, Default)]
pub(super) struct Mistakes(pub Vec<Mistake>);

impl Mistakes {
    pub fn add(&mut self, setting: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Mistake {
            setting: setting.into(),
            problem: problem.into(),
            place: None,
        });
    }

    /// Says where each setting stands in the file.
    pub fn locate(&mut self, file: &std::path::Path, text: &str) {
        let Ok(document) = toml_edit::ImDocument::parse(text) else {
            return;
        };
        for mistake in &mut self.0 {
            mistake.place = offset(document.as_table(), &mistake.setting).map(|at| {
                let line = text[..at].bytes().filter(|byte| *byte == b'\n').count() + 1;
                (file.to_owned(), line)
            });
        }
    }
}

/// Where a setting, or the nearest table around it, begins in the file.
fn offset(table: &dyn toml_edit::TableLike, setting: &str) -> Option<usize> {
    // Names may hold dots of their own, so the name is the longest one that is written there.
    let (key, item, rest) = ends(setting).find_map(|end| {
        let (key, item) = table.get_key_value(&setting[..end])?;
        Some((key, item, setting.get(end + 1..)))
    })?;
    let own = key.span().or(item.span()).map(|span| span.start);
    let Some(rest) = rest else { return own };
    let deeper = match item.as_array_of_tables() {
        Some(tables) => {
            let (index, rest) = match rest.split_once('.') {
                Some((index, rest)) => (index, Some(rest)),
                None => (rest, None),
            };
            let entry = tables.get(index.parse().ok()?)?;
            rest.and_then(|rest| offset(entry, rest))
                .or(entry.span().map(|span| span.start))
        }
        None => item.as_table_like().and_then(|inside| offset(inside, rest)),
    };
    deeper.or(own)
}

/// Where a name may end in a setting: at its end and before each dot, the longest first.
fn ends(setting: &str) -> impl Iterator<Item = usize> {
    let dots = setting.rmatch_indices('.').map(|(at, _)| at);
    std::iter::once(setting.len()).chain(dots)
}
