//! The autonomy ledger, as people and programs look at it.

use selfsame_core::{AutonomyLine, Breaker};
use selfsame_record::Micros;
use serde_json::{Value, json};

use crate::clock::{self, show_time};
use crate::handle::Handle;
use crate::read::Served;
use crate::read::body::Body;

/// What each agent changed and what became of it; of one agent alone if it is named.
pub fn autonomy(handle: &Handle, agent: Option<&str>) -> Served {
    let now = clock::now();
    let wanted = |name: &str| agent.is_none_or(|agent| agent == name);
    handle.read(|serving| {
        let ledger = &serving.status().autonomy;
        let mut body = Body::new(serving.position(), serving.active());
        let lines: Vec<AutonomyLine<'_>> = ledger.lines().filter(|line| wanted(line.agent)).collect();
        body.put("agents", &lines);
        let refused = ledger.refused().iter().filter(|(agent, _)| wanted(agent));
        let refused = refused.map(|(agent, codes)| json!({ "agent": agent, "codes": codes }));
        body.put("refused", &refused.collect::<Vec<Value>>());
        body.put("breakers", &breakers(ledger.breakers(now).filter(|breaker| wanted(breaker.agent))));
        body.served()
    })
}

/// The agents that may only propose.
pub(crate) fn breakers<'a>(open: impl Iterator<Item = Breaker<'a>>) -> Vec<Value> {
    let shown = |time: Micros| show_time(time);
    open.map(|b| json!({ "agent": b.agent, "since": shown(b.since), "until": shown(b.until) })).collect()
}
