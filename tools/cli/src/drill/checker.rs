//! Holds every answer against what must be in it: the version that it names, the position that it was
//! given at, and the events that are acknowledged up to there.
//!
//! # What counts as what
//!
//! - A **mixed read** shows a row of another version than the answer names, or names a version that was not
//!   the active one at its position (the latter is known in the end, from the log).
//! - An **empty read** is a missing row of a user of whom an event at or before the answer's position is
//!   acknowledged; or nothing answering at all.
//! - A **backwards read** is at an earlier position than the same reader has seen, or has asked for; or says
//!   of a user less than an acknowledgement at or before its position.
//! - A **wrong row** has the right shape, and says more than was sent, or something else.
//!
//! Not here: how answers are got (`reader`, `worker`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde_json::Value;

use super::book::Book;
use super::family::{Family, Projection};
use super::findings::{Fault, Findings};
use crate::out::{member, version_of};

/// What an answer says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) position: u64,
    pub(super) version: u64,
}

/// One reader's memory.
#[derive(Debug, Default)]
pub(super) struct Eye {
    last: u64,
}

/// Judges answers.
#[derive(Debug)]
pub(super) struct Checker {
    family: Arc<Family>,
    book: Arc<Book>,
    findings: Arc<Findings>,
    reads: AtomicU64,
    /// Positions of answers, with the version that each named as the active one.
    answers: Mutex<BTreeSet<(u64, u64)>>,
}

impl Checker {
    pub(super) fn new(family: Arc<Family>, book: Arc<Book>, findings: Arc<Findings>) -> Checker {
        let (reads, answers) = (AtomicU64::new(0), Mutex::default());
        Checker { family, book, findings, reads, answers }
    }

    /// Answers that were checked.
    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Notes an answer or a refusal, and what it was given at. `at_least` is the position that was asked for;
    /// `pinned` the version, if it was not the active one.
    pub(super) fn answer(
        &self,
        eye: &mut Eye,
        answer: &Value,
        at_least: u64,
        pinned: Option<u64>,
    ) -> Option<At> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let (position, version) = (member(answer, "position").as_u64(), version_of(answer));
        let Some(position) = position.filter(|_| version > 0) else {
            self.findings.add(Fault::EmptyRead, format!("an answer without position or version: {answer}"));
            return None;
        };
        let least = eye.last.max(at_least);
        if position < least {
            self.findings.add(Fault::BackwardsRead, format!("#{position} after #{least}"));
        }
        eye.last = eye.last.max(position);
        match pinned {
            Some(pinned) if pinned != version => {
                self.findings.add(Fault::MixedRead, format!("v{version} at #{position}, read as v{pinned}"));
            }
            Some(_) => {}
            None => {
                self.answers.lock().insert((position, version));
            }
        }
        Some(At { position, version })
    }

    /// Holds a row, or a job's input, against the answer that it came in.
    pub(super) fn row(&self, at: At, projection: Projection, user: &str, row: &Value) {
        let place = || format!("`{}` of `{user}` at v{} #{}", projection.name(), at.version, at.position);
        let Some(shape) = self.family.shape(at.version) else {
            return self.findings.add(Fault::MixedRead, format!("{}: nobody registered that", place()));
        };
        if let Some(what) = shape.wrong_shape(projection, row) {
            return self.findings.add(Fault::MixedRead, format!("{}: {what}", place()));
        }
        if let Some(what) = shape.wrong_content(projection, user, row) {
            self.findings.add(Fault::WrongRow, format!("{}: {what}", place()));
        }
        if projection != Projection::Welcome {
            self.counters(at, projection, user, row, &place);
        }
    }

    /// The counters of a user are the number of the user's events, in both projections.
    fn counters(&self, at: At, projection: Projection, user: &str, row: &Value, place: &dyn Fn() -> String) {
        let n = member(row, "n").as_u64().unwrap_or_default();
        let events = match projection {
            Projection::Activity => member(row, "events").as_u64().unwrap_or_default(),
            _ => n,
        };
        let bounds = self.book.bounds(user, at.position);
        if n < bounds.least {
            let what = format!("{}: {n}, and {} are acknowledged", place(), bounds.least);
            self.findings.add(Fault::BackwardsRead, what);
        } else if n > bounds.most || events != n {
            let what = format!("{}: {events} events up to {n}, at most {}", place(), bounds.most);
            self.findings.add(Fault::WrongRow, what);
        }
    }

    /// A row was not found.
    pub(super) fn missing(&self, at: At, projection: Projection, user: &str) {
        if self.book.bounds(user, at.position).least > 0 {
            let what = format!("`{}` of `{user}` at v{} #{}", projection.name(), at.version, at.position);
            self.findings.add(Fault::EmptyRead, what);
        }
    }

    /// A page of a view had fewer rows than it must have.
    pub(super) fn page(&self, at: At, rows: u64, least: u64) {
        if rows < least {
            let what = format!("{rows} rows of a page at v{} #{}, not {least}", at.version, at.position);
            self.findings.add(Fault::EmptyRead, what);
        }
    }

    /// In the end: counts the answers that name another version than the one that was active at their position.
    /// `switches` are the positions from which on a version was active, ascending.
    pub(super) fn judge_versions(&self, switches: &[(u64, u64)]) {
        for (position, version) in self.answers.lock().iter() {
            let before = switches.partition_point(|(from, _)| from <= position);
            let active = before.checked_sub(1).and_then(|last| switches.get(last)).map_or(0, |(_, to)| *to);
            if active != *version {
                let what = format!("v{version} answered at #{position}, where v{active} was active");
                self.findings.add(Fault::MixedRead, what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::family::Shape;
    use serde_json::json;

    /// v1 is the root, `u` has three events, the last at #30; a fourth is under way.
    fn checker() -> Checker {
        let (family, book) = (Arc::new(Family::default()), Arc::new(Book::default()));
        family.registered(1, Shape::root());
        for position in [10, 20, 30] {
            let n = book.send("u");
            book.ack("u", ("p".into(), n.to_string()), position);
        }
        book.send("u");
        Checker::new(family, book, Arc::default())
    }

    /// One forged answer, and the faults that it must be counted as.
    #[track_caller]
    fn check(forge: impl FnOnce(&Checker, &mut Eye), expect: &[Fault]) {
        let checker = checker();
        forge(&checker, &mut Eye { last: 25 });
        let counted: Vec<(Fault, u64)> =
            Fault::ALL.map(|fault| (fault, checker.findings.count(fault))).to_vec();
        let expected: Vec<(Fault, u64)> =
            Fault::ALL.map(|fault| (fault, expect.iter().filter(|f| **f == fault).count() as u64)).to_vec();
        assert_eq!(counted, expected, "{:?}", checker.findings.said());
    }

    fn at(position: u64) -> At {
        At { position, version: 1 }
    }

    fn profile(label: &str, n: u64) -> Value {
        json!({ "stamp": "s0", "label_0": label, "n": n })
    }

    fn activity(events: u64, n: u64) -> Value {
        json!({ "stamp": "a0", "events": events, "n": n })
    }

    #[test]
    fn a_right_answer_is_no_finding() {
        check(
            |c, eye| {
                let answer = json!({ "position": 30, "version": "v1" });
                let at = c.answer(eye, &answer, 30, None).expect("an answer");
                c.row(at, Projection::Profile, "u", &profile("label of u", 3));
                c.row(at, Projection::Profile, "u", &profile("label of u", 4));
                c.row(at, Projection::Activity, "u", &activity(4, 4));
                c.row(
                    at,
                    Projection::Welcome,
                    "u",
                    &json!({ "stamp": "s0", "user": "u", "label_0": "label of u" }),
                );
                c.missing(at, Projection::Profile, "nobody");
                c.page(at, 1, 1);
                c.judge_versions(&[(1, 1), (40, 2)]);
                assert_eq!(c.reads(), 1);
            },
            &[],
        );
    }

    #[test]
    fn each_kind_of_forged_answer_is_counted_as_what_it_is() {
        use Fault::{BackwardsRead, EmptyRead, MixedRead, WrongRow};
        use Projection::{Activity, Profile};
        let answer = |position: u64, version: &str| json!({ "position": position, "version": version });
        // Shapes and versions.
        check(
            |c, _| c.row(at(30), Profile, "u", &json!({ "stamp": "s1", "label_0": "", "n": 3 })),
            &[MixedRead],
        );
        check(|c, _| c.row(at(30), Profile, "u", &activity(3, 3)), &[MixedRead]);
        check(|c, _| c.row(At { position: 30, version: 9 }, Profile, "u", &profile("", 3)), &[MixedRead]);
        check(|c, eye| _ = c.answer(eye, &answer(30, "v1"), 0, Some(2)), &[MixedRead]);
        let switched = |position| {
            move |c: &Checker, eye: &mut Eye| {
                c.answer(eye, &json!({ "position": position, "version": "v1" }), 0, None);
                c.judge_versions(&[(5, 1), (40, 2)]);
            }
        };
        check(switched(39), &[]);
        check(switched(40), &[MixedRead]);
        check(switched(4), &[MixedRead, BackwardsRead]);
        // Something that is there is not found.
        check(|c, _| c.missing(at(30), Profile, "u"), &[EmptyRead]);
        check(|c, _| c.missing(at(9), Profile, "u"), &[]);
        check(|c, _| c.page(at(30), 2, 3), &[EmptyRead]);
        check(|c, eye| _ = c.answer(eye, &json!({}), 0, None), &[EmptyRead]);
        // Back in time.
        check(|c, eye| _ = c.answer(eye, &answer(24, "v1"), 0, None), &[BackwardsRead]);
        check(|c, eye| _ = c.answer(eye, &answer(30, "v1"), 31, None), &[BackwardsRead]);
        check(|c, _| c.row(at(30), Profile, "u", &profile("label of u", 2)), &[BackwardsRead]);
        // More than was sent, or than the position can show; something else than was sent.
        check(|c, _| c.row(at(30), Profile, "u", &profile("label of u", 5)), &[WrongRow]);
        check(|c, _| c.row(at(29), Profile, "u", &profile("label of u", 3)), &[WrongRow]);
        check(|c, _| c.row(at(30), Activity, "u", &activity(4, 3)), &[WrongRow]);
        check(|c, _| c.row(at(30), Profile, "u", &profile("label of x", 3)), &[WrongRow]);
    }
}
