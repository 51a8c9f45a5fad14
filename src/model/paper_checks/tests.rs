//! The arithmetic against the figures of the methodological review (clinical.md section 2), rounded as they stand there.

use super::*;
use crate::model::file::ModelFile;

const PUBLISHED: &str = include_str!("../../../cds-hooks/models/liu-2022-published.json");
const MODEL: &str = include_str!("../../../cds-hooks/models/liu-2022.json");

fn published() -> Published {
    Published::read("published", PUBLISHED).unwrap()
}

fn figures(id: &str) -> Value {
    let model = ModelFile::read("model", MODEL).unwrap().model;
    let checks = checks(&published(), &model).unwrap();
    let check = checks.into_iter().find(|check| check.id == id);
    check.unwrap_or_else(|| panic!("no check {id}")).figures
}

/// Each figure to as many decimals as are given.
fn assert_figures(id: &str, expected: &[(&str, f64, i32)]) {
    let figures = figures(id);
    for (pointer, value, decimals) in expected {
        let got = figures.pointer(pointer).and_then(Value::as_f64);
        let got = got.unwrap_or_else(|| panic!("{id}: no {pointer} in {figures}"));
        let tolerance = 0.5 * 10f64.powi(-decimals) + 1e-9;
        assert!(
            (got - value).abs() <= tolerance,
            "{id} {pointer}: {got}, not {value}"
        );
    }
}

#[test]
fn only_92_recurrences_fit_table_4() {
    assert_figures(
        "recurrence-count",
        &[
            ("/printed", 56.0, 9),
            ("/used", 92.0, 9),
            ("/printedShare", 0.251, 3),
            ("/printedAuc", 0.570, 3),
            ("/usedShare", 0.4126, 4),
            ("/usedAuc", 0.6510, 4),
            ("/publishedSensitivity", 0.41, 9),
            ("/publishedAuc", 0.651, 9),
            ("/oneLess", 91.0, 9),
            ("/oneLessAuc", 0.649, 3),
            ("/oneMore", 93.0, 9),
            ("/oneMoreAuc", 0.653, 3),
        ],
    );
}

#[test]
fn only_92_recurrences_give_the_mean_score() {
    assert_figures(
        "mean-score-refractory",
        &[
            ("/points", 7573.0, 9),
            ("/patients", 223.0, 9),
            ("/mean", 33.960, 3),
            ("/published", 33.96, 9),
            ("/meanWithPrinted", 32.83, 2),
            ("/meanWithOneLess", 33.93, 2),
            ("/meanWithOneMore", 33.99, 2),
        ],
    );
    assert_figures(
        "mean-score-not-refractory",
        &[
            ("/points", 691.0, 9),
            ("/patients", 181.0, 9),
            ("/mean", 3.818, 3),
            ("/published", 3.82, 9),
        ],
    );
}

#[test]
fn the_odds_ratio_of_age_is_per_year() {
    assert_figures(
        "age-odds-ratio",
        &[
            ("/standardError", 0.0152, 4),
            ("/older", 196.0, 9),
            ("/younger", 208.0, 9),
            ("/patients", 404.0, 9),
            ("/leastStandardError", 0.199, 3),
            ("/leastRatioOfLimits", 2.18, 2),
            ("/ratioOfLimits", 1.06, 2),
        ],
    );
    assert_figures(
        "crude-age-odds-ratio",
        &[
            ("/older", 129.0, 9),
            ("/younger", 94.0, 9),
            ("/othersOlder", 67.0, 9),
            ("/othersYounger", 114.0, 9),
            ("/crude", 2.34, 2),
            ("/meanGapYears", 21.3, 1),
            ("/overTheGap", 2.17, 2),
            ("/pointsByTheirRule", 2.0, 9),
            ("/points", 1.0, 9),
        ],
    );
}

#[test]
fn points_are_rounded_odds_ratios_not_weights() {
    let id = "points-are-no-weights";
    for (row, points, log_odds_ratio) in [
        (0, 1.0, 0.04),
        (1, 7.0, 2.00),
        (2, 4.0, 1.47),
        (3, 40.0, 3.68),
    ] {
        let at = |name: &str| format!("/rows/{row}/{name}");
        assert_figures(
            id,
            &[
                (&at("points"), points, 9),
                (&at("rounded"), points, 9),
                (&at("logOddsRatio"), log_odds_ratio, 2),
            ],
        );
    }
    assert_figures(
        id,
        &[
            ("/fdgByRecurrenceInLogOdds", 1.8, 1),
            ("/fdgByRecurrenceInPoints", 5.7, 1),
        ],
    );
}

#[test]
fn the_two_sentences_hold_only_with_fdg_uptake() {
    assert_figures(
        "over-90-percent",
        &[
            ("/threshold", 0.9, 9),
            ("/withoutFdgUptake/score", 8.0, 9),
            ("/cutoff", 10.0, 9),
            ("/withFdgUptake/score", 48.0, 9),
        ],
    );
    assert_figures(
        "over-99-percent",
        &[
            ("/threshold", 0.99, 9),
            ("/oddsReached", 39.3, 1),
            ("/reached", 0.975, 3),
            ("/oddsNeeded", 22.7, 1),
            ("/needed", 0.958, 3),
            ("/withoutFdgUptake/score", 12.0, 9),
            ("/withFdgUptake/score", 52.0, 9),
        ],
    );
    // The review's bounds: without FDG uptake at most 0.76 and 0.935, with it 0.93 to 0.99 and 0.989 to 0.999.
    for (id, without, with) in [
        ("over-90-percent", 0.76, 0.93),
        ("over-99-percent", 0.935, 0.989),
    ] {
        let figures = figures(id);
        let estimate = |side: &str| figures[side]["probability"]["estimate"].as_f64().unwrap();
        assert!(estimate("withoutFdgUptake") < without, "{figures}");
        assert!(estimate("withFdgUptake") > with, "{figures}");
        assert_eq!(figures["withoutFdgUptake"]["probability"]["holds"], false);
        assert_eq!(figures["withFdgUptake"]["probability"]["holds"], true);
    }
    assert_eq!(
        figures("over-90-percent")["withoutFdgUptake"]["isAtOrAbove"],
        false
    );
}

/// What was computed when the file was made and what is computed here are the same.
#[test]
fn the_statements_of_the_model_file_agree() {
    let json: Value = serde_json::from_str(MODEL).unwrap();
    for statement in json["nomogram"]["statements"].as_array().unwrap() {
        let figures = figures(statement["id"].as_str().unwrap());
        for side in ["withoutFdgUptake", "withFdgUptake"] {
            assert_eq!(figures[side]["score"], statement[side]["score"]);
            for name in ["low", "estimate", "high", "holds", "neededOddsRatio"] {
                assert_eq!(
                    figures[side]["probability"][name], statement[side][name],
                    "{side} {name}"
                );
            }
        }
    }
}

#[test]
fn two_areas_under_the_curve_are_mixed_up() {
    assert_figures(
        "auc-at-the-cutoff",
        &[
            ("/sensitivity", 0.758, 3),
            ("/specificity", 0.928, 3),
            ("/atTheCutoff", 0.843, 3),
            ("/published", 0.898, 9),
        ],
    );
    assert_figures(
        "auc-of-age",
        &[
            ("/sensitivity", 0.5785, 4),
            ("/specificity", 0.6298, 4),
            ("/binary", 0.604, 3),
            ("/published", 0.613, 9),
            ("/meanDifferenceYears", 5.30, 2),
            ("/sdOfDifferenceYears", 18.31, 2),
            ("/continuous", 0.614, 3),
        ],
    );
}

#[test]
fn what_has_little_arithmetic_is_stated() {
    assert_figures("age-threshold", &[("/years", 48.0, 9)]);
    assert_figures("number-of-sites", &[("/refractory", 80.0, 9)]);
    assert_figures("recurrence-not-defined", &[("/points", 7.0, 9)]);
    assert_figures("time-of-pet", &[("/days", 7.0, 9), ("/courses", 2.0, 9)]);
}

#[test]
fn a_published_file_without_a_figure_is_told_apart() {
    let model = ModelFile::read("model", MODEL).unwrap().model;
    for (from, to, lacks) in [
        ("\"petWithinDays\"", "\"petWithin\"", "petWithinDays"),
        ("\"alternatives\"", "\"others\"", "count of recurrence"),
        (
            "\"over-99-percent\"",
            "\"over-98-percent\"",
            "over-99-percent",
        ),
    ] {
        let text = PUBLISHED.replace(from, to);
        let published = Published::read("published", &text).unwrap();
        let error = checks(&published, &model).unwrap_err().to_string();
        assert!(error.contains(lacks), "{error}");
    }
}

#[test]
fn without_a_nomogram_the_sentences_are_held_against_the_score_alone() {
    let mut model = ModelFile::read("model", MODEL).unwrap().model;
    model.nomogram = None;
    let checks = checks(&published(), &model).unwrap();
    let check = checks.iter().find(|check| check.id == "over-90-percent");
    let figures = &check.unwrap().figures;
    assert_eq!(figures["withoutFdgUptake"]["score"], 8);
    assert!(figures["withoutFdgUptake"]["probability"].is_null());
}
