//! The accounts of a NATS server, as text of its configuration: who reaches what.
//!
//! ```text
//! account SELFSAME            the engine: JetStream, the in-trays, exports one by one
//! account principal-web       one per principal: imports its own subjects and nothing else
//! account principal-reports
//! ```
//!
//! # What the layout promises
//!
//! 1. What the engine receives on `selfsame.in.web.…`, `selfsame.read.web.…`, `selfsame.feed.web…` and in
//!    the in-tray of `web` came from a connection with a key of `web`. Three lines say so, each alone
//!    enough: the export names the one account, the account imports nothing else, the user may publish
//!    nothing else.
//! 2. Nobody but the engine sees or answers a request, and nobody but its sender sees the answer. Answers
//!    cross accounts on subjects that the server makes up, so a reply subject leads nowhere else.
//! 3. No one deletes, purges or rolls up a stream. The engine takes single messages out of an in-tray.
//! 4. What one principal does to the server is bounded: connections, subscriptions, bytes.
//!
//! It is a pure function of plain data. Not here: starting a server (`managed`), what the engine makes of
//! the header that the server adds (`attest`).

mod key;
mod members;
mod pattern;
mod render;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use selfsame_core::PrincipalKind;
use selfsame_record::Principal;
use thiserror::Error;

pub use crate::nats::layout::key::UserKey;
pub use crate::nats::layout::members::principals_of;
pub use crate::nats::layout::pattern::TypePattern;
use crate::sequencer::ENGINE;

/// Principals of one layout. Each takes two connections of the engine.
pub const NATS_PRINCIPALS_MAX: usize = 256;
/// Keys of one principal: the one in use and those that replace it.
pub const NATS_KEYS_MAX: usize = 8;
/// Connections of one principal at once. More serve larger services and give a thief more.
pub const NATS_CONNECTIONS_MAX: usize = 64;
/// Subscriptions of one principal over all its connections.
pub const NATS_SUBSCRIPTIONS_MAX: usize = 1024;

/// The engine's account.
pub const ENGINE_ACCOUNT: &str = "SELFSAME";

/// Who speaks to the engine over NATS, and where the server keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsLayout {
    /// Where clients connect. Port 0 lets the server choose.
    pub listen: SocketAddr,
    /// Where JetStream keeps the in-trays.
    pub store_dir: PathBuf,
    /// Bytes of each principal's in-tray. A larger one outlasts a longer stop of the engine and takes disk.
    pub tray_bytes_max: u64,
    /// The keys of the engine's own user.
    pub engine: Vec<UserKey>,
    /// Everybody else.
    pub principals: Vec<NatsPrincipal>,
}

/// A principal that has a way in over NATS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsPrincipal {
    /// The name.
    pub name: Principal,
    /// What it is; said in a comment.
    pub kind: PrincipalKind,
    /// The public keys of its connections.
    pub keys: Vec<UserKey>,
    /// The event types that the server lets it publish; none: it has no in-tray. What passes here is
    /// still decided by the engine, and what the server refuses the engine neither sees nor records.
    pub may_publish: Vec<TypePattern>,
    /// Whether it reads rows and follows feeds. Which ones, the engine decides.
    pub may_read: bool,
}

impl NatsPrincipal {
    /// The name of its account.
    pub fn account(&self) -> String {
        format!("principal-{}", self.name)
    }

    /// The inbox prefix that its clients have to use.
    pub fn inbox_prefix(&self) -> String {
        inbox_prefix(&self.name)
    }

    /// Whether it publishes anything, and so has an in-tray.
    pub fn publishes(&self) -> bool {
        !self.may_publish.is_empty()
    }
}

/// What a client's inboxes begin with, so that the server can let it listen to its own alone.
pub fn inbox_prefix(principal: &Principal) -> String {
    format!("_INBOX_{principal}")
}

/// The same for the engine.
pub(crate) fn engine_inbox_prefix() -> String {
    format!("_INBOX_{ENGINE}")
}

/// Why there is no configuration for a layout.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// The text is no public key of a user.
    #[error("`{shown}` is not the public key of a NATS user; those begin with `U` and have 56 letters")]
    Key {
        /// What was given, cut short.
        shown: String,
    },
    /// The text is no pattern of event types.
    #[error(
        "`{shown}` is not a pattern of event types; write one such as `user.registered`, `user.*` or `>`"
    )]
    Pattern {
        /// What was given, cut short.
        shown: String,
    },
    /// The text is no name of a principal.
    #[error("`{shown}` cannot be the name of an account; use letters, digits, `_` and `-`")]
    Name {
        /// What was given, cut short.
        shown: String,
    },
    /// The engine could not log in.
    #[error("the engine has no key; give the public key of its user")]
    NoEngineKey,
    /// A principal could not log in.
    #[error("`{name}` has no key; give the public key of its connections or leave it out")]
    NoKey {
        /// The principal.
        name: Principal,
    },
    /// Too many keys for one.
    #[error("`{name}` has {keys} keys, over the limit of {NATS_KEYS_MAX}; take out those that are not used")]
    TooManyKeys {
        /// The principal, or the engine.
        name: String,
        /// How many.
        keys: usize,
    },
    /// One key would be two principals.
    #[error("the key `{key}` stands there for `{name}` and for another; give each principal its own")]
    KeyTwice {
        /// The key.
        key: String,
        /// The second one.
        name: String,
    },
    /// One name would be two accounts.
    #[error("`{name}` stands there twice; give each principal a name of its own")]
    NameTwice {
        /// The name.
        name: Principal,
    },
    /// The engine's name.
    #[error("`{name}` is the engine's own name; call the principal something else")]
    EngineName {
        /// The name.
        name: Principal,
    },
    /// Too many principals.
    #[error(
        "{principals} principals are over the limit of {NATS_PRINCIPALS_MAX}; leave out who does not use NATS"
    )]
    TooMany {
        /// How many.
        principals: usize,
    },
    /// A path that would end the string that it stands in.
    #[error("the folder `{path}` has a quote, a backslash or a control character in it; choose another")]
    Path {
        /// The path, cut short.
        path: String,
    },
}

impl NatsLayout {
    /// The text of the server's configuration.
    ///
    /// # Errors
    ///
    /// If a name or key stands there twice or not at all, there are too many, or the folder cannot be written
    /// down.
    pub fn to_config(&self) -> Result<String, LayoutError> {
        self.check()?;
        Ok(render::render(self))
    }

    fn check(&self) -> Result<(), LayoutError> {
        let principals = self.principals.len();
        if principals > NATS_PRINCIPALS_MAX {
            return Err(LayoutError::TooMany { principals });
        }
        if self.engine.is_empty() {
            return Err(LayoutError::NoEngineKey);
        }
        let mut keys = BTreeSet::new();
        check_keys(ENGINE, &self.engine, &mut keys)?;
        let mut names = BTreeSet::new();
        for principal in &self.principals {
            let name = &principal.name;
            if name.as_str().eq_ignore_ascii_case(ENGINE) {
                return Err(LayoutError::EngineName { name: name.clone() });
            }
            if !names.insert(name) {
                return Err(LayoutError::NameTwice { name: name.clone() });
            }
            if principal.keys.is_empty() {
                return Err(LayoutError::NoKey { name: name.clone() });
            }
            check_keys(name.as_str(), &principal.keys, &mut keys)?;
        }
        let path = self.store_dir.to_string_lossy();
        if path.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | char::REPLACEMENT_CHARACTER)) {
            return Err(LayoutError::Path { path: path.chars().take(200).collect() });
        }
        Ok(())
    }
}

fn check_keys<'a>(
    name: &str,
    keys: &'a [UserKey],
    seen: &mut BTreeSet<&'a UserKey>,
) -> Result<(), LayoutError> {
    if keys.len() > NATS_KEYS_MAX {
        return Err(LayoutError::TooManyKeys { name: name.to_owned(), keys: keys.len() });
    }
    match keys.iter().find(|key| !seen.insert(key)) {
        Some(key) => Err(LayoutError::KeyTwice { key: key.to_string(), name: name.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> UserKey {
        let pair = nkeys::KeyPair::new_from_raw(nkeys::KeyPairType::User, [byte; 32]).expect("a key");
        UserKey::parse(&pair.public_key()).expect("a key")
    }

    fn principal(name: &str, keys: &[u8]) -> NatsPrincipal {
        NatsPrincipal {
            name: Principal::parse(name).expect("a name"),
            kind: PrincipalKind::Service,
            keys: keys.iter().map(|byte| key(*byte)).collect(),
            may_publish: vec![],
            may_read: true,
        }
    }

    #[track_caller]
    fn check(engine: &[u8], principals: Vec<NatsPrincipal>, store_dir: &str, expect: &str) {
        let layout = NatsLayout {
            listen: ([127, 0, 0, 1], 4222).into(),
            store_dir: store_dir.into(),
            tray_bytes_max: 1,
            engine: engine.iter().map(|byte| key(*byte)).collect(),
            principals,
        };
        let err = layout.to_config().expect_err(expect).to_string();
        assert!(err.starts_with(expect), "{err}");
    }

    #[test]
    fn a_layout_that_leaves_open_who_is_who_has_no_configuration() {
        check(&[], vec![], "/x", "the engine has no key");
        check(&[1], vec![principal("web", &[])], "/x", "`web` has no key");
        check(&[1], vec![principal("web", &[2]), principal("web", &[3])], "/x", "`web` stands there twice");
        check(&[1], vec![principal("SelfSame", &[2])], "/x", "`SelfSame` is the engine's own name");
        check(&[1], vec![principal("web", &[1])], "/x", "the key `U");
        check(&[1], vec![principal("a", &[2]), principal("b", &[3, 2])], "/x", "the key `U");
        check(&[1], vec![principal("a", &[9; 9])], "/x", "`a` has 9 keys, over the limit of 8");
        let many = (0..257).map(|n| principal(&format!("p{n}"), &[2])).collect();
        check(&[1], many, "/x", "257 principals are over the limit of 256");
        check(&[1], vec![], "/x\"} accounts {", "the folder `/x\"} accounts {` has a quote");
        check(&[1], vec![], "/x\n", "the folder");
    }
}
