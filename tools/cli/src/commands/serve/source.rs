//! Where the boundary comes from: a folder, read at the start, on SIGHUP, and when its files change.
//!
//! What does not verify is refused with the reason, once for each change of the files, and the last one stays in
//! force. Nothing here writes to the folder.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use selfsame_boundary::{PublicKey, folder};
use selfsame_node::Handle;
use selfsame_node::nats::layout::{NatsPrincipal, principals_of};
use selfsame_record::Digest;

use crate::commands::serve::ServeArgs;
use crate::failure::{Failure, Outcome};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The boundary's folder and key; neither where there is no boundary.
pub(super) struct Source {
    signed: Option<(PathBuf, PublicKey)>,
    /// The bytes of the files that were looked at last, as a hash.
    seen: Option<Digest>,
    looked: Instant,
    said: Option<String>,
    /// Who of it has a way in over NATS.
    principals: Vec<NatsPrincipal>,
}

impl Source {
    /// What the command line says.
    pub(super) fn of(args: &ServeArgs) -> Outcome<Source> {
        let signed = match (&args.boundary, &args.boundary_key, args.dev) {
            (Some(folder), Some(key), _) => {
                Some((folder.clone(), PublicKey::parse(key).map_err(Failure::Boundary)?))
            }
            (_, _, true) => None,
            _ => {
                let what = "no boundary is given: say `--boundary DIR --boundary-key KEY`, or `--dev` to serve \
                            without one, where nobody proves who they are";
                return Err(Failure::Usage(what.to_owned()));
            }
        };
        Ok(Source { signed, seen: None, looked: Instant::now(), said: None, principals: Vec::new() })
    }

    /// Brings the boundary into force, or sees that none is.
    pub(super) async fn begin(&mut self, handle: &Handle) -> Outcome {
        let Some((folder, key)) = self.signed.clone() else {
            let lifted = handle.bind(None).await.outcome;
            return lifted.map(|_| ()).map_err(|refusal| Failure::refused(&refusal));
        };
        self.seen = fingerprint(&folder);
        let boundary = folder::open(&folder, &key).map_err(Failure::Boundary)?;
        let said = format!("{} of {}, serial {}", boundary.hash, boundary.instance, boundary.serial);
        self.principals = principals_of(&boundary.members)
            .map_err(|e| Failure::Server { what: "NATS", reason: e.to_string() })?;
        let bound = handle.bind(Some(std::sync::Arc::new(boundary))).await.outcome;
        bound.map_err(|refusal| Failure::refused(&refusal))?;
        self.said = Some(said);
        Ok(())
    }

    /// Who has a way in over NATS; `None` without a boundary, where nobody proves anything.
    pub(super) fn principals(&self) -> Option<&[NatsPrincipal]> {
        self.signed.as_ref().map(|_| self.principals.as_slice())
    }

    /// Which boundary is in force, for people.
    pub(super) fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// Looks whether the files are others than they were; `asked`: takes them up in any case. Says whether
    /// another boundary is in force.
    pub(super) async fn look(&mut self, handle: &Handle, asked: bool) -> bool {
        let Some((folder, key)) = self.signed.clone() else { return false };
        if !asked && self.looked.elapsed() < LOOK_EVERY {
            return false;
        }
        self.looked = Instant::now();
        let found = fingerprint(&folder);
        if !asked && found == self.seen {
            return false;
        }
        self.seen = found;
        let refusal = match folder::open(&folder, &key) {
            Ok(boundary) => {
                let said = format!("{} of {}, serial {}", boundary.hash, boundary.instance, boundary.serial);
                let principals = principals_of(&boundary.members);
                match handle.bind(Some(std::sync::Arc::new(boundary))).await.outcome {
                    Ok(_) => {
                        eprintln!("boundary  {said}");
                        self.said = Some(said);
                        match principals {
                            Ok(principals) => self.principals = principals,
                            Err(err) => {
                                eprintln!("warning: NATS goes on with the accounts that it has: {err}")
                            }
                        }
                        return true;
                    }
                    Err(refusal) => refusal.to_string(),
                }
            }
            Err(err) => err.to_string(),
        };
        eprintln!("warning: the boundary was not taken, and the last one stays in force: {refusal}");
        false
    }
}

/// A hash of all that the files say, signed or not; none if they cannot be read.
fn fingerprint(dir: &Path) -> Option<Digest> {
    let (files, seal) = (folder::read(dir).ok()?, folder::read_seal(dir).ok());
    let seal = seal.map(|seal| seal.render()).unwrap_or_default();
    Some(Digest::of(&[files.canonical().as_bytes(), seal.as_bytes()]))
}
