//! The thread that writes: takes what is queued, writes it in one go, waits for the disk once, and tells who waits.

use super::files::{LogFile, Opened};
use super::line::{FORMAT, FileHeader, Gap, Tip};
use super::trail::{NotRecorded, Shared};
use super::{Head, Key};
use jiff::Timestamp;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::sync::{mpsc, oneshot, watch};

/// Most messages of one group.
const GROUP: usize = 1024;

/// Who waits for a line or a probe.
pub(super) type Waiting = oneshot::Sender<Result<(), NotRecorded>>;

pub(super) enum Message {
    /// An entry as JSON, when it was handed over, and who waits for it.
    Entry(Timestamp, Vec<u8>, Option<Waiting>),
    /// Is the disk fit for the next line?
    Probe(Waiting),
    /// Write what is queued, then end.
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    folder: PathBuf,
    instance: String,
    rotate_bytes: u64,
    key: Key,
    tip: Tip,
    file: LogFile,
    /// Entries that failed and are not yet said to be missing.
    write_failed: u64,
    shared: Arc<Shared>,
    heads: watch::Sender<Option<Head>>,
    _lock: File,
}

impl Writer {
    /// Takes over a chain; writes the first line of a new file and what the open has set aside.
    pub(super) fn start(
        opened: Opened,
        folder: PathBuf,
        instance: String,
        rotate_bytes: u64,
        shared: Arc<Shared>,
        heads: watch::Sender<Option<Head>>,
    ) -> std::io::Result<Self> {
        let mut writer = Self {
            folder,
            instance,
            rotate_bytes,
            key: opened.key,
            tip: opened.tip,
            file: opened.file,
            write_failed: 0,
            shared,
            heads,
            _lock: opened.lock,
        };
        let torn = opened
            .torn
            .map(|torn| serde_json::to_vec(&torn))
            .transpose()?;
        let now = Timestamp::now();
        writer.append(torn.iter().map(|json| (now, "torn", json.as_slice())))?;
        Ok(writer)
    }

    /// Works until closed, or until nobody can send any more.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let mut messages = Vec::new();
        let mut closing = Vec::new();
        while queue.blocking_recv_many(&mut messages, GROUP) > 0 {
            let mut entries = Vec::new();
            let mut waiting = Vec::new();
            let mut probes = Vec::new();
            for message in messages.drain(..) {
                match message {
                    Message::Entry(at, json, who) => {
                        entries.push((at, json));
                        waiting.extend(who);
                    }
                    Message::Probe(who) => probes.push(who),
                    Message::Close(who) => {
                        queue.close();
                        closing.push(who);
                    }
                }
            }
            let outcome = self.write(&entries);
            // Somebody who no longer waits is no error.
            for who in waiting {
                let _ = who.send(outcome.clone());
            }
            if !probes.is_empty() {
                let fit = self.probe();
                for who in probes {
                    let _ = who.send(fit.clone());
                }
            }
        }
        // What was dropped since the last group. An error is already counted and logged.
        let _ = self.write(&[]);
        drop(self);
        for who in closing {
            let _ = who.send(());
        }
    }

    /// Writes entries and the gap before or among them, as one group.
    fn write(&mut self, entries: &[(Timestamp, Vec<u8>)]) -> Result<(), NotRecorded> {
        let gap = Gap {
            queue_full: self.shared.unsaid_queue_full.swap(0, Relaxed),
            write_failed: self.write_failed,
        };
        if entries.is_empty() && gap.total() == 0 {
            return Ok(());
        }
        let said = (gap.total() > 0)
            .then(|| serde_json::to_vec(&gap))
            .transpose();
        let written = said.map_err(Into::into).and_then(|said| {
            let now = Timestamp::now();
            let entries = entries
                .iter()
                .map(|(at, json)| (*at, "entry", json.as_slice()));
            let said = said.iter().map(|json| (now, "gap", json.as_slice()));
            self.append(entries.chain(said))
        });
        let count = entries.len() as u64;
        match written {
            Ok(()) => {
                self.write_failed = 0;
                self.shared.recorded.fetch_add(count, Relaxed);
                if !self.shared.healthy.swap(true, Relaxed) {
                    tracing::info!("the audit log can be written again");
                }
                Ok(())
            }
            Err(error) => {
                self.shared
                    .unsaid_queue_full
                    .fetch_add(gap.queue_full, Relaxed);
                self.write_failed += count;
                self.shared.write_failed.fetch_add(count, Relaxed);
                if self.shared.healthy.swap(false, Relaxed) {
                    tracing::error!(file = %self.file.path.display(), %error, "the audit log cannot be written");
                }
                Err(NotRecorded::Disk(error.to_string()))
            }
        }
    }

    /// Continues the chain by these members and waits for the disk. After an error the chain is as before.
    fn append<'a>(
        &mut self,
        members: impl Iterator<Item = (Timestamp, &'static str, &'a [u8])>,
    ) -> std::io::Result<()> {
        if self.file.bytes >= self.rotate_bytes {
            self.file = LogFile::open(&self.folder, &self.instance, self.file.number + 1, 0)?;
        }
        let mut lines = Vec::new();
        let mut tip = self.tip.clone();
        if self.file.bytes == 0 {
            let header = serde_json::to_vec(&FileHeader {
                format: FORMAT.to_owned(),
                instance: self.instance.clone(),
                number: self.file.number,
            })?;
            tip.append(&mut lines, &self.key, Timestamp::now(), "file", &header)?;
        }
        for (at, member, json) in members {
            tip.append(&mut lines, &self.key, at, member, json)?;
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.file.append(&lines)?;
        self.tip = tip;
        self.heads.send_replace(Some(Head {
            count: self.tip.seq,
            hash: self.tip.mac.clone(),
        }));
        Ok(())
    }

    /// After a failure: tries to say what is missing. Else: is the file in its place, is there room?
    fn probe(&mut self) -> Result<(), NotRecorded> {
        if !self.shared.healthy.load(Relaxed) {
            return self.write(&[]);
        }
        let spare = self.folder.join(format!("audit-{}.probe", self.instance));
        let tried = self.file.check().and_then(|()| {
            let _ = std::fs::remove_file(&spare);
            File::create_new(&spare)?.write_all(&[0; 4096])?;
            std::fs::remove_file(&spare)
        });
        tried.map_err(|error| NotRecorded::Disk(error.to_string()))
    }
}
