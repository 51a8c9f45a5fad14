//! The text of a date: what is read is ordered, lies within what its parts mean, and is all that FHIR allows.

use rrdtc::domain::date::{PartialDate, completed_years, days_between};

pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let read = PartialDate::parse(text);
    assert_eq!(
        read.is_ok(),
        PartialDate::parse(text).is_ok(),
        "the same text is read the same way"
    );
    let Ok(date) = read else {
        assert!(!is_fhir_date(text), "FHIR allows {text:?}");
        return;
    };
    let days = date.days();
    assert_eq!(date.as_written(), text);
    assert!(days.low <= days.high, "{text:?}");
    assert!(text.is_ascii(), "{text:?}");
    let bytes = text.as_bytes();
    assert!(bytes.len() >= 4 && bytes[..4].iter().all(u8::is_ascii_digit));
    let year: i16 = text[..4].parse().expect("four digits");
    assert!(year >= 1);
    assert_eq!((days.low.year(), days.high.year()), (year, year));
    match bytes.len() {
        4 => assert_eq!(
            days_between(days.low, days.high),
            if is_leap(year) { 365 } else { 364 }
        ),
        7 => assert_eq!(days.low.month(), days.high.month()),
        _ => {
            assert!(bytes.len() >= 10 && days.low == days.high, "{text:?}");
            assert_eq!(date.day(), Some(days.low));
        }
    }
    // Every longer text means some of the days that its beginning means.
    for shorter in [4, 7, 10] {
        if bytes.len() > shorter {
            let wider = PartialDate::parse(&text[..shorter])
                .expect("the beginning of a date is one")
                .days();
            assert!(wider.low <= days.low && days.high <= wider.high, "{text:?}");
        }
    }
    if let Some((_, time)) = text.split_once('T') {
        check_zone(time);
    }
    let fixture = jiff::civil::date(1970, 3, 1);
    assert!(completed_years(fixture, days.low) <= completed_years(fixture, days.high));
    assert_eq!(
        days_between(fixture, days.low),
        -days_between(days.low, fixture)
    );
}

/// Nothing follows a `Z`, and an offset is signed.
fn check_zone(time: &str) {
    if let Some(at) = time.find('Z') {
        assert_eq!(at + 1, time.len(), "text after Z: {time:?}");
    }
    if let Some(at) = time.find(['+', '-']) {
        assert_eq!(at + 6, time.len(), "an offset of another form: {time:?}");
    }
}

fn is_leap(year: i16) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The expression of FHIR R4 for dateTime, with days that the calendar has.
fn is_fhir_date(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = text.get(range)?;
        part.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| part.parse().ok())
            .flatten()
    };
    let sign = |at: usize, expected: u8| text.as_bytes().get(at) == Some(&expected);
    let Some(year) = number(0..4).filter(|year| *year > 0) else {
        return false;
    };
    if text.len() == 4 {
        return true;
    }
    let Some(month) = number(5..7).filter(|month| sign(4, b'-') && (1..=12).contains(month)) else {
        return false;
    };
    if text.len() == 7 {
        return true;
    }
    let days = match month {
        2 if is_leap(year as i16) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if number(8..10).is_none_or(|day| !sign(7, b'-') || !(1..=days).contains(&day)) {
        return false;
    }
    if text.len() == 10 {
        return true;
    }
    let clock = sign(10, b'T')
        && sign(13, b':')
        && sign(16, b':')
        && number(11..13).is_some_and(|hour| hour <= 23)
        && number(14..16).is_some_and(|minute| minute <= 59)
        && number(17..19).is_some_and(|second| second <= 60);
    let Some(mut rest) = text.get(19..).filter(|_| clock) else {
        return false;
    };
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return false;
        }
        rest = &fraction[digits..];
    }
    let offset = |zone: &str| {
        let (Some(hour), Some(minute)) = (
            zone.get(0..2).and_then(|part| part.parse::<u8>().ok()),
            zone.get(3..5).and_then(|part| part.parse::<u8>().ok()),
        ) else {
            return false;
        };
        zone.len() == 5
            && zone.bytes().enumerate().all(|(at, byte)| {
                if at == 2 {
                    byte == b':'
                } else {
                    byte.is_ascii_digit()
                }
            })
            && minute <= 59
            && (hour <= 13 || (hour == 14 && minute == 0))
    };
    rest == "Z" || rest.strip_prefix(['+', '-']).is_some_and(offset)
}
