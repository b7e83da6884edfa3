//! The tree in memory, as the hashes of its tiles.
//!
//! ```text
//! level 0   leaf hashes                          256 a tile
//! level 1   one hash per full tile of level 0    256 a tile
//! ...
//! ```
//!
//! 32 bytes for each leaf and an eighth of a byte for what lies above. Nodes between two levels are hashed
//! anew when a proof needs them: at most a tile's 255 for each level, on both sides of the path.
//!
//! # Invariants
//!
//! 1. Level `l + 1` has one hash for each full tile of level `l`, and nothing else.
//! 2. What was pushed never changes, so that the root of every earlier size can be told.

use crate::merkle::{Hash, split};

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 256;
/// Levels of the tree in a tile.
const TILE_HEIGHT: u32 = 8;

/// A tree that grows at its end.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    levels: Vec<Level>,
}

/// One level of tiles. Tiles are allocations of their own, so that growing copies nothing.
#[derive(Clone, Debug, Default)]
struct Level {
    tiles: Vec<Vec<Hash>>,
}

impl Level {
    fn len(&self) -> u64 {
        let full = self.tiles.len().saturating_sub(1) * TILE_WIDTH;
        (full + self.tiles.last().map_or(0, Vec::len)) as u64
    }

    /// Takes a hash in; the full tile's hash, if it is full now.
    fn push(&mut self, hash: Hash) -> Option<Hash> {
        if self.tiles.last().is_none_or(|tile| tile.len() == TILE_WIDTH) {
            self.tiles.push(Vec::with_capacity(TILE_WIDTH));
        }
        let tile = self.tiles.last_mut()?;
        tile.push(hash);
        (tile.len() == TILE_WIDTH).then(|| perfect(tile))
    }

    /// `count` hashes from `start` on, which lie in one tile.
    fn slice(&self, start: u64, count: usize) -> Option<&[Hash]> {
        let start = usize::try_from(start).ok()?;
        let tile = self.tiles.get(start / TILE_WIDTH)?;
        let within = start % TILE_WIDTH;
        tile.get(within..within + count)
    }
}

/// The root over a power of two of hashes.
fn perfect(hashes: &[Hash]) -> Hash {
    let mut row: Vec<Hash> = pairs(hashes);
    while row.len() > 1 {
        row = pairs(&row);
    }
    row.first().copied().unwrap_or_else(Hash::of_nothing)
}

fn pairs(row: &[Hash]) -> Vec<Hash> {
    if let [only] = row {
        return vec![*only];
    }
    let (pairs, _) = row.as_chunks::<2>();
    pairs.iter().map(|[left, right]| Hash::of_node(*left, *right)).collect()
}

impl Tree {
    /// A tree without leaves.
    pub fn new() -> Tree {
        Tree::default()
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, Level::len)
    }

    /// Adds a leaf, by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut carried = Some(leaf);
        for level in &mut self.levels {
            let Some(hash) = carried else { return };
            carried = level.push(hash);
        }
        while let Some(hash) = carried {
            let mut level = Level::default();
            carried = level.push(hash);
            self.levels.push(level);
        }
    }

    /// The hash of the leaf with an index.
    pub fn leaf(&self, index: u64) -> Option<Hash> {
        self.levels.first()?.slice(index, 1)?.first().copied()
    }

    /// The root over everything.
    pub fn root(&self) -> Hash {
        self.root_at(self.size()).unwrap_or_else(Hash::of_nothing)
    }

    /// The root over the first `size` leaves; `None` if there are fewer.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        match size {
            0 => Some(Hash::of_nothing()),
            _ if size > self.size() => None,
            _ => self.range(0, size),
        }
    }

    /// The path from a leaf up to the root over the first `size` leaves, as RFC 6962, section 2.1.1, has
    /// it; `None` if the leaf is not among them, or there are fewer.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut path, mut begin, mut index, mut size) = (Vec::new(), 0, index, size);
        while size > 1 {
            let half = split(size);
            if index < half {
                path.push(self.range(begin + half, size - half)?);
                size = half;
            } else {
                path.push(self.range(begin, half)?);
                (begin, index, size) = (begin + half, index - half, size - half);
            }
        }
        path.reverse();
        Some(path)
    }

    /// The proof that the first `new` leaves begin with the first `old`, as RFC 6962, section 2.1.2, has
    /// it; `None` if `old` is 0 or more than `new`, or there are fewer leaves than `new`.
    pub fn consistency(&self, old: u64, new: u64) -> Option<Vec<Hash>> {
        if old == 0 || old > new || new > self.size() {
            return None;
        }
        let (mut path, mut begin, mut old, mut size, mut whole) = (Vec::new(), 0, old, new, true);
        while old != size {
            let half = split(size);
            if old <= half {
                path.push(self.range(begin + half, size - half)?);
                size = half;
            } else {
                path.push(self.range(begin, half)?);
                (begin, old, size, whole) = (begin + half, old - half, size - half, false);
            }
        }
        if !whole {
            path.push(self.range(begin, size)?);
        }
        path.reverse();
        Some(path)
    }

    /// `width` hashes of the tile `index` of a level, as they are served; `None` if there are not so many.
    pub fn tile(&self, level: u32, index: u64, width: usize) -> Option<&[Hash]> {
        let start = index.checked_mul(TILE_WIDTH as u64)?;
        self.levels.get(usize::try_from(level).ok()?)?.slice(start, width)
    }

    /// The root over `size` leaves from `begin` on. `begin` is a multiple of the largest power of two up to
    /// `size`, as it is wherever the RFC cuts.
    fn range(&self, begin: u64, size: u64) -> Option<Hash> {
        let (mut parts, mut begin, mut left) = (Vec::new(), begin, size);
        while left > 0 {
            let height = 63 - left.leading_zeros();
            parts.push(self.subtree(height, begin)?);
            begin += 1 << height;
            left -= 1 << height;
        }
        let last = parts.pop()?;
        Some(parts.into_iter().rev().fold(last, |right, left| Hash::of_node(left, right)))
    }

    /// The root over the `2^height` leaves from `begin` on.
    fn subtree(&self, height: u32, begin: u64) -> Option<Hash> {
        let (level, above) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let level_at = self.levels.get(usize::try_from(level).ok()?)?;
        Some(perfect(level_at.slice(begin >> (level * TILE_HEIGHT), 1 << above)?))
    }
}
