//! Feedback and what is kept: the wire of feedback calls, the store over both databases, the command line.

mod cases;
mod command_line;
pub(crate) mod postgres;
mod wire;

use rrdtc::store::Store;
use secrecy::{ExposeSecret, SecretString};
use sqlx::Connection;
use std::sync::atomic::{AtomicU32, Ordering};

/// A database of a test's own, empty.
pub struct Database {
    pub url: SecretString,
    folder: Option<tempfile::TempDir>,
}

#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("rrdtc.db").display());
        Self {
            url: url.into(),
            folder: Some(folder),
        }
    }

    async fn postgres(server: String) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut connection = sqlx::PgConnection::connect(&format!("{server}/postgres"))
            .await
            .unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        Self {
            url: format!("{server}/{name}").into(),
            folder: None,
        }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// For the command line.
    pub fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// Files of the database, where it is files.
    pub fn files(&self) -> Vec<Vec<u8>> {
        self.folder
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder.path()).unwrap())
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect()
    }
}

/// Runs a statement past the store.
async fn execute(database: &Database, statement: &'static str) {
    match connect(database).await {
        Direct::Sqlite(mut connection) => {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        Direct::Postgres(mut connection) => {
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
}

/// The texts of a one-column query past the store.
async fn rows(database: &Database, query: &'static str) -> Vec<Option<String>> {
    match connect(database).await {
        Direct::Sqlite(mut connection) => sqlx::query_scalar(query)
            .fetch_all(&mut connection)
            .await
            .unwrap(),
        Direct::Postgres(mut connection) => sqlx::query_scalar(query)
            .fetch_all(&mut connection)
            .await
            .unwrap(),
    }
}

/// Brings a database to the state of another version: that of the migrations in a folder.
async fn migrate(database: &Database, folder: &std::path::Path) {
    let migrations = sqlx::migrate::Migrator::new(folder).await.unwrap();
    match connect(database).await {
        Direct::Sqlite(mut connection) => migrations.run(&mut connection).await.unwrap(),
        Direct::Postgres(mut connection) => migrations.run(&mut connection).await.unwrap(),
    }
}

enum Direct {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

async fn connect(database: &Database) -> Direct {
    match database.folder {
        Some(_) => Direct::Sqlite(
            sqlx::SqliteConnection::connect(&format!("{}?mode=rwc", database.url()))
                .await
                .unwrap(),
        ),
        None => Direct::Postgres(sqlx::PgConnection::connect(database.url()).await.unwrap()),
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

fn run(kind: Kind, name: &str, case: impl AsyncFnOnce(Database)) {
    match kind {
        Kind::Sqlite => block_on(case(Database::sqlite())),
        Kind::Postgres => {
            if let Some(server) = postgres::server(name) {
                block_on(async { case(Database::postgres(server).await).await });
            }
        }
    }
}

/// Each case is two tests: one over SQLite, one over PostgreSQL.
macro_rules! over_both {
    ($($area:ident :: $case:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $case() { super::run(super::Kind::Sqlite, stringify!($case), super::$area::$case); })*
        }
        mod postgresql {
            $(#[test] fn $case() { super::run(super::Kind::Postgres, stringify!($case), super::$area::$case); })*
        }
    };
}

over_both! {
    cases::a_repeated_item_is_kept_once,
    cases::what_differs_is_another_item,
    cases::a_batch_of_the_largest_size_is_kept,
    cases::feedback_for_an_unknown_card_is_kept,
    cases::a_comment_is_kept_only_when_passed,
    cases::data_outlives_a_restart,
    cases::writers_at_the_same_time_lose_nothing,
    cases::first_starts_at_the_same_time_succeed,
    cases::two_tenants_with_the_same_patient_never_cross,
    cases::the_last_shown_card_is_told,
    cases::a_snooze_is_found_whichever_came_first,
    cases::shown_cards_arrive_without_a_close,
    cases::closing_the_writer_writes_what_waits,
    cases::a_full_queue_drops_and_counts,
    cases::a_head_never_goes_back,
    cases::a_report_counts_cards_by_group,
    cases::purge_removes_what_is_older,
    cases::an_older_database_is_brought_up_to_date,
    cases::a_newer_database_is_refused,
    command_line::the_report_has_three_forms,
    command_line::small_cells_are_not_shown_and_there_are_no_totals,
    command_line::purge_asks_or_needs_yes,
}
