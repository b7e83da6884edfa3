//! What a drill came to: a table for people, an object for programs, and whether it is as promised.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use super::ending::Ended;
use super::findings::Fault;
use super::plan::Plan;
use super::run::Run;
use super::waits::Figures;
use crate::failure::{Failure, Outcome};

/// A figure: its name in `--json`, what people read, and the number.
type Row = (&'static str, &'static str, u64);

/// What a drill came to.
#[derive(Clone, Debug)]
pub(super) struct Report {
    seed: u64,
    seconds: u64,
    over: &'static str,
    /// What was done.
    done: Vec<Row>,
    /// Which of these must not be zero.
    some: Vec<&'static str>,
    /// What must be zero.
    zeros: Vec<Row>,
    reading: Figures,
    publishing: Figures,
    said: Vec<String>,
}

impl Report {
    pub(super) fn new(run: &Run, plan: &Plan, ended: Ended) -> Report {
        let counts = &run.counts;
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let done = vec![
            ("events", "events acknowledged", ended.events),
            (
                "events_in_others",
                "  of these written in another version than the active one",
                of(&counts.in_others),
            ),
            ("events_repeated", "  sent again, over kills and switches", of(&counts.repeated)),
            ("reads", "reads checked", run.checker.reads()),
            ("feed_messages", "  of these messages of change feeds", of(&counts.feed_messages)),
            ("jobs", "jobs", ended.jobs),
            ("jobs_done", "  acknowledgements of jobs that were accepted", of(&counts.jobs_done)),
            (
                "jobs_fenced",
                "  results turned away: the version switched, or the lease was over",
                of(&counts.fenced),
            ),
            ("versions", "versions registered by agents", run.family.len() as u64),
            ("changes", "changes taken live", of(&counts.changes)),
            ("conflicts", "  races lost, and told so", of(&counts.conflicts)),
            ("refused", "requests that had to be refused, and were", of(&counts.refused)),
            ("abandoned", "builds given up", of(&counts.abandoned)),
            ("tripped", "guards that tripped and led back by themselves", of(&counts.tripped)),
            ("settled", "probations that ended well", of(&counts.settled)),
            ("breakers", "breakers that opened, and the operator reset", of(&counts.breakers)),
            ("freezes", "freezes by the operator", of(&counts.freezes)),
            ("warm_rewinds", "rewinds, warm", of(&counts.warm_rewinds)),
            ("cold_rewinds", "rewinds, cold", of(&counts.cold_rewinds)),
            ("forward", "rolled forward again", of(&counts.forward)),
            ("kills", "kills of the engine", of(&counts.kills)),
            ("equal_digests", "live generations equal to the log's state and to a twin's", ended.equal),
            ("position", "records in the log", ended.position),
        ];
        let mut some = vec![
            "events",
            "events_in_others",
            "reads",
            "feed_messages",
            "jobs",
            "changes",
            "refused",
            "equal_digests",
        ];
        if !plan.kills.is_empty() {
            some.push("kills");
        }
        let zeros = Fault::ALL.map(|fault| {
            let (name, words) = fault.names();
            (name, words, run.findings.count(fault))
        });
        Report {
            seed: plan.seed,
            seconds: plan.length.as_secs(),
            over: if run.nats.is_some() { "NATS and HTTP" } else { "HTTP" },
            done,
            some,
            zeros: zeros.to_vec(),
            reading: run.waits.reading.figures(&run.waits.switches),
            publishing: run.waits.publishing.figures(&run.waits.switches),
            said: run.findings.said(),
        }
    }

    /// The table.
    pub(super) fn table(&self) -> String {
        let rows = self.done.iter().chain(&self.zeros);
        let mut lines: Vec<(String, String)> =
            rows.map(|(_, words, number)| ((*words).to_owned(), number.to_string())).collect();
        for (who, figures) in [("a reader", self.reading), ("a publisher", self.publishing)] {
            lines.push((format!("longest wait of {who} within 250 ms of a switch"), ms(figures.at_switch)));
            let all = format!("{} / {} / {}", ms(figures.p50), ms(figures.p99), ms(figures.longest));
            lines.push((format!("waits of {who}: p50 / p99 / longest"), all));
        }
        let width = lines.iter().map(|(words, _)| words.len()).max().unwrap_or(0);
        let lines = lines.iter().map(|(words, value)| format!("  {words:<width$}  {value}"));
        let head = format!("drill of {} s over {}, seed {}", self.seconds, self.over, self.seed);
        let said = self.said.iter().map(|what| format!("  ! {what}"));
        std::iter::once(head).chain(lines).chain(said).collect::<Vec<_>>().join("\n")
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let rows = self.done.iter().chain(&self.zeros);
        let rows: Map<String, Value> =
            rows.map(|(name, _, number)| ((*name).to_owned(), (*number).into())).collect();
        let waits = |figures: Figures| {
            json!({
                "p50_us": figures.p50, "p99_us": figures.p99, "longest_us": figures.longest, "longest_at_us": figures.longest_at,
                "longest_at_switch_us": figures.at_switch,
            })
        };
        json!({
            "seed": self.seed, "seconds": self.seconds, "over": self.over, "ok": self.wrong().is_empty(),
            "rows": rows, "must_be_zero": self.zeros.iter().map(|(name, _, _)| *name).collect::<Vec<_>>(),
            "waits": { "reading": waits(self.reading), "publishing": waits(self.publishing) },
            "findings": self.said,
        })
    }

    fn wrong(&self) -> Vec<String> {
        let zeros = self.zeros.iter().filter(|(_, _, number)| *number > 0);
        let mut wrong: Vec<String> = zeros.map(|(name, _, number)| format!("{number} {name}")).collect();
        let none = self.done.iter().filter(|(name, _, number)| *number == 0 && self.some.contains(name));
        wrong.extend(none.map(|(name, _, _)| format!("no {name} at all")));
        wrong
    }

    /// Whether everything is as promised.
    pub(super) fn judge(&self) -> Outcome {
        let wrong = self.wrong();
        if wrong.is_empty() { Ok(()) } else { Err(Failure::Promise(wrong.join(", "))) }
    }
}

fn ms(micros: u64) -> String {
    format!("{}.{} ms", micros / 1000, micros / 100 % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(done: &[u64], zeros: &[u64]) -> Report {
        let row = |number: &u64| ("figure", "a figure", *number);
        Report {
            seed: 7,
            seconds: 1,
            over: "HTTP",
            done: done.iter().map(row).collect(),
            some: vec!["figure"],
            zeros: zeros.iter().map(row).collect(),
            reading: Figures::default(),
            publishing: Figures { p50: 1_250, p99: 2_000, longest: 30_000, longest_at: 0, at_switch: 9_940 },
            said: Vec::new(),
        }
    }

    #[track_caller]
    fn check(done: &[u64], zeros: &[u64], expect: &str) {
        let report = report(done, zeros);
        let judged = report.judge().map_or_else(|failure| failure.to_string(), |()| "as promised".to_owned());
        assert_eq!(judged, expect);
        assert_eq!(report.json()["ok"], expect == "as promised");
    }

    #[test]
    fn anything_but_zeros_fails_and_so_does_nothing_done() {
        check(&[3], &[0, 0], "as promised");
        check(&[3], &[0, 2], "not as promised: 2 figure");
        check(&[0], &[0], "not as promised: no figure at all");
    }

    #[test]
    fn the_table_has_every_figure_in_words() {
        let table = report(&[3], &[0]).table();
        assert!(table.starts_with("drill of 1 s over HTTP, seed 7\n"), "{table}");
        assert!(table.contains("within 250 ms of a switch  9.9 ms"), "{table}");
        assert!(table.contains("1.2 ms / 2.0 ms / 30.0 ms"), "{table}");
    }
}
