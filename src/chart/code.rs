//! What a CodeableConcept means: the union of what its codings mean, and its text.

use crate::fhir::element::Concept;
use crate::terminology::{
    GroupId, Meaning, Role, Roles, Terminology, UNSPECIFIED_GROUP, normalise,
};
use std::collections::BTreeSet;

/// A concept as the rules see it.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// All roles of all codings.
    pub roles: Roles,
    /// Some coding is known.
    pub known: bool,
    /// Meaning of each known coding.
    pub meanings: Vec<Meaning>,
    /// Text and displays, normalised.
    pub words: String,
}

impl Decoded {
    /// Whether some coding belongs to the value set.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(role)
    }

    /// Whether some coding belongs to one of the value sets.
    pub fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.is(*role))
    }

    /// Takes in what another concept means.
    pub fn and(mut self, other: &Self) -> Self {
        self.roles = self.roles.union(other.roles);
        self.known |= other.known;
        self.meanings.extend(&other.meanings);
        self.words.push(' ');
        self.words.push_str(&other.words);
        self
    }

    /// Site groups that the codings name: as a metastasis diagnosis, or as a body site. Codings that name different groups
    /// leave the site open. `None` when no coding names any site, specified or not.
    pub fn site(
        &self,
        terminology: &Terminology,
        of: fn(&Meaning) -> Option<GroupId>,
    ) -> Option<Site> {
        let ids: BTreeSet<GroupId> = self.meanings.iter().filter_map(of).collect();
        if ids.is_empty() {
            return None;
        }
        let groups: Vec<&str> = ids
            .iter()
            .map(|id| terminology.group(*id))
            .filter(|group| *group != UNSPECIFIED_GROUP)
            .collect();
        Some(match groups.as_slice() {
            [] => Site::Generic,
            [one] => Site::Group((*one).to_owned()),
            _ => Site::Contradictory,
        })
    }
}

/// The site that one concept names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Site {
    /// One group.
    Group(String),
    /// A metastasis without a site.
    Generic,
    /// Codings that name different groups.
    Contradictory,
}

/// Looks up every coding of a concept.
pub fn decode(terminology: &Terminology, concept: &Concept<'_>) -> Decoded {
    let mut decoded = Decoded {
        words: normalise(concept.text),
        ..Decoded::default()
    };
    for coding in &concept.codings {
        if let Some(meaning) = terminology.meaning(coding.system, coding.code) {
            decoded.known = true;
            decoded.roles = decoded.roles.union(meaning.roles);
            decoded.meanings.push(meaning);
        }
        if !coding.display.is_empty() {
            decoded.words.push(' ');
            decoded.words.push_str(&normalise(coding.display));
        }
    }
    decoded
}
