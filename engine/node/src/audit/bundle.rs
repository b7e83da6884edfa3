//! Bundles of entries, read from the log.

use std::ops::ControlFlow;

use selfsame_log::{Log, ReadError};
use selfsame_record::Position;
use selfsame_record::entry::EntryWriter;
use selfsame_record::merkle::TILE_WIDTH;

/// The entries of a bundle: each with its length before it, as C2SP tlog-tiles has them. Fewer than `width` if
/// the log has fewer.
///
/// # Errors
///
/// If the log cannot be read.
pub fn bundle(log: &dyn Log, index: u64, width: usize) -> Result<Vec<u8>, ReadError> {
    let (mut bytes, mut entry, mut left) = (Vec::new(), EntryWriter::new(), width);
    let Some(first) = index.checked_mul(TILE_WIDTH as u64).and_then(|first| first.checked_add(1)) else {
        return Ok(bytes);
    };
    log.scan(Position::new(first), &mut |records| {
        for record in records.iter().take(left) {
            entry.write(record);
            // An entry fits in by its form: a long body is not in it.
            let len = u16::try_from(entry.entry().len()).unwrap_or(u16::MAX);
            bytes.extend_from_slice(&len.to_be_bytes());
            bytes.extend_from_slice(entry.entry());
        }
        left = left.saturating_sub(records.len());
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(bytes)
}
