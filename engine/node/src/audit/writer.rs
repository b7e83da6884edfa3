//! The thread that hashes what was appended, so that the sequencer does not.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use selfsame_record::Block;
use selfsame_record::entry::EntryWriter;
use tracing::{error, warn};

use crate::audit::files::{CHECKPOINT, replace};
use crate::audit::trail::Trail;

/// How often the folder's checkpoint is written when the log moved. A log that loses its tail by other hands
/// than a crash loses it unnoticed for that long, unless somebody holds a newer checkpoint.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(3);
/// Group commits that wait to be hashed; the sequencer waits if there are more.
const BLOCKS_MAX: usize = 256;

/// The way to the thread. Dropping it ends the thread after what waits.
pub(crate) struct Writer {
    blocks: Option<SyncSender<Block>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; with a folder, it keeps the checkpoint there.
    pub(crate) fn start(trail: Arc<Trail>, folder: Option<PathBuf>) -> std::io::Result<Writer> {
        let (blocks, taken) = sync_channel(BLOCKS_MAX);
        let thread = std::thread::Builder::new().name("audit".to_owned());
        let thread = thread.spawn(move || Loop { trail, folder, written: None }.run(&taken))?;
        Ok(Writer { blocks: Some(blocks), thread: Some(thread) })
    }

    /// Hands over a block that is durable.
    pub(crate) fn append(&self, block: Block) {
        if self.blocks.as_ref().is_none_or(|blocks| blocks.send(block).is_err()) {
            error!("the audit trail ended by a bug: records go on unsigned until a restart");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.blocks = None;
        if let Some(thread) = self.thread.take() {
            // It has said so itself if it ended by a bug.
            let _ = thread.join();
        }
    }
}

struct Loop {
    trail: Arc<Trail>,
    folder: Option<PathBuf>,
    /// The size of the checkpoint that was written last, and when.
    written: Option<(u64, Instant)>,
}

impl Loop {
    fn run(mut self, blocks: &Receiver<Block>) {
        let (mut entry, mut leaves) = (EntryWriter::new(), Vec::new());
        loop {
            match blocks.recv_timeout(CHECKPOINT_EVERY) {
                Ok(block) => {
                    leaves.clear();
                    hash(&block, &mut entry, &mut leaves);
                    self.trail.extend(&leaves);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.written.is_none_or(|(_, at)| at.elapsed() >= CHECKPOINT_EVERY) {
                self.write();
            }
        }
        self.write();
    }

    /// Writes the checkpoint, if the log moved.
    fn write(&mut self) {
        let (Some(folder), size) = (&self.folder, self.trail.size()) else { return };
        if self.written.is_some_and(|(written, _)| written == size) {
            return;
        }
        let written = replace(folder, CHECKPOINT, &self.trail.checkpoint().to_string());
        if let Err(err) = written {
            warn!(
                err = &err as &dyn std::error::Error,
                "the checkpoint could not be written, will try again"
            );
        }
        // Also after a failure, so that a full disk is not asked all the time.
        self.written = Some((size, Instant::now()));
    }
}

fn hash(block: &Block, entry: &mut EntryWriter, leaves: &mut Vec<selfsame_record::merkle::Hash>) {
    #[expect(clippy::expect_used, reason = "the block was packed a moment ago")]
    let view = Block::view(block.as_bytes()).expect("a packed block reads back");
    leaves.extend(view.records().iter().map(|record| {
        entry.write(record);
        entry.leaf()
    }));
}
