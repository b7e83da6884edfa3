//! The routes that workers use.

use selfsame_core::Code;
use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::{CHANGE, Writer};
use crate::contract::{answers, columns};

impl<'d> Writer<'d> {
    pub(super) fn queue(&mut self, name: &str, projection: &'d Value) {
        let input = columns::job_input(&mut self.components, projection);
        let input = self.components.add(&format!("{name}.input"), input);
        let refusals = |more: &[Code]| {
            let mut refusals = CHANGE.to_vec();
            refusals.extend([Code::NoActiveVersion, Code::UnknownProjection]);
            refusals.extend(more);
            refusals
        };
        let max = json!({ "type": "integer", "minimum": 1, "default": 1, "description": "The most jobs to lease." });
        let held = [("job", answers::position("The job.")), ("lease", answers::position("The lease."))];
        let reason =
            ("reason", json!({ "type": "string", "description": "Why, for whoever looks into it." }));
        let fenced = [Code::LeaseFenced, Code::LeaseLost];
        let routes = [
            ("lease", "Take jobs.", vec![("max", max)], 0, answers::leased(&input), refusals(&[])),
            ("ack", "Say that a job is done.", held.to_vec(), 2, answers::acknowledged(), refusals(&fenced)),
            (
                "nack",
                "Give a job back, to be tried again.",
                held.into_iter().chain([reason]).collect(),
                2,
                answers::given_back(),
                refusals(&fenced),
            ),
        ];
        for (verb, summary, members, required, answer, refusals) in routes {
            let id = format!("jobs.{name}.{verb}");
            let mut operation = Operation::new(&id, summary, name);
            let names: Vec<&str> = members.iter().take(required).map(|(name, _)| *name).collect();
            let properties: Map<String, Value> =
                members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
            let body = json!({
                "type": "object", "required": names, "properties": properties, "additionalProperties": false,
            });
            operation.body = Some(json!({ "application/json": { "schema": body } }));
            operation.refusals = refusals;
            self.post(&format!("/v1/jobs/{name}/{verb}"), operation, answer);
        }
    }
}
