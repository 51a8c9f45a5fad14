//! The audit trail: what is written survives, what was done to it is seen.

use futures_util::future::{BoxFuture, FutureExt, join_all};
use hmac::{Hmac, Mac};
use proptest::prelude::*;
use rrdtc::audit::pseudonym::Pseudonyms;
use rrdtc::audit::{
    Audit, AuditMode, AuditSettings, Break, CannotVerify, Head, HeadStore, HeadUnavailable, Key,
    NotRecorded, Report, UnusableAudit, UnusableKey, instances, verify,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A folder with a key file beside the log folder.
struct Place {
    temporary: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            temporary: tempfile::tempdir().unwrap(),
        };
        write_key(&place.key_file(), KEY);
        place
    }

    fn folder(&self) -> PathBuf {
        self.temporary.path().join("log")
    }

    fn key_file(&self) -> PathBuf {
        self.temporary.path().join("audit.key")
    }

    fn settings(&self, mode: AuditMode) -> AuditSettings {
        AuditSettings {
            mode,
            ..AuditSettings::new(self.folder(), self.key_file(), "a")
        }
    }

    async fn open(&self) -> Result<Audit, UnusableAudit> {
        Audit::open(self.settings(AuditMode::Required), None).await
    }

    /// Writes these numbers of entries into one file each, and returns the lines of all files.
    async fn filled(files: &[u64]) -> (Self, Vec<Vec<String>>) {
        let place = Self::new();
        for (file, &entries) in files.iter().enumerate() {
            let mut settings = place.settings(AuditMode::Required);
            settings.rotate_bytes = u64::MAX;
            if file > 0 {
                // An opening that finds the last file full begins the next.
                let mut full = settings.clone();
                full.rotate_bytes = 1;
                Audit::open(full, None).await.unwrap().close().await;
            }
            let audit = Audit::open(settings, None).await.unwrap();
            for n in 0..entries {
                let entry = json!({ "file": file, "n": n });
                audit.record(&entry).await.unwrap();
            }
            audit.close().await;
        }
        let lines = (1..=files.len()).map(|file| place.lines(file)).collect();
        (place, lines)
    }

    fn file(&self, number: usize) -> PathBuf {
        self.folder().join(format!("audit-a-{number:06}.jsonl"))
    }

    fn lines(&self, number: usize) -> Vec<String> {
        fs::read_to_string(self.file(number))
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn write_lines(&self, number: usize, lines: &[String]) {
        fs::write(
            self.file(number),
            lines
                .iter()
                .map(|line| format!("{line}\n"))
                .collect::<String>(),
        )
        .unwrap();
    }

    fn verify(&self, head: Option<&Head>) -> Report {
        verify(&self.folder(), &key(), "a", head, &mut |_, _| {}).unwrap()
    }

    /// All entries of the chain, in order.
    fn entries(&self) -> Vec<Value> {
        self.members("entry")
    }

    fn members(&self, member: &str) -> Vec<Value> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "jsonl"))
            .collect();
        files.sort();
        files
            .iter()
            .flat_map(|file| {
                let text = fs::read_to_string(file).unwrap();
                let lines: Vec<Value> = text
                    .lines()
                    .map(|line| serde_json::from_str(line).unwrap())
                    .collect();
                lines
            })
            .filter_map(|line| line.get(member).cloned())
            .collect()
    }
}

fn key() -> Key {
    Key::from_bytes(KEY.to_vec()).unwrap()
}

fn write_key(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

fn what(report: &Report) -> Vec<(Break, String, Option<u64>)> {
    report
        .findings
        .iter()
        .map(|finding| {
            let number = finding.file.trim_start_matches("audit-a-0000");
            (
                finding.what,
                number.trim_end_matches(".jsonl").to_owned(),
                finding.line,
            )
        })
        .collect()
}

/// A store of heads in memory, which can be made to fail.
#[derive(Default)]
struct Heads {
    heads: Mutex<HashMap<String, Head>>,
    failing: AtomicBool,
}

impl HeadStore for Heads {
    fn put<'a>(
        &'a self,
        instance: &'a str,
        head: &'a Head,
    ) -> BoxFuture<'a, Result<(), HeadUnavailable>> {
        async move {
            if self.failing.load(Ordering::Relaxed) {
                return Err(HeadUnavailable("down".into()));
            }
            self.heads
                .lock()
                .unwrap()
                .insert(instance.to_owned(), head.clone());
            Ok(())
        }
        .boxed()
    }

    fn get<'a>(
        &'a self,
        instance: &'a str,
    ) -> BoxFuture<'a, Result<Option<Head>, HeadUnavailable>> {
        async move {
            if self.failing.load(Ordering::Relaxed) {
                return Err(HeadUnavailable("down".into()));
            }
            Ok(self.heads.lock().unwrap().get(instance).cloned())
        }
        .boxed()
    }
}

// ---- writing -------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn every_line_is_as_the_documentation_says() {
    let (place, files) = Place::filled(&[3, 2]).await;
    let (mut seq, mut prev) = (0, "0".repeat(64));
    for (number, lines) in files.iter().enumerate() {
        for (at, line) in lines.iter().enumerate() {
            let (body, mac) = line.split_at(line.len() - 74);
            let mut expected = Hmac::<sha2::Sha256>::new_from_slice(KEY).unwrap();
            expected.update(format!("{body}}}").as_bytes());
            let expected = format!("{:x}", expected.finalize().into_bytes());
            assert_eq!(mac, format!(",\"mac\":\"{expected}\"}}"));
            let value: Value = serde_json::from_str(line).unwrap();
            seq += 1;
            assert_eq!(value["seq"], seq);
            assert_eq!(value["prev"], prev);
            assert_eq!(value.get("file").is_some(), at == 0, "{line}");
            if at == 0 {
                assert_eq!(
                    value["file"],
                    json!({ "format": "rrdtc-audit/1", "instance": "a", "number": number + 1 })
                );
            }
            prev = expected;
        }
    }
    let report = place.verify(Some(&Head {
        count: seq,
        hash: prev.clone(),
    }));
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.lines, report.files), (7, 2));
    assert_eq!(
        report.end,
        Some(Head {
            count: 7,
            hash: prev
        })
    );
}

#[tokio::test]
async fn concurrent_records_are_all_there_when_they_return() {
    let place = Place::new();
    let audit = Arc::new(place.open().await.unwrap());
    let tasks = (0..400).map(|n| {
        let audit = Arc::clone(&audit);
        let file = place.file(1);
        tokio::spawn(async move {
            audit.record(&json!({ "n": n })).await.unwrap();
            let text = fs::read_to_string(file).unwrap();
            assert!(text.contains(&format!(r#""entry":{{"n":{n}}},"mac""#)));
        })
    });
    for outcome in join_all(tasks).await {
        outcome.unwrap();
    }
    let mut numbers: Vec<u64> = place
        .entries()
        .iter()
        .map(|entry| entry["n"].as_u64().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..400).collect::<Vec<_>>());
    assert_eq!(audit.status().recorded, 400);
    assert!(place.verify(None).is_intact());
}

#[tokio::test]
async fn the_chain_continues_over_restarts_and_files() {
    let place = Place::new();
    for run in 0..3 {
        let mut settings = place.settings(AuditMode::Required);
        settings.rotate_bytes = 700;
        let audit = Audit::open(settings, None).await.unwrap();
        for n in 0..5 {
            audit
                .record(&json!({ "run": run, "n": n, "text": "x".repeat(100) }))
                .await
                .unwrap();
        }
        audit.close().await;
    }
    let report = place.verify(None);
    assert!(report.is_intact(), "{report:?}");
    assert!(report.files >= 5, "{report:?}");
    let entries = place.entries();
    let order: Vec<(u64, u64)> = entries
        .iter()
        .map(|entry| (entry["run"].as_u64().unwrap(), entry["n"].as_u64().unwrap()))
        .collect();
    let expected: Vec<(u64, u64)> = (0..3)
        .flat_map(|run| (0..5).map(move |n| (run, n)))
        .collect();
    assert_eq!(order, expected);
}

#[tokio::test]
async fn entries_that_cannot_be_a_line_are_refused_and_harm_nothing() {
    let place = Place::new();
    let audit = place.open().await.unwrap();
    let raw = serde_json::value::RawValue::from_string("{\n}".into()).unwrap();
    let mut not_json = HashMap::new();
    not_json.insert((1, 2), "keys must be strings");
    assert_eq!(audit.record(&raw).await, Err(NotRecorded::Unfit));
    assert_eq!(audit.record(&not_json).await, Err(NotRecorded::Unfit));
    assert_eq!(
        audit.record(&"x".repeat(1 << 20)).await,
        Err(NotRecorded::Unfit)
    );
    let odd = json!({ "text": "a\nb\u{2028}\"}\u{0}", "score": 0.1, "deep": [[[null]]] });
    audit.record(&odd).await.unwrap();
    audit.record(&"x".repeat((1 << 20) - 2000)).await.unwrap();
    audit.close().await;
    assert_eq!(
        audit.record(&odd).await,
        Err(NotRecorded::Closed),
        "nothing is recorded after the end"
    );
    assert_eq!(audit.ready().await, Err(NotRecorded::Closed));
    assert_eq!(place.entries()[0], odd);
    assert_eq!(place.entries().len(), 2);
    assert!(place.verify(None).is_intact());
}

#[tokio::test]
async fn best_effort_never_waits_and_says_what_is_missing() {
    let place = Place::new();
    let mut settings = place.settings(AuditMode::BestEffort);
    settings.queue = 2;
    let audit = Audit::open(settings, None).await.unwrap();
    let mut immediate = 0;
    for n in 0..20_000 {
        // Polled once: a record that waited would not be done.
        immediate += u64::from(audit.record(&json!({ "n": n })).now_or_never() == Some(Ok(())));
    }
    assert_eq!(immediate, 20_000);
    audit.close().await;
    let status = audit.status();
    assert!(status.queue_full > 0, "{status:?}");
    assert_eq!(status.recorded + status.queue_full, 20_000, "{status:?}");
    let report = place.verify(None);
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.not_recorded.queue_full, status.queue_full);
    assert_eq!(place.entries().len() as u64, status.recorded);
}

#[tokio::test]
async fn dropping_the_trail_still_writes_what_is_queued() {
    let place = Place::new();
    let audit = Audit::open(place.settings(AuditMode::BestEffort), None)
        .await
        .unwrap();
    for n in 0..50 {
        audit.record(&n).await.unwrap();
    }
    drop(audit);
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        // The writer lets go of the files when it has written all.
        match place.open().await {
            Ok(audit) => break audit.close().await,
            Err(UnusableAudit::InUse(_)) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(place.entries().len(), 50);
}

// ---- opening -------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_second_opening_is_refused_until_the_first_is_closed() {
    let place = Place::new();
    let audit = place.open().await.unwrap();
    assert!(matches!(place.open().await, Err(UnusableAudit::InUse(_))));
    let mut other = place.settings(AuditMode::Required);
    other.instance = "b".into();
    let other = Audit::open(other, None).await.unwrap();
    other.close().await;
    audit.close().await;
    place.open().await.unwrap().close().await;
    assert_eq!(instances(&place.folder()).unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let place = Place::new();
    let audit = place.open().await.unwrap();
    let output = this_test_binary("audit::other_process_opens", &[], place.temporary.path());
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("outcome: in use"),
        "{output:?}"
    );
    audit.close().await;
    let output = this_test_binary("audit::other_process_opens", &[], place.temporary.path());
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("outcome: opened"),
        "{output:?}"
    );
}

const PLACE: &str = "RRDTC_TEST_AUDIT_PLACE";

/// Runs one of the ignored tests below in a process of its own, behind `wrapper`.
fn this_test_binary(test: &str, wrapper: &[&str], place: &Path) -> Output {
    let binary = std::env::current_exe().unwrap();
    let mut words: Vec<std::ffi::OsString> = wrapper.iter().map(Into::into).collect();
    words.push(binary.into_os_string());
    words.extend([test, "--exact", "--ignored", "--nocapture"].map(Into::into));
    Command::new(&words[0])
        .args(&words[1..])
        .env(PLACE, place)
        .output()
        .unwrap()
}

fn place_of_parent() -> AuditSettings {
    let place = PathBuf::from(std::env::var_os(PLACE).expect("run by another test"));
    AuditSettings {
        mode: AuditMode::Required,
        ..AuditSettings::new(place.join("log"), place.join("audit.key"), "a")
    }
}

#[tokio::test]
#[ignore = "run by a_second_process_is_refused"]
async fn other_process_opens() {
    match Audit::open(place_of_parent(), None).await {
        Ok(_) => println!("outcome: opened"),
        Err(UnusableAudit::InUse(_)) => println!("outcome: in use"),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_line_torn_by_a_crash_is_moved_aside_and_recorded() {
    let (place, files) = Place::filled(&[3]).await;
    let whole = fs::read(place.file(1)).unwrap();
    let last = whole.len() - files[0][3].len() - 1;
    for cut in [
        last + 1,
        last + 2,
        last + 30,
        whole.len() - 20,
        whole.len() - 1,
    ] {
        for file in fs::read_dir(place.folder()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        fs::write(place.file(1), &whole[..cut]).unwrap();
        let before = place.verify(None);
        assert_eq!(what(&before), [(Break::Torn, "01".into(), Some(4))]);

        let audit = place.open().await.unwrap();
        audit.record(&"after the crash").await.unwrap();
        audit.close().await;
        let report = place.verify(None);
        assert!(report.is_intact(), "cut at {cut}: {report:?}");
        assert_eq!(report.torn_and_moved_aside, 1);
        let torn = &place.members("torn")[0];
        let aside = place.folder().join(torn["file"].as_str().unwrap());
        assert_eq!(fs::read(&aside).unwrap(), &whole[last..cut]);
        assert_eq!(place.entries().last().unwrap(), "after the crash");

        fs::write(&aside, b"something else").unwrap();
        assert_eq!(
            place.verify(None).findings[0].what,
            Break::SetAsideChanged,
            "the bytes moved aside are guarded too"
        );
    }
}

#[tokio::test]
async fn a_crash_while_moving_aside_is_made_good() {
    let (place, files) = Place::filled(&[3]).await;
    let whole = fs::read(place.file(1)).unwrap();
    let last = whole.len() - files[0][3].len() - 1;
    let aside = place.folder().join("audit-a-000001.jsonl.4.torn");
    for (log, set_aside, kept) in [
        // Copied, not yet cut off.
        (last + 9, last..last + 9, last..last + 9),
        // Cut off, not yet recorded.
        (last, last..last + 9, last..last + 9),
        // The copy itself was torn: the piece and the whole are kept.
        (last + 9, last..last + 4, last..last + 9),
    ] {
        fs::write(place.file(1), &whole[..log]).unwrap();
        fs::write(&aside, &whole[set_aside]).unwrap();
        place.open().await.unwrap().close().await;
        let report = place.verify(None);
        assert!(report.is_intact(), "{report:?}");
        assert_eq!(report.torn_and_moved_aside, 1);
        assert!(fs::read(&aside).unwrap().ends_with(&whole[kept]));
    }
}

#[tokio::test]
async fn a_crash_while_a_file_is_begun_is_made_good() {
    let (place, files) = Place::filled(&[2, 2]).await;
    for begun in ["", "{\"seq\":4,\"at\""] {
        fs::write(place.file(2), begun).unwrap();
        assert_eq!(place.verify(None).findings[0].what, Break::Torn);
        let audit = place.open().await.unwrap();
        audit.record(&"on").await.unwrap();
        audit.close().await;
        let report = place.verify(None);
        assert!(report.is_intact(), "{begun:?}: {report:?}");
        assert_eq!(place.lines(1), files[0], "the file before is as it was");
        assert_eq!(report.torn_and_moved_aside, u64::from(!begun.is_empty()));
    }
}

#[tokio::test]
async fn a_chain_that_was_changed_is_not_continued() {
    let (place, files) = Place::filled(&[4]).await;
    let good = &files[0];
    let edited = good[2].replace("\"n\":1", "\"n\":7");
    for (lines, broken) in [
        (vec![&good[0], &good[1], &edited, &good[3], &good[4]], 3),
        (vec![&good[0], &good[1], &good[3], &good[4]], 3),
        (vec![&good[0], &good[1], &good[2], &good[3], &edited], 5),
        (vec![&good[1], &good[2]], 1),
    ] {
        let lines: Vec<String> = lines.into_iter().cloned().collect();
        place.write_lines(1, &lines);
        let before = fs::read(place.file(1)).unwrap();
        match place.open().await {
            Err(UnusableAudit::Broken { line, .. }) => assert_eq!(line, broken),
            other => panic!("{other:?}"),
        }
        assert_eq!(
            fs::read(place.file(1)).unwrap(),
            before,
            "nothing is mended"
        );
    }
    place.write_lines(1, good);
    write_key(&place.key_file(), b"another key of thirty-two bytes.");
    assert!(matches!(
        place.open().await,
        Err(UnusableAudit::Broken { line: 1, .. })
    ));
}

#[tokio::test]
async fn the_head_is_kept_and_a_shorter_log_is_refused() {
    let place = Place::new();
    let heads = Arc::new(Heads::default());
    let store = || Some(Arc::clone(&heads) as Arc<dyn HeadStore>);
    let required = place.settings(AuditMode::Required);
    let audit = Audit::open(required.clone(), store()).await.unwrap();
    for n in 0..5 {
        audit.record(&n).await.unwrap();
    }
    audit.close().await;
    let head = heads.heads.lock().unwrap()["a"].clone();
    assert_eq!(head.count, 6);
    assert_eq!(place.verify(Some(&head)).end, Some(head.clone()));

    let all = place.lines(1);
    place.write_lines(1, &all[..4]);
    match Audit::open(required.clone(), store()).await {
        Err(UnusableAudit::ShorterThanHead { found: 4, head: 6 }) => {}
        other => panic!("{other:?}"),
    }
    fs::remove_file(place.file(1)).unwrap();
    assert!(matches!(
        Audit::open(required.clone(), store()).await,
        Err(UnusableAudit::ShorterThanHead { found: 0, head: 6 })
    ));
    // As long as the head, but another history.
    let audit = Audit::open(required.clone(), None).await.unwrap();
    for n in 0..7 {
        audit.record(&n).await.unwrap();
    }
    audit.close().await;
    assert!(matches!(
        Audit::open(required, store()).await,
        Err(UnusableAudit::Broken { line: 6, .. })
    ));
}

#[tokio::test]
async fn a_store_of_heads_that_is_down_stops_only_the_required_mode() {
    let place = Place::new();
    let heads = Arc::new(Heads::default());
    heads.failing.store(true, Ordering::Relaxed);
    let store = || Some(Arc::clone(&heads) as Arc<dyn HeadStore>);
    assert!(matches!(
        Audit::open(place.settings(AuditMode::Required), store()).await,
        Err(UnusableAudit::Head(_))
    ));
    let audit = Audit::open(place.settings(AuditMode::BestEffort), store())
        .await
        .unwrap();
    audit.record(&1).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while audit.status().head_failed == 0 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    heads.failing.store(false, Ordering::Relaxed);
    // Tried again without a new entry.
    while heads.heads.lock().unwrap().get("a").map(|head| head.count) != Some(2) {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    audit.close().await;
}

#[tokio::test]
async fn unfit_keys_and_names_are_refused() {
    let place = Place::new();
    let open = async |key_file: PathBuf, instance: &str| {
        let mut settings = place.settings(AuditMode::Required);
        settings.key_file = key_file;
        settings.instance = instance.into();
        Audit::open(settings, None).await.map(drop)
    };
    let beside = |name: &str| place.temporary.path().join(name);
    for name in ["", "../a", "a/b", ".a", "a b", &"a".repeat(65)] {
        assert!(
            matches!(
                open(place.key_file(), name).await,
                Err(UnusableAudit::Instance(_))
            ),
            "{name}"
        );
    }
    let key_error = async |key_file: PathBuf| match open(key_file, "a").await {
        Err(UnusableAudit::Key(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(
        key_error(beside("nothing")).await,
        UnusableKey::Unreadable(..)
    ));
    write_key(&beside("short"), &[b'k'; 31]);
    assert!(matches!(
        key_error(beside("short")).await,
        UnusableKey::Length(_, 31)
    ));
    // The line break at the end is no part of the key.
    write_key(&beside("broken"), b"0123456789abcdef0123456789abcde\n");
    assert!(matches!(
        key_error(beside("broken")).await,
        UnusableKey::Length(_, 31)
    ));
    write_key(&beside("long"), &[b'k'; 5000]);
    assert!(matches!(
        key_error(beside("long")).await,
        UnusableKey::Length(..)
    ));
    let inside = place.folder().join("audit.key");
    write_key(&inside, KEY);
    assert!(matches!(
        key_error(inside.clone()).await,
        UnusableKey::InsideFolder(_)
    ));
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        symlink(&inside, beside("link")).unwrap();
        assert!(matches!(
            key_error(beside("link")).await,
            UnusableKey::InsideFolder(_)
        ));
        for (mode, refused) in [(0o620, true), (0o602, true), (0o640, false), (0o644, false)] {
            let file = beside("mode");
            write_key(&file, KEY);
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(
                matches!(Key::read(&file), Err(UnusableKey::WritableByOthers(_))),
                refused,
                "{mode:o}"
            );
        }
    }
}

// ---- disks that fail -----------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_folder_that_goes_away_is_noticed_and_found_again() {
    for mode in [AuditMode::Required, AuditMode::BestEffort] {
        let place = Place::new();
        let audit = Audit::open(place.settings(mode), None).await.unwrap();
        audit.record(&"before").await.unwrap();
        audit.ready().await.unwrap();
        let away = place.temporary.path().join("away");
        fs::rename(place.folder(), &away).unwrap();
        fs::write(place.folder(), "a file instead").unwrap();

        assert!(matches!(audit.ready().await, Err(NotRecorded::Disk(_))));
        let outcome = audit.record(&"lost").await;
        assert_eq!(outcome.is_err(), mode == AuditMode::Required);
        assert!(audit.ready().await.is_err());
        assert!(!audit.is_healthy());
        assert_eq!(audit.status().write_failed, 1);

        fs::remove_file(place.folder()).unwrap();
        fs::rename(&away, place.folder()).unwrap();
        audit.ready().await.unwrap();
        assert!(audit.is_healthy());
        audit.record(&"after").await.unwrap();
        audit.close().await;
        let report = place.verify(None);
        assert!(report.is_intact(), "{report:?}");
        assert_eq!(report.not_recorded.write_failed, 1);
        assert_eq!(place.entries(), ["before", "after"]);
    }
}

#[tokio::test]
async fn a_next_file_that_cannot_be_made_is_noticed_and_made_later() {
    let place = Place::new();
    let mut settings = place.settings(AuditMode::Required);
    settings.rotate_bytes = 1;
    let audit = Audit::open(settings, None).await.unwrap();
    fs::create_dir(place.file(2)).unwrap();
    assert!(audit.record(&"lost").await.is_err());
    assert!(!audit.is_healthy());
    fs::remove_dir(place.file(2)).unwrap();
    #[cfg(unix)]
    {
        // A device under the name must not swallow the lines.
        std::os::unix::fs::symlink("/dev/null", place.file(2)).unwrap();
        assert!(audit.record(&"lost").await.is_err());
        fs::remove_file(place.file(2)).unwrap();
    }
    audit.record(&"kept").await.unwrap();
    assert!(audit.is_healthy());
    audit.close().await;
    assert!(place.verify(None).is_intact());
    assert_eq!(place.entries(), ["kept"]);
}

#[tokio::test]
async fn a_log_that_somebody_else_writes_is_left_alone() {
    let place = Place::new();
    let audit = place.open().await.unwrap();
    audit.record(&1).await.unwrap();
    let mut lines = place.lines(1);
    lines.push("{}".into());
    place.write_lines(1, &lines);
    assert!(matches!(
        audit.record(&2).await,
        Err(NotRecorded::Disk(reason)) if reason.contains("somebody else")
    ));
    audit.close().await;
    assert_eq!(place.lines(1), lines);
}

/// Real failing writes, with a piece of a line on the disk: by the limit of a process on the size of its files.
#[cfg(unix)]
#[test]
fn a_piece_of_a_line_on_a_full_disk_is_taken_back() {
    let place = Place::new();
    let output = this_test_binary(
        "audit::other_process_fills_the_disk",
        &[
            "sh",
            "-c",
            "trap '' XFSZ; ulimit -f 16; exec \"$@\"",
            "limited",
        ],
        place.temporary.path(),
    );
    assert!(output.status.success(), "{output:?}");
    let report = place.verify(None);
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.not_recorded.write_failed, 2);
    assert_eq!(place.entries().len(), 3);
}

#[tokio::test]
#[ignore = "run by a_piece_of_a_line_on_a_full_disk_is_taken_back"]
async fn other_process_fills_the_disk() {
    let audit = Audit::open(place_of_parent(), None).await.unwrap();
    // The limit is 16 blocks of 512 or of 1,024 bytes, by the shell.
    let big = "x".repeat(12_000);
    audit.record(&"x".repeat(5_000)).await.unwrap();
    assert!(audit.record(&big).await.is_err());
    assert!(!audit.is_healthy());
    audit.record(&"small").await.unwrap();
    assert!(audit.is_healthy());
    assert!(audit.record(&big).await.is_err());
    audit.ready().await.unwrap();
    audit.record(&"small").await.unwrap();
    audit.close().await;
}

// ---- verification --------------------------------------------------------------------------------------------------

/// A change of the lines of an intact chain, given as one list per file, and what is found: what, in which file and line.
type Change<'a> = (
    &'a str,
    fn(&mut Vec<Vec<String>>),
    &'a [(Break, &'a str, Option<u64>)],
);

#[tokio::test]
async fn each_change_is_detected_where_it_was_made() {
    use Break::*;
    let (place, files) = Place::filled(&[4, 4, 4]).await;
    let end = place.verify(None).end.unwrap();
    let cases: [Change; 20] = [
        ("nothing", |_| {}, &[]),
        (
            "an entry edited",
            |files| files[1][2] = files[1][2].replace("\"n\":1", "\"n\":2"),
            &[(Edited, "02", Some(3))],
        ),
        (
            "two lines edited one after the other",
            |files| {
                files[0][2].insert(20, ' ');
                files[0][3] = "{}".into();
            },
            &[(Edited, "01", Some(3)), (Edited, "01", Some(4))],
        ),
        (
            "a mac edited in the case of a digit",
            |files| {
                let line = &mut files[0][1];
                let mac = line.len() - 66;
                let upper = line[mac..].replacen(['a', 'b', 'c', 'd', 'e', 'f'], "A", 1);
                line.replace_range(mac.., &upper);
            },
            &[(Edited, "01", Some(2))],
        ),
        (
            "the last line edited",
            |files| files[2][4] = files[2][4].replace("\"n\":3", "\"n\":4"),
            &[(Edited, "03", Some(5))],
        ),
        (
            "a line added without the key",
            |files| {
                let line = files[1][2].replace("\"n\":1", "\"n\":9");
                files[1].insert(3, line);
            },
            &[(Edited, "02", Some(4))],
        ),
        (
            "an empty line added",
            |files| files[1].insert(3, String::new()),
            &[(Edited, "02", Some(4))],
        ),
        (
            "a line removed",
            |files| drop(files[0].remove(2)),
            &[(Removed, "01", Some(3))],
        ),
        (
            "lines removed around an edited one",
            |files| {
                files[0].remove(4);
                files[0].remove(1);
                files[0][2].push(' ');
            },
            &[
                (Removed, "01", Some(2)),
                (Edited, "01", Some(3)),
                (Removed, "02", Some(1)),
            ],
        ),
        (
            "the first line of a file removed",
            |files| drop(files[1].remove(0)),
            &[(Removed, "02", Some(1))],
        ),
        (
            "the last line of a file in the middle removed",
            |files| drop(files[1].pop()),
            &[(Removed, "03", Some(1))],
        ),
        (
            "two lines swapped",
            |files| files[0].swap(2, 3),
            &[(Reordered, "01", Some(4))],
        ),
        (
            "a line moved to another file",
            |files| {
                let line = files[0].remove(2);
                files[2].push(line);
            },
            &[(Reordered, "03", Some(6))],
        ),
        (
            "a line duplicated",
            |files| {
                let line = files[0][2].clone();
                files[0].insert(3, line);
            },
            &[(Duplicated, "01", Some(4))],
        ),
        (
            "an old line appended",
            |files| {
                let line = files[0][2].clone();
                files[2].push(line);
            },
            &[(Duplicated, "03", Some(6))],
        ),
        (
            "a file cut off at the end",
            |files| files[2].truncate(2),
            &[(TailTruncated, "03", Some(2))],
        ),
        (
            "the last file removed",
            |files| drop(files.pop()),
            &[(TailTruncated, "02", Some(5))],
        ),
        (
            "a file in the middle removed",
            |files| files[1].clear(),
            &[(MissingFile, "02", None)],
        ),
        (
            "the first file removed",
            |files| files[0].clear(),
            &[(MissingFile, "01", None)],
        ),
        (
            "lines moved over the border of files",
            |files| {
                let line = files[1].remove(0);
                files[0].push(line);
            },
            &[(Misplaced, "01", Some(6)), (Misplaced, "02", Some(1))],
        ),
    ];
    for (name, change, expected) in cases {
        let mut changed = files.clone();
        change(&mut changed);
        for number in 1..=files.len() {
            let _ = fs::remove_file(place.file(number));
        }
        for (at, lines) in changed.iter().enumerate() {
            if !lines.is_empty() {
                place.write_lines(at + 1, lines);
            }
        }
        let report = place.verify(Some(&end));
        let expected: Vec<_> = expected
            .iter()
            .map(|(what, file, line)| (*what, (*file).to_owned(), *line))
            .collect();
        assert_eq!(what(&report), expected, "{name}: {report:?}");
        assert_eq!(report.is_intact(), expected.is_empty());
        assert!(report.findings.iter().all(|f| !f.meaning.is_empty()));
    }
}

#[tokio::test]
async fn files_that_changed_names_are_detected() {
    let (place, _) = Place::filled(&[2, 2, 2]).await;
    fs::remove_file(place.file(2)).unwrap();
    fs::rename(place.file(3), place.file(2)).unwrap();
    assert_eq!(
        what(&place.verify(None)),
        [
            (Break::Misplaced, "02".into(), Some(1)),
            (Break::Removed, "02".into(), Some(1))
        ]
    );
}

#[tokio::test]
async fn two_histories_with_the_same_key_do_not_fit_together() {
    let (place, files) = Place::filled(&[4]).await;
    let (_other, others) = Place::filled(&[4]).await;
    let joined = [&files[0][..3], &others[0][3..]].concat();
    place.write_lines(1, &joined);
    assert_eq!(
        what(&place.verify(None)),
        [(Break::Forked, "01".into(), Some(4))]
    );
}

#[tokio::test]
async fn only_the_head_tells_that_the_end_is_missing_or_was_written_anew() {
    let (place, files) = Place::filled(&[4]).await;
    let end = place.verify(None).end.unwrap();
    place.write_lines(1, &files[0][..3]);
    let blind = place.verify(None);
    assert!(blind.is_intact() && !blind.compared_with_head);
    assert_eq!(
        what(&place.verify(Some(&end))),
        [(Break::TailTruncated, "01".into(), Some(3))]
    );

    let (anew, _) = Place::filled(&[6]).await;
    assert_eq!(
        what(&anew.verify(Some(&end))),
        [(Break::HeadMismatch, "01".into(), Some(5))]
    );

    fs::remove_file(place.file(1)).unwrap();
    assert_eq!(
        place.verify(Some(&end)).findings[0].what,
        Break::TailTruncated
    );
    assert!(matches!(
        verify(&place.folder(), &key(), "a", None, &mut |_, _| {}),
        Err(CannotVerify::NoLog(_))
    ));
}

#[tokio::test]
async fn a_wrong_key_is_told_from_an_edited_line() {
    let (place, _) = Place::filled(&[3, 3]).await;
    let wrong = Key::from_bytes(vec![7; 32]).unwrap();
    let report = verify(&place.folder(), &wrong, "a", None, &mut |_, _| {}).unwrap();
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].what, Break::WrongKey);
}

#[tokio::test]
async fn a_long_list_of_findings_is_counted() {
    let (place, files) = Place::filled(&[150]).await;
    let edited: Vec<String> = files[0]
        .iter()
        .enumerate()
        .map(|(at, line)| {
            if at > 20 {
                format!("{line} ")
            } else {
                line.clone()
            }
        })
        .collect();
    place.write_lines(1, &edited);
    let report = place.verify(None);
    assert_eq!((report.findings.len(), report.more_findings), (100, 30));
}

/// An intact chain with every kind of line and a file set aside, as bytes by name.
fn every_kind_of_line() -> Vec<(String, Vec<u8>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (place, _) = Place::filled(&[2, 2]).await;
        let mut whole = fs::read(place.file(2)).unwrap();
        whole.truncate(whole.len() - 5);
        fs::write(place.file(2), whole).unwrap();
        let audit = place.open().await.unwrap();
        let away = place.temporary.path().join("away");
        fs::rename(place.file(2), &away).unwrap();
        audit.record(&"lost").await.unwrap_err();
        fs::rename(&away, place.file(2)).unwrap();
        audit.record(&json!({ "kept": 1.5 })).await.unwrap();
        audit.close().await;
        assert_eq!(place.members("gap").len(), 1);
        assert_eq!(place.members("torn").len(), 1);
        assert!(place.verify(None).is_intact());
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(place.folder())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                (
                    entry.file_name().into_string().unwrap(),
                    fs::read(entry.path()).unwrap(),
                )
            })
            .filter(|(_, bytes)| !bytes.is_empty())
            .collect();
        files.sort();
        assert_eq!(files.len(), 3);
        files
    })
}

#[test]
fn any_changed_byte_is_detected() {
    let files = every_kind_of_line();
    let place = tempfile::tempdir().unwrap();
    let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let check = |position: usize, change: &dyn Fn(&mut Vec<u8>, usize)| {
        let mut position = position;
        for (name, bytes) in &files {
            let mut bytes = bytes.clone();
            if position < bytes.len() {
                change(&mut bytes, position);
                position = usize::MAX;
            } else if position != usize::MAX {
                position -= bytes.len();
            }
            fs::write(place.path().join(name), bytes).unwrap();
        }
        verify(place.path(), &key(), "a", None, &mut |_, _| {})
            .unwrap()
            .is_intact()
    };
    assert!(check(total - 1, &|_, _| {}), "the unchanged chain");
    // Every byte once; and any byte to anything, or gone, or one more.
    for position in 0..total {
        assert!(
            !check(position, &|bytes, at| bytes[at] ^= 1),
            "byte {position}"
        );
    }
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(1000));
    runner
        .run(&(0..total, 1..=255_u8, 0..3), |(position, bits, kind)| {
            let intact = check(position, &|bytes, at| match kind {
                0 => bytes[at] ^= bits,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bits),
            });
            prop_assert!(!intact, "byte {position}, kind {kind}, {bits}");
            Ok(())
        })
        .unwrap();
}

// ---- command line --------------------------------------------------------------------------------------------------

fn audit_verify(place: &Place, more: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rrdtc"))
        .args(["audit", "verify", "--folder"])
        .arg(place.folder())
        .arg("--key-file")
        .arg(place.key_file())
        .args(more)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[tokio::test]
async fn the_command_says_by_its_exit_code_whether_the_trail_is_intact() {
    let (place, files) = Place::filled(&[3, 3]).await;
    let (code, out, error) = audit_verify(&place, &[]);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("a: intact, 8 lines in 2 files, "), "{out}");
    assert!(out.contains("not compared with a head"), "{out}");
    let head = out
        .lines()
        .last()
        .unwrap()
        .trim()
        .strip_prefix("head ")
        .unwrap();

    let (code, out, _) = audit_verify(&place, &["--head", head]);
    assert_eq!(code, Some(0), "the printed head can be given back");
    assert!(!out.contains("not compared"), "{out}");

    place.write_lines(2, &files[1][..2]);
    let (code, out, error) = audit_verify(&place, &["--head", head, "--instance", "a"]);
    assert_eq!(code, Some(1));
    assert!(out.starts_with("a: BROKEN"), "{out}");
    assert!(
        out.contains("audit-a-000002.jsonl line 2: the head knows 8 lines"),
        "{out}"
    );
    assert!(error.contains("the audit trail of a is broken"), "{error}");

    let (code, out, _) = audit_verify(&place, &["--head", head, "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, Some(1));
    assert_eq!(report["intact"], false);
    assert_eq!(report["chains"][0]["findings"][0]["what"], "tail-truncated");
    assert_eq!(report["chains"][0]["findings"][0]["line"], 2);
}

#[tokio::test]
async fn the_command_tells_its_own_mistakes_from_a_broken_trail() {
    let (place, _) = Place::filled(&[1]).await;
    let mut other = place.settings(AuditMode::Required);
    other.instance = "b".into();
    Audit::open(other, None).await.unwrap().close().await;
    let head = format!("1:{}", "0".repeat(64));
    for (more, code, message) in [
        (vec![], 0, ""),
        (vec!["--head", "1:xyz"], 2, "COUNT:HASH"),
        (vec!["--head", head.as_str()], 2, "--instance"),
        (vec!["--instance", "nobody"], 1, "no audit log"),
        (vec!["--instance", "../a"], 1, "no audit log"),
    ] {
        let (found, out, error) = audit_verify(&place, &more);
        assert_eq!(found, Some(code), "{more:?}: {out}{error}");
        assert!(error.contains(message), "{more:?}: {error}");
    }
    write_key(&place.key_file(), b"another key of thirty-two bytes.");
    let (code, out, _) = audit_verify(&place, &["--instance", "a"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("wrong key file"), "{out}");
    write_key(&place.key_file(), b"short");
    assert_eq!(audit_verify(&place, &[]).0, Some(3));
    fs::remove_file(place.key_file()).unwrap();
    let (code, _, error) = audit_verify(&place, &[]);
    assert_eq!(code, Some(3));
    assert!(error.contains("cannot read the key file"), "{error}");

    write_key(&place.key_file(), KEY);
    fs::remove_dir_all(place.folder()).unwrap();
    let (code, _, error) = audit_verify(&place, &[]);
    assert_eq!(code, Some(1));
    assert!(error.contains("cannot read"), "{error}");
    fs::create_dir(place.folder()).unwrap();
    assert_eq!(audit_verify(&place, &[]).0, Some(1), "an empty folder");
}

// ---- pseudonyms ----------------------------------------------------------------------------------------------------

#[test]
fn pseudonyms_are_steady_and_kept_apart() {
    let ours = Pseudonyms::new(key());
    let theirs = Pseudonyms::new(Key::from_bytes(vec![7; 32]).unwrap());
    let one = ours.patient("north", "17");
    assert_eq!(one, Pseudonyms::new(key()).patient("north", "17"));
    let mut different = vec![
        one,
        ours.user("north", "17"),
        ours.patient("south", "17"),
        ours.patient("north", "18"),
        ours.patient("north1", "7"),
        ours.patient("", "north17"),
        theirs.patient("north", "17"),
    ];
    assert!(
        different
            .iter()
            .all(|p| p.len() == 32 && p.bytes().all(|b| b.is_ascii_hexdigit()))
    );
    let count = different.len();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), count);
}

/// How long one record takes in required mode; run by hand: `cargo test --release --test it audit:: -- --ignored`.
#[tokio::test]
#[ignore = "a measurement"]
async fn microseconds_of_one_record() {
    let place = Place::new();
    let audit = Arc::new(place.open().await.unwrap());
    let entry = json!({ "resultId": "x".repeat(64), "states": ["present", "absent", "unknown", "present"], "card": "y".repeat(36) });
    let mut times = Vec::new();
    for _ in 0..500 {
        let start = Instant::now();
        audit.record(&entry).await.unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    let start = Instant::now();
    join_all((0..4000).map(|_| audit.record(&entry))).await;
    println!(
        "alone median {:?}, 4,000 at once {:?} each",
        times[250],
        start.elapsed() / 4000
    );
}
