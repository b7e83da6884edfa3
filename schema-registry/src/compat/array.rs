//! Arrays: the schema of all items, tuples, and what is allowed beyond them.

use serde_json::Value;

use super::CompatError;
use super::bound;
use super::kind::ChangeKind::{self, *};
use super::object::{Rest, rest, rest_of};
use super::source::Node;
use super::walk::{Found, Walk};

const ADDITIONAL: Rest =
    [AdditionalItemsAdded, AdditionalItemsRemoved, AdditionalItemsExtended, AdditionalItemsNarrowed];
const UNEVALUATED: Rest =
    [UnevaluatedItemsAdded, UnevaluatedItemsRemoved, UnevaluatedItemsExtended, UnevaluatedItemsNarrowed];

/// The items of an array schema, whichever draft's words it uses.
struct Items<'a> {
    tuple: Vec<Node<'a>>,
    /// The schema of all further items.
    rest: Option<Node<'a>>,
    rest_word: &'static str,
}

impl<'a> Items<'a> {
    fn of(node: &Node<'a>) -> Items<'a> {
        let (tuple_word, rest_word) = if node.get("items").is_some_and(Value::is_array) {
            ("items", "additionalItems")
        } else {
            ("prefixItems", "items")
        };
        Items { tuple: node.list(tuple_word), rest: node.below(rest_word), rest_word }
    }
}

/// Compares two array schemas.
pub(crate) fn compare<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    found: &mut Found,
) -> Result<(), CompatError> {
    bound::compare(bound::OF_ARRAYS, old, new, found);
    unique(old, new, found);
    let (a, b) = (Items::of(old), Items::of(new));
    if a.tuple.is_empty() && b.tuple.is_empty() {
        all_items(walk, a.rest, b.rest, found)?;
    } else {
        tuples(walk, &a, &b, found)?;
        let word = if new.get(b.rest_word).is_some() { b.rest_word } else { a.rest_word };
        rest_of(walk, (old, a.rest), (new, b.rest), (word, ADDITIONAL), found)?;
    }
    rest(walk, old, new, ("unevaluatedItems", UNEVALUATED), found)
}

fn unique(old: &Node<'_>, new: &Node<'_>, found: &mut Found) {
    const WORD: &str = "uniqueItems";
    let is_unique = |node: &Node<'_>| node.get(WORD) == Some(&Value::Bool(true));
    match (is_unique(old), is_unique(new)) {
        (false, true) => found.add_at(new, WORD, UniqueItemsAdded, UniqueItemsRemoved),
        (true, false) => found.add_at(old, WORD, UniqueItemsRemoved, UniqueItemsAdded),
        _ => {}
    }
}

fn all_items<'a>(
    walk: &mut Walk<'a>,
    a: Option<Node<'a>>,
    b: Option<Node<'a>>,
    found: &mut Found,
) -> Result<(), CompatError> {
    match (a.filter(|s| !s.is_empty()), b.filter(|s| !s.is_empty())) {
        (Some(a), Some(b)) => walk.descend(found, &a, &b)?,
        (Some(a), None) => found.add(a.pointer, SchemaRemoved, SchemaAdded),
        (None, Some(b)) => found.add(b.pointer, SchemaAdded, SchemaRemoved),
        (None, None) => {}
    }
    Ok(())
}

fn tuples<'a>(
    walk: &mut Walk<'a>,
    a: &Items<'a>,
    b: &Items<'a>,
    found: &mut Found,
) -> Result<(), CompatError> {
    for (a, b) in a.tuple.iter().zip(&b.tuple) {
        walk.descend(found, a, b)?;
    }
    for item in b.tuple.iter().skip(a.tuple.len()) {
        let partial = a.rest.as_ref().filter(|rest| is_partial(rest));
        let verdict = partial.map(|rest| walk.pair(rest, item)).transpose()?;
        let schema = walk.new.resolve(item)?;
        let kind = added(a.rest.as_ref(), &schema, verdict.is_some_and(|v| v.backward));
        let back = removed(a.rest.as_ref(), &schema, verdict.is_some_and(|v| v.forward));
        found.add(item.pointer.clone(), kind, back);
    }
    for item in a.tuple.iter().skip(b.tuple.len()) {
        let partial = b.rest.as_ref().filter(|rest| is_partial(rest));
        let verdict = partial.map(|rest| walk.pair(item, rest)).transpose()?;
        let schema = walk.old.resolve(item)?;
        let kind = removed(b.rest.as_ref(), &schema, verdict.is_some_and(|v| v.backward));
        let back = added(b.rest.as_ref(), &schema, verdict.is_some_and(|v| v.forward));
        found.add(item.pointer.clone(), kind, back);
    }
    Ok(())
}

fn is_partial(rest: &Node<'_>) -> bool {
    !rest.is_empty() && !rest.is_false()
}

fn added(rest: Option<&Node<'_>>, item: &Node<'_>, covered: bool) -> ChangeKind {
    match rest {
        Some(rest) if rest.is_false() => ItemAddedToClosed,
        Some(rest) if is_partial(rest) && covered => ItemAddedIsCovered,
        Some(rest) if is_partial(rest) => ItemAddedNotCovered,
        _ if item.is_empty() => ItemWithEmptySchemaAddedToOpen,
        _ => ItemAddedToOpen,
    }
}

fn removed(rest: Option<&Node<'_>>, item: &Node<'_>, covered: bool) -> ChangeKind {
    match rest {
        Some(rest) if rest.is_false() && item.is_false() => ItemWithFalseRemovedFromClosed,
        Some(rest) if rest.is_false() => ItemRemovedFromClosed,
        Some(rest) if is_partial(rest) && covered => ItemRemovedIsCovered,
        Some(rest) if is_partial(rest) => ItemRemovedNotCovered,
        _ => ItemRemovedFromOpen,
    }
}
