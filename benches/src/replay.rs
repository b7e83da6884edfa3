//! How fast a generation is folded from the log, against a plain segment file read with the same fold.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use selfsame_core::{Admission, check_document};
use selfsame_log::{FjallLog, Log};
use selfsame_projections::Generation;
use selfsame_record::{Block, Position, VersionNo};
use selfsame_schema::Registry;

use crate::report::{median, rate, table};
use crate::{Scale, corpus};

const PER_BLOCK: u64 = 256;

/// Prints the figures.
pub(crate) fn run(scale: Scale) {
    let folder = tempfile::tempdir().expect("a folder");
    let admission = corpus::admission();
    let users = (scale.replayed / 10).max(1);
    let segment = folder.path().join("segment");
    let log = FjallLog::open(&folder.path().join("log")).expect("a log");
    let mut file = File::create(&segment).expect("a file");
    let mut bytes = 0;
    for block in corpus::blocks(&admission, scale.replayed, users, PER_BLOCK) {
        log.append(&block).expect("an append");
        let len = u32::try_from(block.as_bytes().len()).expect("a small block");
        file.write_all(&len.to_le_bytes()).expect("a write");
        file.write_all(block.as_bytes()).expect("a write");
        bytes += block.as_bytes().len();
    }
    file.sync_all().expect("a sync");
    let mut figures: [Vec<f64>; 5] = Default::default();
    for _ in 0..scale.runs {
        let runs: [f64; 5] = [
            timed(|| read_segment(&segment, &mut |_| {})),
            timed(|| scan(&log, &mut |_| {})),
            fold_segment(&segment, &admission),
            fold_log(&log, &admission, 1),
            fold_log(&log, &admission, 2),
        ];
        figures.iter_mut().zip(runs).for_each(|(all, seconds)| all.push(scale.replayed as f64 / seconds));
    }
    let medians: Vec<f64> = figures.iter_mut().map(|f| median(f)).collect();
    let names = [
        "plain segment: read, checksum, check the archive",
        "log: the same",
        "plain segment: the same, and fold (floor of a replay)",
        "log: the same, and fold = replay",
        "log: replay at v2, through the lens",
    ];
    let floor = |index: usize| if index < 2 { medians.first() } else { medians.get(2) };
    let rows: Vec<Vec<String>> = names
        .iter()
        .zip(&medians)
        .enumerate()
        .map(|(index, (name, figure))| {
            let ratio = figure / floor(index).copied().unwrap_or(f64::NAN);
            vec![(*name).to_owned(), rate(*figure), format!("{ratio:.2}")]
        })
        .collect();
    let each = bytes as f64 / scale.replayed as f64;
    let title = format!(
        "Replay: {} events of {each:.0} bytes in blocks of {PER_BLOCK}, {users} keys, one thread",
        scale.replayed
    );
    table(&title, &["", "events", "of its floor"], &rows);
}

fn timed(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

fn read_segment(path: &Path, visit: &mut dyn FnMut(&selfsame_record::ArchivedRecord)) {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).expect("a file"));
    let (mut len, mut block) = ([0; 4], Vec::new());
    while file.read_exact(&mut len).is_ok() {
        block.resize(u32::from_le_bytes(len) as usize, 0);
        file.read_exact(&mut block).expect("a block");
        Block::view(&block).expect("a block").records().iter().for_each(&mut *visit);
    }
}

fn scan(log: &dyn Log, visit: &mut dyn FnMut(&selfsame_record::ArchivedRecord)) {
    let scanned = log.scan(Position::ZERO.next(), &mut |records| {
        records.iter().for_each(&mut *visit);
        ControlFlow::Continue(())
    });
    scanned.expect("a scan");
}

fn generation(version: u32) -> Generation {
    let mut registry = Registry::new();
    let mut last = None;
    for document in [corpus::V1, corpus::V2].iter().take(version as usize) {
        let (checked, plan) = check_document(&registry, document).expect("the document is right");
        last = Some((registry.insert(checked), plan));
    }
    let (document, plan) = last.expect("a version");
    Generation::new(document, Arc::new(plan))
}

fn fold_segment(path: &Path, admission: &Admission) -> f64 {
    let mut generation = generation(VersionNo::FIRST.get());
    timed(|| {
        read_segment(path, &mut |record| selfsame_core::fold(&mut generation, record, &admission.registry));
        generation.settle();
    })
}

fn fold_log(log: &dyn Log, admission: &Admission, version: u32) -> f64 {
    let mut generation = generation(version);
    timed(|| {
        scan(log, &mut |record| selfsame_core::fold(&mut generation, record, &admission.registry));
        generation.settle();
    })
}
