//! What holds of the store over either database.

use super::Database;
use jiff::Timestamp;
use rrdtc::store::{
    Added, Class, Dimension, FeedbackItem, LastShown, LastSnooze, Outcome, Purged, Reason,
    ReportFilter, ReportRow, SHOWN, ShownCard, ShownWriter, Store, StoreError, Tenant,
};
use std::time::{Duration, Instant};
use uuid::Uuid;

pub const SERVICE: &str = "rr-dtc-patient-view";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn noon(day: &str) -> Timestamp {
    at(&format!("{day}T12:00:00Z"))
}

pub fn tenant() -> Tenant {
    Tenant::new("hospital", Some("north"))
}

pub fn card(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub fn reason(code: &str) -> Reason {
    Reason {
        system: "http://example.org/reasons".into(),
        code: code.into(),
    }
}

pub fn overridden(number: u128, code: Option<&str>) -> FeedbackItem {
    FeedbackItem {
        card: card(number),
        outcome: Outcome::Overridden {
            reason: code.map(reason),
        },
        outcome_at: noon("2026-11-19"),
        comment: None,
    }
}

pub fn accepted(number: u128, suggestions: &[&str]) -> FeedbackItem {
    FeedbackItem {
        outcome: Outcome::Accepted {
            suggestions: suggestions.iter().map(|id| (*id).to_owned()).collect(),
        },
        ..overridden(number, None)
    }
}

pub fn shown(number: u128, class: Class, day: &str) -> ShownCard {
    ShownCard {
        tenant: tenant(),
        service: SERVICE.into(),
        card: card(number),
        at: noon(day),
        class,
        patient: "pseudonym-1".into(),
        display_reason: SHOWN.into(),
    }
}

pub async fn add(store: &Store, items: Vec<FeedbackItem>, day: &str) -> Added {
    store
        .add_feedback(&tenant(), SERVICE, items, noon(day))
        .await
        .unwrap()
}

pub async fn keep(store: &Store, cards: Vec<ShownCard>) {
    let writer = ShownWriter::start(store.clone(), 10_000);
    for card in cards {
        writer.record(card);
    }
    writer.close().await;
    assert_eq!(writer.dropped(), 0);
}

/// Everything in one row.
async fn totals(store: &Store) -> ReportRow {
    let rows = store.report(&ReportFilter::default()).await.unwrap();
    rows.into_iter().next().unwrap_or_default()
}

pub async fn a_repeated_item_is_kept_once(database: Database) {
    let store = database.open().await;
    let items = || {
        vec![
            overridden(1, Some("known")),
            accepted(2, &["a", "b"]),
            overridden(3, None),
        ]
    };
    assert_eq!(
        add(&store, items(), "2026-11-20").await,
        Added {
            new: 3,
            repeated: 0
        }
    );
    assert_eq!(
        add(&store, items(), "2026-11-21").await,
        Added {
            new: 0,
            repeated: 3
        }
    );
    // Order of suggestions and a comment make no other item; nor does one batch that repeats itself.
    let again = vec![
        accepted(2, &["b", "a", "b"]),
        FeedbackItem {
            comment: Some("again".into()),
            ..overridden(1, Some("known"))
        },
        overridden(4, None),
        overridden(4, None),
    ];
    assert_eq!(
        add(&store, again, "2026-11-21").await,
        Added {
            new: 1,
            repeated: 3
        }
    );
    assert_eq!(add(&store, vec![], "2026-11-21").await, Added::default());
}

pub async fn what_differs_is_another_item(database: Database) {
    let store = database.open().await;
    let items = vec![
        overridden(1, None),
        overridden(2, None),
        overridden(1, Some("known")),
        overridden(1, Some("known ")),
        FeedbackItem {
            outcome: Outcome::Overridden {
                reason: Some(Reason {
                    system: "http://example.org/reasonsk".into(),
                    code: "nown".into(),
                }),
            },
            ..overridden(1, None)
        },
        FeedbackItem {
            outcome_at: at("2026-11-19T12:00:00.000001Z"),
            ..overridden(1, None)
        },
        accepted(1, &["a"]),
        accepted(1, &["a", "b"]),
        accepted(1, &["a\",\"b"]),
    ];
    let count = items.len();
    assert_eq!(
        add(&store, items, "2026-11-20").await,
        Added {
            new: count,
            repeated: 0
        }
    );
}

pub async fn a_batch_of_the_largest_size_is_kept(database: Database) {
    let store = database.open().await;
    let items = (0..1_000).map(|n| overridden(n, Some("known"))).collect();
    assert_eq!(
        add(&store, items, "2026-11-20").await,
        Added {
            new: 1_000,
            repeated: 0
        }
    );
    let long = "x".repeat(20_000);
    assert_eq!(
        add(&store, vec![overridden(1, Some(&long))], "2026-11-20")
            .await
            .new,
        1
    );
}

pub async fn feedback_for_an_unknown_card_is_kept(database: Database) {
    let store = database.open().await;
    keep(&store, vec![shown(1, Class::AtOrAboveCutoff, "2026-11-20")]).await;
    let items = vec![overridden(1, None), overridden(99, None)];
    assert_eq!(add(&store, items, "2026-11-20").await.new, 2);
    let row = totals(&store).await;
    assert_eq!((row.shown, row.overridden), (1, 2));
}

pub async fn a_comment_is_kept_only_when_passed(database: Database) {
    let store = database.open().await;
    let item = FeedbackItem {
        comment: Some("sentinel-comment".into()),
        ..overridden(1, None)
    };
    assert!(!format!("{item:?}").contains("sentinel-comment"));
    add(&store, vec![item, overridden(2, None)], "2026-11-20").await;
    store.close().await;
    let comments: Vec<Option<String>> =
        super::rows(&database, "SELECT comment FROM feedback ORDER BY card").await;
    assert_eq!(comments, [Some("sentinel-comment".to_owned()), None]);
}

pub async fn data_outlives_a_restart(database: Database) {
    let store = database.open().await;
    add(&store, vec![overridden(1, Some("known"))], "2026-11-20").await;
    keep(&store, vec![shown(1, Class::Indeterminate, "2026-11-20")]).await;
    store.put_head("a", 7, "ff").await.unwrap();
    // Not closed: what was answered is there although the process goes away.
    let second = Store::open_existing(&database.url).await.unwrap();
    assert_eq!(
        add(&second, vec![overridden(1, Some("known"))], "2026-11-20").await,
        Added {
            new: 0,
            repeated: 1
        }
    );
    let row = totals(&second).await;
    assert_eq!((row.shown, row.overridden), (1, 1));
    assert_eq!(second.head("a").await.unwrap().unwrap().count, 7);
    second.ready().await.unwrap();
    second.close().await;
    assert!(matches!(
        second.ready().await,
        Err(StoreError::Unreachable(_))
    ));
    store.ready().await.unwrap();
}

pub async fn writers_at_the_same_time_lose_nothing(database: Database) {
    let first = database.open().await;
    let second = database.open().await;
    // Each item is sent by two writers in opposite order: each is kept once, and no two writers lock each other out.
    let writers = (0..8u128).map(|writer| {
        let store = if writer % 2 == 0 { &first } else { &second }.clone();
        tokio::spawn(async move {
            let mut new = 0;
            for batch in 0..10u128 {
                let mut items: Vec<FeedbackItem> = (0..20)
                    .map(|n| overridden((writer / 2) * 1_000 + batch * 20 + n, None))
                    .collect();
                if writer % 2 == 0 {
                    items.reverse();
                }
                new += add(&store, items, "2026-11-20").await.new;
            }
            new
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut new = 0;
    for writer in writers {
        new += writer.await.unwrap();
    }
    assert_eq!(new, 4 * 200);
    assert_eq!(totals(&first).await.overridden, 4 * 200);
}

pub async fn first_starts_at_the_same_time_succeed(database: Database) {
    let url = database.url.clone();
    let together = std::sync::Arc::new(std::sync::Barrier::new(6));
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let (url, together) = (url.clone(), together.clone());
            std::thread::spawn(move || {
                together.wait();
                super::block_on(async { Store::open(&url).await.map(|store| format!("{store:?}")) })
            })
        })
        .collect();
    for start in starts {
        start.join().unwrap().unwrap();
    }
}

pub async fn two_tenants_with_the_same_patient_never_cross(database: Database) {
    let store = database.open().await;
    let snooze = [reason("later")];
    let since = noon("2026-11-01");
    let ours = tenant();
    let others = [
        Tenant::new("hospital", Some("south")),
        Tenant::new("clinic", Some("north")),
        Tenant::new("hospital", None),
    ];
    // The same patient, card and feedback everywhere; only ours was shown and snoozed.
    keep(&store, vec![shown(1, Class::AtOrAboveCutoff, "2026-11-20")]).await;
    add(&store, vec![overridden(1, Some("later"))], "2026-11-20").await;
    for other in &others {
        assert_eq!(
            store
                .last_shown(other, "pseudonym-1", None, since, None)
                .await
                .unwrap(),
            None,
            "{other:?}"
        );
        assert_eq!(
            store
                .last_snooze(other, "pseudonym-1", None, &snooze, since)
                .await
                .unwrap(),
            None,
            "{other:?}"
        );
    }
    // Their feedback about the same card is theirs: new, and without effect on ours; their card is a row of its own.
    for other in &others {
        let mut theirs = shown(1, Class::BelowCutoff, "2026-11-22");
        theirs.tenant = other.clone();
        keep(&store, vec![theirs]).await;
        assert_eq!(
            store
                .add_feedback(
                    other,
                    SERVICE,
                    vec![overridden(1, Some("later"))],
                    noon("2026-11-23")
                )
                .await
                .unwrap()
                .new,
            1
        );
        assert_eq!(
            store
                .last_shown(other, "pseudonym-1", None, since, None)
                .await
                .unwrap()
                .map(|last| last.class),
            Some(Class::BelowCutoff)
        );
    }
    assert_eq!(
        store
            .last_shown(&ours, "pseudonym-1", None, since, None)
            .await
            .unwrap(),
        Some(LastShown {
            class: Class::AtOrAboveCutoff,
            at: noon("2026-11-20")
        })
    );
    assert_eq!(
        store
            .last_snooze(&ours, "pseudonym-1", None, &snooze, since)
            .await
            .unwrap(),
        Some(LastSnooze {
            class: Class::AtOrAboveCutoff,
            received_at: noon("2026-11-20")
        })
    );
    // A card that one tenant was shown and another one gave feedback about is no snooze for either.
    let mut only_theirs = shown(2, Class::BelowCutoff, "2026-11-24");
    only_theirs.tenant = others[0].clone();
    only_theirs.patient = "pseudonym-2".into();
    keep(&store, vec![only_theirs]).await;
    add(&store, vec![overridden(2, Some("later"))], "2026-11-24").await;
    for tenant in others.iter().chain([&ours]) {
        assert_eq!(
            store
                .last_snooze(tenant, "pseudonym-2", None, &snooze, since)
                .await
                .unwrap(),
            None,
            "{tenant:?}"
        );
    }
    let rows = store
        .report(&ReportFilter {
            by: vec![Dimension::Client, Dimension::Tenant],
            ..ReportFilter::default()
        })
        .await
        .unwrap();
    let groups: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.client.as_str(),
                row.tenant.as_str(),
                row.shown,
                row.overridden,
            )
        })
        .collect();
    assert_eq!(
        groups,
        [
            ("clinic", "north", 1, 1),
            ("hospital", "", 1, 1),
            ("hospital", "north", 1, 2),
            ("hospital", "south", 2, 1),
        ]
    );
}

pub async fn the_last_shown_card_is_told(database: Database) {
    let store = database.open().await;
    let mut withheld = shown(3, Class::AtOrAboveCutoff, "2026-11-22");
    withheld.display_reason = "already-shown".into();
    let mut elsewhere = shown(4, Class::Indeterminate, "2026-11-23");
    elsewhere.service = "rr-dtc-order-sign".into();
    let mut other_patient = shown(5, Class::AtOrAboveCutoff, "2026-11-24");
    other_patient.patient = "pseudonym-2".into();
    // A re-sent call makes card 2 again, later and with another class: the first row stays.
    let again = shown(2, Class::AtOrAboveCutoff, "2026-11-25");
    keep(
        &store,
        vec![
            shown(1, Class::AtOrAboveCutoff, "2026-11-10"),
            shown(2, Class::BelowCutoff, "2026-11-20"),
            withheld,
            elsewhere,
            other_patient,
        ],
    )
    .await;
    keep(&store, vec![again]).await;
    for (name, service, since, except, expected) in [
        (
            "any service",
            None,
            "2026-11-01",
            None,
            Some((Class::Indeterminate, "2026-11-23")),
        ),
        (
            "one service; withheld ones do not count",
            Some(SERVICE),
            "2026-11-01",
            None,
            Some((Class::BelowCutoff, "2026-11-20")),
        ),
        (
            "without the card at hand",
            Some(SERVICE),
            "2026-11-01",
            Some(card(2)),
            Some((Class::AtOrAboveCutoff, "2026-11-10")),
        ),
        (
            "the instant itself is within",
            Some(SERVICE),
            "2026-11-20",
            None,
            Some((Class::BelowCutoff, "2026-11-20")),
        ),
        ("too long ago", Some(SERVICE), "2026-11-21", None, None),
        (
            "another service",
            Some("rr-dtc-order-select"),
            "2026-11-01",
            None,
            None,
        ),
    ] {
        let found = store
            .last_shown(&tenant(), "pseudonym-1", service, noon(since), except)
            .await
            .unwrap();
        let expected = expected.map(|(class, day)| LastShown {
            class,
            at: noon(day),
        });
        assert_eq!(found, expected, "{name}");
    }
    assert!(Class::AtOrAboveCutoff > Class::Indeterminate);
    assert!(Class::Indeterminate > Class::BelowCutoff);
}

pub async fn a_snooze_is_found_whichever_came_first(database: Database) {
    let store = database.open().await;
    let codes = [reason("later"), reason("already-discussed")];
    let ask = async |since: &str, service: Option<&str>| {
        store
            .last_snooze(&tenant(), "pseudonym-1", service, &codes, noon(since))
            .await
            .unwrap()
    };
    let found = |class, day: &str| {
        Some(LastSnooze {
            class,
            received_at: noon(day),
        })
    };
    // Feedback comes before the batched row of its card: nothing yet, then found.
    add(&store, vec![overridden(1, Some("later"))], "2026-11-20").await;
    assert_eq!(ask("2026-11-01", None).await, None);
    keep(&store, vec![shown(1, Class::BelowCutoff, "2026-11-20")]).await;
    assert_eq!(
        ask("2026-11-01", None).await,
        found(Class::BelowCutoff, "2026-11-20")
    );
    // Another reason, an acceptance, and another system are no snooze.
    keep(
        &store,
        (2..6)
            .map(|n| shown(n, Class::Indeterminate, "2026-11-21"))
            .collect(),
    )
    .await;
    let foreign = FeedbackItem {
        outcome: Outcome::Overridden {
            reason: Some(Reason {
                system: "http://example.org/other".into(),
                code: "later".into(),
            }),
        },
        ..overridden(4, None)
    };
    add(
        &store,
        vec![
            overridden(2, Some("wrong-patient")),
            accepted(3, &["a"]),
            foreign,
        ],
        "2026-11-21",
    )
    .await;
    assert_eq!(
        ask("2026-11-01", None).await,
        found(Class::BelowCutoff, "2026-11-20")
    );
    // The latest of several wins, whichever code it has.
    add(
        &store,
        vec![overridden(5, Some("already-discussed"))],
        "2026-11-22",
    )
    .await;
    assert_eq!(
        ask("2026-11-01", Some(SERVICE)).await,
        found(Class::Indeterminate, "2026-11-22")
    );
    assert_eq!(ask("2026-11-23", None).await, None, "too long ago");
    assert_eq!(ask("2026-11-01", Some("rr-dtc-order-sign")).await, None);
    assert_eq!(
        store
            .last_snooze(&tenant(), "pseudonym-1", None, &[], noon("2026-11-01"))
            .await
            .unwrap(),
        None
    );
}

pub async fn shown_cards_arrive_without_a_close(database: Database) {
    let store = database.open().await;
    let writer = ShownWriter::start(store.clone(), 100);
    for round in 1..=2u64 {
        writer.record(shown(u128::from(round), Class::Indeterminate, "2026-11-20"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while totals(&store).await.shown < round {
            assert!(Instant::now() < deadline, "round {round} never arrived");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    writer.close().await;
    assert_eq!(writer.dropped(), 0);
}

pub async fn closing_the_writer_writes_what_waits(database: Database) {
    let store = database.open().await;
    let writer = ShownWriter::start(store.clone(), 5_000);
    for n in 0..2_500 {
        writer.record(shown(n, Class::Indeterminate, "2026-11-20"));
    }
    // Two close it at once, and an answer that is just being given records its card behind them.
    tokio::join!(writer.close(), writer.close(), async {
        writer.record(shown(2_500, Class::Indeterminate, "2026-11-20"));
    });
    assert_eq!(totals(&store).await.shown, 2_501);
    assert_eq!(writer.dropped(), 0);
    writer.record(shown(9_999, Class::Indeterminate, "2026-11-20"));
    writer.close().await;
    assert_eq!(writer.dropped(), 1);
    assert_eq!(totals(&store).await.shown, 2_501);
}

pub async fn a_full_queue_drops_and_counts(database: Database) {
    let store = database.open().await;
    let writer = ShownWriter::start(store.clone(), 10);
    // Nothing else runs on this thread between these lines, so the queue cannot empty.
    for n in 0..25 {
        writer.record(shown(n, Class::Indeterminate, "2026-11-20"));
    }
    assert_eq!(writer.dropped(), 15);
    writer.close().await;
    assert_eq!(totals(&store).await.shown, 10);
    // Rows that the database never took are counted too.
    let away = database.open().await;
    let writer = ShownWriter::start(away.clone(), 10);
    away.close().await;
    writer.record(shown(100, Class::Indeterminate, "2026-11-20"));
    writer.close().await;
    assert_eq!(writer.dropped(), 1);
}

pub async fn a_head_never_goes_back(database: Database) {
    let store = database.open().await;
    assert_eq!(store.head("a").await.unwrap(), None);
    for (instance, count, hash, kept) in [
        ("a", 1, "01", true),
        ("b", 5, "05", true),
        ("a", 2, "02", true),
        ("a", 2, "02", true),
        ("a", 1, "ee", false),
    ] {
        assert_eq!(
            store.put_head(instance, count, hash).await.unwrap(),
            kept,
            "{instance} {count}"
        );
    }
    let heads: Vec<_> = store
        .heads()
        .await
        .unwrap()
        .into_iter()
        .map(|head| (head.instance, head.count, head.hash))
        .collect();
    assert_eq!(
        heads,
        [("a".into(), 2, "02".into()), ("b".into(), 5, "05".into())]
    );
}

pub async fn a_report_counts_cards_by_group(database: Database) {
    let store = database.open().await;
    let mut shadow = shown(4, Class::AtOrAboveCutoff, "2026-11-15");
    shadow.display_reason = "shadow".into();
    let mut sign = shown(5, Class::BelowCutoff, "2026-11-16");
    sign.service = "rr-dtc-order-sign".into();
    keep(
        &store,
        vec![
            shown(1, Class::AtOrAboveCutoff, "2026-11-15"),
            shown(2, Class::AtOrAboveCutoff, "2026-11-16"),
            shown(3, Class::AtOrAboveCutoff, "2026-11-17"),
            shadow,
            sign,
        ],
    )
    .await;
    // Card 1 is reported twice (two suggestions, one after the other): one accepted card.
    add(&store, vec![accepted(1, &["a"])], "2026-11-15").await;
    add(&store, vec![accepted(1, &["b"])], "2026-11-15").await;
    add(
        &store,
        vec![
            overridden(2, Some("known")),
            overridden(3, None),
            overridden(3, Some("known")),
        ],
        "2026-11-17",
    )
    .await;

    let report = async |filter: ReportFilter| -> Vec<String> {
        store
            .report(&filter)
            .await
            .unwrap()
            .iter()
            .map(|row| {
                let reason = row.reason.as_ref().map_or("-", |reason| &reason.code);
                let group = [&row.service, &row.client, &row.tenant, &row.week];
                let group = group
                    .map(|part| if part.is_empty() { "-" } else { part })
                    .join(" ");
                format!(
                    "{group} {reason}: {} {} {} {}",
                    row.shown, row.withheld, row.accepted, row.overridden
                )
            })
            .collect()
    };
    let by = |by: &[Dimension]| ReportFilter {
        by: by.to_vec(),
        ..ReportFilter::default()
    };
    assert_eq!(report(by(&[])).await, ["- - - - -: 4 1 1 2"]);
    assert_eq!(
        report(by(&[Dimension::Week])).await,
        ["- - - 2026-W46 -: 1 1 1 0", "- - - 2026-W47 -: 3 0 0 2"]
    );
    assert_eq!(
        report(by(&[Dimension::Reason])).await,
        ["- - - - -: 4 1 1 1", "- - - - known: 0 0 0 2"]
    );
    assert_eq!(
        report(by(&[Dimension::Service, Dimension::Client])).await,
        [
            "rr-dtc-order-sign hospital - - -: 1 0 0 0",
            "rr-dtc-patient-view hospital - - -: 3 1 1 2"
        ]
    );
    assert_eq!(
        report(ReportFilter {
            since: Some(noon("2026-11-16")),
            until: Some(noon("2026-11-17")),
            ..ReportFilter::default()
        })
        .await,
        ["- - - - -: 2 0 0 0"]
    );
    assert_eq!(
        report(ReportFilter {
            service: Some("rr-dtc-order-sign".into()),
            ..by(&[Dimension::Tenant])
        })
        .await,
        ["- - north - -: 1 0 0 0"]
    );
    assert!(
        report(ReportFilter {
            client: Some("clinic".into()),
            ..by(&[Dimension::Client])
        })
        .await
        .is_empty()
    );
}

pub async fn purge_removes_what_is_older(database: Database) {
    let store = database.open().await;
    let secret = FeedbackItem {
        comment: Some("sentinel-to-be-forgotten".into()),
        ..overridden(1, Some("known"))
    };
    keep(
        &store,
        vec![
            shown(1, Class::Indeterminate, "2026-01-01"),
            shown(2, Class::Indeterminate, "2026-11-20"),
        ],
    )
    .await;
    add(&store, vec![secret], "2026-01-01").await;
    add(&store, vec![overridden(2, Some("known"))], "2026-11-20").await;
    store.put_head("a", 1, "01").await.unwrap();
    assert_eq!(
        store.purge(noon("2026-11-20")).await.unwrap(),
        Purged {
            feedback: 1,
            shown: 1
        }
    );
    assert_eq!(
        store.purge(noon("2026-11-20")).await.unwrap(),
        Purged {
            feedback: 0,
            shown: 0
        }
    );
    let row = totals(&store).await;
    assert_eq!((row.shown, row.overridden), (1, 1));
    assert!(
        store.head("a").await.unwrap().is_some(),
        "audit heads are never purged"
    );
    for file in database.files() {
        assert!(
            !file
                .windows(b"sentinel-to-be-forgotten".len())
                .any(|bytes| bytes == b"sentinel-to-be-forgotten"),
            "a purged comment is gone from the file"
        );
    }
}

pub async fn an_older_database_is_brought_up_to_date(database: Database) {
    // The first version had feedback only.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        "src/store/migrations/0001_feedback.sql",
        folder.path().join("0001_feedback.sql"),
    )
    .unwrap();
    super::migrate(&database, folder.path()).await;
    super::execute(
        &database,
        "INSERT INTO feedback VALUES ('hospital', 'north', 'x', 'rr-dtc-patient-view', \
         '00000000-0000-0000-0000-000000000001', 1763640000000000, 'overridden', 1763640000000000, '[]', '', '', NULL)",
    )
    .await;
    let store = Store::open_existing(&database.url).await.unwrap();
    keep(&store, vec![shown(1, Class::Indeterminate, "2026-11-20")]).await;
    let row = totals(&store).await;
    assert_eq!((row.shown, row.overridden), (1, 1));
}

pub async fn a_newer_database_is_refused(database: Database) {
    database.open().await.close().await;
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir("src/store/migrations").unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    std::fs::write(
        folder.path().join("9999_later.sql"),
        "CREATE TABLE later (x BIGINT)",
    )
    .unwrap();
    super::migrate(&database, folder.path()).await;
    let error = Store::open(&database.url).await.unwrap_err();
    assert!(matches!(error, StoreError::Schema(_)), "{error:?}");
    assert!(error.to_string().contains("9999"), "{error}");
}
