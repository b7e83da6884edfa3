//! What went or came in a scope: each member as a whole, and the members of an object that did.

pub(super) use super::super::found::End;
use super::super::found::Found;
use super::super::member::{came, gone};
use super::super::place::Place;
use crate::compat::CompatError;
use crate::compat::source::Source;

/// Ends of moves that are looked at in one scope, on each side.
const ENDS_MAX: usize = 256;
/// Members of an object that are looked at one by one.
const MEMBERS_MAX: usize = 32;
/// Objects within each other that are looked into.
const NESTED_MAX: usize = 3;

/// A place on one side only.
#[derive(Clone, Debug)]
pub(super) struct Lone<'a> {
    /// The whole member that it belongs to, by its index among the operations.
    pub(super) owner: usize,
    pub(super) at: Vec<String>,
    /// As its own object says it.
    pub(super) end: End<'a>,
    /// Whether it is there whenever the object around the whole member is.
    pub(super) always: bool,
    /// Objects between the whole member and this.
    pub(super) depth: usize,
    /// How many members the object around it has.
    pub(super) beside: usize,
}

/// The ends that operations of a name leave on their side. What the other side has at the same place is not
/// looked into: its place is not free before it is gone, or taken.
pub(super) fn ends<'a>(
    source: &Source<'a>,
    found: &[Found<'a>],
    name: &str,
    other: &str,
) -> Result<Vec<Lone<'a>>, CompatError> {
    let mut lone = Vec::new();
    for (owner, one) in found.iter().enumerate().filter(|(_, one)| one.name == name) {
        let Some(end) = &one.end else { continue };
        let always = end.required;
        lone.push(Lone { owner, at: one.at.clone(), end: end.clone(), always, depth: 0, beside: 0 });
        let replaced = found.iter().any(|f| f.name == other && f.at == one.at);
        if !replaced {
            let mut next = lone.len() - 1;
            while let Some(host) = lone.get(next).filter(|host| host.depth < NESTED_MAX).cloned() {
                let members = members(source, &host)?;
                if lone.len() + members.len() <= ENDS_MAX {
                    lone.extend(members);
                }
                next += 1;
            }
        }
    }
    Ok(if lone.len() > ENDS_MAX { Vec::new() } else { lone })
}

/// The members of an object, if they are few enough.
fn members<'a>(source: &Source<'a>, host: &Lone<'a>) -> Result<Vec<Lone<'a>>, CompatError> {
    let place = &host.end.place;
    let plain = place.is_object() && place.branches.is_empty();
    let properties = if plain { place.properties() } else { Default::default() };
    if properties.len() > MEMBERS_MAX {
        return Ok(Vec::new());
    }
    let (required, beside) = (place.required(), properties.len());
    let member = |(key, schemas): (&str, Vec<_>)| {
        let place = Place::of(source, &schemas)?;
        let end = End { schemas, place, required: required.contains(key) };
        let always = host.always && !host.end.place.null && end.required;
        let at = [host.at.as_slice(), &[key.to_owned()]].concat();
        Ok(Lone { owner: host.owner, at, end, always, depth: host.depth + 1, beside })
    };
    properties.into_iter().map(member).collect()
}

/// What is left of a removal or an addition when some of its ends are moved.
pub(super) fn left<'a>(
    source: &Source<'a>,
    whole: Found<'a>,
    moved: &[&Lone<'a>],
) -> Result<Vec<Found<'a>>, CompatError> {
    if moved.iter().any(|lone| lone.at == whole.at) {
        return Ok(Vec::new());
    }
    if !moved.iter().any(|lone| lone.at.starts_with(&whole.at)) {
        return Ok(vec![whole]);
    }
    let Some(end) = &whole.end else { return Ok(vec![whole]) };
    let (always, depth, beside) = (end.required, 0, 0);
    let host = Lone { owner: 0, at: whole.at.clone(), end: end.clone(), always, depth, beside };
    let mut rest = Vec::new();
    for member in members(source, &host)? {
        let at: Vec<&str> = member.at.iter().map(String::as_str).collect();
        let one = if whole.name == "remove" {
            gone(source, &at, member.end)?
        } else {
            came(source, &at, member.end)?
        };
        rest.extend(left(source, one, moved)?);
    }
    Ok(rest)
}
