//! Records packed together: what one group commit writes, and what a replay reads.
//!
//! ```text
//! 0        4        6        8              16       20       24
//! | "SSLB" | format | 0      | first        | count  | crc32c | rkyv archive of Vec<Record> …
//!   magic    u16      u16      u64            u32      u32
//! ```
//!
//! Integers are little endian. The checksum (CRC-32C, RFC 3720 appendix B.4) covers every byte of the
//! block but its own four. The archive is rkyv 0.8, unaligned, little endian, 32-bit relative pointers.
//! A block is read in place: [`Block::view`] checks everything once and hands out the archived records.

use rkyv::rancor;
use rkyv::vec::ArchivedVec;
use thiserror::Error;

use crate::position::Position;
use crate::record::{ArchivedRecord, Record};

/// The number of the format that this program writes. Each released number stays readable.
pub const FORMAT: u16 = 1;
/// Bytes before the archive.
pub const HEADER_LEN: usize = 24;
/// The most records in one block.
pub const RECORDS_MAX: usize = 1024;
const MAGIC: &[u8; 4] = b"SSLB";

/// Why bytes are not a block.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BlockError {
    /// Too short, or another magic number.
    #[error("these {len} bytes are not a block of a Selfsame log")]
    NotABlock {
        /// Bytes there are.
        len: usize,
    },
    /// Written by a later program.
    #[error("the block has format {found}, and this program reads up to {FORMAT}: use a newer one")]
    Format {
        /// The number in the block.
        found: u16,
    },
    /// Bytes changed after they were written.
    #[error("the block at {first} is damaged: its checksum is {found:08x} and should be {expected:08x}")]
    Checksum {
        /// The position that the header names.
        first: Position,
        /// Over the bytes there are.
        found: u32,
        /// In the header.
        expected: u32,
    },
    /// The checksum holds, and the content is not what a block has.
    #[error("the block at {first} is not well formed: {reason}")]
    Malformed {
        /// The position that the header names.
        first: Position,
        /// What is wrong.
        reason: String,
    },
}

/// A block's bytes, made from records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block(Vec<u8>);

impl Block {
    /// Packs the records.
    ///
    /// # Panics
    ///
    /// If there are none or more than [`RECORDS_MAX`], or their positions are not gapless: the sequencer
    /// gives positions, so this would be its bug.
    pub fn pack(records: &Vec<Record>) -> Block {
        assert!((1..=RECORDS_MAX).contains(&records.len()), "a block of {} records", records.len());
        let first = records.first().map_or(0, |r| r.position);
        let gapless = records.iter().zip(first..).all(|(r, at)| r.position == at);
        assert!(gapless, "positions in the block at #{first} are not gapless");
        let mut bytes = vec![0; HEADER_LEN];
        let archive = rkyv::to_bytes::<rancor::Error>(records);
        // Writing to memory fails only if a block outgrew 2 GiB, which the sequencer's limits rule out.
        #[expect(clippy::expect_used, reason = "only a bug can make a block of 2 GiB")]
        bytes.extend_from_slice(&archive.expect("a block under 2 GiB archives"));
        let count = records.len() as u64;
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 4, &FORMAT.to_le_bytes());
        put(&mut bytes, 8, &first.to_le_bytes());
        put(&mut bytes, 16, &count.to_le_bytes()[..4]);
        let crc = checksum(&bytes);
        put(&mut bytes, 20, &crc.to_le_bytes());
        Block(bytes)
    }

    /// The position of its first record.
    pub fn first(&self) -> Position {
        Position::new(u64::from_le_bytes(field(&self.0, 8)))
    }

    /// The position of its last record.
    pub fn last(&self) -> Position {
        let count = u64::from(u32::from_le_bytes(field(&self.0, 16)));
        Position::new(self.first().get() + count - 1)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads a block in place, after checking format, checksum, archive and positions.
    ///
    /// # Errors
    ///
    /// If any of these does not hold.
    pub fn view(bytes: &[u8]) -> Result<BlockView<'_>, BlockError> {
        let not_a_block = BlockError::NotABlock { len: bytes.len() };
        let (Some(header), Some(archive)) = (bytes.get(..HEADER_LEN), bytes.get(HEADER_LEN..)) else {
            return Err(not_a_block);
        };
        if !header.starts_with(MAGIC) {
            return Err(not_a_block);
        }
        let first = Position::new(u64::from_le_bytes(field(header, 8)));
        let found = u16::from_le_bytes(field(header, 4));
        if found != FORMAT {
            return Err(BlockError::Format { found });
        }
        let expected = u32::from_le_bytes(field(header, 20));
        let found = checksum(bytes);
        if found != expected {
            return Err(BlockError::Checksum { first, found, expected });
        }
        let malformed = |reason: String| BlockError::Malformed { first, reason };
        let records = rkyv::access::<ArchivedVec<ArchivedRecord>, rancor::Error>(archive)
            .map_err(|e| malformed(e.to_string()))?;
        let count = u32::from_le_bytes(field(header, 16));
        if records.is_empty() || records.len() as u64 != u64::from(count) {
            return Err(malformed(format!("{} records where the header says {count}", records.len())));
        }
        if !records.iter().zip(first.get()..).all(|(r, at)| r.position.to_native() == at) {
            return Err(malformed("its positions are not gapless".to_owned()));
        }
        Ok(BlockView { first, records })
    }
}

/// A block that was checked and is read where it lies.
#[derive(Clone, Copy)]
pub struct BlockView<'a> {
    first: Position,
    records: &'a ArchivedVec<ArchivedRecord>,
}

impl<'a> BlockView<'a> {
    /// The position of its first record.
    pub fn first(&self) -> Position {
        self.first
    }

    /// The position of its last record.
    pub fn last(&self) -> Position {
        Position::new(self.first.get() + self.records.len() as u64 - 1)
    }

    /// Its records, in order.
    pub fn records(&self) -> &'a [ArchivedRecord] {
        self.records.as_slice()
    }
}

/// CRC-32C over everything but the checksum's own bytes.
fn checksum(bytes: &[u8]) -> u32 {
    let (before, rest) = bytes.split_at(20.min(bytes.len()));
    crc32c::crc32c_append(crc32c::crc32c(before), rest.get(4..).unwrap_or_default())
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + field.len()) {
        place.copy_from_slice(field);
    }
}

/// The bytes at `at`; the caller has checked that the header is whole.
fn field<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    if let Some(bytes) = header.get(at..at + N) {
        out.copy_from_slice(bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Body, Event};
    use crate::row::{Extra, Row, RowRead};
    use crate::value::{Value, ValueRef};

    fn event(position: u64) -> Record {
        let row = Row {
            slots: vec![Value::Object, Value::Int(7), Value::Text("a longer text than eight".into())],
            extras: vec![Extra { host: 0, key: "x".into(), json: "[1,2]".into() }],
        };
        let event = Event {
            event_type: "user.registered".into(),
            key: "u1".into(),
            source: "/web".into(),
            id: position.to_string(),
            version: 1,
            occurred_us: Some(5),
            fingerprint: [9; 16],
            tray: None,
            attributes: vec![],
            row,
        };
        Record { position, time_us: 10, principal: "web".into(), body: Body::Event(event) }
    }

    #[test]
    fn records_are_read_back_in_place() {
        let records = vec![event(7), event(8)];
        let block = Block::pack(&records);
        let view = Block::view(block.as_bytes()).expect("a block");
        assert_eq!((view.first(), view.last()), (Position::new(7), Position::new(8)));
        assert_eq!((block.first(), block.last()), (view.first(), view.last()));
        let read = view.records()[1].event().expect("an event");
        assert_eq!(read.row.slot(2), ValueRef::Text("a longer text than eight"));
        assert_eq!(read.row.slot(99), ValueRef::Absent);
        assert_eq!(read.row.extra(0), Some((0, "x", "[1,2]")));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let block = Block::pack(&vec![event(1)]);
        for at in 0..block.as_bytes().len() {
            let mut bytes = block.as_bytes().to_vec();
            bytes[at] ^= 0x20;
            assert!(Block::view(&bytes).is_err(), "byte {at}");
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let block = Block::pack(&vec![event(1)]);
        for len in 0..block.as_bytes().len() {
            assert!(Block::view(&block.as_bytes()[..len]).is_err(), "cut to {len} bytes");
        }
    }

    #[test]
    fn a_later_format_is_named() {
        let mut bytes = Block::pack(&vec![event(1)]).as_bytes().to_vec();
        bytes[4] = 9;
        assert_eq!(Block::view(&bytes).err(), Some(BlockError::Format { found: 9 }));
    }
}
