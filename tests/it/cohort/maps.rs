//! Maps of local names and codes.

use super::tables::{HEADER, bad, error, mapped};
use rrdtc::cohort::table::Map;
use rrdtc::cohort::{Outcome, Values};
use rrdtc::domain::score::State::{Absent, Conflicting, Present, Unknown};

const MAP: &str = r#"
decimal = ","
delimiter = ";"
missing = [".", "-9"]
unknown = ["recurrence"]
ignore = ["Name"]
subgroups = ["sex", "ageYears:45,65", "timeZero"]

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
    assert_eq!(cohort.subgroups, ["sex", "ageYears:45,65", "timeZero"]);
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
            "ignore = [\"Name\"]",
            "there is no column Name, which the map ignores",
        ),
        (
            "subgroups = [\"sex\"]",
            "the map names the subgroup sex, and there is no such variable",
        ),
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
