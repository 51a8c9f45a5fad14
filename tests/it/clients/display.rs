//! Shadow mode and what keeps cards back against alert fatigue.

use super::feedback::overridden;
use super::*;
use rrdtc::store::{Class, SHOWN, ShownCard, ShownWriter, Tenant};
use uuid::Uuid;

const HIGH: &str = "at-or-above-cutoff";
const OPEN: &str = "indeterminate";
const LOW: &str = "below-cutoff";

/// A call with an id of its own, about a chart of this class.
fn call_of(class: &str) -> Value {
    let chart = match class {
        HIGH => Chart::basic().with(lesion("pet", 7.5, "2026-10-01")),
        OPEN => Chart::basic(),
        _ => known_chart(),
    };
    assert_eq!(chart.assess()["classification"], class);
    with(chart.call(), "/hookInstance", json!(Uuid::new_v4()))
}

fn card(answer: &Answer) -> String {
    let card = answer.json()["cards"][0]["uuid"].clone();
    card.as_str().unwrap().to_owned()
}

#[test]
fn in_shadow_mode_nothing_of_the_result_leaves_but_which_it_was() {
    let live = Site::new("", "");
    let shadow = Site::new(STORE, &format!("{PSEUDONYMS}mode = \"shadow\""));
    for class in [LOW, OPEN, HIGH] {
        let call = call_of(class);
        let shown = assessment(&live.call(&call));
        let answer = shadow.call(&call);
        assert_eq!(display_reason(&answer), "shadow");
        let expected = json!({
            "cards": [],
            "extension": { "org.rrdtc.assessment": {
                "resultId": shown["resultId"], "model": shown["model"], "software": shown["software"],
                "display": { "shown": false, "reason": "shadow" },
            } },
        });
        assert_eq!(answer.json(), expected);
        assert!(!answer.body.contains(class), "{}", answer.body);
    }
    // Not even that the model does not apply.
    let answer = shadow.call(&Chart::empty().call());
    assert_eq!(display_reason(&answer), "shadow");
    // They are counted all the same.
    shadow.await_cards(3);
    let rows = shadow.ask(async |store| store.report(&Default::default()).await.unwrap());
    assert_eq!((rows[0].shown, rows[0].withheld), (0, 3));
    // What is wrong with a call is still told.
    let wrong = without(call_of(LOW), "/prefetch/conditions");
    assert_problem(&shadow.call(&wrong), 412, "prefetch.conditions");
}

#[test]
fn a_client_hides_classes_and_only_their_cards() {
    let site = Site::new("", "show_classes = [\"at-or-above-cutoff\"]");
    for (class, expected) in [
        (HIGH, "shown"),
        (OPEN, "class-hidden"),
        (LOW, "class-hidden"),
    ] {
        let answer = site.call(&call_of(class));
        assert_eq!(display_reason(&answer), expected, "{class}");
        // The assessment is there for whoever reads extensions.
        assert_eq!(assessment(&answer)["classification"], class);
    }
}

#[test]
fn a_class_is_shown_once_and_a_call_that_is_sent_again_gets_its_card_again() {
    let site = Site::new(STORE, &format!("{PSEUDONYMS}once_within_days = 30"));
    let first = call_of(OPEN);
    let shown = site.call(&first);
    assert_eq!(display_reason(&shown), "shown");
    site.await_cards(1);
    let second = site.call(&call_of(OPEN));
    assert_eq!(display_reason(&second), "already-shown");
    let results = [&shown, &second].map(|answer| assessment(answer)["resultId"].clone());
    assert_eq!(results[0], results[1], "one result, shown once");

    let again = site.call(&first);
    assert_eq!(display_reason(&again), "shown");
    assert_eq!(card(&again), card(&shown));

    // Another patient was told nothing yet.
    let mut other = Chart::basic();
    other.patient["id"] = json!("p-2");
    for record in &mut other.records {
        record["subject"]["reference"] = json!("Patient/p-2");
    }
    assert_eq!(display_reason(&site.call(&other.call())), "shown");

    // A higher class is news; a lower one is another class.
    assert_eq!(display_reason(&site.call(&call_of(HIGH))), "shown");
    site.await_cards(4);
    assert_eq!(display_reason(&site.call(&call_of(HIGH))), "already-shown");
    assert_eq!(display_reason(&site.call(&call_of(LOW))), "shown");
}

#[test]
fn an_override_with_a_snoozing_reason_puts_the_card_off_but_no_higher_class() {
    let site = Site::new(STORE, &format!("{PSEUDONYMS}snooze_days = 30"));
    let first = site.call(&call_of(OPEN));
    assert_eq!(display_reason(&first), "shown");
    site.await_cards(1);
    // Without a snooze every call is answered with its card.
    assert_eq!(display_reason(&site.call(&call_of(OPEN))), "shown");
    // Another reason is no wish for silence.
    let other = overridden(&card(&first), "need-more-info");
    assert_eq!(site.feedback(None, &other).status, 200);
    assert_eq!(display_reason(&site.call(&call_of(OPEN))), "shown");

    let later = overridden(&card(&first), "already-discussed");
    assert_eq!(site.feedback(None, &later).status, 200);
    assert_eq!(display_reason(&site.call(&call_of(OPEN))), "snoozed");
    assert_eq!(display_reason(&site.call(&call_of(LOW))), "snoozed");
    assert_eq!(display_reason(&site.call(&call_of(HIGH))), "shown");
}

#[test]
fn a_snooze_is_about_one_patient() {
    let site = Site::new(STORE, &format!("{PSEUDONYMS}snooze_days = 30"));
    let first = site.call(&call_of(OPEN));
    site.await_cards(1);
    let later = overridden(&card(&first), "already-discussed");
    assert_eq!(site.feedback(None, &later).status, 200);
    let mut other = Chart::basic();
    other.patient["id"] = json!("p-2");
    for record in &mut other.records {
        record["subject"]["reference"] = json!("Patient/p-2");
    }
    assert_eq!(display_reason(&site.call(&other.call())), "shown");
}

#[test]
fn one_tenants_cards_and_snoozes_are_none_of_anothers() {
    // One key for both: the pseudonyms alone do not keep them apart.
    let tenants = "[[clients.tenants]]\nid = \"east\"\n[[clients.tenants]]\nid = \"west\"\n";
    for rule in ["once_within_days = 30", "snooze_days = 30"] {
        let site = Site::new(STORE, &format!("{PSEUDONYMS}{rule}\n{tenants}"));
        let first = site.call_as("east", &call_of(OPEN));
        site.await_cards(1);
        let later = overridden(&card(&first), "already-discussed");
        assert_eq!(site.feedback(Some("east"), &later).status, 200);
        let east = display_reason(&site.call_as("east", &call_of(OPEN)));
        let west = display_reason(&site.call_as("west", &call_of(OPEN)));
        assert!(
            ["already-shown", "snoozed"].contains(&east.as_str()),
            "{rule}: {east}"
        );
        assert_eq!(west, "shown", "{rule}");
        // Feedback that names a card of the other tenant snoozes nothing there.
        let site = Site::new(STORE, &format!("{PSEUDONYMS}{rule}\n{tenants}"));
        let first = site.call_as("east", &call_of(OPEN));
        site.await_cards(1);
        let later = overridden(&card(&first), "already-discussed");
        assert_eq!(site.feedback(Some("west"), &later).status, 200);
        if rule.starts_with("snooze") {
            let east = display_reason(&site.call_as("east", &call_of(OPEN)));
            assert_eq!(east, "shown", "{rule}");
        }
        let west = display_reason(&site.call_as("west", &call_of(OPEN)));
        assert_eq!(west, "shown", "{rule}");
    }
}

#[test]
fn a_store_that_does_not_answer_keeps_no_card_back() {
    let top = format!("deadline_ms = 400\n{STORE}");
    let site = Site::new(&top, &format!("{PSEUDONYMS}once_within_days = 30"));
    assert_eq!(display_reason(&site.call(&call_of(OPEN))), "shown");
    site.await_cards(1);
    assert_eq!(display_reason(&site.call(&call_of(OPEN))), "already-shown");
    break_store(&site);
    let asked = Instant::now();
    let answer = site.call(&call_of(OPEN));
    assert_eq!(display_reason(&answer), "shown");
    assert!(asked.elapsed() < Duration::from_secs(5));
    // Feedback that cannot be kept is not confirmed.
    let body = overridden(&Uuid::new_v4().to_string(), "already-discussed");
    let refused = site.feedback(None, &body);
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
}

/// Takes the tables away under the server.
fn break_store(site: &Site) {
    use sqlx::Connection;
    let url = format!("sqlite:{}/rrdtc.db", site.folder.path().display());
    actix_web::rt::System::new().block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for statement in ["DROP TABLE shown", "DROP TABLE feedback"] {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    });
}

#[test]
fn a_card_that_was_shown_longer_ago_than_a_rule_looks_back_still_says_what_is_higher() {
    let rules = "show_classes = [\"at-or-above-cutoff\"]\nonce_within_days = 1";
    let site = Site::new(STORE, &format!("{PSEUDONYMS}{rules}"));
    // The last that anybody was told of this patient, five days ago: low. Since then the client hides all but the highest.
    let key = rrdtc::audit::Key::from_bytes(b"0123456789abcdef0123456789abcdef".to_vec()).unwrap();
    let patient = rrdtc::audit::pseudonym::Pseudonyms::new(key).patient("", "p-1");
    site.ask(async |store| {
        let writer = ShownWriter::start(store.clone(), 10);
        writer.record(ShownCard {
            tenant: Tenant::new("ehr", None),
            service: "rr-dtc-patient-view".into(),
            card: Uuid::new_v4(),
            at: jiff::Timestamp::now() - jiff::SignedDuration::from_hours(5 * 24),
            class: Class::BelowCutoff,
            patient,
            display_reason: SHOWN.into(),
        });
        writer.close().await;
    });
    site.await_cards(1);
    assert_eq!(display_reason(&site.call(&call_of(LOW))), "class-hidden");
    assert_eq!(display_reason(&site.call(&call_of(OPEN))), "shown");
}

#[test]
fn rules_that_need_a_memory_are_refused_without_one() {
    let keys = key_set(&[&P384]);
    for (rule, setting) in [
        ("once_within_days = 30", "once_within_days"),
        ("snooze_days = 30", "snooze_days"),
    ] {
        for (top, key, is_accepted) in [
            (STORE, PSEUDONYMS, true),
            ("", PSEUDONYMS, false),
            (STORE, "", false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("rrdtc.toml");
            std::fs::write(
                &file,
                configuration(top, &format!("jwks = '{keys}'\n{key}{rule}"), &folder),
            )
            .unwrap();
            match Settings::load(Some(&file)) {
                Ok(_) => assert!(is_accepted, "{rule}: {top} {key}"),
                Err(error) => {
                    let error = error.to_string();
                    assert!(!is_accepted, "{error}");
                    assert!(error.contains(setting), "{error}");
                    assert!(
                        error.contains("store_url") && error.contains("pseudonym_key"),
                        "{error}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_store_that_hangs_keeps_no_card_back_and_the_deadline_stands() {
    use sqlx::{Connection, PgConnection};
    let test = "a_store_that_hangs_keeps_no_card_back_and_the_deadline_stands";
    let Some(url) = crate::store::postgres::server(test) else {
        return;
    };
    let run = |statement: &'static str, database: &'static str| {
        let url = format!("{url}/{database}");
        let system = actix_web::rt::System::new();
        let connection = system.block_on(async {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(statement)
                .execute(&mut connection)
                .await
                .unwrap();
            connection
        });
        (system, connection)
    };
    drop(run("CREATE DATABASE hangs", "postgres"));
    let top = format!("deadline_ms = 400\nstore_url = \"{url}/hangs\"");
    let site = Site::new(&top, &format!("{PSEUDONYMS}once_within_days = 30"));
    assert_eq!(display_reason(&site.call(&call_of(OPEN))), "shown");
    poll("the first card is remembered", || {
        display_reason(&site.call(&call_of(OPEN))) == "already-shown"
    });
    // Whoever asks for shown cards waits for this transaction.
    let held = run("BEGIN; LOCK TABLE shown IN ACCESS EXCLUSIVE MODE", "hangs");
    let asked = Instant::now();
    assert_eq!(display_reason(&site.call(&call_of(OPEN))), "shown");
    let took = asked.elapsed();
    assert!(
        took >= Duration::from_millis(400),
        "{took:?}: it did not hang"
    );
    assert!(took < Duration::from_secs(2), "{took:?}");
    drop(held);
}

#[test]
fn what_was_shown_is_still_known_when_reading_took_all_the_time() {
    let chart = Chart::basic();
    let stub = Misbehaving::start(move |request| {
        if request.target.starts_with("/fhir/Observation") {
            Reply::Never
        } else {
            fhir_answer(&chart, request)
        }
    });
    let top = format!("deadline_ms = 400\n{STORE}");
    let client = format!("{PSEUDONYMS}once_within_days = 30\n{}", reads(&stub.base()));
    let site = Site::new(&top, &client);
    let call = || {
        with(
            bare_call(&stub.base()),
            "/hookInstance",
            json!(Uuid::new_v4()),
        )
    };
    assert_eq!(display_reason(&site.call(&call())), "shown");
    site.await_cards(1);
    assert_eq!(display_reason(&site.call(&call())), "already-shown");
}

#[test]
fn a_client_may_leave_the_probability_off_its_cards_but_not_out_of_the_answer() {
    let told = |client: &str| {
        let answer = Site::new("", client).call(&Chart::basic().call()).json();
        let assessment = &answer["extension"]["org.rrdtc.assessment"];
        assert!(assessment["probability"]["low"].is_number(), "{answer}");
        let detail = answer["cards"][0]["detail"].as_str().unwrap();
        detail.contains("Nomogram")
    };
    assert!(told(""));
    assert!(!told("probability_on_card = false"));
}
