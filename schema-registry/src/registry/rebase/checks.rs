//! What may be wrong in a document that was brought together without a conflict.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Merge;
use super::events::Changed;
use super::text::Text;
use crate::guard::Guard;
use crate::json::pointer;
use crate::problem::Problem;

impl Merge<'_> {
    /// Everything to be looked at, by its place in the document.
    pub(super) fn needs_check(&self, document: &Text, changed: &BTreeMap<String, Changed>) -> Vec<Problem> {
        let projections = document.section("projections").into_iter().flatten();
        let hangs = projections.filter_map(|(name, section)| self.hangs_on_both(name, section, changed));
        hangs.chain(self.lost_measurements(document)).chain(self.moved_unchanged(document)).collect()
    }

    /// A projection that hangs on changes of both versions: of the projection itself, or of types that it reads.
    fn hangs_on_both(
        &self,
        name: &str,
        section: &Value,
        changed: &BTreeMap<String, Changed>,
    ) -> Option<Problem> {
        let texts = [self.base, self.onto.text, self.own.text];
        let [base, onto, own] = texts.map(|text| text.member("projections", name));
        let itself = Changed { onto: onto != base, own: own != base };
        let on = section.get("on").and_then(Value::as_object);
        let reads = on.into_iter().flat_map(Map::keys).filter_map(|event_type| changed.get(event_type));
        let by: Vec<&Changed> = reads.chain([&itself]).collect();
        // What both came to alike is of neither alone.
        let onto = by.iter().any(|by| by.onto && !by.own);
        let own = by.iter().any(|by| by.own && !by.onto);
        let message = format!(
            "`{name}` hangs on changes of both {} and {}, in itself or in the events that it reads",
            self.onto.no, self.own.no
        );
        let note = Problem::new(pointer::child("/projections", name), message);
        (onto && own).then(|| note.help("see that it compiles, and that it means what was meant"))
    }

    /// Guards that one version has, over a projection that the other one took away.
    fn lost_measurements(&self, document: &Text) -> Vec<Problem> {
        let now = |name: &str| document.member("projections", name).is_some();
        let before = |name: &str| self.onto.text.member("projections", name).is_some();
        let compiled = self.own.guards.iter().chain(self.onto.guards);
        let mut notes = Vec::new();
        for (index, (name, json)) in document.guards().enumerate() {
            let is_it = |guard: &&Guard| {
                let expect = json.get("expect").and_then(Value::as_str);
                guard.name().as_str() == name && expect == Some(guard.expect())
            };
            let lost = compiled.clone().find(is_it).and_then(|guard| guard.lost(&now, &before));
            if let Some(lost) = lost {
                let message = format!("`{name}` reads `{lost}`, and there is no such projection any longer");
                let help = "leave the guard out, or name another projection";
                notes.push(Problem::new(format!("/guards/{index}/expect"), message).help(help));
            }
        }
        notes
    }

    /// Projections that are to stay as they are, and that the moved version changes.
    fn moved_unchanged(&self, document: &Text) -> Vec<Problem> {
        let unchanged = document.whole.get("probation").and_then(|probation| probation.get("unchanged"));
        let names = unchanged.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let changed = names.filter(|name| {
            let [base, own] = [self.base, self.own.text].map(|text| text.member("projections", name));
            base != own
        });
        let note = |name: &str| {
            let message = format!("`{name}` is to stay as it is, and {} changed it", self.own.no);
            let help = "take it out of `unchanged`, or leave the projection as it is";
            Problem::new("/probation/unchanged", message).help(help)
        };
        changed.map(note).collect()
    }
}
