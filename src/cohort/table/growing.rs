//! A column beside those that the model needs, while its values come in.
//!
//! Whether it holds numbers or categories is decided by its first values, or by the map. After that a text among numbers is the
//! fault of its row, not of the column.

use super::coding::{DecimalSign, number};
use crate::cohort::{SetAsideColumn, Values, Variable};
use std::collections::HashMap;

/// So many values are looked at before a column is numbers or categories.
const LOOKED_AT: usize = 1000;
/// A column of more different texts holds no categories.
const MOST_LEVELS: usize = 1000;
/// In a column of at least so many texts, all of them different, they are the names of patients.
const FEWEST_NAMES: usize = 20;

/// What is said of a variable, by the map.
#[derive(Debug, Clone, Default)]
pub(super) struct VariableRule {
    /// What it is, where that is said.
    pub kind: Option<Asked>,
    /// Local codes that mean that the value is missing.
    pub missing: Vec<String>,
    /// Local codes of categories and their names.
    pub labels: Vec<(String, String)>,
}

/// What a map says that a variable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Numbers,
    Categories,
}

/// A column that grows.
#[derive(Debug)]
pub(super) struct Growing {
    pub name: String,
    rule: VariableRule,
    sign: DecimalSign,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Texts as they came, and how many of them are values.
    Undecided(Vec<Option<Box<str>>>, usize),
    Numbers(Vec<Option<f64>>),
    Categories(Categories),
    /// Too many different texts.
    SetAside,
}

#[derive(Debug, Default)]
struct Categories {
    levels: Vec<String>,
    /// So many of the levels are those of labels; a text may be one of them.
    labelled: usize,
    places: HashMap<Box<str>, u16>,
    of: Vec<Option<u16>>,
}

/// A cell that a column can take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Taken {
    Missing,
    Number(f64),
    Text,
}

impl Growing {
    /// A column in which the patients so far have nothing.
    pub fn new(name: String, rule: VariableRule, sign: DecimalSign, patients: usize) -> Self {
        let mut growing = Self {
            name,
            sign,
            kind: match rule.kind {
                None => Kind::Undecided(Vec::new(), 0),
                Some(Asked::Numbers) => Kind::Numbers(Vec::new()),
                Some(Asked::Categories) => Kind::Categories(Categories::with_labels(&rule.labels)),
            },
            rule,
        };
        growing.fill(patients);
        growing
    }

    /// What a cell is, or why the column cannot take it.
    pub fn take(&self, cell: &str) -> Result<Taken, &'static str> {
        if cell.is_empty() || self.rule.missing.iter().any(|code| code == cell) {
            return Ok(Taken::Missing);
        }
        match &self.kind {
            Kind::Numbers(_) => match number(cell, self.sign) {
                Ok(number) => Ok(Taken::Number(number)),
                Err(reason) if self.rule.kind.is_some() => Err(reason),
                Err("expected a number") => Err(
                    "expected a number as in the rows before; if the column holds categories, say so in --map",
                ),
                Err(reason) => Err(reason),
            },
            _ => Ok(Taken::Text),
        }
    }

    /// Adds what was taken.
    pub fn push(&mut self, taken: Taken, cell: &str) {
        match (&mut self.kind, taken) {
            (Kind::Undecided(texts, _), Taken::Missing) => texts.push(None),
            (Kind::Undecided(texts, values), _) => {
                texts.push(Some(cell.into()));
                *values += 1;
                if *values == LOOKED_AT {
                    self.decide();
                }
            }
            (Kind::Numbers(numbers), Taken::Number(number)) => numbers.push(Some(number)),
            (Kind::Numbers(numbers), _) => numbers.push(None),
            (Kind::Categories(categories), Taken::Missing) => categories.of.push(None),
            (Kind::Categories(categories), _) => {
                let most = match self.rule.kind {
                    Some(_) => usize::from(u16::MAX),
                    None => MOST_LEVELS,
                };
                if !categories.push(cell, most) {
                    self.kind = Kind::SetAside;
                }
            }
            (Kind::SetAside, _) => (),
        }
    }

    /// Gives every patient a value, up to so many patients: those without one have none.
    pub fn fill(&mut self, patients: usize) {
        match &mut self.kind {
            Kind::Undecided(texts, _) => texts.resize(patients, None),
            Kind::Numbers(numbers) => numbers.resize(patients, None),
            Kind::Categories(categories) => categories.of.resize(patients, None),
            Kind::SetAside => (),
        }
    }

    fn decide(&mut self) {
        let Kind::Undecided(texts, _) = &mut self.kind else {
            return;
        };
        let texts = std::mem::take(texts);
        let numbers: Option<Vec<Option<f64>>> = texts
            .iter()
            .map(|text| match text {
                None => Some(None),
                Some(text) => number(text, self.sign).ok().map(Some),
            })
            .collect();
        self.kind = match numbers {
            Some(numbers) => Kind::Numbers(numbers),
            None => {
                let mut categories = Categories::default();
                let fits = texts.iter().all(|text| match text {
                    None => {
                        categories.of.push(None);
                        true
                    }
                    Some(text) => categories.push(text, MOST_LEVELS),
                });
                if fits {
                    Kind::Categories(categories)
                } else {
                    Kind::SetAside
                }
            }
        };
    }

    /// The column, or why it is none.
    pub fn finish(mut self) -> Result<Variable, SetAsideColumn> {
        self.decide();
        let set_aside = |name: String, reason: &str| {
            Err(SetAsideColumn {
                name,
                reason: reason.to_owned(),
            })
        };
        let values = match self.kind {
            Kind::Numbers(numbers) => Values::Numbers(numbers),
            Kind::Categories(Categories { levels, of, .. }) => {
                let values = of.iter().flatten().count();
                if self.rule.kind.is_none() && values >= FEWEST_NAMES && levels.len() == values {
                    return set_aside(
                        self.name,
                        "every patient has another text: names, not categories",
                    );
                }
                Values::Categories { levels, of }
            }
            Kind::SetAside | Kind::Undecided(..) => {
                return set_aside(self.name, "too many different texts for categories");
            }
        };
        Ok(Variable {
            name: self.name,
            values,
        })
    }
}

impl Categories {
    /// Labelled categories stand in the order of the labels.
    fn with_labels(labels: &[(String, String)]) -> Self {
        let mut categories = Self::default();
        for (code, label) in labels {
            let place = categories.place_of_level(label);
            categories.places.insert(code.as_str().into(), place);
            categories.labelled = categories.levels.len();
        }
        categories
    }

    fn place_of_level(&mut self, level: &str) -> u16 {
        let mut labelled = self.levels[..self.labelled].iter();
        let place = labelled.position(|known| known == level);
        let place = place.unwrap_or_else(|| {
            self.levels.push(level.to_owned());
            self.levels.len() - 1
        });
        // There are never more than fit.
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// False when there are too many.
    fn push(&mut self, text: &str, most: usize) -> bool {
        let place = match self.places.get(text) {
            Some(place) => *place,
            None if self.places.len() >= most => return false,
            None => {
                let place = self.place_of_level(text);
                self.places.insert(text.into(), place);
                place
            }
        };
        self.of.push(Some(place));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(rule: VariableRule, cells: impl Iterator<Item = String>) -> Growing {
        let mut growing = Growing::new("v".into(), rule, DecimalSign::Point, 0);
        for cell in cells {
            let taken = growing.take(&cell).unwrap();
            growing.push(taken, &cell);
        }
        growing
    }

    #[test]
    fn numbers_and_categories_are_told_apart_by_the_first_values() {
        let numbers = grown(VariableRule::default(), (0..1500).map(|n| n.to_string()));
        assert_eq!(
            numbers.take("text").unwrap_err(),
            "expected a number as in the rows before; if the column holds categories, say so in --map"
        );
        assert!(matches!(numbers.finish().unwrap().values, Values::Numbers(n) if n.len() == 1500));
        let mixed = grown(
            VariableRule::default(),
            ["1", "", "b", "1"].map(String::from).into_iter(),
        );
        assert_eq!(
            mixed.finish().unwrap().values,
            Values::Categories {
                levels: vec!["1".into(), "b".into()],
                of: vec![Some(0), None, Some(1), Some(0)],
            }
        );
    }

    #[test]
    fn what_names_patients_is_set_aside() {
        let names = grown(
            VariableRule::default(),
            (0..20).map(|n| format!("name {n}")),
        );
        assert!(names.finish().unwrap_err().reason.contains("names"));
        let few = grown(
            VariableRule::default(),
            (0..19).map(|n| format!("site {n}")),
        );
        assert!(few.finish().is_ok());
        let many = grown(
            VariableRule::default(),
            (0..3000).map(|n| format!("note {}", n % 1001)),
        );
        assert!(many.finish().unwrap_err().reason.contains("too many"));
        let asked = VariableRule {
            kind: Some(Asked::Categories),
            ..VariableRule::default()
        };
        let asked = grown(asked, (0..1500).map(|n| format!("site {n}")));
        assert!(asked.finish().is_ok());
    }

    #[test]
    fn labels_give_names_and_order() {
        let rule = VariableRule {
            kind: Some(Asked::Categories),
            missing: vec!["9".into()],
            labels: vec![("1".into(), "male".into()), ("2".into(), "female".into())],
        };
        let sex = grown(rule, ["2", "9", "1", "2"].map(String::from).into_iter());
        assert_eq!(
            sex.finish().unwrap().values,
            Values::Categories {
                levels: vec!["male".into(), "female".into()],
                of: vec![Some(1), None, Some(0), Some(1)],
            }
        );
    }
}
