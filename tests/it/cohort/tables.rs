//! Tables as a cohort: what is read, what is set aside and why, what is refused.

use rrdtc::cohort::table::{self, Map, Reading, Thresholds, UnusableTable};
use rrdtc::cohort::{BadRow, Cohort, Outcome, Values, Variable};
use rrdtc::domain::score::State::{self, Absent, Conflicting, Present, Unknown};
use std::path::PathBuf;

pub const HEADER: &str = "patient,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome";

pub fn reading(map: &str) -> Reading {
    Reading {
        format: None,
        delimiter: None,
        map: Map::parse("map.toml", map).unwrap(),
        thresholds: Thresholds {
            age_years: 48.0,
            suv_max: 2.5,
        },
        strict: false,
    }
}

/// Reads texts as files of these names.
pub fn read_files(reading: &Reading, files: &[(&str, &[u8])]) -> Result<Cohort, UnusableTable> {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect();
    reading.read(&paths, &mut |_| (), &|_| ())
}

pub fn read(text: &str) -> Result<Cohort, UnusableTable> {
    read_files(&reading(""), &[("t.csv", text.as_bytes())])
}

pub fn mapped(map: &str, text: &str) -> Result<Cohort, UnusableTable> {
    read_files(&reading(map), &[("t.csv", text.as_bytes())])
}

/// Line, column and reason of each row that was set aside.
pub fn bad(cohort: &Cohort) -> Vec<(u64, Option<&str>, &str)> {
    let rows = cohort.origin.listed.iter();
    rows.map(|row: &BadRow| (row.line, row.column.as_deref(), row.reason.as_str()))
        .collect()
}

pub fn error(result: Result<Cohort, UnusableTable>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_documented_code_is_read() {
    let states: [(&str, State); 13] = [
        ("1", Present),
        ("present", Present),
        ("Yes", Present),
        ("TRUE", Present),
        ("1.0", Present),
        ("0", Absent),
        ("absent", Absent),
        ("no", Absent),
        ("False", Absent),
        ("unknown", Unknown),
        ("", Unknown),
        ("NA", Unknown),
        ("conflicting", Conflicting),
    ];
    for (code, state) in states {
        let cohort = read(&format!("{HEADER}\np, {code} ,0,1,{code},1\n")).unwrap();
        assert_eq!(cohort.states, [[state, Absent, Present, state]], "{code:?}");
    }
    let outcomes = [
        ("1", Outcome::Refractory),
        ("refractory", Outcome::Refractory),
        ("yes", Outcome::Refractory),
        ("0", Outcome::NotRefractory),
        ("not-refractory", Outcome::NotRefractory),
        ("no", Outcome::NotRefractory),
        ("", Outcome::Undetermined),
        ("NA", Outcome::Undetermined),
        ("undetermined", Outcome::Undetermined),
    ];
    for (code, outcome) in outcomes {
        let cohort = read(&format!("{HEADER}\np,1,0,1,0,{code}\n")).unwrap();
        assert_eq!(cohort.outcomes, [outcome], "{code:?}");
    }
}

#[test]
fn columns_stand_in_any_order_and_others_are_variables() {
    let cohort = read(
        "outcome,site,fdgUptake,multiSiteMetastasis,tg,recurrence,ageAtDiagnosis,probability,timeZero\n\
         1,north,1,0,1.5,0,1,0.25,2019-05-17\n\
         0,,0,1,,1,0,,2019-06\n",
    )
    .unwrap();
    assert_eq!(
        cohort.states,
        [
            [Present, Absent, Absent, Present],
            [Absent, Present, Present, Absent]
        ]
    );
    assert_eq!(cohort.probabilities, Some(vec![Some(0.25), None]));
    let days = cohort.time_zero.as_ref().unwrap();
    assert_eq!(
        days.iter()
            .map(|d| d.unwrap().to_string())
            .collect::<Vec<_>>(),
        ["2019-05-17", "2019-06-01"]
    );
    assert_eq!(
        cohort.variables,
        [
            Variable {
                name: "site".into(),
                values: Values::Categories {
                    levels: vec!["north".into()],
                    of: vec![Some(0), None]
                }
            },
            Variable {
                name: "tg".into(),
                values: Values::Numbers(vec![Some(1.5), None])
            }
        ]
    );
    let file = &cohort.origin.files[0];
    assert_eq!((file.rows, file.sha256.len()), (2, 64));
    assert_eq!(cohort.origin.bad_rows, 0);
}

#[test]
fn sha256_is_that_of_the_file() {
    let text = format!("{HEADER}\np,1,0,1,0,1\n");
    let cohort = read(&text).unwrap();
    assert_eq!(
        cohort.origin.files[0].sha256,
        rrdtc::model::file::sha256(&text)
    );
}

#[test]
fn every_kind_of_bad_row_is_set_aside_with_its_place_and_reason() {
    let header = "patient,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome,probability,timeZero";
    let coded =
        "expected one of 1 present yes true 0 absent no false unknown conflicting, or nothing";
    for (row, column, reason) in [
        ("b,2,0,0,0,1,,", Some("ageAtDiagnosis"), coded),
        ("b,1,0,0,maybe,1,,", Some("fdgUptake"), coded),
        (
            "b,1,0,0,0,perhaps,,",
            Some("outcome"),
            "expected one of 1 refractory yes true 0 not-refractory no false undetermined unknown, or nothing",
        ),
        (
            "b,1,0,0,0,1,NaN,",
            Some("probability"),
            "expected a finite number",
        ),
        (
            "b,1,0,0,0,1,inf,",
            Some("probability"),
            "expected a finite number",
        ),
        (
            "b,1,0,0,0,1,1e999,",
            Some("probability"),
            "expected a finite number",
        ),
        (
            "b,1,0,0,0,1,1.01,",
            Some("probability"),
            "expected a probability from 0 to 1",
        ),
        (
            "b,1,0,0,0,1,-0.1,",
            Some("probability"),
            "expected a probability from 0 to 1",
        ),
        (
            "b,1,0,0,0,1,high,",
            Some("probability"),
            "expected a number",
        ),
        (
            "b,1,0,0,0,1,\"0,3\",",
            Some("probability"),
            "expected a number; if a comma is its decimal sign, say so in --map: decimal = \",\"",
        ),
        (
            "b,1,0,0,0,1,,17.05.2019",
            Some("timeZero"),
            "expected a day such as 2019-05-17, or a month such as 2019-05",
        ),
        (
            "a,1,0,0,0,1,,",
            Some("patient"),
            "an earlier row has the same patient",
        ),
        (",1,0,0,0,1,,", Some("patient"), "the patient has no name"),
        ("b,1,0,0,0,1,", None, "7 cells instead of 8"),
        ("b,1,0,0,0,1,,,", None, "9 cells instead of 8"),
        (",,,,,,,", None, "every cell is empty"),
        (
            "b,\"1,0,0,0,1,,",
            None,
            "a quotation mark is opened and never closed",
        ),
    ] {
        let text = format!("{header}\na,1,0,0,0,1,0.5,2019-01-01\n{row}\nc,0,0,0,0,0,,\n");
        let cohort = read(&text).unwrap();
        assert_eq!(bad(&cohort), [(3, column, reason)], "{row}");
        assert_eq!((cohort.len(), cohort.origin.bad_rows), (2, 1), "{row}");
        assert_eq!(cohort.origin.files[0].rows, 3, "{row}");
        // Every column stays in step.
        assert_eq!(
            cohort.outcomes,
            [Outcome::Refractory, Outcome::NotRefractory]
        );
        assert_eq!(cohort.probabilities, Some(vec![Some(0.5), None]));
        assert!(!cohort.origin.listed[0].to_string().contains("maybe"));

        let strict = Reading {
            strict: true,
            ..reading("")
        };
        let refused = error(read_files(&strict, &[("t.csv", text.as_bytes())]));
        assert!(refused.contains("t.csv, line 3"), "{refused}");
        assert!(refused.contains(reason), "{refused}");
    }
    let broken = [HEADER.as_bytes(), b"\na,1,0,0,0,1\nb\xff,1,0,0,0,1\n"].concat();
    let cohort = read_files(&reading(""), &[("t.csv", &broken)]).unwrap();
    assert_eq!(
        bad(&cohort),
        [(3, None, "it is not UTF-8: save the table as UTF-8")]
    );
    // Two bytes that are one character only across the border of two cells.
    let split = [
        HEADER.as_bytes(),
        b",x,y\na,1,0,0,0,1,\xc3,\xa9\nb,1,0,0,0,1,,\n",
    ]
    .concat();
    let cohort = read_files(&reading(""), &[("t.csv", &split)]).unwrap();
    assert_eq!(cohort.origin.listed[0].line, 2);
}

#[test]
fn twenty_bad_rows_are_listed_and_every_one_is_counted_and_told() {
    let rows: String = (0..50).map(|n| format!("p{n},?,0,0,0,1\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, format!("{HEADER}\ngood,1,0,0,0,1\n{rows}")).unwrap();
    let mut told = Vec::new();
    let cohort = reading("")
        .read(&[path], &mut |row| told.push(row.line), &|_| ())
        .unwrap();
    assert_eq!(cohort.origin.bad_rows, 50);
    assert_eq!(cohort.origin.listed.len(), 20);
    assert_eq!(told, (3..53).collect::<Vec<u64>>());
}

#[test]
fn a_quotation_mark_swallows_no_rows() {
    // Quoted cells, with delimiters, doubled marks and line breaks in them.
    let cohort = read(&format!(
        "{HEADER},note\r\n\"a\",\"1\",0,0,0,1,\"x, \"\"y\"\"\r\nz\"\r\n\r\nb,0,0,0,0,0,w\r\n"
    ))
    .unwrap();
    assert_eq!((cohort.len(), cohort.origin.bad_rows), (2, 0));
    assert!(
        matches!(&cohort.variables[0].values, Values::Categories { levels, .. } if levels[0] == "x, \"y\"\nz")
    );
    // One that is not closed costs its own line only, also where a later one seems to close it.
    let cohort = read(&format!(
        "{HEADER}\na,1,0,0,0,\"1\nb,0,0,0,0,0\nc,1,0,0,0,1\nd,1,\"0\",0,0,1\n"
    ))
    .unwrap();
    assert_eq!(cohort.len(), 3);
    assert_eq!(
        bad(&cohort),
        [(
            2,
            None,
            "a quotation mark is opened and closed 3 lines later, which makes no row"
        )]
    );
}

#[test]
fn what_is_no_table_is_refused_with_what_to_do() {
    for (bytes, told) in [
        (&b""[..], "it is empty; expected a header"),
        (b"\n\n", "it is empty"),
        (b"\xff\xfep\0a\0", "UTF-16: save it as UTF-8"),
        (b"PK\x03\x04....", "workbook"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"patient;ageAtDiagnosis;outcome\n", "--delimiter \";\""),
        (b"patient\tageAtDiagnosis\n", "--delimiter \"tab\""),
        (b"a,b\rc,d\re,f", "carriage returns"),
        (b"\"patient,outcome\n", "a quotation mark in the header"),
        (b"p\xff,outcome\n", "its header is not UTF-8"),
    ] {
        let told_to_us = error(read_files(&reading(""), &[("t.csv", bytes)]));
        assert!(told_to_us.contains(told), "{told_to_us}");
    }
    for (text, told) in [
        (
            format!("{HEADER}\n"),
            "no patients: there is a header and no row",
        ),
        (
            format!("{HEADER}\np,?,0,0,0,1\nq,?,0,0,0,1\n"),
            "no patients: none of 2 rows can be used; the first: ",
        ),
        (
            "patient,ageAtDiagnosis,recurence,multiSiteMetastasis,fdgUptake,outcome\n".into(),
            "there is no column recurrence. Is it recurence?",
        ),
        (
            "ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake\n".into(),
            "there is no column outcome.",
        ),
        (format!("{HEADER},sex,sex\n"), "two columns are named sex"),
        (format!("x{}\n", "y".repeat(1 << 20)), "longer than 1 MB"),
    ] {
        let told_to_us = error(read(&text));
        assert!(told_to_us.contains(told), "{told_to_us}");
    }
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere.csv");
    assert!(error(table::read(&nowhere)).contains("nowhere.csv cannot be read"));
}

#[test]
fn byte_order_mark_carriage_returns_and_no_last_line_end_do_not_matter() {
    let plain = read(&format!("{HEADER}\na,1,0,0,0,1\nb,0,1,0,0,0\n")).unwrap();
    let windows = read(&format!("\u{feff}{HEADER}\r\na,1,0,0,0,1\r\nb,0,1,0,0,0")).unwrap();
    assert_eq!(plain.states, windows.states);
    assert_eq!(plain.outcomes, windows.outcomes);
}

#[test]
fn names_of_patients_in_another_column_are_not_kept() {
    let rows: String = (0..30)
        .map(|n| format!("{n},1,0,0,0,1,Name{n},{}\n", n % 3))
        .collect();
    let cohort = read(&format!("{HEADER},name,arm\n{rows}")).unwrap();
    assert_eq!(cohort.variables.len(), 1);
    assert_eq!(cohort.variables[0].name, "arm");
    assert_eq!(cohort.origin.columns_set_aside[0].name, "name");
    assert!(!format!("{cohort:?}").contains("Name7"));
}
