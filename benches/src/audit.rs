//! What the audit trail costs: hashing a record against plain SHA-256 and against another tree, and its share of a
//! durable publish and of a start.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use selfsame_core::Settings;
use selfsame_log::{FjallLog, Log};
use selfsame_node::audit::rebuild;
use selfsame_node::{Engine, recover};
use selfsame_record::entry::EntryWriter;
use selfsame_record::merkle::{Hash, Tree};
use selfsame_record::{Block, Position, Principal};
use sha2::Sha256;

use crate::report::{median, rate, table, time};
use crate::rewind::take_live;
use crate::{Scale, corpus};

/// Group commits at each size whose appends are timed.
const COMMITS: usize = 300;

/// Prints the figures.
pub(crate) async fn run(scale: Scale) {
    let folder = tempfile::tempdir().expect("a folder");
    fill(folder.path(), scale.replayed).await;
    hashing(&folder.path().join("log"), scale);
    starting(&folder.path().join("log"), scale);
    publishing(scale);
}

/// An engine's folder with v1 live and so many events.
async fn fill(folder: &Path, events: u64) {
    let agent = Principal::parse("agent").expect("a name");
    let engine = Engine::open(folder, Settings { standbys_max: 2 }).expect("an engine");
    take_live(engine.handle(), &agent, corpus::V1, None).await;
    let admission = engine.handle().admission();
    engine.stop().await;
    corpus::fill(folder, &admission, events, |number| corpus::draft(number, (events / 10).max(2)));
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let started = Instant::now();
    black_box(work());
    started.elapsed().as_secs_f64()
}

fn scan(log: &dyn Log, visit: &mut dyn FnMut(&selfsame_record::ArchivedRecord)) {
    let scanned = log.scan(Position::ZERO.next(), &mut |records| {
        records.iter().for_each(&mut *visit);
        ControlFlow::Continue(())
    });
    scanned.expect("a scan");
}

/// Hashing what lies in memory.
fn hashing(log: &Path, scale: Scale) {
    let log = FjallLog::open(log).expect("a log");
    let (mut entries, mut writer, mut bytes) = (Vec::new(), EntryWriter::new(), 0);
    scan(&log, &mut |record| {
        writer.write(record);
        bytes += writer.entry().len();
        entries.push(writer.entry().to_vec());
    });
    let count = entries.len() as f64;
    let mut figures: [Vec<f64>; 4] = Default::default();
    for _ in 0..scale.runs {
        let runs = [
            timed(|| entries.iter().fold(0, |sum, entry| sum ^ Hash::of(entry).0[0])),
            timed(|| {
                let mut tree = Tree::new();
                entries.iter().for_each(|entry| tree.push(Hash::of_leaf(entry)));
                tree.root()
            }),
            timed(|| {
                let mut tree = MemoryBackedTree::<Sha256, &[u8]>::new();
                entries.iter().for_each(|entry| tree.push(entry));
                tree.root().as_bytes().to_vec()
            }),
            timed(|| rebuild(&log).expect("a tree").root())
                - timed(|| scan(&log, &mut |record| _ = black_box(record))),
        ];
        figures.iter_mut().zip(runs).for_each(|(all, seconds)| all.push(count / seconds));
    }
    let medians: Vec<f64> = figures.iter_mut().map(|f| median(f)).collect();
    let names = [
        "floor: SHA-256 of the same bytes",
        "tree over entries in memory",
        "peer: ct-merkle over the same entries",
        "entries written from the log's records, and the tree",
    ];
    let floor = medians.first().copied().unwrap_or(f64::NAN);
    let row = |(name, figure): (&&str, &f64)| {
        vec![(*name).to_owned(), rate(*figure), time(1.0 / figure), format!("{:.2}", figure / floor)]
    };
    let rows: Vec<Vec<String>> = names.iter().zip(&medians).map(row).collect();
    let title = format!(
        "Audit: hashing {count} records whose entries have {:.0} bytes, one thread",
        bytes as f64 / count
    );
    table(&title, &["", "records", "each", "of the floor"], &rows);
}

/// A start without the trail and with it, and the trail alone, which is what `audit verify` does.
fn starting(log: &Path, scale: Scale) {
    let log = FjallLog::open(log).expect("a log");
    let count = log.head().get() as f64;
    let settings = || Settings { standbys_max: 2 };
    let mut figures: [Vec<f64>; 3] = Default::default();
    for _ in 0..scale.runs {
        let runs = [
            timed(|| recover(&log, settings()).is_ok()),
            timed(|| {
                std::thread::scope(|scope| {
                    let hashing = scope.spawn(|| rebuild(&log).expect("a tree").root());
                    (recover(&log, settings()).is_ok(), hashing.join().expect("no panic"))
                })
            }),
            timed(|| rebuild(&log).expect("a tree").root()),
        ];
        figures.iter_mut().zip(runs).for_each(|(all, seconds)| all.push(seconds));
    }
    let [without, with, alone] = figures.map(|mut f| median(&mut f));
    let row = |name: &str, seconds: f64| {
        vec![
            name.to_owned(),
            time(seconds),
            rate(count / seconds),
            format!("{:+.1} %", (seconds / without - 1.0) * 100.0),
        ]
    };
    let rows = [
        row("floor: a start that hashes nothing", without),
        row("a start that rebuilds the tree on a second thread", with),
        row("the tree alone, which is what verifying does", alone),
    ];
    table(
        &format!("Audit: starting from {count} records"),
        &["", "takes", "records", "against the floor"],
        &rows,
    );
}

/// Group commits made durable, with the trail on a thread beside and without it.
fn publishing(scale: Scale) {
    let admission = corpus::admission();
    let commits = if scale.runs > 1 { COMMITS } else { 5 };
    let mut rows = Vec::new();
    for size in [1, 16, 256] {
        let count = size * commits as u64;
        let blocks: Vec<Block> = corpus::blocks(&admission, count, 1000, size).collect();
        let mut figures: [Vec<f64>; 3] = Default::default();
        for _ in 0..scale.runs {
            let runs = [append(&blocks, false), append(&blocks, true), timed(|| hash_all(&blocks))];
            figures.iter_mut().zip(runs).for_each(|(all, seconds)| all.push(seconds));
        }
        let [without, with, alone] = figures.map(|mut f| median(&mut f));
        let each = commits as f64;
        rows.push(vec![
            size.to_string(),
            time(without / each),
            time(with / each),
            format!("{:+.1} %", (with / without - 1.0) * 100.0),
            time(alone / each),
            format!("{:.1} %", alone / without * 100.0),
        ]);
    }
    let header = [
        "records in a commit",
        "floor: append + sync",
        "with the trail",
        "against the floor",
        "hashing alone",
        "of the floor",
    ];
    table("Audit: group commits made durable", &header, &rows);
}

fn append(blocks: &[Block], trail: bool) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let log = FjallLog::open(folder.path()).expect("a log");
    let (sender, receiver) = sync_channel::<Block>(256);
    let hashing = std::thread::spawn(move || {
        let (mut tree, mut entry) = (Tree::new(), EntryWriter::new());
        receiver.iter().for_each(|block| hash(&block, &mut entry, &mut tree));
        tree.root()
    });
    let blocks: Vec<Block> = blocks.to_vec();
    let seconds = timed(move || {
        for block in blocks {
            log.append(&block).expect("an append");
            if trail {
                sender.send(block).expect("a thread");
            }
        }
    });
    hashing.join().expect("no panic");
    seconds
}

fn hash_all(blocks: &[Block]) -> Hash {
    let (mut tree, mut entry) = (Tree::new(), EntryWriter::new());
    blocks.iter().for_each(|block| hash(block, &mut entry, &mut tree));
    tree.root()
}

fn hash(block: &Block, entry: &mut EntryWriter, tree: &mut Tree) {
    for record in Block::view(block.as_bytes()).expect("a block").records() {
        entry.write(record);
        tree.push(entry.leaf());
    }
}
