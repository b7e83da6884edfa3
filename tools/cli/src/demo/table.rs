//! What the demo came to, as a newcomer reads it.

use std::time::Duration;

use crate::failure::{Failure, Outcome};

/// Everything that is shown and judged.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) events: u64,
    pub(super) in_second: u64,
    pub(super) over: &'static str,
    pub(super) refused: u64,
    pub(super) lost: u64,
    pub(super) reads: u64,
    pub(super) mixed: u64,
    pub(super) backwards: u64,
    pub(super) empty: u64,
    pub(super) jobs: u64,
    pub(super) jobs_twice: u64,
    pub(super) fenced: u64,
    pub(super) longest: Duration,
    pub(super) cutover: Duration,
    pub(super) rewind: Duration,
    pub(super) forward: Duration,
    pub(super) window: Option<u64>,
    pub(super) twin: bool,
    pub(super) failures: Vec<String>,
}

impl Verdict {
    /// The table.
    pub(super) fn table(&self) -> String {
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        let window = self.window.map_or_else(|| "?".to_owned(), |events| events.to_string());
        let rows = [
            (
                "events published, each durable when acknowledged",
                format!("{} over {}", self.events, self.over),
            ),
            ("  of these written in v2", self.in_second.to_string()),
            ("events lost", self.lost.to_string()),
            ("events refused", self.refused.to_string()),
            ("reads made while the schema changed", self.reads.to_string()),
            ("mixed or old-shape reads", self.mixed.to_string()),
            ("empty reads caused by the change", self.empty.to_string()),
            ("reads that went back in time", self.backwards.to_string()),
            ("jobs finished", self.jobs.to_string()),
            ("jobs run twice", self.jobs_twice.to_string()),
            ("job results turned away because the version had switched", self.fenced.to_string()),
            ("time of the cutover v1 -> v2", ms(self.cutover)),
            ("time of the rewind v2 -> v1", ms(self.rewind)),
            ("  events in its window, kept", window),
            ("time of rolling forward again", ms(self.forward)),
            ("longest wait of any read", ms(self.longest)),
            ("state after the rewind equals a twin that never changed", yes(self.twin).to_owned()),
        ];
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines = rows.iter().map(|(name, value)| format!("  {name:<width$}  {value}"));
        format!("\n{}", lines.collect::<Vec<_>>().join("\n"))
    }

    /// Whether everything is as promised.
    pub(super) fn judge(&self) -> Outcome {
        let zeros = [
            ("events lost", self.lost),
            ("events refused", self.refused),
            ("mixed reads", self.mixed),
            ("empty reads", self.empty),
            ("reads back in time", self.backwards),
            ("jobs run twice", self.jobs_twice),
            ("failed requests", self.failures.len() as u64),
        ];
        let mut wrong: Vec<String> =
            zeros.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{n} {what}")).collect();
        let some = [("reads", self.reads), ("jobs", self.jobs), ("events in v2", self.in_second)];
        wrong.extend(some.iter().filter(|(_, n)| *n == 0).map(|(what, _)| format!("no {what} at all")));
        if !self.twin {
            wrong.push("the twin's state differs".to_owned());
        }
        wrong.extend(self.failures.first().cloned());
        if wrong.is_empty() { Ok(()) } else { Err(Failure::Promise(wrong.join(", "))) }
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "NO" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Verdict {
        let short = Duration::from_millis(1);
        Verdict {
            events: 10,
            in_second: 2,
            over: "HTTP",
            refused: 0,
            lost: 0,
            reads: 5,
            mixed: 0,
            backwards: 0,
            empty: 0,
            jobs: 1,
            jobs_twice: 0,
            fenced: 3,
            longest: short,
            cutover: short,
            rewind: short,
            forward: short,
            window: Some(4),
            twin: true,
            failures: Vec::new(),
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Verdict), expect: &str) {
        let mut verdict = good();
        change(&mut verdict);
        let judged =
            verdict.judge().map_or_else(|failure| failure.to_string(), |()| "as promised".to_owned());
        assert_eq!(judged, expect);
    }

    #[test]
    fn anything_but_zeros_fails() {
        check(|_| {}, "as promised");
        check(|v| v.lost = 1, "not as promised: 1 events lost");
        check(|v| v.mixed = 2, "not as promised: 2 mixed reads");
        check(|v| v.empty = 1, "not as promised: 1 empty reads");
        check(|v| v.backwards = 1, "not as promised: 1 reads back in time");
        check(|v| v.jobs_twice = 1, "not as promised: 1 jobs run twice");
        check(|v| v.refused = 1, "not as promised: 1 events refused");
        check(|v| v.twin = false, "not as promised: the twin's state differs");
        check(|v| v.reads = 0, "not as promised: no reads at all");
        check(|v| v.failures.push("gone".into()), "not as promised: 1 failed requests, gone");
    }

    #[test]
    fn the_table_says_everything_in_words() {
        let table = good().table();
        for line in
            ["events lost", "mixed or old-shape reads", "jobs run twice", "equals a twin that never changed"]
        {
            assert!(table.contains(line), "{table}");
        }
        assert!(table.ends_with("yes"), "{table}");
    }
}
