//! `rrdtc feedback` as scripts use it, and the settings of the store.

use super::cases::{SERVICE, accepted, add, keep, overridden, reason, shown};
use super::{Database, postgres};
use rrdtc::store::{Class, FeedbackItem, Outcome, Reason, Store, StoreError};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};

fn rrdtc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .arg("feedback")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = rrdtc(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Seven cards shown, two accepted, five overridden: four for a known reason, one for a client's own with odd signs.
async fn filled(database: &Database) {
    let store = database.open().await;
    keep(
        &store,
        (0..7)
            .map(|n| shown(n, Class::AtOrAboveCutoff, "2026-11-18"))
            .collect(),
    )
    .await;
    let odd = FeedbackItem {
        outcome: Outcome::Overridden {
            reason: Some(Reason {
                system: "=1+1".into(),
                code: "a, \"b\"".into(),
            }),
        },
        ..overridden(6, None)
    };
    let mut items: Vec<_> = (2..6).map(|n| overridden(n, Some("known"))).collect();
    items.extend([accepted(0, &["a"]), accepted(1, &["a"]), odd]);
    add(&store, items, "2026-11-18").await;
    store.close().await;
}

pub async fn the_report_has_three_forms(database: Database) {
    filled(&database).await;
    let report = |arguments: &[&str]| {
        let mut all = vec!["report", "--store", database.url()];
        all.extend(arguments);
        stdout(&all)
    };
    let table = report(&[]);
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        [
            "service",
            "client",
            "shownAtLeast",
            "withheldAtLeast",
            "accepted",
            "overridden"
        ]
    );
    assert_eq!(lines[1], [SERVICE, "hospital", "7", "0", "2", "5"]);
    assert!(table.contains("at least"), "{table}");

    let csv = report(&["--csv", "--by", "reason,week"]);
    assert_eq!(
        csv,
        "reason,week,shownAtLeast,withheldAtLeast,accepted,overridden\r\n\
         ,2026-W47,7,0,2,0\r\n\
         \"'=1+1|a, \"\"b\"\"\",2026-W47,0,0,0,1\r\n\
         http://example.org/reasons|known,2026-W47,0,0,0,4\r\n"
    );

    let json: Value = serde_json::from_str(&report(&[
        "--json",
        "--by",
        "reason",
        "--since",
        "2026-11-18",
    ]))
    .unwrap();
    assert_eq!(
        json,
        json!({
            "by": ["reason"],
            "since": "2026-11-18T00:00:00Z",
            "rows": [
                { "shownAtLeast": 7, "withheldAtLeast": 0, "accepted": 2, "overridden": 0 },
                { "reason": { "system": "=1+1", "code": "a, \"b\"" },
                  "shownAtLeast": 0, "withheldAtLeast": 0, "accepted": 0, "overridden": 1 },
                { "reason": { "system": reason("known").system, "code": "known" },
                  "shownAtLeast": 0, "withheldAtLeast": 0, "accepted": 0, "overridden": 4 },
            ],
        })
    );
    // The last day counts to its end; the day before is empty.
    let until: Value = serde_json::from_str(&report(&["--json", "--until", "2026-11-18"])).unwrap();
    assert_eq!(until["rows"][0]["shownAtLeast"], 7);
    let before: Value =
        serde_json::from_str(&report(&["--json", "--until", "2026-11-17"])).unwrap();
    assert_eq!(before["rows"], json!([]));
}

pub async fn small_cells_are_not_shown_and_there_are_no_totals(database: Database) {
    filled(&database).await;
    let report = |form: &str| {
        stdout(&[
            "report",
            "--store",
            database.url(),
            "--by",
            "reason",
            "--suppress-below",
            "5",
            form,
        ])
    };
    // 2 accepted, 1 and 4 overridden are hidden; 7 shown and zeros are not; and there is no row that sums them up.
    let rows = "reason,shownAtLeast,withheldAtLeast,accepted,overridden\r\n\
         ,7,0,<5,0\r\n\
         \"'=1+1|a, \"\"b\"\"\",0,0,0,<5\r\n\
         http://example.org/reasons|known,0,0,0,<5\r\n";
    assert_eq!(report("--csv"), rows);
    let json: Value = serde_json::from_str(&report("--json")).unwrap();
    assert_eq!(json["suppressedBelow"], 5);
    assert_eq!(json["rows"].as_array().unwrap().len(), 3);
    assert_eq!(json["rows"][0]["accepted"], "<5");
    assert_eq!(json["rows"][0]["shownAtLeast"], 7);
    assert_eq!(json["rows"][2]["overridden"], "<5");
    let table = stdout(&[
        "report",
        "--store",
        database.url(),
        "--by",
        "reason",
        "--suppress-below",
        "5",
    ]);
    assert!(table.contains("there are no totals"), "{table}");
    assert!(
        !table.contains("  4\n") && !table.contains("  1\n"),
        "{table}"
    );
}

pub async fn purge_asks_or_needs_yes(database: Database) {
    filled(&database).await;
    let refused = rrdtc(&["purge", "--store", database.url(), "--before", "2027-01-01"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--yes"));
    let purge = |arguments: &[&str]| {
        let mut all = vec!["purge", "--store", database.url(), "--yes"];
        all.extend(arguments);
        stdout(&all)
    };
    assert!(purge(&["--before", "2026-11-18"]).starts_with("removed 0 items of feedback and 0 "));
    assert!(
        purge(&["--older-than-days", "36500"])
            .starts_with("removed 0 items of feedback and 0 shown cards")
    );
    assert!(
        purge(&["--before", "2026-11-19"])
            .starts_with("removed 7 items of feedback and 7 shown cards")
    );
    let store = Store::open_existing(&database.url).await.unwrap();
    assert!(store.report(&Default::default()).await.unwrap().is_empty());
}

#[test]
fn mistakes_have_their_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}", folder.path().join("none.db").display());
    let config = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let both = config(
        "both.toml",
        "store_url = \"sqlite:x\"\nstore_url_file = \"y\"",
    );
    let no_secret = config("no-secret.toml", "store_url_file = \"/no/such/secret\"");
    for (arguments, code, message) in [
        (vec!["report"], 2, "store_url"),
        (vec!["report", "--store", &missing], 1, "cannot be reached"),
        (
            vec!["report", "--store", "mysql://h/d"],
            3,
            "sqlite: or postgres://",
        ),
        (vec!["report", "--store", "sqlite:"], 3, "path of a file"),
        (
            vec!["report", "--store", &missing, "--by", "patient"],
            2,
            "expected service",
        ),
        (
            vec!["report", "--store", &missing, "--since", "yesterday"],
            2,
            "2026-11-20",
        ),
        (
            vec!["report", "--store", &missing, "--json", "--csv"],
            2,
            "--csv",
        ),
        (vec!["purge", "--store", &missing], 2, "--before"),
        (
            vec!["purge", "--store", &missing, "--older-than-days", "0"],
            2,
            "older-than-days",
        ),
        (vec!["report", "--config", &both], 3, "store_url_file"),
        (vec!["report", "--config", &no_secret], 3, "/no/such/secret"),
    ] {
        let output = rrdtc(&arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(message), "{arguments:?}: {text}");
    }
    assert!(
        !folder.path().join("none.db").exists(),
        "a report makes no file"
    );
}

#[test]
fn the_store_is_found_by_configuration_file_secret_file_and_environment() {
    let database = Database::sqlite();
    super::block_on(filled(&database));
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("store-url");
    std::fs::write(&secret, format!("{}\n", database.url())).unwrap();
    let config = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let plain = config("plain.toml", format!("store_url = {:?}", database.url()));
    let by_file = config("file.toml", format!("store_url_file = {secret:?}"));
    let report = |configure: &dyn Fn(&mut Command)| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rrdtc"));
        command.args(["feedback", "report", "--csv"]);
        configure(&mut command);
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).unwrap()
    };
    let expected = report(&|command| {
        command.args(["--store", database.url()]);
    });
    assert!(expected.contains(",7,0,2,5"), "{expected}");
    for path in [&plain, &by_file] {
        let found = report(&|command| {
            command.arg("--config").arg(path);
        });
        assert_eq!(found, expected, "{}", path.display());
    }
    // The log's filter is no setting and does not stop a command.
    let found = report(&|command| {
        command
            .env("RRDTC_STORE_URL", database.url())
            .env("RRDTC_LOG__LEVEL", "warn");
    });
    assert_eq!(found, expected);
}

/// Neither the text nor the debug form of an error or of a store says the password, wherever in the URL it is.
#[test]
fn no_error_tells_the_password() {
    let password = "hunter2-sentinel";
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut urls = vec![
        format!("postgres://rrdtc:{password}@{closed}/rrdtc"),
        format!("postgres://rrdtc:{password}@host:99999999/rrdtc"),
        format!("postgres://{closed}/rrdtc?user=rrdtc&password={password}"),
        format!("postgres://{closed}/rrdtc?pasword={password}"),
        format!("postgres://{closed}/rrdtc?sslmode={password}"),
        format!("mysql://rrdtc:{password}@{closed}/rrdtc"),
        password.to_owned(),
    ];
    if let Some(server) = postgres::server("no_error_tells_the_password") {
        urls.push(server.replace(postgres::PASSWORD, password) + "/postgres");
        let store = super::block_on(Store::open(&SecretString::from(format!(
            "{server}/postgres"
        ))))
        .unwrap();
        assert_eq!(format!("{store:?}"), "Store(postgres)");
    }
    for url in urls {
        let error = super::block_on(Store::open(&SecretString::from(url.as_str()))).unwrap_err();
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains(password), "{text}");
            assert!(!text.contains("rrdtc:"), "{text}");
        }
        let output = rrdtc(&["report", "--store", &url]);
        assert!(!output.status.success());
        let text = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains(password), "{text}");
    }
    let settings = rrdtc::config::Settings::with(
        "store_url",
        format!("postgres://rrdtc:{password}@host/rrdtc"),
    )
    .unwrap();
    assert!(!format!("{settings:?}").contains(password));
}

#[test]
fn a_sqlite_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rrdtc.db");
    let url = SecretString::from(format!("sqlite:{}", path.display()));
    let store = super::block_on(async {
        let store = Store::open(&url).await.unwrap();
        add(&store, vec![overridden(1, None)], "2026-11-20").await;
        store
    });
    let mut files = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
        files += 1;
    }
    assert!(files >= 2, "the file and its write-ahead log");
    assert_eq!(format!("{store:?}"), "Store(sqlite)");
    let nowhere = SecretString::from(format!(
        "sqlite:{}",
        folder.path().join("no/such/folder/x.db").display()
    ));
    let error = super::block_on(Store::open(&nowhere)).unwrap_err();
    assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
}
