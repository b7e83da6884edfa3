//! What a version did to something, in a few words.

use serde_json::Value;

use super::Side;
use crate::json::pointer;
use crate::lens::Way;

/// Operations that are listed.
const OPS_SHOWN_MAX: usize = 4;
/// Characters of a value that is shown.
const VALUE_SHOWN_MAX: usize = 60;

/// What the base has.
pub(super) fn base(value: Option<&Value>) -> String {
    if value.is_some() { "it is there in the base" } else { "it is not there in the base" }.to_owned()
}

/// What became of a value.
pub(super) fn value(base: Option<&Value>, now: Option<&Value>, no: &str) -> String {
    match (base, now) {
        (Some(_), None) => format!("{no} removed it"),
        (None, Some(_)) => format!("{no} added it"),
        (Some(base), Some(now)) if base != now => format!("{no} changed it: {}", difference(base, now, "")),
        _ => format!("{no} left it as it was"),
    }
}

/// What became of an event type.
pub(super) fn event(base: Option<&Value>, now: Option<&Value>, name: &str, side: &Side<'_>) -> String {
    let no = &side.no;
    if let (None, Some(fate)) = (now, side.course.fate(name)) {
        return format!("{no} renamed it to `{fate}`");
    }
    let Some(origin) = side.course.origin(name).filter(|_| now.is_some()) else {
        return value(base, now, no);
    };
    if origin.from != name {
        return format!("{no} renamed `{}` to it", origin.from);
    }
    let texts = origin.lenses.iter().flat_map(|(way, ops)| {
        ops.iter().map(move |op| if *way == Way::Up { op.forward() } else { op.backward() })
    });
    let texts: Vec<String> = texts.map(|op| format!("`{op}`")).collect();
    if texts.is_empty() {
        return value(base, now, no);
    }
    let more = texts.len().saturating_sub(OPS_SHOWN_MAX);
    let shown = texts.into_iter().take(OPS_SHOWN_MAX).collect::<Vec<_>>().join(", ");
    if more > 0 {
        format!("{no} changed it by {shown} and {more} more")
    } else {
        format!("{no} changed it by {shown}")
    }
}

/// The first place at which two values differ. A document's depth bounds how deep that is.
fn difference(base: &Value, now: &Value, place: &str) -> String {
    if let (Value::Object(old), Value::Object(new)) = (base, now) {
        for (key, new) in new {
            let place = pointer::child(place, key);
            match old.get(key) {
                Some(old) if old != new => return difference(old, new, &place),
                Some(_) => {}
                None => return format!("`{place}` was added"),
            }
        }
        if let Some(gone) = old.keys().find(|key| !new.contains_key(*key)) {
            return format!("`{}` was removed", pointer::child(place, gone));
        }
    }
    let shown: String = now.to_string().chars().take(VALUE_SHOWN_MAX).collect();
    if place.is_empty() { format!("it became `{shown}`") } else { format!("`{place}` became `{shown}`") }
}
