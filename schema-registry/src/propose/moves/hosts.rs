//! The objects that moves make and unmake: one that its side requires is there whether or not something was
//! moved into it.

use super::super::found::{Found, text};
use super::super::member::{LEFT_OUT, given, relaxed};
use super::super::place::Place;
use super::super::sample::sample;
use super::super::walk::Walk;
use super::ends::Lone;
use super::pairs::Sure;
use crate::compat::CompatError;

/// Two ends of a move.
type Pair<'l, 'a> = (&'l Lone<'a>, &'l Lone<'a>, Sure);

/// What the objects around the ends of moves need beside these.
pub(super) fn given_to<'a>(
    walk: &Walk<'a, '_>,
    gone: &[Lone<'a>],
    came: &[Lone<'a>],
    moved: &[Pair<'_, 'a>],
) -> Result<Vec<Found<'a>>, CompatError> {
    let mut found = Vec::new();
    for host in came.iter().filter(|host| host.depth == 0) {
        let parts: Vec<&Pair<'_, 'a>> =
            moved.iter().filter(|(_, to, _)| to.owner == host.owner && to.depth > 0).collect();
        if !parts.is_empty() {
            found.extend(made(walk, host, &parts)?);
        }
    }
    for host in gone.iter().filter(|host| host.depth == 0) {
        let parts: Vec<&Pair<'_, 'a>> =
            moved.iter().filter(|(from, ..)| from.owner == host.owner && from.depth > 0).collect();
        let certain = |(from, to, _): &&Pair<'_, 'a>| to.always || from.end.required;
        let Some((from, to, _)) = parts.first().filter(|_| host.always && !parts.iter().any(certain)) else {
            continue;
        };
        // Something has to be left of it for the way back.
        found.extend(below(&to.at, |key| relaxed(walk, key, &from.end.place, LEFT_OUT))?);
    }
    Ok(found)
}

/// For an object that is made by moves, and is made of nothing where nothing was to be moved.
fn made<'a>(
    walk: &Walk<'a, '_>,
    host: &Lone<'a>,
    parts: &[&Pair<'_, 'a>],
) -> Result<Option<Found<'a>>, CompatError> {
    let certain = parts.iter().any(|(from, ..)| from.always);
    let place = Place { null: false, ..host.end.place.clone() };
    let optional = !host.end.required || host.end.place.null;
    let (name, why, when) = match (optional, certain) {
        (false, false) => ("require", "is required", "where nothing was moved there"),
        (true, true) => ("relax", "may be left out", "where it is left out"),
        _ => return Ok(None),
    };
    let Some(default) = sample(walk.new, &place)? else { return Ok(None) };
    let reason = format!("`{}` {why}", text(&host.at));
    let found = below(&host.at, |key| Ok(Found::new(name, &[key], 90, reason)))?;
    Ok(found.map(|found| given(found, Some(default), when)))
}

/// An operation at a place, made for its last key.
fn below<'a>(
    at: &[String],
    make: impl FnOnce(&str) -> Result<Found<'a>, CompatError>,
) -> Result<Option<Found<'a>>, CompatError> {
    let Some((key, above)) = at.split_last() else { return Ok(None) };
    let found = make(key)?;
    Ok(Some(above.iter().rev().fold(found, |found, host| found.below(host))))
}
