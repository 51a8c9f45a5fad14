//! What is kept: feedback, shown cards, heads of audit chains. SQLite (a file) or PostgreSQL, chosen by URL.
//!
//! Knows SQL, and nothing of HTTP, FHIR, the rules or the rest of the crate. Every question about feedback and cards is
//! asked for one [`Tenant`]: two tenants with the same patient, card or service never meet. Patients are pseudonyms that
//! the caller made; a comment is kept only when the caller passes it. No error text holds the URL, a password, or what a
//! row says. Read [`Store`] first; how the two databases are opened is in `database`.

mod database;
mod feedback;
mod heads;
mod report;
mod shown;
mod writer;

pub use feedback::{Added, CardFeedback, FeedbackItem, Outcome, Reason, Received};
pub use heads::Head;
pub use report::{Dimension, Purged, ReportFilter, ReportRow};
pub use shown::{Class, LastShown, LastSnooze, SHOWN, ShownCard};
pub use writer::{FLUSH_EVERY, ShownWriter};

use database::Pool;
use jiff::Timestamp;
use secrecy::SecretString;
use std::time::Duration;

/// A caller waits no longer than this for a question or for feedback to be kept; reports and purges have no limit.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Rows of one INSERT: below both databases' limit of bound values.
const ROWS_PER_INSERT: usize = 500;

/// Whose data: a client and, where it has several, its tenant. The key of every question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant {
    /// Name of the client in the configuration.
    pub client: String,
    /// Its tenant; none and the empty string are the same.
    pub tenant: Option<String>,
}

impl Tenant {
    /// A client's tenant.
    pub fn new(client: impl Into<String>, tenant: Option<&str>) -> Self {
        Self {
            client: client.into(),
            tenant: tenant.map(str::to_owned),
        }
    }

    fn name(&self) -> &str {
        self.tenant.as_deref().unwrap_or_default()
    }
}

/// Why something could not be kept or told. The text is for the operator; it holds no password and nothing of a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Correct the URL.
    #[error("the store's URL is not usable: {0}")]
    InvalidUrl(&'static str),
    /// Look at the file or the database server, then try again.
    #[error("the store cannot be reached: {0}")]
    Unreachable(String),
    /// Made by a newer version or changed by hand: start the version that fits.
    #[error("the store's tables do not fit this version: {0}")]
    Schema(String),
    /// The database would not do it: full, read-only, damaged.
    #[error("the store refused: {0}")]
    Refused(String),
}

/// An open database. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
}

/// Neither address nor user nor password.
impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.pool.kind())
    }
}

impl Store {
    /// Whether a URL can be used at all. Opens nothing.
    pub fn check_url(url: &SecretString) -> Result<(), StoreError> {
        database::Address::parse(url).map(|_| ())
    }

    /// Opens `sqlite:<path of a file>` or `postgres://...`, makes the file when there is none, and brings the tables up to
    /// date. Everything after `sqlite:` is the path as it is; its folder must exist.
    pub async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let pool = Pool::open(url, true).await?;
        Ok(Self { pool })
    }

    /// A database in memory that ends with the process: for the sandbox.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let pool = Pool::in_memory().await?;
        Ok(Self { pool })
    }

    /// As [`Store::open`], but a SQLite file that does not exist is an error: for tools that only look.
    pub async fn open_existing(url: &SecretString) -> Result<Self, StoreError> {
        let pool = Pool::open(url, false).await?;
        Ok(Self { pool })
    }

    /// The database answers, and its file is still in its place.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.in_place()?;
        within(async {
            let _: i64 =
                database::on!(self, pool => sqlx::query_scalar("SELECT COUNT(*) FROM heads")
                .fetch_one(pool)
                .await)
                .map_err(StoreError::of_query)?;
            Ok(())
        })
        .await
    }

    /// An error when the file of the database is no longer where it was opened.
    fn in_place(&self) -> Result<(), StoreError> {
        match self.pool.is_in_place() {
            true => Ok(()),
            false => Err(StoreError::Unreachable(
                "its file was moved or removed; put it back and restart".into(),
            )),
        }
    }

    /// Ends all connections; what was written stays.
    pub async fn close(&self) {
        database::on!(self, pool => pool.close().await);
    }
}

/// Waits no longer than [`LONGEST_WAIT`].
async fn within<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(LONGEST_WAIT, work)
        .await
        .unwrap_or_else(|_| {
            Err(StoreError::Unreachable(format!(
                "no answer within {} s",
                LONGEST_WAIT.as_secs()
            )))
        })
}

/// Instants are kept as microseconds.
fn instant(microseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|_| StoreError::Refused("an instant that cannot be read".into()))
}
