//! What the assessment made of each record: what it was used for, why it was set aside.

use super::records::list;
use serde_json::Value;
use std::collections::BTreeMap;

/// What an assessment says of each record, by reference.
pub fn roles(assessment: &Value) -> BTreeMap<String, String> {
    let mut roles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut used: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut add = |reference: &Value, role: String| {
        if let Some(reference) = reference.as_str() {
            let of_record = roles.entry(reference.to_owned()).or_default();
            if !of_record.contains(&role) {
                of_record.push(role);
            }
        }
    };
    let predictors = assessment["predictors"].as_object();
    let answers = predictors
        .into_iter()
        .flatten()
        .map(|(name, answer)| (predictor(name), answer));
    for (name, answer) in answers.chain([("applicability", &assessment["applicability"])]) {
        for evidence in list(&answer["evidence"]) {
            if let Some(reference) = evidence["reference"].as_str() {
                let used = used.entry(reference.to_owned()).or_default();
                if !used.contains(&name) {
                    used.push(name);
                }
            }
        }
        for set_aside in list(&answer["setAside"]) {
            let code = set_aside["code"].as_str().unwrap_or_default();
            add(
                &set_aside["reference"],
                format!("set aside: {code} ({name})"),
            );
        }
        for hint in list(&answer["hints"]) {
            let code = hint["code"].as_str().unwrap_or_default();
            add(&hint["reference"], format!("hint: {code} ({name})"));
        }
    }
    for (reference, names) in used {
        let role = format!("used for {}", names.join(", "));
        roles.entry(reference).or_default().insert(0, role);
    }
    roles
        .into_iter()
        .map(|(reference, roles)| (reference, roles.join("; ")))
        .collect()
}

fn predictor(name: &str) -> &str {
    match name {
        "ageAtDiagnosis" => "age at diagnosis",
        "recurrence" => "recurrence",
        "multiSiteMetastasis" => "metastasis sites",
        "fdgUptake" => "FDG uptake",
        other => other,
    }
}
