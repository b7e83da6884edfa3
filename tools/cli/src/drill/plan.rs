//! What a drill will do: from one seed, who acts how, which acts are played, when the engine is killed.
//!
//! The same seed gives the same decisions. How they fall among each other hangs on the machine, so a
//! fault that needs one certain moment may take several runs to be seen again.

use std::time::Duration;

use selfsame_sim::Random;

use super::producer::Habit;

/// The longest time between two kills.
const KILL_EVERY: Duration = Duration::from_secs(25);

/// No kill falls into these, so that a kill has something to disturb.
const LAST_MOMENTS: Duration = Duration::from_secs(5);

/// What is played by the agents who switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A child of the active version goes live.
    Good,
    /// Two children of the same parent race.
    Race,
    /// A warm rewind, and forward again.
    Warm,
    /// A rewind to a version that has to be built first.
    Cold,
    /// Evidence that another change has overtaken.
    Stale,
    /// A probation that ends well.
    Holds,
    /// A guard that trips.
    Trips,
    /// The operator's freeze, and a rewind meanwhile.
    Frozen,
    /// What must be refused of the active version.
    Refused,
}

impl Act {
    /// Whether it makes a new version.
    pub(super) fn registers(self) -> bool {
        !matches!(self, Act::Warm | Act::Cold | Act::Refused)
    }
}

/// The acts in their order: first one of each, so that a short drill has all of them, then as they come.
#[derive(Clone, Debug)]
pub(super) struct Acts {
    played: usize,
}

/// The first acts. A cold rewind needs a version that others have pushed out.
const FIRST: [Act; 9] = [
    Act::Good,
    Act::Warm,
    Act::Race,
    Act::Trips,
    Act::Frozen,
    Act::Stale,
    Act::Cold,
    Act::Holds,
    Act::Refused,
];
/// What comes afterwards, each as often as it stands here.
const LATER: [Act; 14] = [
    Act::Good,
    Act::Good,
    Act::Good,
    Act::Good,
    Act::Race,
    Act::Race,
    Act::Warm,
    Act::Warm,
    Act::Cold,
    Act::Stale,
    Act::Trips,
    Act::Holds,
    Act::Frozen,
    Act::Refused,
];

impl Acts {
    /// The next act; `drawn` decides where there is a choice.
    pub(super) fn next(&mut self, drawn: u64) -> Act {
        let first = FIRST.get(self.played).copied();
        self.played += 1;
        first.or_else(|| Random::new(drawn).pick(&LATER).copied()).unwrap_or(Act::Good)
    }
}

/// What a drill will do.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) length: Duration,
    pub(super) producers: Vec<Habit>,
    pub(super) workers: u64,
    pub(super) acts: Acts,
    /// The longest pause between two acts, in milliseconds.
    pub(super) pause_ms: u64,
    /// The pauses before the kills, none if nobody is to be killed.
    pub(super) kills: Vec<Duration>,
}

impl Plan {
    /// The plan of this seed.
    pub(super) fn new(seed: u64, length: Duration, kill: Kill) -> Plan {
        let mut random = Random::new(seed);
        let habit = |(number, nats, unit): (u64, bool, u64)| Habit {
            name: format!("producer-{number}"),
            nats,
            unit,
            rest_ms: 2 + unit,
        };
        let habits = [(1, false, 1), (2, false, 1), (3, true, 1), (4, true, 1), (5, false, 25)];
        let kills = if kill == Kill::Never { Vec::new() } else { kills(length, &mut random) };
        Plan {
            seed,
            length,
            producers: habits.map(habit).to_vec(),
            workers: 3,
            acts: Acts { played: 0 },
            pause_ms: 700,
            kills,
        }
    }
}

/// Whether the engine is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kill {
    AtRandom,
    Never,
}

/// At least one, and no longer than [`KILL_EVERY`] between two; none in the last moments.
fn kills(length: Duration, random: &mut Random) -> Vec<Duration> {
    let mut kills = Vec::new();
    let most = KILL_EVERY.min(length.mul_f64(0.6));
    let last_moments = LAST_MOMENTS.min(length.mul_f64(0.1));
    let (mut at, end) = (Duration::ZERO, length.saturating_sub(last_moments));
    loop {
        let share = 0.4 + 0.6 * f64::from(u32::try_from(random.below(1000)).unwrap_or(0)) / 1000.0;
        let pause = most.mul_f64(share);
        at += pause;
        if at > end && !kills.is_empty() {
            return kills;
        }
        kills.push(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_plan_and_kills_are_never_rarer_than_said() {
        for seed in 0..50 {
            for seconds in [5, 12, 60, 600] {
                let length = Duration::from_secs(seconds);
                let plan = || Plan::new(seed, length, Kill::AtRandom);
                assert_eq!(plan().kills, plan().kills);
                assert!(plan().kills.iter().all(|pause| *pause <= KILL_EVERY));
                let total: Duration = plan().kills.iter().sum();
                assert!(
                    total <= length && total + KILL_EVERY.min(length) + LAST_MOMENTS >= length,
                    "{seed} {seconds}"
                );
                assert_eq!(Plan::new(seed, length, Kill::Never).kills, Vec::<Duration>::new());
            }
        }
    }

    #[test]
    fn the_first_acts_are_one_of_each() {
        let mut acts = Acts { played: 0 };
        let first: Vec<Act> = (0..9).map(|drawn| acts.next(drawn)).collect();
        assert_eq!(first, FIRST);
        let later: Vec<Act> = (0..200).map(|drawn| acts.next(drawn)).collect();
        assert!(LATER.iter().all(|act| later.contains(act)));
    }
}
