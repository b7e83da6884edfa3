//! `audit export`: a log for third parties, as files that say all of it.
//!
//! ```text
//! DIR/checkpoint                 signed
//! DIR/audit.vkey                 the key that signed it
//! DIR/tile/<L>/<N>[.p/<W>]       hashes, in the paths of C2SP tlog-tiles
//! DIR/tile/entries/<N>[.p/<W>]   the entries, unless a range was asked for
//! DIR/records.jsonl              the records in their full form, a line each
//! ```

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::Method;
use selfsame_log::Log as _;
use selfsame_node::audit::{CHECKPOINT, VKEY, read_verifier};
use selfsame_record::checkpoint::SignedCheckpoint;
use selfsame_record::entry::EntryWriter;
use selfsame_record::merkle::{TILE_LEVEL_MAX, TILE_WIDTH, TileKind, TileName, Tree};
use selfsame_record::{Position, Record};
use serde_json::json;

use crate::client::{Answer, Client};
use crate::commands::audit::folder::{self, Looked};
use crate::commands::audit::trust::{Token, another, older, tampered};
use crate::commands::event::position;
use crate::failure::{Failure, Outcome};
use crate::out::{Out, outline};

/// The file of the records.
pub(super) const RECORDS: &str = "records.jsonl";

/// Write the log as files that anybody can verify
///
/// Hashes, entries and checkpoint lie as C2SP tlog-tiles has them, so that the folder can be served as it is; the
/// records lie beside them in their full form. With a range, the hashes of the whole log and the records of the
/// range. It has what was published in it, protected types too.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  selfsame audit export --dir ./data --out ./export
  selfsame audit export --dir ./data --out ./june --from 4000 --to 5000")]
pub(crate) struct ExportArgs {
    /// The engine's folder; the engine may run
    #[arg(long, value_name = "DIR", env = "SELFSAME_DIR", hide_env_values = true)]
    pub(super) dir: PathBuf,
    /// The folder to write, which must not be there
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// The first record
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub(super) from: Option<u64>,
    /// The last record
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub(super) to: Option<u64>,
    #[command(flatten)]
    pub(super) token: Token,
}

pub(crate) async fn run(args: ExportArgs, out: Out) -> Outcome {
    let key = read_verifier(&args.dir).map_err(|err| tampered(VKEY, err))?;
    let key = key.ok_or_else(|| tampered(VKEY, "it is not there"))?;
    let written = match args.token.operator(&args.dir).await? {
        Some(client) => {
            let signed = client.checkpoint().await?;
            signed.verify(&key).map_err(|err| tampered(CHECKPOINT, err))?;
            running(&client, Writing::begin(&args, signed)?).await?
        }
        None => {
            folder::signed(&args.dir, &key)?;
            let signed =
                selfsame_node::audit::read_checkpoint(&args.dir).map_err(|err| tampered(CHECKPOINT, err))?;
            let signed = signed.ok_or_else(|| tampered(CHECKPOINT, "it is not there"))?;
            let (dir, writing) = (args.dir.clone(), Writing::begin(&args, signed)?);
            let stopped = tokio::task::spawn_blocking(move || stopped(&dir, writing));
            stopped.await.map_err(|_| Failure::Bug("the export ended by a bug".to_owned()))??
        }
    };
    let (records, size) = written.end(&format!("{key}\n"))?;
    let json = json!({ "exported": args.out, "records": records, "size": size, "key": key.to_string() });
    out.answer(&Answer { text: json.to_string(), json }, outline)
}

async fn running(client: &Client, mut writing: Writing) -> Outcome<Writing> {
    let size = writing.size();
    if size > 0 {
        let request = client.request_at(Method::GET, "/audit/records").query(&[("until", size)]);
        client
            .lines(request, &mut |_, line| {
                let record: Record = serde_json::from_value(line).map_err(|e| Failure::NotAnEngine {
                    at: client.at().to_owned(),
                    reason: e.to_string(),
                })?;
                writing.take(&record)
            })
            .await?;
    }
    Ok(writing)
}

fn stopped(dir: &Path, mut writing: Writing) -> Outcome<Writing> {
    let looked = Looked::at(dir)?;
    let (size, mut outcome) = (writing.size(), Ok(()));
    looked
        .log
        .scan(Position::ZERO.next(), &mut |records| {
            for record in records.iter().take_while(|record| record.at().get() <= size) {
                outcome = writing.take(&record.to_record());
                if outcome.is_err() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })
        .map_err(|err| tampered("log", err))?;
    outcome.map(|()| writing)
}

/// An export that is being written.
struct Writing {
    out: PathBuf,
    signed: SignedCheckpoint,
    range: Option<(u64, u64)>,
    tree: Tree,
    entry: EntryWriter,
    records: BufWriter<File>,
    written: u64,
    /// The entries since the last full bundle.
    bundle: Vec<u8>,
}

impl Writing {
    fn begin(args: &ExportArgs, signed: SignedCheckpoint) -> Outcome<Writing> {
        let failed = |source| Failure::File { path: args.out.clone(), verb: "made", source };
        std::fs::create_dir(&args.out).map_err(failed)?;
        let size = signed.unverified().size;
        let range = (args.from.is_some() || args.to.is_some())
            .then_some((args.from.unwrap_or(1), args.to.unwrap_or(size)));
        if range.is_some_and(|(from, to)| from == 0 || from > to || to > size) {
            return Err(Failure::Usage(format!("the range must lie within #1 and #{size}, which is signed")));
        }
        let records = File::create_new(args.out.join(RECORDS)).map_err(failed)?;
        Ok(Writing {
            out: args.out.clone(),
            signed,
            range,
            tree: Tree::new(),
            entry: EntryWriter::new(),
            records: BufWriter::new(records),
            written: 0,
            bundle: Vec::new(),
        })
    }

    fn size(&self) -> u64 {
        self.signed.unverified().size
    }

    fn take(&mut self, record: &Record) -> Outcome {
        self.entry.write_owned(record);
        self.tree.push(self.entry.leaf());
        let (from, to) = self.range.unwrap_or((1, u64::MAX));
        if (from..=to).contains(&record.position) {
            self.write_record(record)?;
            self.written += 1;
        }
        if self.range.is_some() {
            return Ok(());
        }
        let len = u16::try_from(self.entry.entry().len()).unwrap_or(u16::MAX);
        self.bundle.extend_from_slice(&len.to_be_bytes());
        self.bundle.extend_from_slice(self.entry.entry());
        if self.tree.size().is_multiple_of(TILE_WIDTH as u64) {
            self.write_bundle(TILE_WIDTH)
        } else {
            Ok(())
        }
    }

    fn write_record(&mut self, record: &Record) -> Outcome {
        let line = serde_json::to_string(record).map_err(|e| Failure::Bug(e.to_string()))?;
        let written = writeln!(self.records, "{line}");
        written.map_err(|source| Failure::File { path: self.out.join(RECORDS), verb: "written", source })
    }

    /// Writes the bundle of so many entries that ends here.
    fn write_bundle(&mut self, width: usize) -> Outcome {
        let index = (self.tree.size() - 1) / TILE_WIDTH as u64;
        let name = TileName { kind: TileKind::Entries, index, width };
        let bundle = std::mem::take(&mut self.bundle);
        self.write(&name.to_string(), &bundle)
    }

    /// Writes the rest. How many records were written, and the size that is signed.
    fn end(mut self, key: &str) -> Outcome<(u64, u64)> {
        let checkpoint = self.signed.unverified().clone();
        if self.tree.size() != checkpoint.size {
            return Err(tampered(CHECKPOINT, older(checkpoint.size, self.tree.size())));
        }
        if self.tree.root() != checkpoint.root {
            return Err(tampered("log", another(&checkpoint, &self.tree.root().to_base64())));
        }
        let partial = usize::try_from(self.tree.size() % TILE_WIDTH as u64).unwrap_or_default();
        if partial > 0 && self.range.is_none() {
            self.write_bundle(partial)?;
        }
        for level in 0..=TILE_LEVEL_MAX {
            for name in TileName::of_size(checkpoint.size, TileKind::Level(level)) {
                let hashes = self.tree.tile(level, name.index, name.width).unwrap_or_default();
                let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
                self.write(&name.to_string(), &bytes)?;
            }
        }
        self.write(VKEY, key.as_bytes())?;
        self.write(CHECKPOINT, self.signed.to_string().as_bytes())?;
        let flushed = self.records.flush().and_then(|()| self.records.get_ref().sync_all());
        flushed.map_err(|source| Failure::File { path: self.out.join(RECORDS), verb: "written", source })?;
        Ok((self.written, checkpoint.size))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Outcome {
        let path = self.out.join(name);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written = written.and_then(|()| std::fs::write(&path, bytes));
        written.map_err(|source| Failure::File { path, verb: "written", source })
    }
}
