//! What is too small, contradicts itself or is no cohort: clear texts, no file, never a panic.

use super::{cohort, place, recalibrate, sized};
use serde_json::Value;

#[test]
fn each_gate_opens_with_the_patient_that_it_needs() {
    let place = place();
    let run = |method: &str, smaller: usize| {
        let more = ["--bootstrap", "0", "--method", method];
        // The smaller class is once the refractory one, once the other.
        let (code, result, said) = recalibrate(&place, &sized(smaller, smaller + 30), &more);
        let (other, _, _) = recalibrate(&place, &sized(smaller + 30, smaller), &more);
        assert_eq!(code, other, "{method} {smaller}");
        (code, result, said)
    };
    for (method, needed) in [
        ("intercept", 50),
        ("intercept-and-slope", 100),
        ("revision", 200),
    ] {
        let (code, result, said) = run(method, needed - 1);
        assert_eq!((code, result), (1, Value::Null), "{method}");
        for words in [
            format!("has {} patients", needed - 1),
            format!("needs {needed}"),
            "--below-gate".into(),
        ] {
            assert!(said.contains(&words), "{words}: {said}");
        }
        let (code, result, said) = run(method, needed);
        assert_eq!(code, 0, "{said}");
        assert_eq!(result["chosen"]["step"], method);
        assert_eq!(result["chosen"]["belowGate"], false);
    }
    // By itself the procedure goes as far as the gates: one, two and five degrees of freedom.
    assert_eq!(run("auto", 49).0, 1);
    for (smaller, degrees) in [(50, 1), (99, 1), (100, 2), (199, 2), (200, 5)] {
        let (code, result, said) = run("auto", smaller);
        assert_eq!(code, 0, "{said}");
        let first = result["tests"]
            .as_array()
            .unwrap()
            .iter()
            .find(|test| test["decides"] == true)
            .unwrap();
        assert_eq!(first["degreesOfFreedom"], degrees, "{smaller}");
    }
    assert_eq!(run("none", 3).0, 0);
}

#[test]
fn what_a_gate_withholds_is_said_when_the_data_ask_for_it() {
    let place = place();
    // Too small for a revision; recurrence speaks the other way round.
    let text = cohort(
        1,
        |at, log_odds| if at & 2 > 0 { log_odds - 4.0 } else { log_odds },
    );
    let (code, result, said) = recalibrate(&place, &text, &["--bootstrap", "0"]);
    assert_eq!(code, 0, "{said}");
    assert!(result["cohort"]["refractory"].as_u64().unwrap() < 200);
    assert!(
        result["warnings"]
            .to_string()
            .contains("A revision would fit better"),
        "{}",
        result["warnings"]
    );
}

#[test]
fn cohorts_that_tell_nothing_are_refused_with_the_reason() {
    let place = place();
    let header = "ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\n";
    let open = format!("{header}1,1,,1,1\n0,0,0,0,\n");
    for (text, more, expected) in [
        (header.to_owned(), &[][..], "no patient"),
        (
            open,
            &[][..],
            "1 have no determined outcome and 1 a predictor that is unknown",
        ),
        (sized(300, 0), &[][..], "same outcome"),
        (sized(0, 300), &["--method", "revision"][..], "same outcome"),
        (
            cohort(3, |_, log_odds| -log_odds),
            &["--method", "intercept-and-slope"][..],
            "ranks patients the wrong way",
        ),
    ] {
        let mut arguments = vec!["--bootstrap", "5"];
        arguments.extend(more);
        let (code, result, said) = recalibrate(&place, &text, &arguments);
        assert_eq!((code, result), (1, Value::Null), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let (code, _, said) = recalibrate(&place, "", &[]);
    assert_eq!(code, 1, "{said}");
}

#[test]
fn small_and_one_sided_cohorts_give_numbers_or_a_reason_and_never_nan() {
    let place = place();
    let everybody_alike = {
        let mut text =
            "ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\n".to_owned();
        for number in 0..10 {
            text += &format!("1,0,1,1,{}\n", number % 2);
        }
        text
    };
    let separated = {
        let mut text =
            "ageAtDiagnosis,recurrence,multiSiteMetastasis,fdgUptake,outcome\n".to_owned();
        for number in 0..40 {
            let fdg = number % 2;
            text += &format!(
                "{},{},{},{fdg},{fdg}\n",
                number % 3 % 2,
                number % 5 % 2,
                number % 7 % 2
            );
        }
        text
    };
    for text in [
        everybody_alike,
        separated,
        sized(5, 5),
        sized(1, 9),
        sized(10, 0),
    ] {
        for method in [
            "none",
            "intercept",
            "intercept-and-slope",
            "revision",
            "auto",
        ] {
            let (code, result, said) = recalibrate(
                &place,
                &text,
                &["--method", method, "--below-gate", "--bootstrap", "10"],
            );
            match code {
                0 => {
                    let told = result.to_string();
                    assert!(!told.contains("null") && !told.contains("NaN"), "{told}");
                    for row in result["patterns"].as_array().unwrap() {
                        let limit = |name: &str| row["after"][name].as_f64().unwrap();
                        assert!(
                            0.0 < limit("low")
                                && limit("low") <= limit("value")
                                && limit("value") <= limit("high")
                                && limit("high") < 1.0,
                            "{row}"
                        );
                    }
                }
                1 => assert!(!said.is_empty() && !said.contains("panicked"), "{said}"),
                other => panic!("{other}: {said}"),
            }
        }
    }
}

#[test]
fn a_file_is_written_only_by_somebody_with_a_name_and_a_day() {
    let place = place();
    let text = sized(60, 60);
    let out = place.path("ours.json");
    let out = out.to_str().unwrap();
    let named = [
        "--out",
        out,
        "--bootstrap",
        "0",
        "--site",
        "Here",
        "--by",
        "Me",
    ];
    let with = |more: &[&'static str]| {
        let mut arguments = named.to_vec();
        arguments.extend(more);
        recalibrate(&place, &text, &arguments)
    };
    let (code, _, said) = with(&["--id", "ours"]);
    assert!(code == 2 && said.contains("--version"), "{said}");
    let (code, _, said) = with(&["--id", "liu-2022", "--version", "2.0.0"]);
    assert!(
        code == 2 && said.contains("must not have id and version of the original"),
        "{said}"
    );
    let (code, _, said) = with(&["--id", "two\nlines", "--version", "1"]);
    assert!(code == 2 && said.contains("--id"), "{said}");
    assert!(!std::path::Path::new(out).exists());
    // Without days of time zero somebody must tell them.
    let text = text.replace("2020-01-01,", ",");
    let mut arguments = named.to_vec();
    arguments.extend(["--id", "ours", "--version", "1"]);
    let (code, _, said) = recalibrate(&place, &text, &arguments);
    assert!(code == 2 && said.contains("--from and --to"), "{said}");
    arguments.extend(["--from", "2019-01-01", "--to", "2020-12-31"]);
    let (code, _, said) = recalibrate(&place, &text, &arguments);
    assert_eq!(code, 0, "{said}");
    let model: Value = serde_json::from_str(&place.text("ours.json")).unwrap();
    assert_eq!(model["localValidation"]["to"], "2020-12-31");
}

#[test]
fn a_model_without_a_nomogram_has_nothing_to_recalibrate() {
    let place = place();
    let text = std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap();
    let mut model: Value = serde_json::from_str(&text).unwrap();
    model.as_object_mut().unwrap().shift_remove("nomogram");
    std::fs::write(place.path("bare.json"), model.to_string()).unwrap();
    place.configure(&format!(
        "model = \"{}\"\n",
        place.path("bare.json").display()
    ));
    let (code, _, said) = recalibrate(&place, &sized(60, 60), &[]);
    assert!(code == 1 && said.contains("has no nomogram"), "{said}");
}
