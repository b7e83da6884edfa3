//! How far something is: a bar on a terminal, now and then a line elsewhere. Always on stderr.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Without a terminal, a line is written at most this often.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress of something that has a known end.
pub(crate) struct Progress {
    bar: ProgressBar,
    unit: &'static str,
    verb: &'static str,
    last_line: Option<Instant>,
}

impl Progress {
    /// Starts: `verb` is what is being done (`replaying`), `unit` what is counted (`records`).
    pub(crate) fn start(verb: &'static str, unit: &'static str, total: u64) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let template = format!(
            "{verb} {{wide_bar}} {{human_pos}}/{{human_len}} {unit}, {{per_sec:.0}}, {{eta}} left {{msg}}"
        );
        bar.set_style(
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar, unit, verb, last_line: (!terminal).then(Instant::now) }
    }

    /// Shows that so much of so much is done.
    pub(crate) fn at(&mut self, done: u64, total: u64) {
        self.bar.set_length(total.max(done));
        self.bar.set_position(done);
        if self.last_line.is_some_and(|last| last.elapsed() >= LINE_EVERY) {
            self.last_line = Some(Instant::now());
            eprintln!("{}", self.line(done, total));
        }
    }

    /// Shows a note beside the bar.
    pub(crate) fn note(&self, note: String) {
        self.bar.set_message(note);
    }

    /// Writes a line above the bar.
    pub(crate) fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, done: u64, total: u64) -> String {
        let (verb, unit) = (self.verb, self.unit);
        let (rate, left) = (self.bar.per_sec(), HumanDuration(self.bar.eta()));
        format!("{verb}: {done} of {total} {unit}, {rate:.0} per second, {left} left")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_done_rate_and_time_left() {
        let mut progress = Progress::start("replaying", "records", 100);
        progress.at(40, 100);
        let line = progress.line(40, 100);
        assert!(line.starts_with("replaying: 40 of 100 records, "), "{line}");
        assert!(line.ends_with(" left"), "{line}");
        assert_eq!((progress.bar.position(), progress.bar.length()), (40, Some(100)));
        progress.at(120, 100);
        assert_eq!(progress.bar.length(), Some(120));
    }
}
