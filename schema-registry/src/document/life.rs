//! The sections of a document that are about its life: `guards`, `probation` and `poison`.
//!
//! Read here is their form. What a guard's condition may name depends on the parent, so that it is checked
//! with the version.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use selfsame_record::Name;
use serde_json::{Map, Value};

use crate::duration;
use crate::guard::Over;
use crate::json::pointer;
use crate::limits::{
    GUARD_EVENTS_MAX, GUARD_OVER_DEFAULT, GUARD_SECONDS_MAX, GUARDS_MAX, PROBATION_EVENTS_MAX,
    PROBATION_EXTENSIONS_MAX, PROBATION_MS_MAX, PROBATION_MS_MIN, PROJECTIONS_MAX,
};
use crate::probation::{Inconclusive, Poison, PoisonBuild, PoisonLive, Probation};
use crate::problem::{Problem, Problems};

type Object = Map<String, Value>;

/// What a document says about one guard.
#[derive(Clone, Debug)]
pub(crate) struct GuardSection {
    /// Its place in the list.
    pub(crate) index: usize,
    pub(crate) name: Name,
    pub(crate) expect: String,
    pub(crate) over: Over,
}

pub(super) fn guards(document: &Object, problems: &mut Problems) -> Vec<GuardSection> {
    let list = match document.get("guards") {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Object(object)) if object.is_empty() => return Vec::new(),
        Some(Value::Array(list)) if list.len() <= GUARDS_MAX => list,
        Some(Value::Array(list)) => {
            problems.add("/guards", format!("has {} entries, over the limit of {GUARDS_MAX}", list.len()));
            return Vec::new();
        }
        Some(_) => {
            let problem = Problem::new("/guards", "must be a list");
            problems.push(problem.help("write `- { name: few-refusals, expect: \"rates.refused < 0.01\" }`"));
            return Vec::new();
        }
    };
    let mut guards: Vec<GuardSection> = Vec::new();
    for (index, json) in list.iter().enumerate() {
        let place = format!("/guards/{index}");
        let Some(guard) = guard(index, json, &place, problems) else { continue };
        if guards.iter().any(|other| other.name == guard.name) {
            problems.add(format!("{place}/name"), format!("there are two guards named `{}`", guard.name));
        }
        guards.push(guard);
    }
    guards
}

fn guard(index: usize, json: &Value, place: &str, problems: &mut Problems) -> Option<GuardSection> {
    let object = members(json, place, &["name", "expect", "over"], problems)?;
    let over = object
        .get("over")
        .map_or(Some(GUARD_OVER_DEFAULT), |over| self::over(over, &pointer::child(place, "over"), problems));
    let name = text(object, "name", place, problems).and_then(|name| {
        Name::parse(name).map_err(|e| problems.add(pointer::child(place, "name"), e.to_string())).ok()
    });
    let expect = text(object, "expect", place, problems).map(str::to_owned);
    Some(GuardSection { index, name: name?, expect: expect?, over: over? })
}

fn over(json: &Value, place: &str, problems: &mut Problems) -> Option<Over> {
    let object = members(json, place, &["events", "seconds"], problems)?;
    let events = number(object, "events", place, 1..=GUARD_EVENTS_MAX, problems);
    let seconds = number(object, "seconds", place, 1..=GUARD_SECONDS_MAX, problems);
    if object.len() != 1 {
        let problem = Problem::new(place, "must have one of `events` and `seconds`");
        problems.push(problem.help("write `over: { events: 1000 }`, or `over: { seconds: 60 }`"));
    }
    events.map(Over::Events).or(seconds.map(Over::Seconds))
}

/// None if the document says nothing of a probation, and has no guards that would need one.
pub(super) fn probation(document: &Object, guarded: bool, problems: &mut Problems) -> Option<Probation> {
    const KNOWN: [&str; 6] = ["events", "time", "samples_min", "inconclusive", "extend_max", "unchanged"];
    let place = "/probation";
    let without = guarded.then(Probation::default);
    let Some(json) = document.get("probation").filter(|json| !json.is_null()) else { return without };
    let object = members(json, place, &KNOWN, problems)?;
    if object.is_empty() {
        return without;
    }
    let mut probation = Probation::default();
    let mut count = |key: &str, min: u64, max: u64, or: u64| {
        number(object, key, place, min..=max, problems).unwrap_or(or)
    };
    probation.events = count("events", 1, PROBATION_EVENTS_MAX, probation.events);
    probation.samples_min = count("samples_min", 1, PROBATION_EVENTS_MAX, probation.samples_min);
    let extensions = u64::from(PROBATION_EXTENSIONS_MAX);
    let extend_max = count("extend_max", 0, extensions, u64::from(probation.extend_max));
    probation.extend_max = u32::try_from(extend_max).unwrap_or(PROBATION_EXTENSIONS_MAX);
    probation.time_ms = time(object, place, problems).unwrap_or(probation.time_ms);
    let inconclusive = word(object, "inconclusive", place, &["rewind", "extend", "settle"], problems);
    probation.inconclusive = match inconclusive {
        Some("rewind") => Inconclusive::Rewind,
        Some("settle") => Inconclusive::Settle,
        _ => Inconclusive::Extend,
    };
    if object.contains_key("extend_max") && probation.inconclusive != Inconclusive::Extend {
        let problem = Problem::new("/probation/extend_max", "nothing is extended here");
        problems.push(problem.help("leave it out, or write `inconclusive: extend`"));
    }
    if probation.samples_min > probation.events {
        let Probation { events, samples_min, .. } = probation;
        let message = format!("{samples_min} events can never arrive in a probation of {events} events");
        problems.push(Problem::new("/probation/samples_min", message).help("raise `events`, or lower this"));
    }
    probation.unchanged = unchanged(object, document, problems).into_iter().collect();
    Some(probation)
}

fn time(object: &Object, place: &str, problems: &mut Problems) -> Option<u64> {
    if !object.contains_key("time") {
        return None;
    }
    let text = text(object, "time", place, problems)?;
    let place = pointer::child(place, "time");
    let Some(ms) = duration::parse(text) else {
        let problem = Problem::new(place, format!("`{text}` is not a duration"));
        problems.push(problem.help("write it as `10m`, with the units ms, s, m, h, d"));
        return None;
    };
    if !(PROBATION_MS_MIN..=PROBATION_MS_MAX).contains(&ms) {
        let message = format!("a probation has {PROBATION_MS_MIN} to {PROBATION_MS_MAX} ms, not {ms}");
        problems.push(Problem::new(place, message).help("write a time from `5s` to `7d`"));
    }
    Some(ms)
}

/// The projections that are to stay as they are; each is one of this document.
fn unchanged(object: &Object, document: &Object, problems: &mut Problems) -> BTreeSet<Name> {
    let place = "/probation/unchanged";
    let mut names = BTreeSet::new();
    let list = match object.get("unchanged") {
        None => return names,
        Some(Value::Array(list)) if list.len() <= PROJECTIONS_MAX => list,
        Some(_) => {
            problems.add(place, format!("must be a list of at most {PROJECTIONS_MAX} projections"));
            return names;
        }
    };
    let has = |name: &str| document.get("projections").and_then(|all| all.get(name)).is_some();
    for (index, json) in list.iter().enumerate() {
        let place = format!("{place}/{index}");
        let Some(name) = json.as_str() else {
            problems.add(place, "must be the name of a projection");
            continue;
        };
        match Name::parse(name) {
            Ok(_) if !has(name) => {
                let problem = Problem::new(place, format!("this document has no projection `{name}`"));
                problems.push(problem.help("name one of the section `projections`"));
            }
            Ok(name) => {
                if let Some(twice) = names.replace(name) {
                    problems.add(place, format!("`{twice}` stands here twice"));
                }
            }
            Err(e) => problems.add(place, e.to_string()),
        }
    }
    names
}

pub(super) fn poison(document: &Object, problems: &mut Problems) -> Poison {
    let place = "/poison";
    let Some(json) = document.get("poison").filter(|json| !json.is_null()) else { return Poison::default() };
    let Some(object) = members(json, place, &["build", "live"], problems) else { return Poison::default() };
    let build = match word(object, "build", place, &["stop", "skip"], problems) {
        Some("skip") => PoisonBuild::Skip,
        _ => PoisonBuild::Stop,
    };
    word(object, "live", place, &["park"], problems);
    Poison { build, live: PoisonLive::Park }
}

/// The members of an object; those that are not known are problems.
fn members<'a>(json: &'a Value, place: &str, known: &[&str], problems: &mut Problems) -> Option<&'a Object> {
    let Some(object) = json.as_object() else {
        problems.add(place, format!("must be an object with {}", known.join(", ")));
        return None;
    };
    for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
        problems.add(pointer::child(place, key), format!("not known here: use {}", known.join(", ")));
    }
    Some(object)
}

/// A text that has to be there.
fn text<'a>(object: &'a Object, key: &str, place: &str, problems: &mut Problems) -> Option<&'a str> {
    match object.get(key) {
        Some(Value::String(text)) => return Some(text),
        Some(_) => problems.add(pointer::child(place, key), "must be a text"),
        None => {
            problems.push(Problem::new(place, format!("`{key}` is missing")).help(format!("add `{key}`")))
        }
    }
    None
}

/// A number, if it is there.
fn number(
    object: &Object,
    key: &str,
    place: &str,
    range: RangeInclusive<u64>,
    problems: &mut Problems,
) -> Option<u64> {
    let json = object.get(key)?;
    let number = json.as_u64().filter(|number| range.contains(number));
    if number.is_none() {
        let shown: String = json.to_string().chars().take(40).collect();
        let (min, max) = range.into_inner();
        let message = format!("must be an integer from {min} to {max}, not `{shown}`");
        problems.add(pointer::child(place, key), message);
    }
    number
}

/// One of a few words, if it is there.
fn word<'a>(
    object: &'a Object,
    key: &str,
    place: &str,
    words: &[&str],
    problems: &mut Problems,
) -> Option<&'a str> {
    let json = object.get(key)?;
    let word = json.as_str().filter(|word| words.contains(word));
    if word.is_none() {
        let words = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        problems.add(pointer::child(place, key), format!("must be {words}"));
    }
    word
}
