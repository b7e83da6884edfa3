//! The names of tiles, as C2SP tlog-tiles has them: `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]`.

use std::fmt;

use crate::merkle::TILE_WIDTH;

/// The highest level that a tile may name.
pub const TILE_LEVEL_MAX: u32 = 63;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileKind {
    /// Hashes of a level.
    Level(u32),
    /// The entries themselves.
    Entries,
}

/// Which tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileName {
    /// What it holds.
    pub kind: TileKind,
    /// Which one of its kind, from 0.
    pub index: u64,
    /// How many hashes or entries: [`TILE_WIDTH`] if it is full.
    pub width: usize,
}

impl TileName {
    /// Reads what stands after `tile/`. A name has one spelling, and any other is refused.
    pub fn parse(path: &str) -> Option<TileName> {
        let (kind, rest) = path.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Level(u32::try_from(decimal(level)?).ok().filter(|l| *l <= TILE_LEVEL_MAX)?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => {
                let width = usize::try_from(decimal(width)?).ok();
                (index, width.filter(|width| (1..TILE_WIDTH).contains(width))?)
            }
            None => (rest, TILE_WIDTH),
        };
        let name = TileName { kind, index: digits(index)?, width };
        (name.to_string().strip_prefix("tile/") == Some(path)).then_some(name)
    }

    /// The tiles that a tree of `size` leaves consists of: full ones, and the partial one at the end of
    /// each level.
    pub fn of_size(size: u64, kind: TileKind) -> impl Iterator<Item = TileName> {
        let width = TILE_WIDTH as u64;
        let level = if let TileKind::Level(level) = kind { level } else { 0 };
        let hashes = width.checked_pow(level).map_or(0, |span| size / span);
        let (full, partial) = (hashes / width, usize::try_from(hashes % width).unwrap_or_default());
        let full_ones = (0..full).map(move |index| TileName { kind, index, width: TILE_WIDTH });
        full_ones.chain((partial > 0).then_some(TileName { kind, index: full, width: partial }))
    }
}

impl fmt::Display for TileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Level(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut left = self.index / 1000;
        while left > 0 {
            groups.push(left % 1000);
            left /= 1000;
        }
        for (at, group) in groups.iter().enumerate().rev() {
            if at > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if self.width < TILE_WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// A decimal number without leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (all_digits && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

/// The number in groups of three digits; whether they are spelt as they must be is checked by writing it.
fn digits(path: &str) -> Option<u64> {
    path.split('/').try_fold(0_u64, |sum, group| {
        let group = group.strip_prefix('x').unwrap_or(group);
        let all_digits = group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
        let group: u64 = all_digits.then(|| group.parse().ok()).flatten()?;
        sum.checked_mul(1000)?.checked_add(group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_one_name() {
        for (path, kind, index, width) in [
            ("0/000", TileKind::Level(0), 0, 256),
            ("0/x001/x234/067", TileKind::Level(0), 1_234_067, 256),
            ("2/999.p/255", TileKind::Level(2), 999, 255),
            ("entries/x001/000.p/1", TileKind::Entries, 1000, 1),
            ("63/000.p/1", TileKind::Level(63), 0, 1),
        ] {
            let name = TileName { kind, index, width };
            assert_eq!(TileName::parse(path), Some(name), "{path}");
            assert_eq!(name.to_string(), format!("tile/{path}"));
        }
        let refused = [
            "",
            "0",
            "0/",
            "0/0",
            "0/0000",
            "00/000",
            "64/000",
            "-1/000",
            "0/x000/001",
            "0/001/001",
            "0/x001",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p/",
            "0/000.p/1/",
            "data/000",
            "0/+01",
            "0/٠٠٠",
            "0/x999/x999/x999/x999/x999/x999/999",
        ];
        for path in refused {
            assert_eq!(TileName::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_that_the_specification_counts() {
        let count = |kind| TileName::of_size(70_000, kind).collect::<Vec<_>>();
        let last = |kind| count(kind).last().map(|t| (t.index, t.width));
        assert_eq!((count(TileKind::Level(0)).len(), last(TileKind::Level(0))), (274, Some((273, 112))));
        assert_eq!((count(TileKind::Level(1)).len(), last(TileKind::Level(1))), (2, Some((1, 17))));
        assert_eq!((count(TileKind::Level(2)).len(), last(TileKind::Level(2))), (1, Some((0, 1))));
        assert_eq!(count(TileKind::Level(3)).len(), 0);
        assert_eq!(count(TileKind::Level(63)).len(), 0);
        let exact = TileName::of_size(256, TileKind::Level(0)).collect::<Vec<_>>();
        assert_eq!(exact, [TileName { kind: TileKind::Level(0), index: 0, width: 256 }]);
    }
}
