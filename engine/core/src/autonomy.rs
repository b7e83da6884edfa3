//! The autonomy ledger: what each agent changed, and what became of it, by class of change.
//!
//! It is a fold of the control records. It answers with figures what may be left to an agent: how many changes of
//! a class it took live, alone or with a person's word, how many of them had to be taken back, by whom, how soon,
//! and how much they touched.
//!
//! One thing is decided upon it, the **breaker**: an agent of which others or guards had to take back too many
//! versions in a while may only propose, until an operator resets it or the while is over. What an agent takes back
//! itself does not count: it should not be kept from it.
//!
//! A version counts against whoever took it live last, once, when a rewind leads from it to what answered before;
//! also if it was taken live again as a standby, without new evidence. A rewind that leads forward again takes
//! nothing back.

use std::collections::{BTreeMap, VecDeque};

use selfsame_record::{Micros, VersionNo};
use selfsame_schema::Class;
use serde::Serialize;

use crate::change_id::PlanId;
use crate::control::Control;
use crate::limits::{AUTONOMY_CODES_MAX, AUTONOMY_ROWS_MAX, BREAKER_REWINDS, BREAKER_WINDOW_MS};
use crate::plans::Plans;
use crate::refusal::{Code, Refusal};

/// Who stands for those beyond the limit.
const OTHERS: &str = "*";

/// What one agent did with changes of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Plans made.
    pub planned: u64,
    /// Comparisons that nothing spoke against.
    pub passed: u64,
    /// Comparisons that something spoke against.
    pub failed: u64,
    /// Versions taken live without a person's word.
    pub live_alone: u64,
    /// Versions taken live with a person's word.
    pub live_approved: u64,
    /// Of those taken live: probations that ended well.
    pub settled: u64,
    /// Of those taken live: gone back from by the agent itself.
    pub rewound_by_itself: u64,
    /// Of those taken live: gone back from by somebody else.
    pub rewound_by_others: u64,
    /// Of those taken live: gone back from because a guard failed, or too little was seen.
    pub rewound_by_guards: u64,
    /// The shortest time from a cutover to its rewind, in milliseconds.
    pub soonest_ms: Option<u64>,
    /// The time from cutovers to their rewinds, all together, in milliseconds.
    pub rewound_after_ms: u64,
    /// Rows that differed from the version before, by the evidence, all together.
    pub rows_differing: u64,
    /// Events that came in between cutovers and their rewinds.
    pub window_events: u64,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AutonomyLine<'a> {
    /// The agent; `*`: those beyond the limit.
    pub agent: &'a str,
    /// The class of the changes since a person last agreed.
    pub class: Class,
    /// What became of them.
    #[serde(flatten)]
    pub record: &'a Record,
}

/// The last time that a version was taken live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Turn {
    agent: String,
    /// That of its plan, or of the plan that it was first taken live with; a first version has none.
    class: Option<Class>,
    began: Micros,
    events_before: u64,
    /// Cutovers before it.
    cutovers_before: u64,
    /// Whether it was gone back from since.
    is_undone: bool,
}

impl Turn {
    /// Where in the ledger it stands, if it does.
    fn line(&self) -> Option<(String, Class)> {
        Some((self.agent.clone(), self.class?))
    }
}

/// What each agent changed, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Autonomy {
    records: BTreeMap<String, BTreeMap<Class, Record>>,
    rows: usize,
    /// Refused requests by agent and code.
    refused: BTreeMap<String, BTreeMap<String, u64>>,
    turns: BTreeMap<VersionNo, Turn>,
    cutovers: u64,
    /// Who asked for the rewind that waits for its generation, and where to.
    rewinding: Option<(VersionNo, String)>,
    /// When others or guards took back what an agent had taken live; the last few, within the window.
    undone: BTreeMap<String, VecDeque<Micros>>,
}

/// An agent that may only propose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Breaker<'a> {
    /// The agent.
    pub agent: &'a str,
    /// When the last of its versions was taken back that counted.
    pub since: Micros,
    /// Until when it may only propose, if nobody resets it.
    pub until: Micros,
}

impl Autonomy {
    /// The agents that may only propose at the moment.
    pub fn breakers(&self, now: Micros) -> impl Iterator<Item = Breaker<'_>> {
        self.undone.iter().filter_map(move |(agent, times)| {
            let (first, last) = (times.front()?, times.back()?);
            let until = first.plus_ms(BREAKER_WINDOW_MS);
            let open = times.len() >= BREAKER_REWINDS && now < until;
            open.then_some(Breaker { agent, since: *last, until })
        })
    }

    /// Sees that an agent may do more than propose.
    ///
    /// # Errors
    ///
    /// If its breaker is open.
    pub(crate) fn may_act(&self, agent: &str, now: Micros) -> Result<(), Refusal> {
        let Some(breaker) = self.breakers(now).find(|breaker| breaker.agent == agent) else { return Ok(()) };
        let seconds = breaker.until.0.saturating_sub(now.0) / 1_000_000;
        let detail = format!(
            "{BREAKER_REWINDS} versions that `{agent}` took live had to be taken back, so it may only propose for \
             {seconds} s more",
        );
        Err(Refusal::new(Code::BreakerOpen, detail)
            .next("register and plan, and let an operator take it live")
            .next(format!("or ask an operator for `selfsame reset-breaker {agent}`"))
            .field("retry_after_seconds", seconds))
    }

    /// All lines, by agent and class.
    pub fn lines(&self) -> impl Iterator<Item = AutonomyLine<'_>> {
        self.records.iter().flat_map(|(agent, classes)| {
            classes.iter().map(move |(class, record)| AutonomyLine { agent, class: *class, record })
        })
    }

    /// Refused requests of the control plane, by agent and code.
    pub fn refused(&self) -> &BTreeMap<String, BTreeMap<String, u64>> {
        &self.refused
    }

    /// Whether a record has something to say here.
    pub(crate) fn concerns(control: &Control) -> bool {
        matches!(
            control,
            Control::Planned(_)
                | Control::Validated(_)
                | Control::CutOver { .. }
                | Control::Settled { .. }
                | Control::RewindRequested { .. }
                | Control::Rewound { .. }
                | Control::RequestRefused { .. }
                | Control::BreakerReset { .. }
        )
    }

    /// Takes in what a record says. `events`: those in the log before it; `by_engine`: whether the engine wrote it
    /// on its own account.
    pub(crate) fn apply(
        &mut self,
        (principal, by_engine): (&str, bool),
        control: &Control,
        (time, events): (Micros, u64),
        plans: &Plans,
    ) {
        match control {
            Control::Planned(planned) => self.record(principal, planned.class_since_approved).planned += 1,
            Control::Validated(validated) => {
                let passes = validated.findings.is_empty();
                if let Some((agent, class)) = planned(plans, validated.plan) {
                    let record = self.record(&agent, class);
                    *(if passes { &mut record.passed } else { &mut record.failed }) += 1;
                }
            }
            Control::CutOver { version, plan, evidence, approved_by, .. } => {
                self.rewinding = None;
                let class = match plan {
                    Some(plan) => planned(plans, *plan).map(|(_, class)| class),
                    None => self.turns.get(version).and_then(|turn| turn.class),
                };
                let differing = evidence.and_then(|evidence| plans.evidence(evidence));
                let differing = differing.map_or(0, |(_, evidence)| evidence.rows_differing);
                self.taken_live(principal, class, differing, approved_by.is_empty());
                let agent = principal.to_owned();
                let (began, events_before, cutovers_before) = (time, events, self.cutovers);
                let turn = Turn { agent, class, began, events_before, cutovers_before, is_undone: false };
                self.turns.insert(*version, turn);
                self.cutovers += 1;
            }
            Control::Settled { version, .. } => {
                if let Some((agent, class)) = self.turns.get(version).and_then(Turn::line) {
                    self.record(&agent, class).settled += 1;
                }
            }
            Control::RewindRequested { version, .. } => {
                self.rewinding = (!by_engine).then(|| (*version, principal.to_owned()));
            }
            Control::Rewound { version, from, .. } => {
                let asked = self.rewinding.take().filter(|(to, _)| to == version).map(|(_, who)| who);
                let who = if by_engine { asked } else { Some(principal.to_owned()) };
                if let Some(turn) = self.undo(*from, *version) {
                    self.rewound(&turn, who.as_deref(), time, events);
                }
            }
            Control::BreakerReset { agent } => {
                self.undone.remove(agent);
            }
            Control::RequestRefused { code, .. } => self.note_refused(principal, code),
            _ => {}
        }
    }

    fn taken_live(&mut self, agent: &str, class: Option<Class>, rows_differing: u64, is_alone: bool) {
        let Some(class) = class else { return };
        let record = self.record(agent, class);
        record.rows_differing += rows_differing;
        *(if is_alone { &mut record.live_alone } else { &mut record.live_approved }) += 1;
    }

    /// The turn that a rewind takes back, if it was not taken back before and the rewind does not lead forward.
    fn undo(&mut self, from: VersionNo, to: VersionNo) -> Option<Turn> {
        let to = self.turns.get(&to).map(|turn| turn.cutovers_before);
        let turn = self.turns.get_mut(&from)?;
        if turn.is_undone || to.is_some_and(|to| to > turn.cutovers_before) {
            return None;
        }
        turn.is_undone = true;
        Some(turn.clone())
    }

    fn rewound(&mut self, turn: &Turn, who: Option<&str>, time: Micros, events: u64) {
        let after_ms = u64::try_from(time.0.saturating_sub(turn.began.0) / 1000).unwrap_or(0);
        if who != Some(turn.agent.as_str()) {
            self.count_undone(&turn.agent, time);
        }
        let Some((agent, class)) = turn.line() else { return };
        let record = self.record(&agent, class);
        let count = match who {
            Some(who) if who == agent => &mut record.rewound_by_itself,
            Some(_) => &mut record.rewound_by_others,
            None => &mut record.rewound_by_guards,
        };
        *count += 1;
        record.soonest_ms = Some(record.soonest_ms.map_or(after_ms, |soonest| soonest.min(after_ms)));
        record.rewound_after_ms = record.rewound_after_ms.saturating_add(after_ms);
        record.window_events += events.saturating_sub(turn.events_before);
    }

    /// Counts against the agent, and forgets those of whom nothing counts any longer.
    fn count_undone(&mut self, agent: &str, time: Micros) {
        let counts = |times: &VecDeque<Micros>| {
            times.back().is_some_and(|last| time < last.plus_ms(BREAKER_WINDOW_MS))
        };
        self.undone.retain(|_, times| counts(times));
        let undone = self.undone.entry(agent.to_owned()).or_default();
        undone.push_back(time);
        if undone.len() > BREAKER_REWINDS {
            undone.pop_front();
        }
    }

    fn record(&mut self, agent: &str, class: Class) -> &mut Record {
        let is_new = !self.records.get(agent).is_some_and(|classes| classes.contains_key(&class));
        let agent = if is_new && self.rows >= AUTONOMY_ROWS_MAX { OTHERS } else { agent };
        let classes = self.records.entry(agent.to_owned()).or_default();
        self.rows += usize::from(!classes.contains_key(&class));
        classes.entry(class).or_default()
    }

    fn note_refused(&mut self, agent: &str, code: &str) {
        let is_full = self.refused.len() >= AUTONOMY_ROWS_MAX && !self.refused.contains_key(agent);
        let agent = if is_full { OTHERS } else { agent };
        let codes = self.refused.entry(agent.to_owned()).or_default();
        let code = if codes.len() >= AUTONOMY_CODES_MAX && !codes.contains_key(code) { OTHERS } else { code };
        *codes.entry(code.to_owned()).or_insert(0) += 1;
    }
}

/// Who made a plan, and the class of its change.
fn planned(plans: &Plans, plan: PlanId) -> Option<(String, Class)> {
    let found = plans.iter().find(|open| open.planned.plan == plan)?;
    Some((found.author.clone(), found.planned.class_since_approved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_beyond_the_limit_are_counted_together() {
        let mut autonomy = Autonomy::default();
        for n in 0..AUTONOMY_ROWS_MAX + 50 {
            autonomy.record(&format!("a{n}"), Class::Additive).planned += 1;
            autonomy.note_refused(&format!("a{n}"), "frozen");
        }
        assert!(autonomy.lines().count() <= AUTONOMY_ROWS_MAX + 4);
        let others = autonomy.lines().find(|line| line.agent == OTHERS).expect("others");
        assert_eq!(others.record.planned, 50);
        assert_eq!(autonomy.refused()[OTHERS]["frozen"], 50);
        for n in 0..AUTONOMY_CODES_MAX + 5 {
            autonomy.note_refused("a1", &format!("c{n}"));
        }
        assert!(autonomy.refused()["a1"].len() <= AUTONOMY_CODES_MAX + 1);
    }

    #[test]
    fn who_was_taken_back_long_ago_takes_no_memory() {
        let mut autonomy = Autonomy::default();
        let hour = |hour: u64| Micros(0).plus_ms(hour * BREAKER_WINDOW_MS);
        for n in 0..50 {
            autonomy.count_undone(&format!("a{n}"), hour(1));
        }
        autonomy.count_undone("late", hour(2));
        assert_eq!(autonomy.undone.keys().collect::<Vec<_>>(), ["late"]);
    }
}
