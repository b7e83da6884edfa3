//! How much two fields look like one: their names, and what may stand in them.

use std::collections::BTreeSet;

use super::place::Place;

/// Bytes of a name that are compared letter by letter.
const NAME_BYTES_MAX: usize = 64;

/// How alike two names are, from 0 to 100: by the letters that have to be changed, or by the words that
/// both have, whichever says more.
pub(super) fn names(old: &str, new: &str) -> u32 {
    let (a, b) = (words(old), words(new));
    if a == b {
        return 100;
    }
    let (a, b): (BTreeSet<&String>, BTreeSet<&String>) = (a.iter().collect(), b.iter().collect());
    let shared = share(a.intersection(&b).count(), a.union(&b).count());
    letters(old, new).max(shared)
}

/// The words of a name in small letters: `givenName`, `given_name` and `given-name` have the same.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        let starts = !c.is_alphanumeric() || (c.is_uppercase() && small);
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        small = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// 100 less the letters that have to be put in, taken out or replaced, in percent of the longer name.
fn letters(old: &str, new: &str) -> u32 {
    if old.len() > NAME_BYTES_MAX || new.len() > NAME_BYTES_MAX {
        return 0;
    }
    let new: Vec<char> = new.to_lowercase().chars().collect();
    let old = old.to_lowercase();
    let mut row: Vec<usize> = (0..=new.len()).collect();
    for (n, a) in old.chars().enumerate() {
        let mut next = vec![n + 1];
        for (pair, b) in row.windows(2).zip(&new) {
            let &[above_left, above] = pair else { continue };
            let left = next.last().copied().unwrap_or(0);
            next.push((above_left + usize::from(a != *b)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    let longer = old.chars().count().max(new.len());
    100 - share(row.last().copied().unwrap_or(longer).min(longer), longer)
}

/// The part of a whole in percent; everything, of nothing.
fn share(part: usize, whole: usize) -> u32 {
    (part * 100).checked_div(whole).and_then(|share| u32::try_from(share).ok()).unwrap_or(100)
}

/// How alike what may stand at two places is, from 0 to 100; 0 if nothing may stand at both.
pub(super) fn shapes(old: &Place<'_>, new: &Place<'_>) -> u32 {
    if old.types.is_disjoint(&new.types) {
        return 0;
    }
    let mut alike = vec![if old.types == new.types { 100 } else { 40 }];
    alike.push(if old.null == new.null { 100 } else { 60 });
    alike.push(if old.word("format") == new.word("format") { 100 } else { 30 });
    if old.listed().is_some() || new.listed().is_some() {
        alike.push(listed(old, new));
    }
    if old.types.contains("object") && new.types.contains("object") {
        let (a, b) = (old.properties(), new.properties());
        let both = a.keys().filter(|key| b.contains_key(*key)).count();
        let share = share(both, a.len() + b.len() - both);
        alike.extend([share, share]);
    }
    let count = u32::try_from(alike.len()).unwrap_or(1);
    alike.into_iter().sum::<u32>() / count
}

/// How many of the listed values both list.
fn listed(old: &Place<'_>, new: &Place<'_>) -> u32 {
    let (Some(a), Some(b)) = (old.listed(), new.listed()) else { return 30 };
    let both = a.iter().filter(|value| b.contains(value)).count();
    share(both, a.len() + b.len() - both)
}

/// Whether both places have the same description, and have one.
pub(super) fn described_alike(old: &Place<'_>, new: &Place<'_>) -> bool {
    let text =
        |place: &Place<'_>| place.word("description").and_then(|text| text.as_str()).map(str::to_owned);
    text(old).is_some_and(|old| !old.is_empty() && text(new) == Some(old))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_by_letters_or_by_words() {
        for (a, b, expect) in [
            ("givenName", "given_name", 100),
            ("mail", "email", 80),
            ("user_id", "id", 50),
            ("name", "locale", 34),
            ("", "a", 0),
            ("", "", 100),
        ] {
            assert_eq!(names(a, b), expect, "{a} and {b}");
        }
    }
}
