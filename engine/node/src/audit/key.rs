//! The key that an engine signs its checkpoints with.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use selfsame_record::note::{KeyKind, SignerKey, VerifierKey};
use zeroize::{Zeroize as _, Zeroizing};

use crate::audit::files::{self, KEY, TrailError, VKEY};

/// What a log's name begins with.
const ORIGIN: &str = "selfsame/";

/// An engine's key. The seed is overwritten when it is dropped.
pub(crate) struct Keyring {
    signer: SignerKey,
}

impl Keyring {
    /// A key that no file keeps, of an engine whose log no folder keeps.
    pub(crate) fn fleeting() -> Result<Keyring, TrailError> {
        Ok(Keyring { signer: new_key(None, KeyKind::Ed25519)? })
    }

    /// The key in a folder, made if the folder has none yet.
    pub(crate) fn of_folder(folder: &Path) -> Result<Keyring, TrailError> {
        let path = folder.join(KEY);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => return make(folder),
            Err(source) => return Err(TrailError::File { path, source }),
        };
        let signer = SignerKey::parse(text.trim_end()).map_err(|source| TrailError::Key { path, source })?;
        // Whoever verifies goes by the public key, so both have to be there, and of one piece.
        let known = files::read_verifier(folder)?;
        match known {
            Some(known) if known != *signer.verifier() => {
                return Err(TrailError::OtherKey { path: folder.join(VKEY) });
            }
            Some(_) => {}
            None => files::replace(folder, VKEY, &format!("{}\n", signer.verifier()))?,
        }
        Ok(Keyring { signer })
    }

    pub(crate) fn signer(&self) -> &SignerKey {
        &self.signer
    }

    pub(crate) fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }
}

/// Makes a key and keeps it. A folder that has a public key and no secret one has lost it.
fn make(folder: &Path) -> Result<Keyring, TrailError> {
    if files::read_verifier(folder)?.is_some() {
        return Err(TrailError::KeyLost { path: folder.join(KEY) });
    }
    let signer = new_key(None, KeyKind::Ed25519)?;
    keep(folder, &signer).map_err(|source| TrailError::File { path: folder.join(KEY), source })?;
    files::replace(folder, VKEY, &format!("{}\n", signer.verifier()))?;
    Ok(Keyring { signer })
}

/// Writes the secret key so that nobody but the owner could ever read it.
fn keep(folder: &Path, signer: &SignerKey) -> std::io::Result<()> {
    let new = folder.join(format!("{KEY}.new"));
    let _ = std::fs::remove_file(&new);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(signer.to_secret_text().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&new, folder.join(KEY))?;
    std::fs::File::open(folder)?.sync_all()
}

/// A new key from the system's random numbers, under a name, or under one that no other log has.
///
/// # Errors
///
/// If there are no random numbers, or the name cannot be one of a key.
pub fn new_key(name: Option<&str>, kind: KeyKind) -> Result<SignerKey, TrailError> {
    let mut id = [0; 8];
    let mut seed = Zeroizing::new([0; 32]);
    let random = getrandom::fill(&mut id).and_then(|()| getrandom::fill(&mut *seed));
    random.map_err(|err| TrailError::Random(err.to_string()))?;
    let made_up = format!("{ORIGIN}{:016x}", u64::from_be_bytes(id));
    let key = SignerKey::from_seed(name.unwrap_or(&made_up), kind, &seed);
    seed.zeroize();
    key.map_err(|source| TrailError::Key { path: KEY.into(), source })
}
