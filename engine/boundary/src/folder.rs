//! The folder that a boundary is, and the files with its secrets: the one place that touches files.
//!
//! Each file is read once, whole, before anything is looked at, so that what is verified is what is read.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use selfsame_core::Boundary;
use zeroize::Zeroizing;

use crate::error::BoundaryError;
use crate::key::{PublicKey, SigningKey};
use crate::limits::{DOCUMENT_BYTES_MAX, POLICY_BYTES_MAX, SEAL_BYTES_MAX};
use crate::proposal::Proposal;
use crate::seal::{Files, Seal};

/// Who there is, what is protected, who has to agree.
pub const DOCUMENT_FILE: &str = "boundary.toml";
/// The rules.
pub const POLICY_FILE: &str = "policy.cedar";
/// What the rules may speak of.
pub const SCHEMA_FILE: &str = "policy.cedarschema";
/// The signature.
pub const SEAL_FILE: &str = "boundary.sig";

/// Opens the boundary in a folder, verified with a key.
///
/// # Errors
///
/// If a file cannot be read, the files were not signed with the key, or one is wrong.
pub fn open(dir: &Path, key: &PublicKey) -> Result<Boundary, BoundaryError> {
    let (files, seal) = (read(dir)?, read_seal(dir)?);
    Proposal::verified(&files, &seal, key)
}

/// Reads the files that are signed.
///
/// # Errors
///
/// If one cannot be read.
pub fn read(dir: &Path) -> Result<Files, BoundaryError> {
    Ok(Files {
        document: text(&dir.join(DOCUMENT_FILE), DOCUMENT_BYTES_MAX)?,
        policy: text(&dir.join(POLICY_FILE), POLICY_BYTES_MAX)?,
        schema: text(&dir.join(SCHEMA_FILE), POLICY_BYTES_MAX)?,
    })
}

/// Reads the signature.
///
/// # Errors
///
/// If it cannot be read, or is not in its form.
pub fn read_seal(dir: &Path) -> Result<Seal, BoundaryError> {
    Seal::parse(&text(&dir.join(SEAL_FILE), SEAL_BYTES_MAX)?)
}

/// Writes a new folder, and its signature last.
///
/// # Errors
///
/// If a file is there already, or cannot be written.
pub fn write(dir: &Path, files: &Files, seal: &Seal) -> Result<(), BoundaryError> {
    make_dir(dir)?;
    write_new(&dir.join(DOCUMENT_FILE), files.document.as_bytes(), 0o644)?;
    write_new(&dir.join(POLICY_FILE), files.policy.as_bytes(), 0o644)?;
    write_new(&dir.join(SCHEMA_FILE), files.schema.as_bytes(), 0o644)?;
    write_new(&dir.join(SEAL_FILE), seal.render().as_bytes(), 0o644)
}

/// Puts another signature in the place of the one that is there, at once.
///
/// # Errors
///
/// If it cannot be written.
pub fn write_seal(dir: &Path, seal: &Seal) -> Result<(), BoundaryError> {
    replace(&dir.join(SEAL_FILE), seal.render().as_bytes())
}

/// Puts another schema in the place of the one that is there, at once.
///
/// # Errors
///
/// If it cannot be written.
pub fn write_schema(dir: &Path, schema: &str) -> Result<(), BoundaryError> {
    replace(&dir.join(SCHEMA_FILE), schema.as_bytes())
}

/// Reads a key that signs, from a file that its owner alone can use.
///
/// # Errors
///
/// If others can use it, or it holds no seed.
pub fn read_key(path: &Path) -> Result<SigningKey, BoundaryError> {
    let file = File::open(path).map_err(|source| failed(path, "read", source))?;
    closed(&file, path)?;
    let text = Zeroizing::new(text_of(file, path, SEAL_BYTES_MAX)?);
    // What `nk -gen` writes, and files with a line of comment, hold the seed in a line of its own.
    let line = text.lines().map(str::trim).find(|line| line.starts_with('S'));
    let key = line.and_then(|line| SigningKey::from_seed(SecretString::from(line.to_owned())));
    key.ok_or_else(|| BoundaryError::NotASeed { path: path.to_owned() })
}

/// Writes a secret to a new file that its owner alone can use.
///
/// # Errors
///
/// If the file is there already, or cannot be written.
pub fn write_secret(path: &Path, secret: &SecretString) -> Result<(), BoundaryError> {
    let line = Zeroizing::new(format!("{}\n", secret.expose_secret()));
    write_new(path, line.as_bytes(), 0o600)
}

/// Makes a folder for secrets that its owner alone can use, if there is none.
///
/// # Errors
///
/// If it cannot be made.
pub fn make_secret_dir(dir: &Path) -> Result<(), BoundaryError> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir).map_err(|source| failed(dir, "written", source))
}

/// Sees that nothing is there that [`write()`] or [`write_secret`] would be refused for.
///
/// # Errors
///
/// The first file that is there.
pub fn is_free<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), BoundaryError> {
    match paths.into_iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(BoundaryError::Exists { path: path.clone() }),
        None => Ok(()),
    }
}

/// The files that a boundary consists of.
pub fn paths(dir: &Path) -> Vec<PathBuf> {
    [DOCUMENT_FILE, POLICY_FILE, SCHEMA_FILE, SEAL_FILE].iter().map(|name| dir.join(name)).collect()
}

fn failed(path: &Path, verb: &'static str, source: std::io::Error) -> BoundaryError {
    BoundaryError::File { path: path.to_owned(), verb, source }
}

fn text(path: &Path, max: usize) -> Result<String, BoundaryError> {
    let file = File::open(path).map_err(|source| failed(path, "read", source))?;
    text_of(file, path, max)
}

fn text_of(file: File, path: &Path, max: usize) -> Result<String, BoundaryError> {
    let mut bytes = Vec::with_capacity(SEAL_BYTES_MAX);
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(|source| failed(path, "read", source))?;
    if bytes.len() > max {
        return Err(BoundaryError::TooLarge { path: path.to_owned(), max });
    }
    String::from_utf8(bytes).map_err(|_| BoundaryError::NotText { path: path.to_owned() })
}

/// Sees that the owner alone can use a file.
#[cfg(unix)]
fn closed(file: &File, path: &Path) -> Result<(), BoundaryError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata().map_err(|source| failed(path, "read", source))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(BoundaryError::OpenSecret { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn closed(_: &File, _: &Path) -> Result<(), BoundaryError> {
    Ok(())
}

fn make_dir(dir: &Path) -> Result<(), BoundaryError> {
    std::fs::create_dir_all(dir).map_err(|source| failed(dir, "written", source))
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), BoundaryError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => BoundaryError::Exists { path: path.to_owned() },
        _ => failed(path, "written", source),
    })
}

/// Writes beside and renames, so that nobody reads half of it.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), BoundaryError> {
    let beside = path.with_extension("new");
    match std::fs::remove_file(&beside) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(failed(&beside, "written", source));
        }
        _ => {}
    }
    write_new(&beside, bytes, 0o644)?;
    std::fs::rename(&beside, path).map_err(|source| failed(path, "written", source))
}
