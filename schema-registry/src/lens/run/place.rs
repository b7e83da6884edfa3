//! Places in a tree: found, emptied, filled, and the objects around them made and unmade.

use std::collections::BTreeMap;

use super::{Failure, Runner};
use crate::json::pointer::Pointer;
use crate::json::tree::Node;
use crate::lens::run::value::Given;

/// The value at a place. Keys lead into objects only, never into arrays.
pub(super) fn find<'a>(scope: &'a mut Node, at: &Pointer) -> Option<&'a mut Node> {
    below(scope, at.tokens())
}

fn below<'a>(scope: &'a mut Node, keys: &[String]) -> Option<&'a mut Node> {
    keys.iter().try_fold(scope, |node, key| match node {
        Node::Object(members) => members.get_mut(key),
        _ => None,
    })
}

/// The value at a place, to look at.
pub(super) fn look<'a>(scope: &'a Node, at: &Pointer) -> Option<&'a Node> {
    at.tokens().iter().try_fold(scope, |node, key| match node {
        Node::Object(members) => members.get(key),
        _ => None,
    })
}

/// Whether the object is there in which the place is.
pub(super) fn has_host(scope: &mut Node, at: &Pointer) -> bool {
    host(scope, at).is_some()
}

fn host<'a, 'b>(scope: &'a mut Node, at: &'b Pointer) -> Option<(&'a mut BTreeMap<String, Node>, &'b str)> {
    let (host, key) = at.split()?;
    match below(scope, host)? {
        Node::Object(members) => Some((members, key)),
        _ => None,
    }
}

/// Takes the value away from a place.
pub(super) fn take(scope: &mut Node, at: &Pointer) -> Option<Node> {
    let (members, key) = host(scope, at)?;
    members.remove(key)
}

/// Puts a value at a place. An object on the way that is absent or null is made.
pub(super) fn put(scope: &mut Node, at: &Pointer, value: Node) -> Result<(), Failure> {
    let Some((hosts, last)) = at.split() else {
        *scope = value;
        return Ok(());
    };
    let mut node = scope;
    for (index, key) in hosts.iter().chain([&last.to_owned()]).enumerate() {
        if matches!(node, Node::Null) && index > 0 {
            *node = Node::Object(BTreeMap::new());
        }
        let is = node.type_name();
        let Node::Object(members) = node else {
            let host = Pointer::of(hosts.get(..index).unwrap_or_default().to_vec());
            let message = format!("must be an object, for `{at}` to lie in it, is {is}");
            return Err(Failure::new(&host, message));
        };
        if index == hosts.len() {
            members.insert(key.clone(), value);
            return Ok(());
        }
        node = members.entry(key.clone()).or_insert_with(|| Node::Object(BTreeMap::new()));
    }
    Ok(())
}

/// Unmakes the objects around a place that nothing is left of, from the inside on. The outermost `kept`
/// stay.
pub(super) fn prune(scope: &mut Node, at: &Pointer, kept: usize) {
    let Some((hosts, _)) = at.split() else { return };
    for length in (kept + 1..=hosts.len()).rev() {
        let Some((key, around)) = hosts.get(..length).and_then(<[String]>::split_last) else { return };
        let Some(Node::Object(members)) = below(scope, around) else { continue };
        match members.get(key) {
            Some(Node::Object(left)) if left.is_empty() => drop(members.remove(key)),
            Some(Node::Null) => drop(members.remove(key)),
            Some(_) => return,
            None => {}
        }
    }
}

impl Runner<'_> {
    pub(super) fn insert(
        &mut self,
        at: &Pointer,
        value: &Given,
        scope: &mut Node,
        level: usize,
    ) -> Result<(), Failure> {
        let absent = host(scope, at).is_some_and(|(members, key)| !members.contains_key(key));
        if !absent {
            return Ok(());
        }
        let value = self.given(at, value, level)?;
        put(scope, at, value)
    }

    pub(super) fn carry(
        &mut self,
        from: &Pointer,
        to: &Pointer,
        kept: usize,
        scope: &mut Node,
        level: usize,
    ) -> Result<(), Failure> {
        let value = take(scope, from);
        prune(scope, from, kept);
        match value {
            Some(value) => self.put(to, value, scope, level),
            None => {
                drop(take(scope, to));
                Ok(())
            }
        }
    }
}
