//! A log that fails on a schedule, around one that works.
//!
//! Faults happen as a caller would meet them: an append that fails halts the log, and
//! [`reopen`](FaultyLog::reopen) is the restart after it. What a failed append leaves behind is either
//! nothing or the whole block, as the trait allows, and the schedule says which.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::{io, thread};

use parking_lot::Mutex;
use selfsame_record::{ArchivedRecord, Block, BlockError, Position};

use crate::cursor::{Visit, owned};
use crate::error::{AppendError, ReadError};
use crate::log::Log;
use crate::schedule::{AppendFault, ReadFault, Schedule};
use crate::span::Span;

/// A [`Log`] with faults.
#[derive(Debug)]
pub struct FaultyLog<L> {
    inner: L,
    schedule: Schedule,
    state: Mutex<State>,
}

/// What the caller may know; the inner log may have a block more.
#[derive(Debug)]
struct State {
    head: Position,
    halted: bool,
    appends: u64,
    reads: u64,
}

impl<L: Log> FaultyLog<L> {
    /// The log `inner`, failing as the schedule says.
    pub fn new(inner: L, schedule: Schedule) -> FaultyLog<L> {
        let state = State { head: inner.head(), halted: false, appends: 0, reads: 0 };
        FaultyLog { inner, schedule, state: Mutex::new(state) }
    }

    /// Opens the log again after a failed append. What the append left behind shows now.
    pub fn reopen(&self) {
        let mut state = self.state.lock();
        state.halted = false;
        state.head = self.inner.head();
    }

    /// The log without its faults.
    pub fn into_inner(self) -> L {
        self.inner
    }

    /// Carries out an append that meets `fault`.
    fn append_with(&self, block: &Block, fault: AppendFault) -> Result<Position, AppendError> {
        let failed = |kind, text| AppendError::Io { source: io::Error::new(kind, text) };
        match fault {
            AppendFault::ShortWrite => Err(failed(io::ErrorKind::WriteZero, "injected short write")),
            AppendFault::LostSync => {
                self.inner.append(block)?;
                Err(failed(io::ErrorKind::Other, "injected failure to sync"))
            }
            AppendFault::Full => {
                let source = io::Error::new(io::ErrorKind::StorageFull, "injected full disk");
                Err(AppendError::Full { folder: PathBuf::from("a full disk that is injected"), source })
            }
            AppendFault::Stall(time) => {
                thread::sleep(time);
                self.inner.append(block)
            }
        }
    }

    /// The head that the caller knows, and what happens to this scan.
    fn begin_read(&self) -> (Position, Option<ReadFault>) {
        let mut state = self.state.lock();
        let number = state.reads;
        state.reads += 1;
        (state.head, self.schedule.of_read(number))
    }
}

impl<L: Log> Log for FaultyLog<L> {
    fn head(&self) -> Position {
        self.state.lock().head
    }

    fn append(&self, block: &Block) -> Result<Position, AppendError> {
        let mut state = self.state.lock();
        if state.halted {
            return Err(AppendError::Halted);
        }
        let found = Span::of(block).first;
        let expected = state.head.next();
        if found != expected {
            return Err(AppendError::NotNext { expected, found });
        }
        let number = state.appends;
        state.appends += 1;
        let appended = match self.schedule.of_append(number) {
            Some(fault) => self.append_with(block, fault),
            None => self.inner.append(block),
        };
        match &appended {
            Ok(head) => state.head = *head,
            Err(_) => state.halted = true,
        }
        appended
    }

    fn scan(&self, from: Position, visit: Visit<'_>) -> Result<(), ReadError> {
        let (head, fault) = self.begin_read();
        let mut damage = None;
        self.inner.scan(from, &mut |records| {
            let known = records.partition_point(|r| r.at() <= head);
            let Some(records) = records.get(..known).filter(|known| !known.is_empty()) else {
                return ControlFlow::Break(());
            };
            if let Some(ReadFault::BitFlip(bit)) = fault {
                damage = Some(flipped(records, bit));
                return ControlFlow::Break(());
            }
            visit(records)
        })?;
        match damage {
            Some((first, Err(source))) => Err(ReadError::Damaged { first, source }),
            Some((first, Ok(()))) => panic!("a flipped bit in the block at {first} was not noticed"),
            None => Ok(()),
        }
    }

    fn size_bytes(&self) -> u64 {
        self.inner.size_bytes()
    }
}

/// What reading the records' block says after one of its bits was flipped.
fn flipped(records: &[ArchivedRecord], bit: u64) -> (Position, Result<(), BlockError>) {
    let first = records.first().map_or(Position::ZERO, ArchivedRecord::at);
    let packed = records.iter().map(owned).collect::<Result<Vec<_>, _>>();
    let viewed = packed.and_then(|records| {
        let mut bytes = Block::pack(&records).as_bytes().to_vec();
        let bits = bytes.len() as u64 * 8;
        let at = usize::try_from(bit % bits / 8).unwrap_or_default();
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << (bit % 8);
        }
        Block::view(&bytes).map(|_| ())
    });
    (first, viewed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::conformance::{Opener, block, check as check_content, conformance};
    use crate::memory::MemoryLog;
    use crate::schedule::mix;

    fn faulty(schedule: Schedule) -> FaultyLog<MemoryLog> {
        FaultyLog::new(MemoryLog::new(), schedule)
    }

    /// Appends ten records, then ten more with the fault; says what came of it, and the head before and
    /// after opening again.
    fn check(fault: AppendFault, expect: &str, head: u64, reopened: u64) {
        let log = faulty(Schedule::none().append(1, fault));
        log.append(&block(1, 10)).expect("no fault yet");
        let said = log.append(&block(11, 10)).map_or_else(|e| e.to_string(), |head| head.to_string());
        assert_eq!(said, expect);
        check_content(&log, 1, head);
        if head == 10 {
            for first in [1, 11, 21] {
                assert!(matches!(log.append(&block(first, 1)), Err(AppendError::Halted)));
            }
        }
        log.reopen();
        check_content(&log, 1, reopened);
        log.append(&block(reopened + 1, 1)).expect("appends again");
        check_content(&log, 1, reopened + 1);
    }

    #[test]
    fn a_failed_append_halts_and_leaves_all_or_nothing() {
        let io = |what| format!("the log could not be written ({what}): check the disk, then restart");
        let full = "there is no room for more of the log in `a full disk that is injected`: free some \
                    there, then restart";
        check(AppendFault::ShortWrite, &io("injected short write"), 10, 10);
        check(AppendFault::LostSync, &io("injected failure to sync"), 10, 20);
        check(AppendFault::Full, full, 10, 10);
        check(AppendFault::Stall(Duration::ZERO), "#20", 20, 20);
    }

    #[test]
    fn a_stall_takes_its_time() {
        let stall = Duration::from_millis(20);
        let log = faulty(Schedule::none().append(0, AppendFault::Stall(stall)));
        let began = Instant::now();
        log.append(&block(1, 1)).expect("late");
        assert!(began.elapsed() >= stall);
    }

    #[test]
    fn a_flipped_bit_is_noticed_and_the_next_scan_is_well() {
        for n in 0..200 {
            let log = faulty(Schedule::none().read(0, ReadFault::BitFlip(mix(1, n))));
            log.append(&block(1, 5)).expect("appended");
            let mut visited = 0;
            let scanned = log.scan(Position::new(1), &mut |records| {
                visited += records.len();
                ControlFlow::Continue(())
            });
            assert!(matches!(scanned, Err(ReadError::Damaged { .. })), "bit {}: {scanned:?}", mix(1, n));
            assert_eq!(visited, 0, "records of a damaged block were handed out");
            check_content(&log, 1, 5);
        }
    }

    #[test]
    fn acknowledged_records_outlive_any_seeded_faults() {
        for seed in 0..20 {
            let log = faulty(Schedule::seeded(seed, 8));
            let mut acknowledged = 0;
            for n in 0..200 {
                let first = log.head().get() + 1;
                match log.append(&block(first, 1 + mix(seed, n) % 5)) {
                    Ok(head) => acknowledged = head.get(),
                    Err(_) => log.reopen(),
                }
                assert!(log.head().get() >= acknowledged, "seed {seed}: {} lost", log.head());
            }
            let inner = log.into_inner();
            check_content(&inner, 1, inner.head().get());
            assert!(acknowledged > 200, "seed {seed}: only {acknowledged} were acknowledged");
        }
    }

    #[test]
    fn without_faults_every_promise_is_kept() {
        conformance(&|| {
            let log = Arc::new(faulty(Schedule::none()));
            let opener: Opener = Box::new(move || {
                log.reopen();
                Box::new(Arc::clone(&log))
            });
            opener
        });
    }
}
