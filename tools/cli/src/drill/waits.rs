//! How long each request took, and how long those did that fell around a switch.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How far around a switch its effect is looked for.
pub(super) const MARGIN: Duration = Duration::from_millis(250);

/// A time span, as microseconds since the drill began.
type Span = (u64, u64);

/// The waits of one kind of client.
#[derive(Debug)]
pub(super) struct Waits {
    began: Instant,
    spans: Mutex<Vec<Span>>,
}

/// What the waits come to, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) p50: u64,
    pub(super) p99: u64,
    pub(super) longest: u64,
    /// When the longest was sent, since the drill began.
    pub(super) longest_at: u64,
    /// The longest that overlaps a switch, give or take [`MARGIN`].
    pub(super) at_switch: u64,
}

impl Waits {
    pub(super) fn new(began: Instant) -> Waits {
        Waits { began, spans: Mutex::default() }
    }

    /// Notes a request that was sent then, and has just been answered.
    pub(super) fn note(&self, sent: Instant) {
        let span = (self.micros(sent), self.micros(Instant::now()));
        self.spans.lock().push(span);
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    /// The figures, with these switches noted in the same way.
    pub(super) fn figures(&self, switches: &Waits) -> Figures {
        figures(&self.spans.lock(), &switches.spans.lock())
    }
}

fn figures(spans: &[Span], switches: &[Span]) -> Figures {
    let mut lengths: Vec<u64> = spans.iter().map(|(sent, answered)| answered - sent).collect();
    lengths.sort_unstable();
    let part = |permille: usize| {
        let index = lengths.len().saturating_sub(1) * permille / 1000;
        lengths.get(index).copied().unwrap_or_default()
    };
    let margin = u64::try_from(MARGIN.as_micros()).unwrap_or(u64::MAX);
    let near = |(sent, answered): &&Span| {
        let overlaps = |(from, until): &Span| {
            *sent <= until.saturating_add(margin) && *answered >= from.saturating_sub(margin)
        };
        switches.iter().any(overlaps)
    };
    let at_switch = spans.iter().filter(near).map(|(sent, answered)| answered - sent).max();
    let longest = spans.iter().max_by_key(|(sent, answered)| answered - sent);
    Figures {
        p50: part(500),
        p99: part(990),
        longest: part(1000),
        longest_at: longest.map_or(0, |(sent, _)| *sent),
        at_switch: at_switch.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_at_a_switch_is_one_that_overlaps_it() {
        let ms = |from: u64, until: u64| (from * 1000, until * 1000);
        let spans = [ms(0, 900), ms(1000, 1010), ms(1500, 1501), ms(3000, 3500)];
        let spans = &spans[1..];
        let found = figures(spans, &[ms(1200, 1260)]);
        let expect =
            Figures { p50: 10_000, p99: 10_000, longest: 500_000, longest_at: 3_000_000, at_switch: 10_000 };
        assert_eq!(found, expect);
        assert_eq!(figures(spans, &[]).at_switch, 0);
        assert_eq!(figures(&[], &[]), Figures::default());
    }
}
