//! `allOf`, `anyOf`, `oneOf` and `not`.
//!
//! A schema without branches counts as a list of one where it is compared with a list, and a list of types
//! as one branch per type.

use super::kind::ChangeKind::{self, *};
use super::matching;
use super::source::Node;
use super::walk::{Found, Verdict, Walk};
use super::{BRANCHES_MAX, CompatError};

const CRITERIA: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Compares two schemas as lists of branches, if that is what they are; says whether it did.
pub(crate) fn as_lists<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    found: &mut Found,
) -> Result<bool, CompatError> {
    let (a, b) = (pure(old), pure(new));
    let plain = |node: &Node<'_>| CRITERIA.iter().all(|word| node.get(word).is_none());
    let (a, b, criterion) = match (a, b) {
        (Some(a), Some(b)) => {
            let (old_list, new_list) = (old.list(a), new.list(b));
            if a != b {
                let kind = criterion_changed((a, old_list.len()), (b, new_list.len()));
                let back = criterion_changed((b, new_list.len()), (a, old_list.len()));
                found.add_at(new, b, kind, back);
            }
            (old_list, new_list, if a == b { Some(b) } else { None })
        }
        (None, Some(b)) if plain(old) => (split(old, b), new.list(b), Some(b)),
        (Some(a), None) if plain(new) => (old.list(a), split(new, a), Some(a)),
        _ => return Ok(false),
    };
    lists(walk, (&a, &b), criterion, new, found)?;
    Ok(true)
}

/// The one criterion of a schema that is nothing but a list of branches.
fn pure(node: &Node<'_>) -> Option<&'static str> {
    CRITERIA.into_iter().find(|word| node.get(word).is_some() && node.has_only(&[word]))
}

/// A plain schema as a list.
fn split<'a>(node: &Node<'a>, criterion: &str) -> Vec<Node<'a>> {
    match node.declared() {
        Some(types) if types.len() > 1 && criterion != "allOf" => {
            types.into_iter().map(|only| Node { only: Some(only), ..node.clone() }).collect()
        }
        _ => vec![node.clone()],
    }
}

fn criterion_changed((a, a_count): (&str, usize), (b, b_count): (&str, usize)) -> ChangeKind {
    match (a, b) {
        ("oneOf" | "allOf", "anyOf") => CombinedTypeExtended,
        (_, "oneOf" | "anyOf") if a_count == 1 => CombinedTypeExtended,
        ("allOf", _) if b_count == 1 => CombinedTypeExtended,
        _ => CombinedTypeChanged,
    }
}

/// Compares the branches that stand beside other constraints.
pub(crate) fn compare<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    found: &mut Found,
) -> Result<(), CompatError> {
    for word in CRITERIA {
        let (mut a, mut b) = (old.list(word), new.list(word));
        if word == "allOf" {
            // A reference beside other constraints is one more schema to be met.
            if let Some((_, reference)) = old.reference() {
                a.push(walk.old.target(old, reference)?);
            }
            if let Some((_, reference)) = new.reference() {
                b.push(walk.new.target(new, reference)?);
            }
        }
        match (a.is_empty(), b.is_empty()) {
            (true, true) => {}
            (true, false) => found.add_at(new, word, ProductTypeExtended, ProductTypeNarrowed),
            (false, true) => found.add_at(old, word, ProductTypeNarrowed, ProductTypeExtended),
            (false, false) => lists(walk, (&a, &b), Some(word), new, found)?,
        }
    }
    Ok(())
}

/// What fits what between two lists: in both directions, and the pairs that need no further look.
struct Relation {
    backward: Vec<Vec<bool>>,
    forward: Vec<Vec<bool>>,
    equal: Vec<(usize, usize)>,
}

/// Compares two lists of branches; the number of branches counts only under one criterion.
fn lists<'a>(
    walk: &mut Walk<'a>,
    (a, b): (&[Node<'a>], &[Node<'a>]),
    criterion: Option<&str>,
    at: &Node<'a>,
    found: &mut Found,
) -> Result<(), CompatError> {
    if let ([a], [b]) = (a, b) {
        return walk.descend(found, a, b);
    }
    for list in [a, b] {
        if list.len() > BRANCHES_MAX {
            let (pointer, branches) = (at.pointer.clone(), list.len());
            return Err(CompatError::TooManyBranches { pointer, branches, branches_max: BRANCHES_MAX });
        }
    }
    let relation = relate(walk, a, b)?;
    let smaller = a.len().min(b.len());
    let backward = complete(&relation, &relation.backward, b.len());
    let forward = complete(&relation, &relation.forward, b.len());
    let is_product = criterion == Some("allOf");
    let by_backward = match a.len().cmp(&b.len()) {
        std::cmp::Ordering::Less => !is_product,
        std::cmp::Ordering::Greater => is_product,
        std::cmp::Ordering::Equal => backward.len() == smaller,
    };
    let pairs = if by_backward { backward } else { forward };
    if pairs.len() < smaller {
        let kind = CombinedTypeSubschemasChanged;
        found.add(at.pointer.clone(), kind, kind);
        return namesakes(walk, a, b, found);
    }
    match (criterion.is_some(), a.len().cmp(&b.len()), is_product) {
        (true, std::cmp::Ordering::Less, false) => {
            found.add(at.pointer.clone(), SumTypeExtended, SumTypeNarrowed)
        }
        (true, std::cmp::Ordering::Greater, false) => {
            found.add(at.pointer.clone(), SumTypeNarrowed, SumTypeExtended);
        }
        (true, std::cmp::Ordering::Less, true) => {
            found.add(at.pointer.clone(), ProductTypeExtended, ProductTypeNarrowed);
        }
        (true, std::cmp::Ordering::Greater, true) => {
            found.add(at.pointer.clone(), ProductTypeNarrowed, ProductTypeExtended);
        }
        _ => {}
    }
    for (row, column) in pairs {
        if let (Some(a), Some(b)) = (a.get(row), b.get(column)) {
            walk.descend(found, a, b)?;
        }
    }
    Ok(())
}

/// Adds what changed between branches that are called alike, where the lists as a whole do not fit: it says
/// why they do not.
fn namesakes<'a>(
    walk: &mut Walk<'a>,
    a: &[Node<'a>],
    b: &[Node<'a>],
    found: &mut Found,
) -> Result<(), CompatError> {
    for old in a {
        if let Some(new) = b.iter().find(|new| alike(old, new)) {
            walk.descend(found, old, new)?;
        }
    }
    Ok(())
}

/// The pairs that are equal already, and as many more as fit.
fn complete(relation: &Relation, fits: &[Vec<bool>], columns: usize) -> Vec<(usize, usize)> {
    let mut pairs = relation.equal.clone();
    pairs.extend(matching::maximum(fits, columns));
    pairs.sort_unstable();
    pairs
}

/// Compares branches with branches: first those that are likely to be the same, then what is left with all
/// that is left. Taking a pair that fits both ways never makes a matching smaller.
fn relate<'a>(walk: &mut Walk<'a>, a: &[Node<'a>], b: &[Node<'a>]) -> Result<Relation, CompatError> {
    let mut equal: Vec<(usize, usize)> = Vec::new();
    let mut taken = vec![false; b.len()];
    for (row, old) in a.iter().enumerate() {
        for (column, new) in b.iter().enumerate() {
            let free = taken.get(column) == Some(&false);
            if free && (row == column || alike(old, new)) && walk.pair(old, new)? == Verdict::FULL {
                equal.push((row, column));
                taken.iter_mut().skip(column).take(1).for_each(|taken| *taken = true);
                break;
            }
        }
    }
    let blank = || vec![vec![false; b.len()]; a.len()];
    let (mut backward, mut forward) = (blank(), blank());
    let rows = backward.iter_mut().zip(&mut forward).zip(a).enumerate();
    for (row, ((backward, forward), old)) in rows {
        if equal.iter().any(|(taken, _)| *taken == row) {
            continue;
        }
        let cells = backward.iter_mut().zip(forward.iter_mut()).zip(b).zip(&taken);
        for (((backward, forward), new), _) in cells.filter(|(_, taken)| !**taken) {
            let verdict = walk.pair(old, new)?;
            (*backward, *forward) = (verdict.backward, verdict.forward);
        }
    }
    Ok(Relation { backward, forward, equal })
}

/// Whether two branches are called alike.
fn alike(a: &Node<'_>, b: &Node<'_>) -> bool {
    ["$ref", "title"].iter().any(|word| a.get(word).is_some() && a.get(word) == b.get(word))
}

/// Compares `not`: what it refuses grows as its schema does.
pub(crate) fn negation<'a>(
    walk: &mut Walk<'a>,
    old: &Node<'a>,
    new: &Node<'a>,
    found: &mut Found,
) -> Result<(), CompatError> {
    match (old.below("not"), new.below("not")) {
        (Some(a), Some(b)) => {
            let Verdict { backward, forward } = walk.pair(&a, &b)?;
            match (backward, forward) {
                (true, true) => {}
                (false, true) => found.add(b.pointer, NotTypeNarrowed, NotTypeExtended),
                (true, false) => found.add(b.pointer, NotTypeExtended, NotTypeNarrowed),
                (false, false) => found.add(b.pointer, NotTypeExtended, NotTypeExtended),
            }
        }
        (Some(a), None) => found.add(a.pointer, ProductTypeNarrowed, ProductTypeExtended),
        (None, Some(b)) => found.add(b.pointer, ProductTypeExtended, ProductTypeNarrowed),
        (None, None) => {}
    }
    Ok(())
}
