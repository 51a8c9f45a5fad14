//! Codes as data: FHIR ValueSets say what a code means to a rule, two ConceptMaps say which site group it belongs to,
//! `systems.json` says how codes of a system are compared, `words.json` holds the words matched in text.
//!
//! Everything is loaded once and checked then; look-up is by (system, code) in constant time. Read [`Terminology`] first.

mod load;
mod role;
mod words;

pub use load::{InvalidTerminology, TerminologyFile};
pub use role::{Role, Roles};
pub use words::{Phrases, Words, normalise};

use std::borrow::Cow;
use std::collections::HashMap;

/// What one code means to the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meaning {
    /// The value sets that hold it.
    pub roles: Roles,
    /// The site group of a metastasis diagnosis, an index for [`Terminology::group`].
    pub metastasis: Option<GroupId>,
    /// The site group of a body site.
    pub body_site: Option<GroupId>,
}

impl Meaning {
    /// Whether the code belongs to a value set.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(role)
    }

    fn merge(&mut self, other: Meaning) {
        self.roles = self.roles.union(other.roles);
        self.metastasis = other.metastasis.or(self.metastasis);
        self.body_site = other.body_site.or(self.body_site);
    }
}

/// A site group by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(u16);

/// How two spellings of a code are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Trimmed, upper case.
    Plain,
    /// The focus concept of an expression, without term.
    Snomed,
    /// Upper case, without dots.
    Icd,
    /// Morphology as four digits, topography without dot.
    IcdO3,
    /// Without dashes.
    Ndc,
}

/// The codes of one system.
#[derive(Debug, Default)]
struct SystemTable {
    exact: HashMap<String, Meaning>,
    /// "Everything that starts with", by prefix.
    prefixes: HashMap<String, Meaning>,
}

/// All value sets, maps and words that the service knows.
#[derive(Debug)]
pub struct Terminology {
    /// Alias or canonical URI to an index of `tables`.
    systems: HashMap<String, usize>,
    spellings: Vec<Spelling>,
    tables: Vec<SystemTable>,
    groups: Vec<String>,
    /// Words matched in text.
    pub words: Words,
    counts: Vec<(String, usize)>,
    sha256: String,
}

impl Terminology {
    /// The meaning of a coding; none when the system or the code is not known. `O(1)`: at most one look-up per character
    /// of the code.
    pub fn meaning(&self, system: &str, code: &str) -> Option<Meaning> {
        let system = self.system(system)?;
        let code = spell(self.spellings[system], code);
        let table = &self.tables[system];
        let mut found: Option<Meaning> = None;
        if !table.prefixes.is_empty() {
            // From the shortest prefix to the longest, the exact row last: the more specific row names the site.
            for (at, c) in code.char_indices() {
                if let Some(meaning) = table.prefixes.get(&code[..at + c.len_utf8()]) {
                    found.get_or_insert_default().merge(*meaning);
                }
            }
        }
        if let Some(meaning) = table.exact.get(code.as_ref()) {
            found.get_or_insert_default().merge(*meaning);
        }
        found
    }

    fn system(&self, system: &str) -> Option<usize> {
        let system = system.trim();
        let known = |text: &str| self.systems.get(text).copied();
        known(system)
            .or_else(|| known(system.split('|').next()?))
            .or_else(|| known(system.trim_end_matches('/')))
            // A version in the system, as in `http://snomed.info/sct/731000124108/version/20240901`.
            .or_else(|| {
                system
                    .starts_with("http://snomed.info/sct/")
                    .then(|| known("http://snomed.info/sct"))
                    .flatten()
            })
            // German oncology lists are cited under several roots; their last segment is unique.
            .or_else(|| known(system.rsplit('/').next()?))
    }

    /// The name of a site group.
    pub fn group(&self, id: GroupId) -> &str {
        &self.groups[usize::from(id.0)]
    }

    /// Value sets and maps with their number of rows.
    pub fn counts(&self) -> &[(String, usize)] {
        &self.counts
    }

    /// SHA-256 over all files, hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// The site group that means "a metastasis, site not said": for these codes `bodySite` is read.
pub const UNSPECIFIED_GROUP: &str = "unspecified";

fn spell(spelling: Spelling, code: &str) -> Cow<'_, str> {
    let code = code.trim();
    let upper = |code: &str| -> String {
        code.chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_uppercase)
            .collect()
    };
    match spelling {
        Spelling::Snomed => Cow::Borrowed(
            code.split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or(code),
        ),
        Spelling::Plain => {
            if code.bytes().any(|b| b.is_ascii_lowercase() || b == b' ') {
                Cow::Owned(upper(code))
            } else {
                Cow::Borrowed(code)
            }
        }
        Spelling::Icd => Cow::Owned(upper(code).replace('.', "")),
        Spelling::Ndc => Cow::Owned(upper(code).replace('-', "")),
        Spelling::IcdO3 => {
            let code = upper(code).replace('.', "");
            let digits = code.strip_prefix('M').unwrap_or(&code);
            let morphology = digits.split('/').next().unwrap_or(digits);
            let is_morphology = morphology.bytes().all(|b| b.is_ascii_digit())
                && (morphology.len() == 4 || (morphology.len() == 5 && !digits.contains('/')));
            Cow::Owned(if is_morphology {
                morphology[..4].to_owned()
            } else {
                code
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_code_are_one_code() {
        for (spelling, written, expected) in [
            (Spelling::Icd, "c77.0 ", "C770"),
            (Spelling::Icd, "C770", "C770"),
            (Spelling::Snomed, "94222008:363698007=272673000", "94222008"),
            (
                Spelling::Snomed,
                "94222008 |Metastasis to bone|",
                "94222008",
            ),
            (Spelling::IcdO3, "8260/3", "8260"),
            (Spelling::IcdO3, "M8260/3", "8260"),
            (Spelling::IcdO3, "82603", "8260"),
            (Spelling::IcdO3, "C73.9", "C739"),
            (Spelling::IcdO3, "c739", "C739"),
            (Spelling::Ndc, "65174-880", "65174880"),
            (Spelling::Plain, "cw7ggzz", "CW7GGZZ"),
        ] {
            assert_eq!(spell(spelling, written), expected, "{written}");
        }
    }
}
