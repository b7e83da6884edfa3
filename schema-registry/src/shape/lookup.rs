//! From a key to its place among an object's members, in one step.
//!
//! A table without collisions is looked for when the shape is made. Keys come from outside, so that one may
//! not be found within the tries: the members, which are ordered, are then searched.

/// How many tables are tried.
const TRIES: u64 = 64;
/// Members up to which a table is worth its place.
const MEMBERS_MAX: usize = 1024;

/// Where an object's members stand in their order.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    seed: u64,
    /// One more than the member's index; 0 for none. Empty if there is no table.
    table: Box<[u16]>,
}

impl Lookup {
    /// Of members ordered by key.
    pub(super) fn of(members: &[(Box<str>, u16)]) -> Lookup {
        if members.is_empty() || members.len() > MEMBERS_MAX {
            return Lookup::default();
        }
        let size = (members.len() * 2).next_power_of_two();
        let tables = (0..TRIES).map(|seed| (seed, if seed < TRIES / 2 { size } else { size * 4 }));
        tables.into_iter().find_map(|(seed, size)| Lookup::filled(seed, size, members)).unwrap_or_default()
    }

    fn filled(seed: u64, size: usize, members: &[(Box<str>, u16)]) -> Option<Lookup> {
        let mut lookup = Lookup { seed, table: vec![0; size].into() };
        for (number, (key, _)) in (1..).zip(members) {
            let at = lookup.place(key);
            match lookup.table.get_mut(at) {
                Some(free @ 0) => *free = number,
                _ => return None,
            }
        }
        Some(lookup)
    }

    fn place(&self, key: &str) -> usize {
        let hash = hash(key.as_bytes(), self.seed);
        // The table's size is a power of two.
        usize::try_from(hash & (self.table.len() as u64 - 1)).unwrap_or_default()
    }

    /// The index of the member with this key, if there is one; the member there may have another.
    #[inline]
    pub(super) fn find(&self, members: &[(Box<str>, u16)], key: &str) -> Option<usize> {
        if self.table.is_empty() {
            return members.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok();
        }
        let number = *self.table.get(self.place(key))?;
        usize::from(number).checked_sub(1)
    }
}

/// Mixes the key's length, its beginning and its end.
#[inline]
fn hash(key: &[u8], seed: u64) -> u64 {
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (first, last) = if key.len() < 8 {
        (key.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
    } else {
        (word(key.first_chunk()), word(key.last_chunk()))
    };
    let mixed = (first ^ last.rotate_left(29) ^ seed.wrapping_mul(0x9e37_79b9) ^ (key.len() as u64) << 56)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keys: impl Iterator<Item = String>) {
        let mut keys: Vec<String> = keys.collect();
        keys.sort();
        let members: Vec<(Box<str>, u16)> = keys.iter().map(|key| (key.as_str().into(), 0)).collect();
        let lookup = Lookup::of(&members);
        for (index, key) in keys.iter().enumerate() {
            assert_eq!(lookup.find(&members, key), Some(index), "{key}");
        }
        let other = lookup.find(&members, "\u{0}no such key").and_then(|index| members.get(index));
        assert!(other.is_none_or(|(key, _)| key.as_ref() != "\u{0}no such key"));
    }

    #[test]
    fn every_key_is_found() {
        check(std::iter::empty());
        check(["", "a", "ä", "0", "a/b"].map(str::to_owned).into_iter());
        check((0..300).map(|n| format!("key-{n}")));
        check((0..2000).map(|n| format!("k{n}")));
        // The same beginning, end and length: no table tells them apart.
        check((0..9).map(|n| format!("beginning-{n}-and-the-end")));
    }
}
