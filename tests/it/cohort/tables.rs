//! Tables as a cohort: what is read, what is set aside and why, what is refused.

use proptest::prelude::*;
use rrdtc::cohort::table::{self, Format, Map, Reading, Thresholds, UnusableTable};
use rrdtc::cohort::{BadRow, Cohort, Outcome, Values, Variable};
use rrdtc::domain::score::State::{self, Absent, Conflicting, Present, Unknown};
use std::path::PathBuf;

const HEADER: &str = "patient,ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome";

fn reading(map: &str) -> Reading {
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
fn read_files(reading: &Reading, files: &[(&str, &[u8])]) -> Result<Cohort, UnusableTable> {
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

fn read(text: &str) -> Result<Cohort, UnusableTable> {
    read_files(&reading(""), &[("t.csv", text.as_bytes())])
}

fn mapped(map: &str, text: &str) -> Result<Cohort, UnusableTable> {
    read_files(&reading(map), &[("t.csv", text.as_bytes())])
}

/// Line, column and reason of each row that was set aside.
fn bad(cohort: &Cohort) -> Vec<(u64, Option<&str>, &str)> {
    let rows = cohort.origin.listed.iter();
    rows.map(|row: &BadRow| (row.line, row.column.as_deref(), row.reason.as_str()))
        .collect()
}

fn error(result: Result<Cohort, UnusableTable>) -> String {
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
    for (text, told) in [
        ("[\n{}\n]", "JSON array"),
        ("", "it is empty"),
        ("{\"patient\":1}", "there is no column ageAtDiagnosis"),
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

const MAP: &str = r#"
decimal = ","
delimiter = ";"
missing = [".", "-9"]
unknown = ["recurrence"]
ignore = ["Name"]
subgroups = ["sex"]

[columns.patient]
column = "Nr"

[columns.timeZero]
column = "RIT"
date = "%d.%m.%Y"

[columns.ageAtDiagnosis]
column = "Alter"
measurement = "years"

[columns.multiSiteMetastasis]
column = "Organe"
present = ["mehrere"]
absent = ["eins"]
conflicting = ["!"]

[columns.fdgUptake]
column = "SUVmax"
measurement = "SUVmax"

[columns.outcome]
column = "RR"
refractory = ["ja", 2]
notRefractory = ["nein", 1]
undetermined = ["offen"]

[variables.sex]
column = "Geschlecht"
labels = { w = "female", m = "male" }
missing = ["x"]

[variables.ageYears]
column = "Alter"
kind = "numbers"
"#;

#[test]
fn a_map_names_codes_cuts_and_leaves_out() {
    let table = "Nr;Name;Alter;Organe;SUVmax;RR;RIT;Geschlecht;Tg\n\
        1;Huber;48;mehrere;2,5;ja;17.05.2019;m;1,5\n\
        2;Maier;47,9;eins;<2,5;1;.;w;-9\n\
        3;Gruber;.;!;>2;offen;01.12.2020;x;3\n\
        4;Bauer;50;1;3;ja;17.05.2019;m;1\n";
    let cohort = mapped(MAP, table).unwrap();
    assert_eq!(
        cohort.states,
        [
            [Present, Unknown, Present, Present],
            [Absent, Unknown, Absent, Absent],
            [Unknown, Unknown, Conflicting, Unknown],
        ]
    );
    assert_eq!(
        cohort.outcomes,
        [
            Outcome::Refractory,
            Outcome::NotRefractory,
            Outcome::Undetermined
        ]
    );
    assert_eq!(
        bad(&cohort),
        [(
            5,
            Some("Organe"),
            "expected one of mehrere eins !, or nothing"
        )]
    );
    let days: Vec<Option<String>> = cohort
        .time_zero
        .as_ref()
        .unwrap()
        .iter()
        .map(|day| day.map(|day| day.to_string()))
        .collect();
    assert_eq!(
        days,
        [Some("2019-05-17".into()), None, Some("2020-12-01".into())]
    );
    assert_eq!(cohort.subgroups, ["sex"]);
    let names: Vec<&str> = cohort.variables.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["ageYears", "sex", "Tg"]);
    assert_eq!(
        cohort.variable("sex").unwrap().values,
        Values::Categories {
            levels: vec!["female".into(), "male".into()],
            of: vec![Some(1), Some(0), None]
        }
    );
    assert_eq!(
        cohort.variable("Tg").unwrap().values,
        Values::Numbers(vec![Some(1.5), None, Some(3.0)])
    );
}

#[test]
fn what_is_missing_by_the_map_is_unknown_whatever_it_means_else() {
    let cohort = mapped("missing = [\"0\"]", &format!("{HEADER}\na,0,0,1,1,0\n")).unwrap();
    assert_eq!(cohort.states, [[Unknown, Unknown, Present, Present]]);
    assert_eq!(cohort.outcomes, [Outcome::Undetermined]);
}

#[test]
fn a_wrong_map_is_refused_with_its_line_and_what_is_meant() {
    for (map, told) in [
        (
            "mising = [\"NA\"]",
            "line 1: mising is not known; did you mean missing?",
        ),
        (
            "\n[columns.fdguptake]\ncolumn = \"x\"",
            "line 2: columns.fdguptake is none of the columns with a meaning of their own (did you mean fdgUptake?)",
        ),
        (
            "[columns.fdgUptake]\ncolum = \"x\"",
            "line 2: columns.fdgUptake.colum is not known; did you mean columns.fdgUptake.column?",
        ),
        (
            "[columns.fdgUptake]\nmeasurement = \"SUV\"",
            "expected \"SUVmax\"",
        ),
        (
            "[columns.fdgUptake]\nmeasurement = \"SUVmax\"\npresent = [\"1\"]",
            "a measurement has no codes",
        ),
        (
            "[columns.recurrence]\nmeasurement = \"years\"",
            "only ageAtDiagnosis (years) and fdgUptake (SUVmax)",
        ),
        (
            "[columns.outcome]\nrefractory = [\"1\"]\nnotRefractory = [\"1\"]",
            "the code \"1\" has two meanings",
        ),
        (
            "[columns.timeZero]\ndate = \"%d.%m\"",
            "expected day, month and year",
        ),
        (
            "[columns.patient]\ndate = \"%d\"",
            "columns.patient.date is not known",
        ),
        (
            "[variables.outcome]\nkind = \"numbers\"",
            "[columns.outcome]",
        ),
        (
            "[variables.sex]\nkind = \"number\"",
            "expected \"numbers\" or \"categories\"",
        ),
        (
            "[variables.sex]\nlabel = {}",
            "did you mean variables.sex.labels?",
        ),
        (
            "unknown = [\"fdg\"]",
            "fdg is neither a predictor nor outcome",
        ),
        (
            "unknown = [\"outcome\"]\n[columns.outcome]\ncolumn = \"x\"",
            "unknown: outcome has a column",
        ),
        ("decimal = \"'\"", "decimal: expected"),
        ("delimiter = \"ab\"", "delimiter: expected one character"),
        ("missing = \"NA\"", "missing: expected a list of texts"),
        ("missing = [", "line 1"),
    ] {
        let told_to_us = Map::parse("map.toml", map).unwrap_err().to_string();
        assert!(told_to_us.contains("map.toml, line "), "{told_to_us}");
        assert!(told_to_us.contains(told), "{told_to_us}");
    }
    // What only the header shows to be wrong.
    for (map, told) in [
        (
            "[columns.outcome]\ncolumn = \"RR\"",
            "there is a column outcome, and the map takes outcome from RR",
        ),
        (
            "unknown = [\"outcome\"]",
            "there is a column outcome, which the map says to be unknown",
        ),
        (
            "[columns.patient]\ncolumn = \"patients\"\n",
            "there is a column patient, and the map takes patient from patients",
        ),
        (
            "[variables.sex]\ncolumn = \"Sex\"",
            "there is no column Sex, which the map takes for sex",
        ),
        (
            "[variables.a]\ncolumn = \"recurrence\"\n[variables.b]\ncolumn = \"nothing\"",
            "there is no column nothing",
        ),
    ] {
        let told_to_us = error(mapped(map, &format!("{HEADER}\na,1,0,0,0,1\n")));
        assert!(told_to_us.contains(told), "{told_to_us}");
    }
}

#[test]
fn a_predictor_that_the_map_says_to_be_unknown_is_unknown_for_everybody() {
    let table = "ageAtDiagnosis,recurrence,multiSiteMetastasis\n1,0,0\n0,1,1\n";
    let cohort = mapped("unknown = [\"fdgUptake\", \"outcome\"]", table).unwrap();
    assert_eq!(cohort.states[0], [Present, Absent, Absent, Unknown]);
    assert_eq!(cohort.outcomes, [Outcome::Undetermined; 2]);
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
