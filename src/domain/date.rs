//! Partial dates as records give them: `2019`, `2019-05`, a day, or an instant with a zone. Each is the interval of
//! days that it may mean, as written; nothing is rounded and no missing part is filled in (domain.md section 3, "Dates").

use super::interval::Interval;
use jiff::civil::Date;

/// A date as recorded, with the days that it may mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartialDate {
    text: String,
    days: Interval<Date>,
}

/// The text is no date: neither a year, a month, a day nor an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a FHIR date: expected YYYY, YYYY-MM, YYYY-MM-DD or an instant")]
pub struct NotADate;

impl PartialDate {
    /// Reads a FHIR `date`, `dateTime` or `instant`. An instant counts as the day that is written, whatever its zone.
    pub fn parse(text: &str) -> Result<Self, NotADate> {
        let (day, time) = match text.split_once('T') {
            Some((day, time)) => (day, Some(time)),
            None => (text, None),
        };
        let number = |part: &str, digits: usize| -> Result<i16, NotADate> {
            if part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()) {
                part.parse().map_err(|_| NotADate)
            } else {
                Err(NotADate)
            }
        };
        let mut parts = day.split('-');
        let year = number(parts.next().ok_or(NotADate)?, 4)?;
        if year == 0 {
            return Err(NotADate);
        }
        let month = parts.next().map(|part| number(part, 2)).transpose()?;
        let day_of_month = parts.next().map(|part| number(part, 2)).transpose()?;
        if parts.next().is_some()
            || (time.is_some() && day_of_month.is_none())
            || !time.is_none_or(is_time)
        {
            return Err(NotADate);
        }
        let date =
            |month: i16, day: i16| Date::new(year, month as i8, day as i8).map_err(|_| NotADate);
        let days = match (month, day_of_month) {
            (None, _) => Interval {
                low: date(1, 1)?,
                high: date(12, 31)?,
            },
            (Some(month), None) => {
                let first = date(month, 1)?;
                Interval {
                    low: first,
                    high: first.last_of_month(),
                }
            }
            (Some(month), Some(day)) => Interval::exactly(date(month, day)?),
        };
        Ok(Self {
            text: text.to_owned(),
            days,
        })
    }

    /// A date that no record writes but that follows from others, for instance from an age at onset.
    pub fn derived(text: impl Into<String>, days: Interval<Date>) -> Self {
        Self {
            text: text.into(),
            days,
        }
    }

    /// The text as recorded.
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// The days that the date may mean.
    pub fn days(&self) -> Interval<Date> {
        self.days
    }

    /// The calendar day, where the record gives one.
    pub fn day(&self) -> Option<Date> {
        (self.days.low == self.days.high).then_some(self.days.low)
    }
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`, with or without `Z` or an offset.
fn is_time(text: &str) -> bool {
    let clock = match text.find(['Z', '+', '-']) {
        Some(at) => {
            let (clock, zone) = text.split_at(at);
            let is_offset = zone
                .strip_prefix(['+', '-'])
                .is_some_and(|offset| offset.len() == 5 && clock_fields(offset));
            if zone != "Z" && !is_offset {
                return false;
            }
            clock
        }
        None => text,
    };
    let (fields, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    clock_fields(fields) && !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit())
}

fn clock_fields(text: &str) -> bool {
    let limits = [24, 59, 60];
    let mut count = 0;
    for field in text.split(':') {
        let in_range = field.len() == 2
            && count < 3
            && field
                .parse::<u8>()
                .is_ok_and(|value| value <= limits[count]);
        if !in_range || field.starts_with('+') {
            return false;
        }
        count += 1;
    }
    count >= 2
}

/// Days from one date to a later one (negative when it is earlier).
pub fn days_between(from: Date, to: Date) -> i32 {
    from.duration_until(to).as_hours() as i32 / 24
}

/// Completed years of age on a day. A birthday on 29 February falls on 1 March in other years.
pub fn completed_years(birth: Date, on: Date) -> i32 {
    let birthday_reached = (on.month(), on.day()) >= (birth.month(), birth.day());
    i32::from(on.year()) - i32::from(birth.year()) - i32::from(!birthday_reached)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn reads_every_precision_and_refuses_the_rest() {
        for (text, expected) in [
            ("2019", Some((date(2019, 1, 1), date(2019, 12, 31)))),
            ("2020-02", Some((date(2020, 2, 1), date(2020, 2, 29)))),
            ("2019-05-07", Some((date(2019, 5, 7), date(2019, 5, 7)))),
            (
                "2019-05-07T23:59:59.123+14:00",
                Some((date(2019, 5, 7), date(2019, 5, 7))),
            ),
            (
                "2019-05-07T23:59Z",
                Some((date(2019, 5, 7), date(2019, 5, 7))),
            ),
            ("2019-02-30", None),
            ("2019-5-7", None),
            ("05/07/2019", None),
            ("2019-05T10:00", None),
            ("2019-05-07T99:00Z", None),
            ("2019-05-07Tmorning", None),
            ("0000", None),
            ("", None),
        ] {
            let days = PartialDate::parse(text)
                .ok()
                .map(|d| (d.days().low, d.days().high));
            assert_eq!(days, expected, "{text}");
        }
    }

    #[test]
    fn an_offset_behind_z_is_no_zone() {
        for text in ["2019-05-07T10:00:00Z14:00", "2019-05-07T10:00:00Z+1:00"] {
            assert_eq!(PartialDate::parse(text), Err(NotADate), "{text}");
        }
    }

    #[test]
    fn a_leap_day_birthday_falls_on_the_first_of_march() {
        let birth = date(1976, 2, 29);
        assert_eq!(completed_years(birth, date(2023, 2, 28)), 46);
        assert_eq!(completed_years(birth, date(2023, 3, 1)), 47);
        assert_eq!(completed_years(birth, date(2024, 2, 29)), 48);
    }

    #[test]
    fn days_between_counts_whole_days() {
        assert_eq!(days_between(date(2024, 1, 1), date(2024, 3, 1)), 60);
        assert_eq!(days_between(date(2024, 3, 1), date(2024, 1, 1)), -60);
    }
}
