//! Who of a boundary has a way in over NATS.

use std::collections::BTreeMap;

use selfsame_core::{Member, PrincipalKind};
use selfsame_record::Principal;

use crate::nats::layout::{LayoutError, NatsPrincipal, TypePattern, UserKey};

/// The services and agents that have a key. Operators have planes of their own.
///
/// Each may send whatever it likes on its own subjects: what the policy does not allow is refused by the
/// engine, which records it, and not by the server, which would not.
///
/// # Errors
///
/// If a name or a key cannot stand in a configuration.
pub fn principals_of(members: &BTreeMap<String, Member>) -> Result<Vec<NatsPrincipal>, LayoutError> {
    let members = members.iter().filter(|(_, member)| member.kind != PrincipalKind::Operator);
    let with_key = members.filter_map(|(name, member)| Some((name, member.kind, member.nkey.as_deref()?)));
    with_key
        .map(|(name, kind, key)| {
            let name = Principal::parse(name)
                .map_err(|_| LayoutError::Name { shown: name.chars().take(64).collect() })?;
            let keys = vec![UserKey::parse(key)?];
            Ok(NatsPrincipal { name, kind, keys, may_publish: vec![TypePattern::all()], may_read: true })
        })
        .collect()
}
