//! The folder of a log: who may use it, what is in it, and that it is made whole or not at all.
//!
//! ```text
//! <folder>/lock          locked while the log is open; holds the process id of who has it
//! <folder>/files.sha256  every file of a log that was closed and sealed; removed when it is opened (`seal.rs`)
//! <folder>/store/layout  the number of the layout, as text
//! <folder>/store/fjall/  the store
//! <folder>/store.new/    a store being made; renamed when it is complete, cleared away if it never was
//! ```
//!
//! Not here: what the store holds (`store.rs`).

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::OpenError;

/// What the `layout` file says in a folder that this program reads and writes.
pub const LAYOUT: &str = "selfsame log 1";

/// A log's folder, locked as long as this value lives.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder for exclusive use; makes it if it is not there.
    pub(crate) fn claim(path: &Path) -> Result<Folder, OpenError> {
        let failed = |source| OpenError::Folder { folder: path.to_owned(), source };
        if !path.try_exists().map_err(failed)? {
            fs::create_dir_all(path).and_then(|()| sync_parent(path)).map_err(failed)?;
        }
        let file = path.join("lock");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(file);
        let mut lock = open.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { folder: path.to_owned(), by: holder(&mut lock) });
            }
        }
        unseal(path).map_err(failed)?;
        // A courtesy to whoever is refused; the lock does not depend on it, nor on room on the disk.
        let _ = lock.set_len(0).and_then(|()| lock.write_all(std::process::id().to_string().as_bytes()));
        Ok(Folder { path: path.to_owned(), _lock: lock })
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The store's own folder. Makes the store with `make` if there is none yet: it is there whole
    /// afterwards, or, after a crash, not at all.
    pub(crate) fn store(
        &self,
        make: impl FnOnce(&Path) -> Result<(), OpenError>,
    ) -> Result<PathBuf, OpenError> {
        let store = self.path.join("store");
        if store.try_exists().map_err(|e| self.failed(e))? {
            self.check_layout(&store)?;
        } else {
            self.make_store(&store, make)?;
        }
        Ok(store.join("fjall"))
    }

    fn make_store(
        &self,
        store: &Path,
        make: impl FnOnce(&Path) -> Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        let new = self.path.join("store.new");
        if new.try_exists().map_err(|e| self.failed(e))? {
            fs::remove_dir_all(&new).map_err(|e| self.failed(e))?;
        }
        fs::create_dir(&new).map_err(|e| self.failed(e))?;
        make(&new.join("fjall"))?;
        let publish = || {
            let mut layout = File::create_new(new.join("layout"))?;
            layout.write_all(format!("{LAYOUT}\n").as_bytes())?;
            layout.sync_all()?;
            sync(&new)?;
            fs::rename(&new, store)?;
            sync(&self.path)
        };
        publish().map_err(|e| self.failed(e))
    }

    fn check_layout(&self, store: &Path) -> Result<(), OpenError> {
        let missing = |missing| OpenError::Incomplete { folder: self.path.clone(), missing };
        let layout = match fs::read_to_string(store.join("layout")) {
            Ok(layout) => layout,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(missing("store/layout")),
            Err(e) => return Err(self.failed(e)),
        };
        if layout.trim_end() != LAYOUT {
            let found = layout.trim_end().chars().take(80).collect();
            return Err(OpenError::Layout { folder: self.path.clone(), found, expected: LAYOUT });
        }
        // Without this file fjall would take the folder for a new one.
        if !store.join("fjall").join("version").try_exists().map_err(|e| self.failed(e))? {
            return Err(missing("store/fjall/version"));
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> OpenError {
        OpenError::Folder { folder: self.path.clone(), source }
    }

    /// Bytes that everything in the folder takes on the disk; what cannot be looked at counts nothing.
    pub(crate) fn size_bytes(&self) -> u64 {
        size_bytes(&self.path)
    }
}

/// The process that holds the lock, if it has written its id yet.
fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(20).read_to_string(&mut text).ok()?;
    text.parse().ok()
}

/// Takes away what is said of the folder's files: they are about to change.
fn unseal(path: &Path) -> io::Result<()> {
    match fs::remove_file(path.join(crate::seal::FILES)) {
        Ok(()) => sync(path),
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(err) => Err(err),
    }
}

/// Makes the entries of a folder durable.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn sync_parent(folder: &Path) -> io::Result<()> {
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync(parent),
        _ => sync(Path::new(".")),
    }
}

fn size_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let sizes = entries.flatten().filter_map(|entry| {
        let data = entry.metadata().ok()?;
        Some(if data.is_dir() { size_bytes(&entry.path()) } else { allocated(&data) })
    });
    sizes.sum()
}

/// What a file really takes: the store's journals are mostly holes.
#[cfg(unix)]
fn allocated(data: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(data) * 512
}

#[cfg(not(unix))]
fn allocated(data: &fs::Metadata) -> u64 {
    data.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(path: &Path) -> Result<(), OpenError> {
        fs::create_dir(path).expect("a folder");
        fs::write(path.join("version"), "x").expect("a file");
        Ok(())
    }

    /// Makes a store, changes something in its folder, and says what opening the store comes to.
    fn check(change: impl FnOnce(&Path), expect: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let claimed = Folder::claim(folder.path()).expect("the folder");
        claimed.store(make).expect("a new store");
        change(folder.path());
        let said = claimed.store(make).map_or_else(|e| e.to_string(), |_| "opened".to_owned());
        let said = said.replace(&format!("{}", folder.path().display()), "F");
        assert_eq!(said, expect);
    }

    #[test]
    fn a_folder_that_is_no_whole_log_says_why() {
        check(|_| {}, "opened");
        check(
            |f| fs::write(f.join("store/layout"), "selfsame log 2\n").expect("written"),
            "the log in `F` has the layout `selfsame log 2`, and this program reads `selfsame log 1`: \
             use a newer one",
        );
        check(
            |f| fs::remove_file(f.join("store/layout")).expect("removed"),
            "the log in `F` is incomplete: `store/layout` is not there: restore it from a copy",
        );
        check(
            |f| fs::remove_file(f.join("store/fjall/version")).expect("removed"),
            "the log in `F` is incomplete: `store/fjall/version` is not there: restore it from a copy",
        );
    }

    #[test]
    fn a_store_that_was_not_finished_is_made_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let claimed = Folder::claim(&folder.path().join("a/b")).expect("the folder");
        let unfinished = claimed.path().join("store.new/fjall");
        fs::create_dir_all(&unfinished).expect("a folder");
        fs::write(unfinished.join("0.jnl"), "half").expect("a file");
        let store = claimed.store(make).expect("a store");
        assert!(store.join("version").exists() && !store.join("0.jnl").exists());
        assert!(!claimed.path().join("store.new").exists());
    }

    #[test]
    fn a_folder_has_one_user_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Folder::claim(folder.path()).expect("the folder");
        let refused = Folder::claim(folder.path()).expect_err("in use");
        let expect = format!(
            "the log in `{}` is in use by process {}: stop the one that has it, or use another folder",
            folder.path().display(),
            std::process::id()
        );
        assert_eq!(refused.to_string(), expect);
        drop(first);
        Folder::claim(folder.path()).expect("free again");
    }
}
