//! Exhaustive: the 16 patterns and all 4^4 combinations of states.

use crate::support::KNOWLEDGE;
use rrdtc::domain::score::{Classification, Predictor, State, classify, decisive, score};

#[test]
fn sixteen_patterns_have_sixteen_sums_and_the_class_is_fdg_or_recurrence_and_sites() {
    let model = &KNOWLEDGE.model;
    let mut sums = Vec::new();
    for bits in 0..16u32 {
        let present = |i: u32| {
            if bits & (1 << i) != 0 {
                State::Present
            } else {
                State::Absent
            }
        };
        let states = [present(0), present(1), present(2), present(3)];
        let sum = score(model, &states);
        assert_eq!(sum.low, sum.high);
        sums.push(sum.low);
        let [_, recurrence, sites, fdg] = states.map(|state| state == State::Present);
        let expected = if fdg || (recurrence && sites) {
            Classification::AtOrAboveCutoff
        } else {
            Classification::BelowCutoff
        };
        assert_eq!(classify(model, sum), expected, "{states:?}");
    }
    sums.sort_unstable();
    assert_eq!(
        sums,
        [0, 1, 4, 5, 7, 8, 11, 12, 40, 41, 44, 45, 47, 48, 51, 52]
    );
}

#[test]
fn every_combination_of_states_bounds_its_completions() {
    let model = &KNOWLEDGE.model;
    for index in 0..256usize {
        let states: [State; 4] = std::array::from_fn(|i| State::ALL[(index >> (2 * i)) & 3]);
        let open: Vec<usize> = (0..4).filter(|&i| states[i].is_open()).collect();
        let completions: Vec<[State; 4]> = (0..1usize << open.len())
            .map(|bits| {
                let mut completed = states;
                for (bit, &i) in open.iter().enumerate() {
                    completed[i] = if bits & (1 << bit) != 0 {
                        State::Present
                    } else {
                        State::Absent
                    };
                }
                completed
            })
            .collect();
        let sums: Vec<u32> = completions
            .iter()
            .map(|completed| score(model, completed).low)
            .collect();
        let interval = score(model, &states);
        assert_eq!(interval.low, *sums.iter().min().unwrap(), "{states:?}");
        assert_eq!(interval.high, *sums.iter().max().unwrap(), "{states:?}");

        let classes: Vec<_> = completions
            .iter()
            .map(|completed| classify(model, score(model, completed)))
            .collect();
        let class = classify(model, interval);
        if classes.iter().all(|c| *c == classes[0]) {
            assert_eq!(class, classes[0], "{states:?}");
        } else {
            assert_eq!(class, Classification::Indeterminate, "{states:?}");
        }
        for predictor in Predictor::ALL {
            let i = predictor as usize;
            let expected = states[i].is_open()
                && class == Classification::Indeterminate
                && [State::Present, State::Absent].iter().any(|value| {
                    let fixed: Vec<_> = completions
                        .iter()
                        .filter(|c| c[i] == *value)
                        .map(|c| classify(model, score(model, c)))
                        .collect();
                    fixed.iter().all(|c| *c == fixed[0])
                });
            assert_eq!(
                decisive(model, &states, predictor),
                expected,
                "{states:?} {predictor:?}"
            );
        }
        // Age never decides.
        assert!(!decisive(model, &states, Predictor::AgeAtDiagnosis));
    }
}

#[test]
fn a_model_that_contradicts_its_own_vectors_is_refused() {
    let text = std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap();
    for (from, to, expected) in [
        ("\"points\": 7", "\"points\": 8", "maximum"),
        (
            "\"cutoff\": 10",
            "\"cutoff\": 12",
            "is listed with 11 points",
        ),
        ("\"cutoff\": 10", "\"cutoff\": 0", "not plausible"),
        ("\"score\": 11,", "\"score\": 12,", "points"),
        ("\"maximum\": 52", "\"maximum\": 53", "maximum of 53"),
        ("\"version\"", "\"versoin\"", "cannot be read"),
    ] {
        assert!(text.contains(from), "{from}");
        let error = rrdtc::model::file::ModelFile::read("local.json", &text.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(expected) && error.contains("local.json"),
            "{error}"
        );
    }
}
