//! The numbers of the documents: what the model file says, completed by what follows from it. No words: those are data.
//!
//! Whatever a file need not hold is there as `null`, so that a template can ask for it.

use crate::domain::model::Model;
use crate::domain::score::{Classification, Pattern, Predictor, classify, score};
use crate::model::file::{LocalValidation, ModelFile};
use crate::model::published::Published;
use crate::model::write::number;
use crate::statistics::proportion::wilson;
use serde_json::{Value, json};

/// Digits of a computed number.
const DIGITS: usize = 6;

/// Everything that the words may quote.
pub(super) fn content(file: &ModelFile, published: &Published) -> Value {
    let model = &file.model;
    let mut said = optional();
    merge(&mut said, &file.json);
    json!({
        "software": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "model": { "id": model.id, "version": model.version, "sha256": model.sha256, "title": said["title"] },
        "citation": said["citation"],
        "score": score_json(model, &said),
        "contradictions": contradictions(model),
        "nomogram": model.nomogram.as_ref().map(|nomogram| super::nomogram::nomogram(nomogram, &said["nomogram"])),
        "cohort": cohort(&said["cohort"]),
        "outcome": said["outcome"],
        "performance": performance(model, &said["performance"]),
        "localValidation": file.local_validation.as_ref().map(local_validation),
        "printedRegression": said["printedRegression"],
        "published": { "sha256": published.sha256 },
    })
}

/// What a model file may leave out.
fn optional() -> Value {
    let class = |one: Value| json!({ "refractory": one, "notRefractory": one });
    let range = json!({ "low": null, "median": null, "high": null });
    let sourced = json!({ "value": null, "source": null });
    let points = json!({ "publishedOddsRatio": null });
    json!({
        "title": null,
        "citation": { "authors": null, "title": null, "journal": null, "year": null, "volume": null, "doi": null, "url": null },
        "score": { "predictors": {
            "ageAtDiagnosis": points, "recurrence": points, "multiSiteMetastasis": points, "fdgUptake": points,
        } },
        "cohort": {
            "centres": null, "site": null, "country": null, "from": null, "to": null,
            "selection": { "treated": null, "metastatic": null, "included": null },
            "followUpMonths": range,
            "timeToRefractoryMonths": range,
            "ageAtDiagnosis": class(json!({ "mean": null, "sd": null })),
            "sex": class(json!({ "male": null, "female": null })),
            "histology": class(json!({ "papillary": null, "follicular": null, "mixed": null })),
            "activityGBq": { "low": null, "high": null },
            "petWithinDays": null, "minimumCourses": null, "deaths": null, "externalValidation": null,
        },
        "outcome": { "name": null, "criteria": null, "source": null },
        "performance": { "atCutoff": { "source": null }, "aucScore": sourced, "cIndexNomogram": sourced },
        "printedRegression": { "source": null, "oddsRatios": null },
        "nomogram": {
            "method": null, "covariance": null, "figures": null, "statements": null, "priors": null, "parts": null,
            "reconstruction": null,
        },
    })
}

/// Puts what a file says over what it may leave out.
pub(super) fn merge(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                match below.get_mut(name) {
                    Some(known) => merge(known, value),
                    None => {
                        below.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        // Said to be nothing is the same as not said.
        (_, Value::Null) => {}
        (below, above) => *below = above.clone(),
    }
}

fn names(pattern: Pattern) -> Vec<&'static str> {
    let present = Predictor::ALL.into_iter().filter(|p| pattern.has(*p));
    present.map(Predictor::name).collect()
}

fn is_at_or_above(model: &Model, pattern: Pattern) -> bool {
    classify(model, score(model, &pattern.states())) == Classification::AtOrAboveCutoff
}

/// The patterns by rising score.
fn by_score(model: &Model) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Pattern::all().collect();
    patterns.sort_by_key(|pattern| pattern.score(model));
    patterns
}

/// The pattern with one predictor present or absent.
fn with(pattern: Pattern, predictor: Predictor, present: bool) -> Pattern {
    let mut changed = pattern;
    changed.0[predictor as usize] = present;
    changed
}

fn score_json(model: &Model, said: &Value) -> Value {
    let predictors: Vec<Value> = Predictor::ALL
        .into_iter()
        .map(|predictor| {
            let changes_class = Pattern::all().any(|pattern| {
                let class = |present| is_at_or_above(model, with(pattern, predictor, present));
                class(true) != class(false)
            });
            json!({
                "name": predictor.name(),
                "points": model.points(predictor),
                "publishedOddsRatio": said["score"]["predictors"][predictor.name()]["publishedOddsRatio"],
                "changesClass": changes_class,
            })
        })
        .collect();
    let is_least_way = |pattern: &Pattern| {
        is_at_or_above(model, *pattern)
            && Predictor::ALL
                .into_iter()
                .filter(|predictor| pattern.has(*predictor))
                .all(|predictor| !is_at_or_above(model, with(*pattern, predictor, false)))
    };
    let patterns: Vec<Value> = by_score(model)
        .into_iter()
        .map(|pattern| {
            let probability = model.nomogram.as_ref().map(|nomogram| {
                let banded = nomogram.of(pattern);
                json!({ "low": banded.low, "estimate": banded.estimate, "high": banded.high })
            });
            json!({
                "present": names(pattern),
                "score": pattern.score(model),
                "classification": if is_at_or_above(model, pattern) { "at-or-above-cutoff" } else { "below-cutoff" },
                "probability": probability,
            })
        })
        .collect();
    json!({
        "maximum": model.maximum(),
        "cutoff": model.cutoff,
        "thresholds": { "ageYears": model.age_years, "suvMax": model.suv_max },
        "predictors": predictors,
        "waysToTheCutoff": Pattern::all().filter(is_least_way).map(names).collect::<Vec<_>>(),
        "patterns": patterns,
    })
}

/// Every two patterns that score and nomogram put in a different order.
fn contradictions(model: &Model) -> Value {
    let Some(nomogram) = &model.nomogram else {
        return Value::Null;
    };
    let patterns = by_score(model);
    let one = |pattern: Pattern| {
        json!({
            "score": pattern.score(model),
            "present": names(pattern),
            "estimate": nomogram.of(pattern).estimate,
        })
    };
    let mut found = Vec::new();
    for (at, lower) in patterns.iter().enumerate() {
        for higher in &patterns[at + 1..] {
            let has_more_points = higher.score(model) > lower.score(model);
            if has_more_points && nomogram.of(*lower).estimate > nomogram.of(*higher).estimate {
                found.push(json!({ "lowerScore": one(*lower), "higherScore": one(*higher) }));
            }
        }
    }
    found.into()
}

fn share(part: &Value, whole: &Value) -> Value {
    match (part.as_f64(), whole.as_f64()) {
        (Some(part), Some(whole)) if whole > 0.0 => round(part / whole),
        _ => Value::Null,
    }
}

fn cohort(said: &Value) -> Value {
    let mut cohort = said.clone();
    cohort["refractoryShare"] = share(&said["refractory"], &said["patients"]);
    let selection = &said["selection"];
    cohort["includedShare"] = share(&selection["included"], &selection["metastatic"]);
    let histology = &said["histology"]["refractory"];
    let all = histology.as_object().into_iter().flatten();
    let all: Option<f64> = all.map(|(_, value)| value.as_f64()).sum();
    cohort["papillaryShareOfRefractory"] = share(&histology["papillary"], &all.into());
    cohort["smallerClass"] = match (said["refractory"].as_u64(), said["notRefractory"].as_u64()) {
        (Some(a), Some(b)) => a.min(b).into(),
        _ => Value::Null,
    };
    cohort
}

/// A share of patients with Wilson's 95 % interval.
fn measure(id: &str, events: u64, patients: u64) -> Value {
    let whole = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let interval = wilson(whole(events.min(patients)), whole(patients));
    json!({
        "id": id,
        "events": events,
        "patients": patients,
        "value": round(interval.value),
        "low": round(interval.low),
        "high": round(interval.high),
    })
}

fn performance(model: &Model, said: &Value) -> Value {
    let at = |path: &str| said.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let cell = |name: &str| at(&format!("/atCutoff/{name}"));
    let (tp, fn_) = (cell("truePositive"), cell("falseNegative"));
    let (fp, tn) = (cell("falsePositive"), cell("trueNegative"));
    let all = tp + fn_ + fp + tn;
    let by_pet = |pet: &str, count: &str| at(&format!("/atOrAboveByPet/{pet}/{count}"));
    let (positive, positive_refractory) = (
        by_pet("petPositive", "patients"),
        by_pet("petPositive", "refractory"),
    );
    let mut measures = vec![
        measure("sensitivity", tp, tp + fn_),
        measure("specificity", tn, tn + fp),
        measure("positivePredictiveValue", tp, tp + fp),
        measure("negativePredictiveValue", tn, tn + fn_),
        measure("accuracy", tp + tn, all),
        measure("refractoryAtOrAboveWithPet", positive_refractory, positive),
        measure(
            "refractoryAtOrAboveWithoutPet",
            by_pet("petNegative", "refractory"),
            by_pet("petNegative", "patients"),
        ),
        measure(
            "refractoryBelow",
            at("/belowCutoff/refractory"),
            at("/belowCutoff/patients"),
        ),
    ];
    // Where FDG uptake alone reaches the cut-off, those at or above it with a positive PET are all with a positive PET.
    let pet_decides = model.points(Predictor::FdgUptake) >= model.cutoff;
    let pet_alone = (tn + fp)
        .checked_sub(positive.saturating_sub(positive_refractory))
        .filter(|_| pet_decides)
        .map(|rightly_negative| {
            let right = positive_refractory + rightly_negative;
            measures.push(measure("accuracyOfPetAlone", right, all));
            json!({ "otherwiseClassed": by_pet("petNegative", "patients"), "patients": all })
        });
    let half = |a: &Value, b: &Value| match (a["value"].as_f64(), b["value"].as_f64()) {
        (Some(a), Some(b)) => round(f64::midpoint(a, b)),
        _ => Value::Null,
    };
    json!({
        "atCutoff": said["atCutoff"],
        "belowCutoff": said["belowCutoff"],
        "atOrAboveByPet": said["atOrAboveByPet"],
        "measures": measures,
        "petAlone": pet_alone,
        "aucAtTheCutoff": half(&measures[0], &measures[1]),
        "aucScore": said["aucScore"],
        "cIndexNomogram": said["cIndexNomogram"],
    })
}

fn local_validation(local: &LocalValidation) -> Value {
    json!({
        "site": local.site,
        "patients": local.patients,
        "refractory": local.refractory,
        "refractoryShare": measure("refractory", local.refractory.into(), local.patients.into()),
        "from": local.from,
        "to": local.to,
        "date": local.date,
        "by": local.by,
    })
}

/// To six digits.
pub(super) fn round(value: f64) -> Value {
    number(value, DIGITS)
}
