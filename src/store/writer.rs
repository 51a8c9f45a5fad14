//! Writes shown cards off the answer's path: a card is handed over in a moment and is in the store 100 ms later.
//!
//! What is waiting is bounded. When the database is away, rows are kept until the queue is full; what comes then is dropped
//! and counted, because an answer never waits for it. A crash loses what came in the last 100 ms.

use super::{ShownCard, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

/// A row waits at most this long before it is written.
pub const FLUSH_EVERY: Duration = Duration::from_millis(100);

/// Wait after the database failed.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How often rows are tried when the writer is to end.
const LAST_TRIES: usize = 3;

enum Message {
    Row(ShownCard),
    Close(oneshot::Sender<()>),
}

/// The way into the store for shown cards. Clones feed the same queue.
#[derive(Debug, Clone)]
pub struct ShownWriter {
    queue: mpsc::Sender<Message>,
    dropped: Arc<AtomicU64>,
}

impl ShownWriter {
    /// Starts the writer on the current tokio runtime, which must live until [`ShownWriter::close`]. `capacity` rows wait at
    /// most, at least one.
    pub fn start(store: Store, capacity: usize) -> Self {
        let capacity = capacity.max(1);
        let (queue, messages) = mpsc::channel(capacity);
        let dropped = Arc::new(AtomicU64::new(0));
        tokio::spawn(write(store, messages, dropped.clone(), capacity));
        Self { queue, dropped }
    }

    /// Hands a card over; never waits. When the queue is full or the writer closed, the row is dropped and counted.
    pub fn record(&self, card: ShownCard) {
        if self.queue.try_send(Message::Row(card)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Rows that were not kept since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes what is waiting and ends the writer; returns when that is done. Rows recorded later are dropped.
    pub async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            // An error means that another clone closed it in the meantime: done as well.
            let _ = wait.await;
        }
    }
}

/// Why gathering ended.
enum Gathered {
    /// It is time to write.
    Batch,
    /// The writer is to end; who waits for that.
    Last(Option<oneshot::Sender<()>>),
}

async fn write(
    store: Store,
    mut messages: mpsc::Receiver<Message>,
    dropped: Arc<AtomicU64>,
    capacity: usize,
) {
    let mut rows: Vec<ShownCard> = Vec::new();
    let mut failed = false;
    let first_waiting = loop {
        match gather(&mut messages, &mut rows, capacity, failed).await {
            Gathered::Batch => failed = !flush(&store, &mut rows, failed).await,
            Gathered::Last(waiting) => break waiting,
        }
    };
    messages.close();
    let mut waiting: Vec<_> = first_waiting.into_iter().collect();
    while let Some(message) = messages.recv().await {
        match message {
            Message::Row(row) => rows.push(row),
            Message::Close(done) => waiting.push(done),
        }
    }
    for attempt in 1..=LAST_TRIES {
        if flush(&store, &mut rows, failed || attempt > 1).await {
            break;
        }
        if attempt < LAST_TRIES {
            tokio::time::sleep(TRY_AGAIN_AFTER).await;
        }
    }
    dropped.fetch_add(rows.len() as u64, Ordering::Relaxed);
    for done in waiting {
        // Nobody there to hear it: no harm.
        let _ = done.send(());
    }
}

/// Takes rows until the first of them has waited long enough, or until there is no room.
async fn gather(
    messages: &mut mpsc::Receiver<Message>,
    rows: &mut Vec<ShownCard>,
    capacity: usize,
    failed: bool,
) -> Gathered {
    let mut until = failed.then(|| Instant::now() + TRY_AGAIN_AFTER);
    while rows.len() < capacity {
        let message = match until {
            None => messages.recv().await,
            Some(until) => match timeout_at(until, messages.recv()).await {
                Ok(message) => message,
                Err(_) => return Gathered::Batch,
            },
        };
        match message {
            Some(Message::Row(row)) => {
                rows.push(row);
                until = until.or_else(|| Some(Instant::now() + FLUSH_EVERY));
            }
            Some(Message::Close(done)) => return Gathered::Last(Some(done)),
            None => return Gathered::Last(None),
        }
    }
    // No room and the database is away: only time can help, and the queue may fill.
    if failed && let Some(until) = until {
        tokio::time::sleep_until(until).await;
    }
    Gathered::Batch
}

/// Writes the rows; false when they are still to be written.
async fn flush(store: &Store, rows: &mut Vec<ShownCard>, failed_before: bool) -> bool {
    if rows.is_empty() {
        return true;
    }
    match store.add_shown(rows).await {
        Ok(()) => {
            rows.clear();
            true
        }
        Err(error) => {
            if !failed_before {
                tracing::warn!(%error, "shown cards could not be kept yet");
            }
            false
        }
    }
}
