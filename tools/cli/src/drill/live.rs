//! Which versions producers may write and readers may ask for, as far as is known from answers.
//!
//! It may be late: whoever names a version that went meanwhile is told which are live, and notes that here.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use selfsame_sim::Random;
use serde_json::Value;

/// The live versions.
#[derive(Debug, Default)]
pub(super) struct Live {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    active: u64,
    live: BTreeSet<u64>,
}

impl Live {
    /// That version was built.
    pub(super) fn built(&self, version: u64) {
        self.known.lock().live.insert(version);
    }

    /// That version answers.
    pub(super) fn switched(&self, version: u64) {
        let mut known = self.known.lock();
        known.active = version;
        known.live.insert(version);
    }

    /// That version is gone.
    pub(super) fn gone(&self, version: u64) {
        self.known.lock().live.remove(&version);
    }

    /// A refusal says which versions are live.
    pub(super) fn listed(&self, refusal: &Value) {
        let Some(listed) = refusal.get("live").and_then(Value::as_array) else { return };
        let number = |name: &Value| name.as_str()?.strip_prefix('v')?.parse().ok();
        let mut known = self.known.lock();
        known.live = listed.iter().filter_map(number).collect();
        if !known.live.contains(&known.active) {
            known.active = known.live.last().copied().unwrap_or_default();
        }
    }

    /// The active version, as far as is known.
    pub(super) fn active(&self) -> u64 {
        self.known.lock().active
    }

    /// A live version other than the active one, if there is one.
    pub(super) fn other(&self, random: &mut Random) -> Option<u64> {
        let known = self.known.lock();
        let others: Vec<u64> = known.live.iter().copied().filter(|v| *v != known.active).collect();
        random.pick(&others).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_refusal_says_what_is_live() {
        let (live, mut random) = (Live::default(), Random::new(1));
        live.switched(3);
        assert_eq!((live.active(), live.other(&mut random)), (3, None));
        live.built(4);
        assert_eq!(live.other(&mut random), Some(4));
        live.listed(&json!({ "live": ["v3", "v7"] }));
        assert_eq!((live.active(), live.other(&mut random)), (3, Some(7)));
        live.listed(&json!({ "live": ["v7"] }));
        assert_eq!((live.active(), live.other(&mut random)), (7, None));
        live.gone(9);
        live.listed(&json!({}));
        assert_eq!(live.active(), 7);
    }
}
