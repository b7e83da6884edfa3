//! A closed log, file by file: written at a clean stop, gone when the log is opened.
//!
//! Checksums of blocks and the audit trail cover every record. A store has bytes beside the records (unused
//! ends, old slots, its own bookkeeping), and a changed one of those goes unnoticed until it matters. The list in
//! `files.sha256` covers every byte of every file, in the form that `sha256sum --check` reads:
//!
//! ```text
//! <SHA-256, hexadecimal>  <path below the log's folder>
//! ```
//!
//! It is not signed: whoever may write the folder may write the list. What an adversary must not be able to
//! change, the records, is signed elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::error::OpenError;
use crate::folder::{Folder, sync};

/// The name of the list, in the log's folder.
pub const FILES: &str = "files.sha256";
/// How much of a file is read at once.
const PIECE_BYTES: usize = 1 << 20;

/// Where a closed log is not what it was when it was closed.
#[derive(Debug, Error)]
pub enum SealError {
    /// A file has other bytes.
    #[error("`{0}` is not what `{FILES}` says: one of the two was changed since the log was closed")]
    Changed(String),
    /// A file is gone.
    #[error("`{0}` stands in `{FILES}` and is not there")]
    Missing(String),
    /// A file came.
    #[error("`{0}` is there and does not stand in `{FILES}`")]
    New(String),
    /// The list is not in its form.
    #[error("`{FILES}` is not a list of files: it was changed since the log was closed")]
    List,
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Lists the files of a log that nobody has open.
///
/// # Errors
///
/// If somebody has it open, or the list cannot be written.
pub fn seal(folder: &Path) -> Result<(), OpenError> {
    let claimed = Folder::claim(folder)?;
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let mut list = String::new();
    for (name, path) in files(claimed.path()).map_err(failed)? {
        let hash = hash(&path).map_err(failed)?;
        // Writing to a string does not fail.
        let _ = writeln!(list, "{hash}  {name}");
    }
    let (path, new) = (folder.join(FILES), folder.join(format!("{FILES}.new")));
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(list.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        sync(folder)
    };
    write().map_err(failed)
}

/// Holds a closed log against its list. How many files it has, or `None` if it has no list: it was not closed
/// cleanly, or was opened since.
///
/// # Errors
///
/// If a file was changed, came or went.
pub fn check_seal(folder: &Path) -> Result<Option<usize>, SealError> {
    let failed = |name: &str, source| SealError::Io { path: name.to_owned(), source };
    let list = match fs::read_to_string(folder.join(FILES)) {
        Ok(list) => list,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(err) if err.kind() == io::ErrorKind::InvalidData => return Err(SealError::List),
        Err(source) => return Err(failed(FILES, source)),
    };
    let mut listed = parse(&list).ok_or(SealError::List)?;
    let count = listed.len();
    for (name, path) in files(folder).map_err(|source| failed(".", source))? {
        let expected = listed.remove(name.as_str()).ok_or_else(|| SealError::New(name.clone()))?;
        if hash(&path).map_err(|source| failed(&name, source))? != expected {
            return Err(SealError::Changed(name));
        }
    }
    match listed.into_keys().next() {
        Some(name) => Err(SealError::Missing(name.to_owned())),
        None => Ok(Some(count)),
    }
}

/// The list, by name. Every byte of it means something, so any other form is refused.
fn parse(list: &str) -> Option<BTreeMap<&str, &str>> {
    let body = list.strip_suffix('\n')?;
    let lines = body.split('\n').map(|line| {
        let (hash, name) = line.split_once("  ")?;
        let hex = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        hex.then_some((name, hash))
    });
    lines.collect()
}

/// Every file below the folder but the list itself, with its path.
fn files(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![(String::new(), folder.to_owned())]);
    while let Some((prefix, folder)) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                open.push((format!("{name}/"), entry.path()));
            } else if name != FILES && name != format!("{FILES}.new") {
                found.insert(name, entry.path());
            }
        }
    }
    Ok(found)
}

fn hash(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut piece) = (File::open(path)?, Sha256::new(), vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => break,
            len => hasher.update(piece.get(..len).unwrap_or_default()),
        }
    }
    let mut hex = String::with_capacity(64);
    for byte in hasher.finalize() {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fill;
    use crate::{FjallLog, Log};

    fn closed(records: u64) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fill(&FjallLog::open(folder.path()).expect("opened"), records, &[1, 70]);
        folder
    }

    #[test]
    fn a_list_lasts_until_the_log_is_opened() {
        let folder = closed(100);
        assert!(matches!(check_seal(folder.path()), Ok(None)));
        seal(folder.path()).expect("sealed");
        assert!(matches!(check_seal(folder.path()), Ok(Some(10..))));
        let log = FjallLog::open(folder.path()).expect("opened");
        assert!(matches!(seal(folder.path()), Err(OpenError::InUse { .. })));
        assert_eq!(log.head().get(), 100);
        drop(log);
        assert!(matches!(check_seal(folder.path()), Ok(None)));
    }

    /// Changes something in a sealed folder, and says what comes of checking it.
    fn check(change: impl FnOnce(&Path), expect: &str) {
        let folder = closed(10);
        seal(folder.path()).expect("sealed");
        change(folder.path());
        let said = check_seal(folder.path()).map_or_else(|e| e.to_string(), |_| "sound".to_owned());
        assert_eq!(said, expect);
    }

    #[test]
    fn whatever_changes_is_named() {
        check(|_| {}, "sound");
        let at = "store/layout";
        check(
            |f| fs::write(f.join(at), "x").expect("written"),
            "`store/layout` is not what `files.sha256` says: one of the two was changed since the log was closed",
        );
        check(
            |f| fs::remove_file(f.join(at)).expect("removed"),
            "`store/layout` stands in `files.sha256` and is not there",
        );
        check(
            |f| fs::write(f.join("store/x"), "x").expect("written"),
            "`store/x` is there and does not stand in `files.sha256`",
        );
        check(
            |f| fs::write(f.join(FILES), "x").expect("written"),
            "`files.sha256` is not a list of files: it was changed since the log was closed",
        );
    }

    #[test]
    fn every_flipped_byte_of_every_file_is_noticed() {
        let folder = closed(20);
        seal(folder.path()).expect("sealed");
        let mut all = files(folder.path()).expect("files");
        all.insert(FILES.to_owned(), folder.path().join(FILES));
        for (name, path) in all {
            let sound = fs::read(&path).expect("bytes");
            let step = (sound.len() / 64).max(1);
            for at in (0..sound.len()).step_by(step) {
                let mut bytes = sound.clone();
                bytes[at] ^= 0x04;
                fs::write(&path, &bytes).expect("written");
                assert!(check_seal(folder.path()).is_err(), "byte {at} of {name}");
            }
            fs::write(&path, &sound).expect("written");
        }
        assert!(matches!(check_seal(folder.path()), Ok(Some(_))));
    }
}
