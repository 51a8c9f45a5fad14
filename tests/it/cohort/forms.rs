//! Delimiters, lines of JSON, several files; a table that is written and read again.

use super::tables::{HEADER, bad, error, mapped, read, read_files, reading};
use proptest::prelude::*;
use rrdtc::cohort::table::{self, Format, Reading};
use rrdtc::cohort::{Cohort, Outcome, Values, Variable};
use rrdtc::domain::score::State::{self, Absent, Unknown};

#[test]
fn delimiters_and_forms_go_by_name_or_by_option() {
    let rows = ["a,1,0,0,0,1", "b,0,1,0,0,0"];
    let comma = format!("{HEADER}\n{}\n", rows.join("\n"));
    let expected = read(&comma).unwrap();
    let tab = comma.replace(',', "\t");
    let cohort = read_files(&reading(""), &[("t.TSV", tab.as_bytes())]).unwrap();
    assert_eq!(cohort.states, expected.states);
    let semicolon = comma.replace(',', ";");
    let german = Reading {
        delimiter: Some(b';'),
        ..reading("")
    };
    let cohort = read_files(&german, &[("t.csv", semicolon.as_bytes())]).unwrap();
    assert_eq!(cohort.states, expected.states);
    let cohort = mapped("delimiter = \";\"", &semicolon).unwrap();
    assert_eq!(cohort.states, expected.states);
    let json = "{\"patient\":\"a\",\"ageAtDiagnosis\":1,\"recurrence\":false,\"multiSiteMetastasis\":\"absent\",\"fdgUptake\":0,\"outcome\":1}\n\n{\"outcome\":\"0\",\"fdgUptake\":0,\"patient\":7,\"ageAtDiagnosis\":0,\"recurrence\":true,\"multiSiteMetastasis\":0}\n";
    let cohort = read_files(&reading(""), &[("t.ndjson", json.as_bytes())]).unwrap();
    assert_eq!(cohort.states, expected.states);
    assert_eq!(cohort.outcomes, expected.outcomes);
    let by_option = Reading {
        format: Some(Format::Ndjson),
        ..reading("")
    };
    let cohort = read_files(&by_option, &[("t.txt", json.as_bytes())]).unwrap();
    assert_eq!(cohort.states, expected.states);
}

#[test]
fn lines_of_json_may_lack_members_and_bad_ones_are_set_aside() {
    let whole = |patient: &str, rest: &str| {
        format!(
            "{{\"patient\":\"{patient}\",\"ageAtDiagnosis\":1,\"recurrence\":0,\"multiSiteMetastasis\":0,\"fdgUptake\":null,\"outcome\":1{rest}}}"
        )
    };
    let lines = [
        whole("a", ""),
        "{\"patient\":\"b\",\"ageAtDiagnosis\":0}".into(),
        whole("c", ",\"tg\":1.5,\"probability\":0.5"),
        "{\"patient\":".into(),
        "[1]".into(),
        whole("d", ",\"outcome\":0"),
        whole("e", ",\"tg\":[1]"),
        whole("a", ""),
        whole("f", ",\"probability\":2"),
    ];
    let text = lines.join("\n");
    let cohort = read_files(&reading(""), &[("t.jsonl", text.as_bytes())]).unwrap();
    assert_eq!(cohort.len(), 3);
    assert_eq!(cohort.states[1], [Absent, Unknown, Unknown, Unknown]);
    assert_eq!(cohort.outcomes[1], Outcome::Undetermined);
    assert_eq!(cohort.probabilities, Some(vec![None, None, Some(0.5)]));
    assert_eq!(
        cohort.variable("tg").unwrap().values,
        Values::Numbers(vec![None, None, Some(1.5)])
    );
    let places: Vec<(u64, Option<&str>)> = bad(&cohort).iter().map(|b| (b.0, b.1)).collect();
    assert_eq!(
        places,
        [
            (4, None),
            (5, None),
            (6, None),
            (7, Some("tg")),
            (8, Some("patient")),
            (9, Some("probability")),
        ]
    );
    let many: Vec<String> = (0..10_001).map(|n| format!("\"c{n}\":1")).collect();
    let many = format!("{{{}}}", many.join(","));
    for (text, told) in [
        ("[\n{}\n]", "JSON array"),
        ("", "it is empty"),
        ("{\"patient\":1}", "there is no column ageAtDiagnosis"),
        (&many, "more than 10000 columns"),
    ] {
        let told_to_us = error(read_files(&reading(""), &[("t.json", text.as_bytes())]));
        assert!(told_to_us.contains(told), "{told_to_us}");
    }
}

#[test]
fn several_files_are_one_cohort_in_which_nobody_counts_twice() {
    let one = format!("{HEADER},site\na,1,0,0,0,1,north\nb,0,0,0,0,0,south\n");
    let two = "site,outcome,fdgUptake,multiSiteMetastasis,recurrence,ageAtDiagnosis,patient\nwest,1,1,1,1,1,c\nsouth,1,1,1,1,1,a\n";
    let files = [("1.csv", one.as_bytes()), ("2.csv", two.as_bytes())];
    let cohort = read_files(&reading(""), &files).unwrap();
    assert_eq!(cohort.len(), 3);
    assert_eq!(
        cohort.variables[0].values,
        Values::Categories {
            levels: vec!["north".into(), "south".into(), "west".into()],
            of: vec![Some(0), Some(1), Some(2)]
        }
    );
    assert_eq!(
        bad(&cohort),
        [(3, Some("patient"), "an earlier row has the same patient")]
    );
    assert!(cohort.origin.listed[0].file.ends_with("2.csv"));
    assert_eq!(cohort.origin.files.len(), 2);
    let twice = [("1.csv", one.as_bytes()), ("2.csv", one.as_bytes())];
    assert!(error(read_files(&reading(""), &twice)).contains("its patients would count twice"));
    let other = format!("{HEADER},centre\nd,1,0,0,0,1,x\n");
    let other = [("1.csv", one.as_bytes()), ("2.csv", other.as_bytes())];
    assert!(error(read_files(&reading(""), &other)).contains("site is not in every one"));
}

fn states() -> impl Strategy<Value = [State; 4]> {
    prop::array::uniform4(prop::sample::select(State::ALL.to_vec()))
}

fn cohorts() -> impl Strategy<Value = Cohort> {
    let patient = (
        states(),
        0..3_usize,
        prop::option::of(0.0..=1.0_f64),
        prop::option::of(0..20_000_i32),
        prop::option::of(any::<f64>().prop_filter("finite", |x| x.is_finite())),
        prop::option::of(0..4_usize),
    );
    (prop::collection::vec(patient, 1..40), any::<[bool; 2]>()).prop_map(
        |(patients, [dates, probabilities])| {
            let outcomes = [
                Outcome::Refractory,
                Outcome::NotRefractory,
                Outcome::Undetermined,
            ];
            let day =
                |n: i32| jiff::civil::date(1980, 1, 1).saturating_add(jiff::Span::new().days(n));
            // In the order in which they first appear, as they are read.
            let texts = ["a, b", "say \"yes\"", "two\nlines", "\u{e9}\u{4e2d}"];
            let mut levels: Vec<String> = Vec::new();
            let of = patients
                .iter()
                .map(|p| {
                    let text = texts[p.5?];
                    let known = levels.iter().position(|level| level == text);
                    let place = known.unwrap_or_else(|| {
                        levels.push(text.to_owned());
                        levels.len() - 1
                    });
                    Some(place as u16)
                })
                .collect();
            let mut variables = vec![Variable {
                name: "number, with a comma".into(),
                values: Values::Numbers(patients.iter().map(|p| p.4).collect()),
            }];
            if !levels.is_empty() {
                variables.push(Variable {
                    name: "category".into(),
                    values: Values::Categories { levels, of },
                });
            }
            Cohort {
                states: patients.iter().map(|p| p.0).collect(),
                outcomes: patients.iter().map(|p| outcomes[p.1]).collect(),
                probabilities: probabilities.then(|| patients.iter().map(|p| p.2).collect()),
                time_zero: dates.then(|| patients.iter().map(|p| p.3.map(day)).collect()),
                variables,
                ..Cohort::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn a_table_that_is_written_and_read_again_is_the_same(cohort in cohorts()) {
        let mut text = Vec::new();
        table::write(&cohort, &mut text).unwrap();
        let again = read_files(&reading(""), &[("t.csv", &text)]).unwrap();
        prop_assert_eq!(again.origin.bad_rows, 0);
        prop_assert_eq!(&again.states, &cohort.states);
        prop_assert_eq!(&again.outcomes, &cohort.outcomes);
        prop_assert_eq!(&again.probabilities, &cohort.probabilities);
        prop_assert_eq!(&again.time_zero, &cohort.time_zero);
        prop_assert_eq!(&again.variables, &cohort.variables);
    }

    #[test]
    fn whatever_the_bytes_nothing_panics_and_every_row_is_a_patient_or_counted(
        rows in prop::collection::vec(prop::collection::vec(prop::sample::select(b"01,,,\"\r;abN\xff ".to_vec()), 0..20), 0..20)
    ) {
        let mut bytes = format!("{HEADER}\ngood,1,1,1,1,1\n").into_bytes();
        bytes.extend(rows.join(&b'\n'));
        let cohort = read_files(&reading(""), &[("t.csv", &bytes)]).unwrap();
        let counted = cohort.len() as u64 + cohort.origin.bad_rows;
        prop_assert_eq!(counted, cohort.origin.files[0].rows);
        let lines = rows.iter().filter(|row| !row.trim_ascii().is_empty()).count() as u64 + 1;
        prop_assert!(counted <= lines);
    }
}
