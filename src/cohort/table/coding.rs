//! What the cells of a column mean: codes, numbers, days. Reasons never quote the cell.

use crate::cohort::Outcome;
use crate::domain::score::State;
use jiff::civil::Date;

/// Codes and what they mean. Case does not matter.
#[derive(Debug, Clone)]
pub(super) struct Coding<T> {
    /// Codes of one byte, by byte: the usual case, without a comparison of texts.
    short: Box<[Option<T>; 256]>,
    long: Vec<(String, T)>,
    /// What a cell should have been.
    expected: String,
}

impl<T: Copy + PartialEq> Coding<T> {
    /// A coding without codes.
    pub fn empty() -> Self {
        Self {
            short: Box::new([None; 256]),
            long: Vec::new(),
            expected: String::new(),
        }
    }

    /// # Errors
    /// The code that stands for two things.
    pub fn new(codes: &[(&str, T)]) -> Result<Self, String> {
        let mut coding = Self::empty();
        for (code, meaning) in codes {
            if coding.get(code).is_some_and(|earlier| earlier != *meaning) {
                return Err((*code).to_owned());
            }
            coding.set(code, *meaning);
        }
        let names = codes.iter().map(|(code, _)| *code);
        let names: Vec<&str> = names.filter(|code| !code.contains('.')).collect();
        coding.expected = format!("expected one of {}, or nothing", names.join(" "));
        Ok(coding)
    }

    /// Gives a code a meaning, whatever it meant before.
    pub fn set(&mut self, code: &str, meaning: T) {
        if let [byte] = code.as_bytes() {
            self.short[usize::from(byte.to_ascii_lowercase())] = Some(meaning);
            self.short[usize::from(byte.to_ascii_uppercase())] = Some(meaning);
        } else {
            self.long
                .retain(|(known, _)| !known.eq_ignore_ascii_case(code));
            self.long.push((code.to_owned(), meaning));
        }
    }

    /// What a code means.
    pub fn get(&self, code: &str) -> Option<T> {
        if let [byte] = code.as_bytes() {
            return self.short[usize::from(*byte)];
        }
        let mut long = self.long.iter();
        long.find(|(known, _)| known.eq_ignore_ascii_case(code))
            .map(|(_, meaning)| *meaning)
    }

    /// What a cell should have been.
    pub fn expected(&self) -> &str {
        &self.expected
    }
}

/// The codes of a predictor where a map gives no others.
pub(super) const STATES: &[(&str, State)] = &[
    ("1", State::Present),
    ("present", State::Present),
    ("yes", State::Present),
    ("true", State::Present),
    ("0", State::Absent),
    ("absent", State::Absent),
    ("no", State::Absent),
    ("false", State::Absent),
    ("unknown", State::Unknown),
    ("conflicting", State::Conflicting),
    // As programs write them that keep whole numbers with gaps as fractions.
    ("1.0", State::Present),
    ("0.0", State::Absent),
];

/// The codes of the outcome where a map gives no others.
pub(super) const OUTCOMES: &[(&str, Outcome)] = &[
    ("1", Outcome::Refractory),
    ("refractory", Outcome::Refractory),
    ("yes", Outcome::Refractory),
    ("true", Outcome::Refractory),
    ("0", Outcome::NotRefractory),
    ("not-refractory", Outcome::NotRefractory),
    ("no", Outcome::NotRefractory),
    ("false", Outcome::NotRefractory),
    ("undetermined", Outcome::Undetermined),
    ("unknown", Outcome::Undetermined),
    ("1.0", Outcome::Refractory),
    ("0.0", Outcome::NotRefractory),
];

/// The sign between the whole part of a number and the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum DecimalSign {
    #[default]
    Point,
    Comma,
}

/// A finite number.
pub(super) fn number(cell: &str, sign: DecimalSign) -> Result<f64, &'static str> {
    let parsed = match sign {
        DecimalSign::Point => cell.parse::<f64>(),
        DecimalSign::Comma => cell.replace(',', ".").parse::<f64>(),
    };
    match parsed {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err("expected a finite number"),
        Err(_) if sign == DecimalSign::Point && cell.contains(',') => Err(
            "expected a number; if a comma is its decimal sign, say so in --map: decimal = \",\"",
        ),
        Err(_) => Err("expected a number"),
    }
}

/// A probability.
pub(super) fn probability(cell: &str, sign: DecimalSign) -> Result<f64, &'static str> {
    let number = number(cell, sign)?;
    if (0.0..=1.0).contains(&number) {
        Ok(number)
    } else {
        Err("expected a probability from 0 to 1")
    }
}

/// Completed years of age at diagnosis, cut at the threshold.
pub(super) fn age(cell: &str, sign: DecimalSign, threshold: f64) -> Result<State, &'static str> {
    let years = number(cell, sign)?;
    match years {
        years if !(0.0..=120.0).contains(&years) => Err("expected an age of 0 to 120 years"),
        years if years >= threshold => Ok(State::Present),
        _ => Ok(State::Absent),
    }
}

/// The greatest SUVmax of the lesions, cut at the threshold: as the service reads a measured lesion without a reading. A bound
/// (`<2`, `>= 3`) that does not decide is unknown.
pub(super) fn suv_max(
    cell: &str,
    sign: DecimalSign,
    threshold: f64,
) -> Result<State, &'static str> {
    let (bound, value) = ["<=", "\u{2264}", ">=", "\u{2265}", "<", ">"]
        .into_iter()
        .find_map(|bound| Some((bound, cell.strip_prefix(bound)?)))
        .unwrap_or(("", cell));
    let value = number(value.trim_start(), sign)?;
    if !(value > 0.0 && value <= 200.0) {
        return Err("expected a SUVmax above 0 and up to 200");
    }
    Ok(match bound {
        "" if value >= threshold => State::Present,
        "" => State::Absent,
        "<" if value <= threshold => State::Absent,
        "<=" | "\u{2264}" if value < threshold => State::Absent,
        ">" | ">=" | "\u{2265}" if value >= threshold => State::Present,
        _ => State::Unknown,
    })
}

/// A day; of a month alone (2019-05) its first day.
pub(super) fn day(cell: &str, format: Option<&str>) -> Result<Date, &'static str> {
    match format {
        Some(format) => {
            Date::strptime(format, cell).map_err(|_| "expected a day as the date of the map says")
        }
        None => {
            let is_month = cell.len() == 7;
            let first = || format!("{cell}-01").parse().ok();
            let day = if is_month {
                first()
            } else {
                Some(cell)
                    .filter(|cell| cell.len() == 10)
                    .and_then(|c| c.parse().ok())
            };
            day.ok_or("expected a day such as 2019-05-17, or a month such as 2019-05")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suv_max_is_cut_as_the_service_cuts_it_and_a_bound_only_where_it_decides() {
        for (cell, expected) in [
            ("2.5", Ok(State::Present)),
            ("2.49", Ok(State::Absent)),
            ("<2.5", Ok(State::Absent)),
            ("<= 2.5", Ok(State::Unknown)),
            ("\u{2264}2.4", Ok(State::Absent)),
            (">=2.5", Ok(State::Present)),
            (">2.4", Ok(State::Unknown)),
            ("<3", Ok(State::Unknown)),
            ("0", Err("expected a SUVmax above 0 and up to 200")),
            ("-1", Err("expected a SUVmax above 0 and up to 200")),
            ("250", Err("expected a SUVmax above 0 and up to 200")),
            ("NaN", Err("expected a finite number")),
            ("high", Err("expected a number")),
        ] {
            assert_eq!(suv_max(cell, DecimalSign::Point, 2.5), expected, "{cell}");
        }
        assert_eq!(suv_max("2,5", DecimalSign::Comma, 2.5), Ok(State::Present));
    }

    #[test]
    fn an_age_is_cut_at_completed_years() {
        for (cell, expected) in [
            ("47.99", Ok(State::Absent)),
            ("48", Ok(State::Present)),
            ("121", Err("expected an age of 0 to 120 years")),
            ("-9", Err("expected an age of 0 to 120 years")),
        ] {
            assert_eq!(age(cell, DecimalSign::Point, 48.0), expected, "{cell}");
        }
    }

    #[test]
    fn a_code_with_two_meanings_is_refused() {
        let codes = [("ja", State::Present), ("JA", State::Absent)];
        assert_eq!(Coding::new(&codes).unwrap_err(), "JA");
        let coding = Coding::new(&[("j", State::Present), ("nein", State::Absent)]).unwrap();
        assert_eq!(coding.get("J"), Some(State::Present));
        assert_eq!(coding.get("NEIN"), Some(State::Absent));
        assert_eq!(coding.get("1"), None);
    }

    #[test]
    fn days_are_whole_or_the_first_of_their_month() {
        assert_eq!(day("2019-05", None), day("2019-05-01", None));
        for wrong in [
            "2019",
            "2019-13",
            "2019-02-30",
            "17.05.2019",
            "2019-05-17T10:00",
        ] {
            assert!(day(wrong, None).is_err(), "{wrong}");
        }
        let map = Some("%d.%m.%Y");
        assert_eq!(day("17.05.2019", map), day("2019-05-17", None));
        assert!(day("2019-05-17", map).is_err());
    }
}
