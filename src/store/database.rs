//! The two databases: how they are opened, how their errors are told. Statements are written once, for both.

use super::StoreError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// How long a statement waits for another process that writes, and a caller for a free connection.
const WAIT_FOR_TURN: Duration = Duration::from_secs(5);

/// SQLite's name for no file.
const IN_MEMORY: &str = ":memory:";

/// Options of a PostgreSQL URL. Others would be logged with their value by the driver, and a misspelt password with them.
const POSTGRES_OPTIONS: [&str; 15] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];

/// What a URL says.
pub(super) enum Address<'a> {
    Sqlite(&'a Path),
    Postgres(Box<PgConnectOptions>),
}

impl<'a> Address<'a> {
    pub(super) fn parse(url: &'a SecretString) -> Result<Self, StoreError> {
        let url = url.expose_secret();
        match url.split_once(':') {
            Some(("sqlite", path)) => Self::sqlite(path),
            Some(("postgres" | "postgresql", _)) => Self::postgres(url),
            _ => Err(StoreError::InvalidUrl(
                "it must start with sqlite: or postgres://",
            )),
        }
    }

    fn sqlite(path: &'a str) -> Result<Self, StoreError> {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains(":memory:") || path.contains('?') {
            return Err(StoreError::InvalidUrl(
                "sqlite: needs the path of a file, without options",
            ));
        }
        Ok(Self::Sqlite(Path::new(path)))
    }

    fn postgres(url: &str) -> Result<Self, StoreError> {
        let parsed = url::Url::parse(url).map_err(|_| {
            StoreError::InvalidUrl("postgres://user:password@host/database is expected")
        })?;
        if parsed
            .query_pairs()
            .any(|(name, _)| !POSTGRES_OPTIONS.contains(&&*name))
        {
            return Err(StoreError::InvalidUrl(
                "it has an option that is not known here",
            ));
        }
        let options: PgConnectOptions = url
            .parse()
            .map_err(|_| StoreError::InvalidUrl("an option has a value that is not possible"))?;
        Ok(Self::Postgres(Box::new(options)))
    }
}

#[derive(Clone)]
pub(super) enum Pool {
    /// With the file that was opened; none in memory.
    Sqlite(sqlx::SqlitePool, Option<FileIdentity>),
    Postgres(sqlx::PgPool),
}

/// A file whatever its name: device and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity(u64, u64);

impl FileIdentity {
    /// None where there is no such file.
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(path).ok()?;
        Some(Self(found.dev(), found.ino()))
    }
}

/// Runs the same expression with the pool of either database.
macro_rules! on {
    ($store:expr, $pool:ident => $work:expr) => {
        match &$store.pool {
            $crate::store::database::Pool::Sqlite($pool, _) => $work,
            $crate::store::database::Pool::Postgres($pool) => $work,
        }
    };
}
pub(super) use on;

impl Pool {
    pub(super) async fn open(url: &SecretString, create: bool) -> Result<Self, StoreError> {
        match Address::parse(url)? {
            Address::Sqlite(path) => Self::open_sqlite(path, create).await,
            Address::Postgres(options) => Self::open_postgres(*options).await,
        }
    }

    /// A file that was removed still answers those who have it open, and what they write is lost. Another file under the same
    /// name is not the one that is open.
    pub(super) fn is_in_place(&self) -> bool {
        match self {
            Self::Sqlite(pool, opened) => {
                let options = pool.connect_options();
                let file = options.get_filename();
                file == Path::new(IN_MEMORY) || FileIdentity::of(file) == *opened
            }
            Self::Postgres(_) => true,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(..) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    async fn open_sqlite(path: &Path, create: bool) -> Result<Self, StoreError> {
        if create {
            create_private(path)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(WAIT_FOR_TURN)
            // In WAL mode only FULL syncs at every commit: feedback is on the disk before the caller hears 200.
            .synchronous(SqliteSynchronous::Full)
            // What is purged is overwritten, not only unlinked.
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(WAIT_FOR_TURN)
            // SQLite itself rolls back when the disk is full, and the driver's own rollback then fails: it believes to be within
            // a transaction for ever, nests the next one, and what that one "commits" is never on the disk. Such a connection
            // is closed. The ping waits for a rollback that is still queued.
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(options)
            .await
            .map_err(StoreError::of_connection)?;
        // SQLite's driver has no lock for migrations: two processes at the first start take turns by this transaction.
        let mut turn = pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(StoreError::of_connection)?;
        MIGRATIONS
            .run(&mut *turn)
            .await
            .map_err(StoreError::of_migration)?;
        turn.commit().await.map_err(StoreError::of_connection)?;
        Ok(Self::Sqlite(pool, FileIdentity::of(path)))
    }

    /// One connection, never closed: with it the data would go.
    pub(super) async fn in_memory() -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(IN_MEMORY);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(WAIT_FOR_TURN)
            .connect_with(options)
            .await
            .map_err(StoreError::of_connection)?;
        MIGRATIONS
            .run(&pool)
            .await
            .map_err(StoreError::of_migration)?;
        Ok(Self::Sqlite(pool, None))
    }

    async fn open_postgres(options: PgConnectOptions) -> Result<Self, StoreError> {
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(WAIT_FOR_TURN)
            .connect_with(options)
            .await
            .map_err(StoreError::of_connection)?;
        MIGRATIONS
            .run(&pool)
            .await
            .map_err(StoreError::of_migration)?;
        Ok(Self::Postgres(pool))
    }
}

/// Comments may speak of patients: the file is for its owner only. SQLite gives its side files the same permissions.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::Unreachable(format!(
            "{}: {error}",
            path.display()
        ))),
    }
}

impl StoreError {
    /// While connecting no row was read or written yet: the database's own words help and tell nothing of a patient.
    fn of_connection(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(found) => Self::Unreachable(found.message().to_owned()),
            _ => Self::of_query(error),
        }
    }

    fn of_migration(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => Self::of_connection(error),
            MigrateError::ExecuteMigration(sqlx::Error::Database(found), version) => {
                Self::Schema(format!("migration {version}: {}", found.message()))
            }
            other => Self::Schema(other.to_string()),
        }
    }

    /// A statement's error is told by its code alone: messages of a database may quote values.
    pub(super) fn of_query(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(found) => Self::Refused(format!(
                "error code {}",
                found.code().as_deref().unwrap_or("none")
            )),
            sqlx::Error::Io(error) => Self::Unreachable(error.to_string()),
            sqlx::Error::Tls(error) => Self::Unreachable(format!("TLS: {error}")),
            sqlx::Error::PoolTimedOut => Self::Unreachable("no connection became free".into()),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unreachable("the connection is closed".into())
            }
            sqlx::Error::Protocol(_) => {
                Self::Unreachable("the server does not speak PostgreSQL's protocol".into())
            }
            _ => Self::Refused("a row that cannot be read".into()),
        }
    }
}
