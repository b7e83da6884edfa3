//! The longest wait of readers and writers, during a deployment and otherwise.

use std::sync::Mutex;
use std::time::Duration;

use serde::Serialize;

/// Who waited.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    Reader,
    Writer,
}

/// The longest waits so far, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Longest {
    pub(super) reader_deploying: f64,
    pub(super) reader_otherwise: f64,
    pub(super) writer_deploying: f64,
    pub(super) writer_otherwise: f64,
}

/// Takes in every wait.
#[derive(Default)]
pub(super) struct Waits(Mutex<Longest>);

impl Waits {
    pub(super) fn note(&self, who: Who, deploying: bool, waited: Duration) {
        let mut longest = self.0.lock().expect("nobody panics with the waits");
        let place = match (who, deploying) {
            (Who::Reader, true) => &mut longest.reader_deploying,
            (Who::Reader, false) => &mut longest.reader_otherwise,
            (Who::Writer, true) => &mut longest.writer_deploying,
            (Who::Writer, false) => &mut longest.writer_otherwise,
        };
        *place = place.max(waited.as_secs_f64());
    }

    pub(super) fn longest(&self) -> Longest {
        *self.0.lock().expect("nobody panics with the waits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_wait_keeps_its_longest() {
        let waits = Waits::default();
        for (who, deploying, ms) in
            [(Who::Reader, true, 3), (Who::Reader, true, 2), (Who::Writer, true, 5), (Who::Writer, false, 4)]
        {
            waits.note(who, deploying, Duration::from_millis(ms));
        }
        let expected = Longest {
            reader_deploying: 0.003,
            reader_otherwise: 0.0,
            writer_deploying: 0.005,
            writer_otherwise: 0.004,
        };
        assert_eq!(waits.longest(), expected);
    }
}
