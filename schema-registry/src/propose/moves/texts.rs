//! One text that became several, or several that became one: `name`, and `first_name` with `last_name`.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::found::{End, Found, text};
use super::super::member::{LEFT_OUT, relaxed, required};
use super::super::similar;
use super::super::walk::Walk;
use crate::compat::CompatError;

/// How sure such a guess is, in percent.
const CONFIDENCE: u8 = 30;
/// Parts of one text.
const PARTS_MAX: usize = 4;
/// Words that a first part is named with, and words that a last one is.
const LEADING: [&str; 6] = ["first", "given", "fore", "start", "from", "local"];
const TRAILING: [&str; 6] = ["last", "family", "sur", "end", "to", "domain"];

/// Puts a `split` or a `join` in the place of the removals and additions of texts with the same words.
pub(super) fn cut<'a>(
    walk: &Walk<'a, '_>,
    removed: &mut Vec<Found<'a>>,
    moves: &mut Vec<Found<'a>>,
    added: &mut Vec<Found<'a>>,
) -> Result<(), CompatError> {
    for (one, many, split) in [(0, 1, true), (1, 0, false)] {
        let sides = [texts(removed, "remove"), texts(added, "add")];
        let (Some(wholes), Some(all)) = (sides.get(one), sides.get(many)) else { continue };
        let Some((whole, parts)) = wholes.iter().find_map(|whole| Some((whole, parts(whole, wholes, all)?)))
        else {
            continue;
        };
        moves.extend(between(walk, whole, &parts, split)?);
        let gone = |found: &Found<'a>| found.at == whole.at || parts.iter().any(|part| part.at == found.at);
        removed.retain(|found| !(found.name == "remove" && gone(found)));
        added.retain(|found| !(found.name == "add" && gone(found)));
    }
    Ok(())
}

/// The fields of any text that came or went, null aside.
fn texts<'a>(found: &[Found<'a>], name: &str) -> Vec<Found<'a>> {
    let plain = |end: &End<'a>| {
        let place = &end.place;
        let free = place.word("format").is_none() && place.listed().is_none();
        place.is_only("string") && !place.null && free && place.branches.is_empty()
    };
    found.iter().filter(|f| f.name == name && f.end.as_ref().is_some_and(plain)).cloned().collect()
}

/// The texts beside a whole one that have all of its words and others, in the order of the parts; none if
/// they might be the parts of another one.
fn parts<'a>(whole: &Found<'a>, wholes: &[Found<'a>], all: &[Found<'a>]) -> Option<Vec<Found<'a>>> {
    let (key, host) = whole.at.split_last()?;
    let words = |key: &str| similar::words(key).into_iter().collect::<BTreeSet<String>>();
    let named = words(key);
    let mut parts: Vec<Found<'a>> = all
        .iter()
        .filter(|part| {
            part.at.split_last().is_some_and(|(part, around)| {
                around == host && words(part).is_superset(&named) && words(part) != named
            })
        })
        .cloned()
        .collect();
    let related = |other: &&Found<'a>| {
        other.at.split_last().is_some_and(|(key, around)| around == host && !words(key).is_disjoint(&named))
    };
    let alone = wholes.iter().filter(related).count() == 1;
    parts.sort_by_key(|part| (part.at.last().map_or(1, |key| order(&words(key))), part.at.clone()));
    (alone && !named.is_empty() && (2..=PARTS_MAX).contains(&parts.len())).then_some(parts)
}

fn order(words: &BTreeSet<String>) -> u8 {
    let any = |list: [&str; 6]| list.into_iter().any(|word| words.contains(word));
    if any(LEADING) {
        0
    } else if any(TRAILING) {
        2
    } else {
        1
    }
}

fn between<'a>(
    walk: &Walk<'a, '_>,
    whole: &Found<'a>,
    parts: &[Found<'a>],
    split: bool,
) -> Result<Vec<Found<'a>>, CompatError> {
    let places: Vec<String> = parts.iter().map(|part| text(&part.at)).collect();
    let (name, came) =
        if split { ("split", "one text became several") } else { ("join", "several texts became one") };
    let reason = format!("{came}, by their names: confirm it, the order of the parts, and `by`");
    let found = Found::new(name, &[], CONFIDENCE, reason).with("by", json!(" "));
    let (one, list) = if split { ("from", "to") } else { ("to", "from") };
    let found = found.with(one, json!(text(&whole.at))).with(list, json!(places));
    let mut found = vec![Found { at: whole.at.clone(), ..found }];
    found.extend(presence(walk, whole, parts, split)?);
    Ok(found)
}

/// What a side requires that the other one may leave out.
fn presence<'a>(
    walk: &Walk<'a, '_>,
    whole: &Found<'a>,
    parts: &[Found<'a>],
    split: bool,
) -> Result<Vec<Found<'a>>, CompatError> {
    let needs = |one: &Found<'a>| one.end.as_ref().is_some_and(|end| end.required);
    let any = parts.iter().any(needs);
    let mut found = Vec::new();
    let mut at = |one: &Found<'a>, up: bool| -> Result<(), CompatError> {
        let (Some(end), Some((key, above))) = (&one.end, one.at.split_last()) else { return Ok(()) };
        let made = if up {
            required(walk, key, &end.place, true)?
        } else {
            relaxed(walk, key, &end.place, LEFT_OUT)?
        };
        found.push(above.iter().rev().fold(made, |found, host| found.below(host)));
        Ok(())
    };
    if split {
        // The first part is there if the whole is; of the others nothing is sure.
        for (index, part) in parts.iter().enumerate() {
            if needs(part) && (index > 0 || !needs(whole)) {
                at(part, true)?;
            }
        }
        if let Some(part) = parts.first().filter(|_| needs(whole) && !any) {
            at(part, false)?;
        }
    } else if needs(whole) && !any {
        at(whole, true)?;
    }
    Ok(found)
}
