//! Answers: statuses (S1 to S4), cards (C1 to C11), suggestions (U1 to U5), actions (A1 to A5), links (L1 to L4), system actions
//! (Y1, Y2).

use crate::call::{ANSWERS, PATIENT_VIEW, all, cards, changed, errors};
use crate::target::TARGET;
use serde_json::{Value, json};

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn is_url(text: &str) -> bool {
    (text.starts_with("https://") || text.starts_with("http://")) && text.len() > 8
}

fn suggestions() -> Vec<Value> {
    let suggestions = all(&cards(), "suggestions");
    assert!(!TARGET.is_ours || !suggestions.is_empty());
    suggestions
}

fn actions() -> Vec<Value> {
    all(&suggestions(), "actions")
}

fn links() -> Vec<Value> {
    let links = all(&cards(), "links");
    assert!(!TARGET.is_ours || !links.is_empty());
    links
}

#[test]
fn s1_success_is_200_with_cards() {
    assert!(ANSWERS.iter().all(|answer| answer["cards"].is_array()));
}

#[test]
fn s2_no_guidance_is_200_with_no_cards() {
    let nobody = changed(|call| {
        call.as_object_mut().unwrap().remove("fhirServer");
        call["prefetch"]["conditions"] = Value::Null;
    });
    let answer = TARGET.call(&nobody);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["cards"], json!([]));
}

#[test]
fn s3_errors_have_error_statuses() {
    for (expected, answer) in errors() {
        assert_eq!(answer.status.to_string(), expected);
    }
}

#[test]
fn s4_an_error_is_an_operation_outcome() {
    for (status, answer) in errors() {
        let outcome = answer.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{status}");
        let issue = &outcome["issue"][0];
        assert!(
            !text(issue, "severity").is_empty() && !text(issue, "code").is_empty(),
            "{status}"
        );
    }
}

#[test]
fn c1_a_summary_is_shorter_than_140_characters() {
    for card in cards() {
        let length = text(&card, "summary").chars().count();
        assert!((1..140).contains(&length), "{}", card["summary"]);
    }
}

#[test]
fn c2_an_indicator_is_one_of_three() {
    for card in cards() {
        assert!(["info", "warning", "critical"].contains(&text(&card, "indicator")));
    }
}

#[test]
fn c3_a_source_has_a_label() {
    for card in cards() {
        assert!(!text(&card["source"], "label").is_empty());
    }
}

#[test]
fn c4_urls_of_a_source_are_absolute() {
    for card in cards() {
        for name in ["url", "icon"] {
            assert!(
                card["source"]
                    .get(name)
                    .is_none_or(|url| url.as_str().is_some_and(is_url))
            );
        }
    }
}

#[test]
fn c6_a_topic_is_a_coding() {
    for card in cards() {
        if let Some(topic) = card["source"].get("topic") {
            assert!(!text(topic, "code").is_empty() && !text(topic, "system").is_empty());
        }
    }
}

#[test]
fn c7_a_card_has_a_uuid() {
    for card in cards() {
        assert!(
            text(&card, "uuid").parse::<uuid::Uuid>().is_ok(),
            "{}",
            card["uuid"]
        );
    }
}

#[test]
fn c8_a_detail_is_markdown_without_html() {
    for card in cards() {
        let detail = text(&card, "detail");
        let mut rest = detail;
        while let Some((_, after)) = rest.split_once('<') {
            assert!(
                !after.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)),
                "{detail}"
            );
            rest = after;
        }
    }
}

#[test]
fn c9_suggestions_come_with_a_selection_behavior() {
    for card in cards()
        .iter()
        .filter(|card| card.get("suggestions").is_some())
    {
        assert!(["at-most-one", "any"].contains(&text(card, "selectionBehavior")));
    }
}

#[test]
fn c10_override_reasons_have_a_display() {
    let reasons = all(&cards(), "overrideReasons");
    assert!(!TARGET.is_ours || !reasons.is_empty());
    assert!(
        reasons
            .iter()
            .all(|reason| !text(reason, "display").is_empty())
    );
}

#[test]
fn c11_codings_have_code_and_system() {
    for reason in all(&cards(), "overrideReasons") {
        assert!(
            !text(&reason, "code").is_empty() && is_url(text(&reason, "system")),
            "{reason}"
        );
    }
}

#[test]
fn u1_a_suggestion_has_a_label() {
    assert!(
        suggestions()
            .iter()
            .all(|suggestion| !text(suggestion, "label").is_empty())
    );
}

#[test]
fn u2_a_suggestion_has_a_uuid() {
    for suggestion in suggestions() {
        assert!(text(&suggestion, "uuid").parse::<uuid::Uuid>().is_ok());
    }
}

#[test]
fn u3_at_most_one_is_recommended_where_one_can_be_taken() {
    for card in cards()
        .iter()
        .filter(|card| card["selectionBehavior"] == "at-most-one")
    {
        let suggestions = card["suggestions"].as_array().into_iter().flatten();
        assert!(
            suggestions
                .filter(|suggestion| suggestion["isRecommended"] == true)
                .count()
                <= 1
        );
    }
}

#[test]
fn u4_actions_are_a_list_that_is_not_empty() {
    for suggestion in suggestions() {
        let actions = suggestion.get("actions");
        assert!(actions.is_none_or(|actions| actions.as_array().is_some_and(|a| !a.is_empty())));
    }
}

#[test]
fn u5_nothing_of_the_trial_standard_is_sent_unasked() {
    for suggestion in suggestions() {
        assert!(suggestion.get("actionSelectionBehavior").is_none());
    }
}

#[test]
fn a1_an_action_is_of_a_known_type() {
    for action in actions() {
        assert!(["create", "update", "delete"].contains(&text(&action, "type")));
    }
}

#[test]
fn a2_an_action_is_described() {
    assert!(
        actions()
            .iter()
            .all(|action| !text(action, "description").is_empty())
    );
}

#[test]
fn a3_create_holds_a_resource() {
    for action in actions().iter().filter(|action| action["type"] == "create") {
        assert!(!text(&action["resource"], "resourceType").is_empty());
    }
}

#[test]
fn a4_update_holds_a_whole_resource_with_its_id() {
    for action in actions().iter().filter(|action| action["type"] == "update") {
        assert!(!text(&action["resource"], "id").is_empty());
    }
}

#[test]
fn a5_delete_names_a_resource() {
    for action in actions().iter().filter(|action| action["type"] == "delete") {
        assert!(text(action, "resourceId").contains('/') && action.get("resource").is_none());
    }
}

#[test]
fn l1_a_link_has_label_url_and_type() {
    for link in links() {
        assert!(
            !text(&link, "label").is_empty() && is_url(text(&link, "url")),
            "{link}"
        );
        assert!(
            ["absolute", "smart"].contains(&text(&link, "type")),
            "{link}"
        );
    }
}

#[test]
fn l2_an_app_context_goes_with_smart_links_only() {
    for link in links() {
        assert!(
            link.get("appContext")
                .is_none_or(|context| context.is_string() && link["type"] == "smart")
        );
    }
}

#[test]
fn l3_a_smart_link_is_the_plain_launch_url() {
    let smart: Vec<Value> = links()
        .into_iter()
        .filter(|link| link["type"] == "smart")
        .collect();
    assert!(!TARGET.is_ours || !smart.is_empty());
    for link in smart {
        let url = text(&link, "url");
        assert!(!url.contains("iss=") && !url.contains("launch="), "{url}");
    }
}

#[test]
fn l4_autolaunchable_is_a_boolean() {
    for link in links() {
        assert!(link.get("autolaunchable").is_none_or(Value::is_boolean));
    }
}

#[test]
fn y1_system_actions_are_actions_or_left_out() {
    for answer in ANSWERS.iter() {
        let Some(actions) = answer.get("systemActions") else {
            continue;
        };
        assert!(
            actions
                .as_array()
                .is_some_and(|actions| !actions.is_empty())
        );
    }
}

#[test]
fn y2_system_actions_are_described() {
    for action in all(&ANSWERS, "systemActions") {
        assert!(!text(&action, "description").is_empty());
    }
}

#[test]
fn y3_the_same_call_gets_the_same_cards() {
    assert_eq!(
        TARGET.call(&PATIENT_VIEW).json()["cards"],
        TARGET.call(&PATIENT_VIEW).json()["cards"]
    );
}
