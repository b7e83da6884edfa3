//! A boundary's folder: who may do what, read, verified and compiled to what the core asks.
//!
//! The folder has four files. `boundary.toml` says who there is, what is protected and who has to agree
//! ([`Document`]); `policy.cedar` says who may do what ([`Rules`]), in the words of `policy.cedarschema`
//! ([`SCHEMA`]); `boundary.sig` is an operator's signature over all three ([`Seal`]). The engine only reads them:
//! [`folder::open`] is what it calls.
//!
//! # Invariants
//!
//! 1. Nothing of the files is read before their signature is verified with the key that the caller gives.
//! 2. A secret is held as one: not shown by `Debug`, wiped when it is dropped, written only to files that their
//!    owner alone can use, and read from such files only.
//! 3. The same files give the same answers, for as long as they are in force.
//!
//! Not here: what no rule can open, and which boundary may follow which (the core); when one is loaded (the node).

mod document;
mod error;
pub mod folder;
mod fresh;
mod key;
pub mod limits;
mod policy;
mod proposal;
mod seal;
mod survey;
mod token;

pub use document::{Approvals, Checked, Document, Head, Principal, ProtectedNames};
pub use error::BoundaryError;
pub use fresh::{Fresh, Named, Secrets};
pub use key::{PublicKey, SigningKey};
pub use policy::{DEFAULT_POLICY, Rules, SCHEMA};
pub use proposal::Proposal;
pub use seal::{Files, Seal};
pub use survey::{Change, Line, Samples, compare, survey};
pub use token::{TOKEN_PREFIX, new_token, token_digest};
