//! Verifying an export: every file of it against the signed root, so that whichever was changed is named.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use selfsame_node::audit::CHECKPOINT;
use selfsame_record::Record;
use selfsame_record::checkpoint::Checkpoint;
use selfsame_record::entry::EntryWriter;
use selfsame_record::merkle::{Hash, TILE_LEVEL_MAX, TILE_WIDTH, TileKind, TileName, Tree};
use serde_json::json;

use crate::commands::audit::export::RECORDS;
use crate::commands::audit::folder;
use crate::commands::audit::trust::{Trust, another, tampered};
use crate::commands::audit::verify::Verified;
use crate::failure::{Failure, Outcome};

pub(super) fn verify(dir: &Path, trust: &Trust) -> Outcome<Verified> {
    let key = trust.of_folder(dir)?;
    let signed = folder::signed(dir, &key)?;
    let whole = dir.join("tile/entries").is_dir();
    let tree = hashes(dir, &signed, whole)?;
    tiles(dir, &tree)?;
    if whole {
        bundles(dir, &tree)?;
    }
    let records = records(dir, &tree)?;
    if whole && records != (1, signed.size) && signed.size > 0 {
        let (first, last) = records;
        let said = format!("it has #{first} to #{last}, and the export is of #1 to #{}", signed.size);
        return Err(tampered(RECORDS, said));
    }
    let held = trust.hold_against(&key, &tree)?;
    let more = json!({ "first": records.0, "last": records.1, "entries": whole, "held": held });
    Ok(Verified { what: "export", key, size: signed.size, root: signed.root.to_base64(), more })
}

/// The tree that the leaf hashes make up, which must be the signed one.
fn hashes(dir: &Path, signed: &Checkpoint, whole: bool) -> Outcome<Tree> {
    let mut tree = Tree::new();
    for name in TileName::of_size(signed.size, TileKind::Level(0)) {
        let bytes = tile(dir, name)?;
        let (leaves, rest) = bytes.as_chunks::<32>();
        if leaves.len() != name.width || !rest.is_empty() {
            return Err(tampered(
                name.to_string(),
                format!("it has {} bytes, and should have {}", bytes.len(), name.width * 32),
            ));
        }
        leaves.iter().for_each(|leaf| tree.push(Hash(*leaf)));
    }
    if tree.root() == signed.root {
        return Ok(tree);
    }
    Err(culprit(dir, signed, &tree, whole)?)
}

/// Which tile of leaf hashes is not the signed one: the one whose entries hash to something else, or whose hash in
/// the level above is another.
fn culprit(dir: &Path, signed: &Checkpoint, tree: &Tree, whole: bool) -> Outcome<Failure> {
    for name in TileName::of_size(signed.size, TileKind::Level(0)) {
        let entries = TileName { kind: TileKind::Entries, ..name };
        if whole && bundle(dir, entries, tree).is_err() {
            return Ok(tampered(name.to_string(), "its hashes are not those that were signed"));
        }
        let above = TileName::of_size(signed.size, TileKind::Level(1))
            .find(|t| t.index == name.index / TILE_WIDTH as u64);
        let within = usize::try_from(name.index % TILE_WIDTH as u64).unwrap_or_default();
        if let Some(above) = above.filter(|_| name.width == TILE_WIDTH) {
            let bytes = tile(dir, above)?;
            let written = bytes.as_chunks::<32>().0.get(within).map(|hash| Hash(*hash));
            let found = tree.tile(1, above.index, within + 1).and_then(|hashes| hashes.last().copied());
            if written != found {
                return Ok(tampered(
                    name.to_string(),
                    format!("its hashes, or the one of them in `{above}`, were changed"),
                ));
            }
        }
    }
    let last = TileName::of_size(signed.size, TileKind::Level(0))
        .last()
        .map_or_else(|| CHECKPOINT.to_owned(), |t| t.to_string());
    Ok(tampered(last, another(signed, &tree.root().to_base64())))
}

/// Every tile above the leaf hashes.
fn tiles(dir: &Path, tree: &Tree) -> Outcome {
    for level in 1..=TILE_LEVEL_MAX {
        for name in TileName::of_size(tree.size(), TileKind::Level(level)) {
            let hashes = tree.tile(level, name.index, name.width).unwrap_or_default();
            let expected: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
            if tile(dir, name)? != expected {
                return Err(tampered(name.to_string(), "its hashes do not follow from those below"));
            }
        }
    }
    Ok(())
}

fn bundles(dir: &Path, tree: &Tree) -> Outcome {
    TileName::of_size(tree.size(), TileKind::Entries).try_for_each(|name| bundle(dir, name, tree))
}

/// Every entry of a bundle is the leaf that it should be, and nothing else is there.
fn bundle(dir: &Path, name: TileName, tree: &Tree) -> Outcome {
    let bytes = tile(dir, name)?;
    let mut left = bytes.as_slice();
    let first = name.index * TILE_WIDTH as u64;
    for index in first..first + name.width as u64 {
        let entry = left.split_first_chunk::<2>().and_then(|(len, rest)| {
            let len = usize::from(u16::from_be_bytes(*len));
            rest.split_at_checked(len)
        });
        let Some((entry, rest)) = entry else {
            return Err(tampered(name.to_string(), format!("it ends before #{}", index + 1)));
        };
        if tree.leaf(index) != Some(Hash::of_leaf(entry)) {
            return Err(tampered(
                name.to_string(),
                format!("#{} is not the entry that was signed", index + 1),
            ));
        }
        left = rest;
    }
    if left.is_empty() { Ok(()) } else { Err(tampered(name.to_string(), "there is more after its entries")) }
}

/// Every record is the one that was signed, spelt as records are. The first and the last.
fn records(dir: &Path, tree: &Tree) -> Outcome<(u64, u64)> {
    let path = dir.join(RECORDS);
    let failed = |source| Failure::File { path: path.clone(), verb: "read", source };
    let mut file = BufReader::new(File::open(&path).map_err(failed)?);
    let (mut line, mut entry, mut span, mut number) = (Vec::new(), EntryWriter::new(), (0, 0), 0_u64);
    loop {
        line.clear();
        if file.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(span);
        }
        number += 1;
        let place = || format!("{RECORDS}, line {number}");
        let record = record(&line).map_err(|reason| tampered(place(), reason))?;
        let position = record.position;
        if span.1 != 0 && position != span.1 + 1 {
            return Err(tampered(place(), format!("#{position} follows #{}", span.1)));
        }
        entry.write_owned(&record);
        if position.checked_sub(1).and_then(|index| tree.leaf(index)) != Some(entry.leaf()) {
            return Err(tampered(place(), format!("#{position} is not the record that was signed")));
        }
        span = (if span.0 == 0 { position } else { span.0 }, position);
    }
}

fn record(line: &[u8]) -> Result<Record, String> {
    let text = line.strip_suffix(b"\n").ok_or("it does not end in a newline")?;
    let record: Record = serde_json::from_slice(text).map_err(|e| format!("it is not a record: {e}"))?;
    let again = serde_json::to_vec(&record).map_err(|e| e.to_string())?;
    if again == text { Ok(record) } else { Err("it is not spelt as records are".to_owned()) }
}

fn tile(dir: &Path, name: TileName) -> Outcome<Vec<u8>> {
    let name = name.to_string();
    std::fs::read(dir.join(&name)).map_err(|err| match err.kind() {
        io::ErrorKind::NotFound => tampered(name, "it is not there"),
        _ => tampered(name, err),
    })
}
