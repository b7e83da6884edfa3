//! How a version's generation differs from the one that answers.

use crate::compare;
use crate::handle::Handle;
use crate::read::body::Body;
use crate::read::{Refused, Served};

/// The exact difference at one position, which is that of the answer.
///
/// # Errors
///
/// If there is no such version or it has no generation, if the two have too many rows, or if they change
/// faster than they are compared.
pub async fn compare(handle: &Handle, version: &str) -> Result<Served, Refused> {
    let found = handle.admission().find_version(version);
    let version = found.map_err(|refusal| Refused::now(handle, refusal))?;
    let this = handle.clone();
    let compared = handle.off_sequencer(move || compare::compare(&this, version)).await;
    let compared = compared.map_err(|refusal| Refused::now(handle, refusal))?;
    let mut body = Body::new(compared.at, Some(compared.active));
    body.put("compared", &compared);
    Ok(body.served())
}
