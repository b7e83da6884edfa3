//! A look at a log that leaves it as it is.
//!
//! Opening a log writes to its folder: the lock, the store's journals, tables of what lay in them. Whoever
//! checks what lies there must not. So what may be written is copied to another folder (journals and lists, some
//! tens of megabytes), and what is never written again, the tables, is linked to; the log is opened there.

use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::error::OpenError;
use crate::fjall_log::FjallLog;

/// The folder of a keyspace's tables, which are written once.
const TABLES: &str = "tables";

/// Opens the log in `folder` by way of an empty folder of the caller's, and leaves `folder` as it is, byte for
/// byte. Nobody may have it open.
///
/// # Errors
///
/// If somebody has it open, it cannot be read, or it does not open.
pub fn open_copy(folder: &Path, empty: &Path) -> Result<FjallLog, OpenError> {
    let failed = |source| OpenError::Folder { folder: folder.to_owned(), source };
    let lock = OpenOptions::new().read(true).open(folder.join("lock"));
    // A copy may have been made without the lock; then nobody has it open.
    let _held = match lock {
        Ok(lock) => match lock.try_lock_shared() {
            Ok(()) => Some(lock),
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { folder: folder.to_owned(), by: None });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        },
        Err(err) if err.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(failed(source)),
    };
    let absolute = fs::canonicalize(folder.join("store")).map_err(failed)?;
    copy(&absolute, &empty.join("store")).map_err(failed)?;
    FjallLog::open(empty)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let tables = from.file_name().is_some_and(|name| name == TABLES);
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else if tables {
            std::os::unix::fs::symlink(entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), &place)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Log as _;
    use crate::conformance::{check, fill};

    #[test]
    fn a_log_is_looked_at_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = FjallLog::open(folder.path()).expect("opened");
        fill(&log, 700, &[1, 100]);
        let empty = tempfile::tempdir().expect("a folder");
        assert!(matches!(open_copy(folder.path(), empty.path()), Err(OpenError::InUse { .. })));
        drop(log);
        crate::seal(folder.path()).expect("sealed");
        for _ in 0..2 {
            let empty = tempfile::tempdir().expect("a folder");
            let copy = open_copy(folder.path(), empty.path()).expect("opened");
            assert_eq!(copy.head().get(), 700);
            check(&copy, 1, 700);
            fill(&copy, 900, &[100]);
        }
        assert!(matches!(crate::check_seal(folder.path()), Ok(Some(_))));
        fs::remove_file(folder.path().join("lock")).expect("removed");
        let empty = tempfile::tempdir().expect("a folder");
        assert_eq!(open_copy(folder.path(), empty.path()).expect("opened").head().get(), 700);
    }
}
