//! What callers see: open, record, ready, close. Knows no files.

use super::files::{self, UnusableAudit};
use super::line::MOST_ENTRY_BYTES;
use super::writer::{Message, Writer};
use super::{Head, HeadStore, HeadUnavailable};
use jiff::Timestamp;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long [`Audit::ready`] waits for the writer, and everybody for the store of heads.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long before the store of heads is tried again.
const HEAD_PAUSE: Duration = Duration::from_secs(1);

/// What an answer owes to the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditMode {
    /// An entry is on disk before [`Audit::record`] returns; else it returns an error.
    Required,
    /// [`Audit::record`] never waits; what cannot be kept is counted, and the trail says how much is missing.
    BestEffort,
}

/// Where and how the trail is written.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// Created when it does not exist. On a disk that outlives the process.
    pub folder: PathBuf,
    /// Outside `folder`; see [`super::Key::read`].
    pub key_file: PathBuf,
    /// The name of this instance's chain: 1 to 64 letters, digits, `.`, `_`, `-`; the same after a restart.
    pub instance: String,
    /// Whether callers wait.
    pub mode: AuditMode,
    /// A file of at least so many bytes is followed by a new one. Opening reads the last file whole.
    pub rotate_bytes: u64,
    /// Most entries that wait for the disk.
    pub queue: usize,
}

impl AuditSettings {
    /// Best-effort, files of 64 MiB, 4,096 entries waiting.
    pub fn new(
        folder: impl Into<PathBuf>,
        key_file: impl Into<PathBuf>,
        instance: impl Into<String>,
    ) -> Self {
        Self {
            folder: folder.into(),
            key_file: key_file.into(),
            instance: instance.into(),
            mode: AuditMode::BestEffort,
            rotate_bytes: 64 << 20,
            queue: 4096,
        }
    }
}

/// Why an entry is not in the trail. The texts hold nothing of the entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// Try later: the disk is full, gone or slow.
    #[error("the audit log cannot be written: {0}")]
    Disk(String),
    /// Correct the caller: the entry is no JSON on one line of less than 1 MiB.
    #[error("the entry cannot be a line of the audit log")]
    Unfit,
    /// The trail was closed.
    #[error("the audit log is closed")]
    Closed,
}

/// Numbers since the trail was opened, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditStatus {
    /// Entries on disk.
    pub recorded: u64,
    /// Entries dropped because the queue was full.
    pub queue_full: u64,
    /// Entries that the disk refused.
    pub write_failed: u64,
    /// Tries to keep the head that failed.
    pub head_failed: u64,
    /// Whether the last write worked.
    pub healthy: bool,
}

/// What the writer thread, the head's task and callers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) recorded: AtomicU64,
    pub(super) queue_full: AtomicU64,
    /// Those of `queue_full` that no gap line tells of yet.
    pub(super) unsaid_queue_full: AtomicU64,
    pub(super) write_failed: AtomicU64,
    pub(super) head_failed: AtomicU64,
    pub(super) healthy: AtomicBool,
}

/// The audit trail of this instance.
#[derive(Debug)]
pub struct Audit {
    mode: AuditMode,
    queue: mpsc::Sender<Message>,
    shared: Arc<Shared>,
    head: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// Opens the chain of an instance, or begins it. Must be called within a tokio runtime that lives as long as the
    /// trail: the head is kept from there.
    ///
    /// With a store of heads: refused when the files are shorter than the head, or the last file holds another line in
    /// its place. A store that does not answer refuses in required mode and is only logged in best-effort mode.
    pub async fn open(
        settings: AuditSettings,
        heads: Option<Arc<dyn HeadStore>>,
    ) -> Result<Self, UnusableAudit> {
        let instance = settings.instance.clone();
        let known = match &heads {
            None => None,
            Some(store) => match timeout(PATIENCE, store.get(&instance))
                .await
                .unwrap_or_else(|_| Err(HeadUnavailable("no answer in time".into())))
            {
                Ok(known) => known,
                Err(error) if settings.mode == AuditMode::Required => {
                    return Err(UnusableAudit::Head(error));
                }
                Err(error) => {
                    tracing::warn!(%error, "the audit log is not compared with the head in the store");
                    None
                }
            },
        };
        let shared = Arc::new(Shared {
            recorded: AtomicU64::new(0),
            queue_full: AtomicU64::new(0),
            unsaid_queue_full: AtomicU64::new(0),
            write_failed: AtomicU64::new(0),
            head_failed: AtomicU64::new(0),
            healthy: AtomicBool::new(true),
        });
        let (head_sender, head_receiver) = watch::channel(None);
        let (mode, queue) = (settings.mode, settings.queue.max(1));
        let folder = settings.folder.clone();
        let disk = move |error| UnusableAudit::Disk(folder.clone(), error);
        let for_writer = Arc::clone(&shared);
        let writer = tokio::task::spawn_blocking(move || {
            start(settings, known.as_ref(), for_writer, head_sender)
        })
        .await
        .map_err(|error| disk(std::io::Error::other(error)))??;
        let (sender, receiver) = mpsc::channel(queue);
        std::thread::Builder::new()
            .name("audit".into())
            .spawn(move || writer.run(receiver))
            .map_err(disk)?;
        let head = heads.map(|store| {
            tokio::spawn(keep_head(
                store,
                instance,
                head_receiver,
                Arc::clone(&shared),
            ))
        });
        Ok(Self {
            mode,
            queue: sender,
            shared,
            head: Mutex::new(head),
        })
    }

    /// Adds an entry: anything that serialises to JSON of less than 1 MiB, and holds nothing that identifies a patient.
    ///
    /// Required: returns when the line is on disk; callers at the same time share one fsync. Giving up the wait does
    /// not take the entry back. Best-effort: returns at once, and an entry lost to a full queue or a failing disk is
    /// no error here.
    pub async fn record<E: Serialize + ?Sized>(&self, entry: &E) -> Result<(), NotRecorded> {
        let at = Timestamp::now();
        let json = serde_json::to_vec(entry).map_err(|_| NotRecorded::Unfit)?;
        // Raw JSON within an entry could bring line feeds along.
        if json.len() > MOST_ENTRY_BYTES || json.contains(&b'\n') {
            return Err(NotRecorded::Unfit);
        }
        match self.mode {
            AuditMode::Required => {
                let (who, outcome) = oneshot::channel();
                self.send(Message::Entry(at, json, Some(who))).await?;
                outcome.await.unwrap_or(Err(NotRecorded::Closed))
            }
            AuditMode::BestEffort => match self.queue.try_send(Message::Entry(at, json, None)) {
                Ok(()) => Ok(()),
                Err(mpsc::error::TrySendError::Closed(_)) => Err(NotRecorded::Closed),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.shared.queue_full.fetch_add(1, Relaxed);
                    self.shared.unsaid_queue_full.fetch_add(1, Relaxed);
                    Ok(())
                }
            },
        }
    }

    /// Whether the last write worked. Costs nothing.
    pub fn is_healthy(&self) -> bool {
        self.shared.healthy.load(Relaxed)
    }

    /// Asks the writer whether the next line could be written: the file is in its place and the disk has room. After
    /// a failure this is what finds out that all is well again. What was queued before has been tried by then. Waits
    /// at most two seconds.
    pub async fn ready(&self) -> Result<(), NotRecorded> {
        let (who, outcome) = oneshot::channel();
        let asked = async {
            self.send(Message::Probe(who)).await?;
            outcome.await.unwrap_or(Err(NotRecorded::Closed))
        };
        timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| Err(NotRecorded::Disk("the disk does not answer".into())))
    }

    /// Numbers since the trail was opened.
    pub fn status(&self) -> AuditStatus {
        AuditStatus {
            recorded: self.shared.recorded.load(Relaxed),
            queue_full: self.shared.queue_full.load(Relaxed),
            write_failed: self.shared.write_failed.load(Relaxed),
            head_failed: self.shared.head_failed.load(Relaxed),
            healthy: self.is_healthy(),
        }
    }

    /// Writes what is queued, keeps the head, and lets go of the files. What is recorded later is refused. Dropping
    /// the trail does the same without waiting.
    pub async fn close(&self) {
        let (who, closed) = oneshot::channel();
        if self.send(Message::Close(who)).await.is_ok() {
            let _ = closed.await;
        }
        let head = self
            .head
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(mut head) = head
            && timeout(PATIENCE, &mut head).await.is_err()
        {
            head.abort();
            tracing::warn!("the store did not take the last head of the audit log");
        }
    }

    async fn send(&self, message: Message) -> Result<(), NotRecorded> {
        self.queue
            .send(message)
            .await
            .map_err(|_| NotRecorded::Closed)
    }
}

fn start(
    settings: AuditSettings,
    known: Option<&Head>,
    shared: Arc<Shared>,
    heads: watch::Sender<Option<Head>>,
) -> Result<Writer, UnusableAudit> {
    let AuditSettings {
        folder,
        key_file,
        instance,
        rotate_bytes,
        ..
    } = settings;
    let opened = files::open(&folder, &key_file, &instance, known)?;
    Writer::start(
        opened,
        folder.clone(),
        instance,
        rotate_bytes,
        shared,
        heads,
    )
    .map_err(|error| UnusableAudit::Disk(folder, error))
}

/// Keeps the newest head; those that came while the store was busy are passed over. Off every caller's path.
async fn keep_head(
    store: Arc<dyn HeadStore>,
    instance: String,
    mut heads: watch::Receiver<Option<Head>>,
    shared: Arc<Shared>,
) {
    while heads.changed().await.is_ok() {
        let Some(head) = heads.borrow_and_update().clone() else {
            continue;
        };
        let kept = timeout(PATIENCE, store.put(&instance, &head)).await;
        if matches!(kept, Ok(Ok(()))) {
            continue;
        }
        shared.head_failed.fetch_add(1, Relaxed);
        tracing::warn!("the store did not take the head of the audit log");
        // Closed: there is no later, but perhaps a newer head.
        if heads.has_changed().is_ok() {
            sleep(HEAD_PAUSE).await;
            heads.mark_changed();
        }
    }
}
