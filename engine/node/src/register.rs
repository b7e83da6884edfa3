//! Registering a schema version: the document is checked here, on a thread that may take its time, and the
//! sequencer takes the checked version in.
//!
//! If another version was registered meanwhile, the document is checked again, so often that a caller who
//! is always overtaken hears of it in the end.

use std::sync::Arc;

use selfsame_core::{Answer, Checked, Code, Refusal, Request};
use selfsame_record::Principal;
use tracing::error;

use crate::handle::Handle;
use crate::sequencer::Reply;

/// Documents that are checked at once; others wait. A check may take a processor for seconds, and reads and
/// writes go on meanwhile.
pub const CHECKS_MAX: usize = 2;
/// How often a document is checked at most because another version was registered meanwhile.
pub const REGISTER_ROUNDS_MAX: usize = 8;

impl Handle {
    /// Checks a document and registers it.
    pub async fn register(&self, principal: &Principal, document: String) -> Reply {
        let document: Arc<str> = document.into();
        let mut round = 1;
        loop {
            let checked = self.check(Arc::clone(&document)).await;
            let reply = self.ask(principal, Request::Register { checked }).await;
            if stands(&reply.outcome, round) {
                return reply;
            }
            round += 1;
        }
    }

    async fn check(&self, document: Arc<str>) -> Checked {
        // Nobody closes it. The check keeps its leave to its end, even if the caller goes away before.
        let leave = Arc::clone(&self.shared.checks).acquire_owned().await;
        let (registry, samples) = self.read(|serving| {
            (Arc::clone(&serving.status().admission.registry), Arc::clone(serving.samples()))
        });
        let against = Arc::clone(&registry);
        let checked = tokio::task::spawn_blocking(move || {
            let checked = Checked::of(&against, &*samples, &document);
            drop(leave);
            checked
        })
        .await;
        checked.unwrap_or_else(|err| {
            error!(err = &err as &dyn std::error::Error, "checking a document ended early");
            let refusal = match err.is_panic() {
                true => {
                    Refusal::new(Code::InvalidDocument, "the check of the document ended by a bug of ours")
                        .next("see the engine's log, and leave out what is unusual in the document")
                }
                false => Refusal::new(Code::Stopping, "the engine is stopping"),
            };
            Checked::refused(&registry, refusal)
        })
    }
}

/// Whether the outcome of this round, counted from 1, is the caller's answer. A document that was overtaken is
/// checked again as long as there are rounds.
fn stands(outcome: &Result<Answer, Refusal>, round: usize) -> bool {
    let overtaken = matches!(outcome, Err(refusal) if refusal.code == Code::RegistryChanged);
    !overtaken || round >= REGISTER_ROUNDS_MAX
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use selfsame_core::Settings;
    use selfsame_log::MemoryLog;

    use super::*;
    use crate::engine::Engine;

    const DOCUMENT: &str = "
selfsame: 1
name: a
events: { a.b: { key: /id, schema: { type: object, required: [id], properties: { id: { type: string } } } } }
projections: { c: { kind: cache, on: { a.b: { set: { id: $.id } } } } }
";

    #[test]
    fn who_is_overtaken_again_and_again_hears_of_it() {
        let refused = |code| Err(Refusal::new(code, "no"));
        for (outcome, round, expect) in [
            (Ok(Answer::Noted {}), 1, true),
            (refused(Code::InvalidDocument), 1, true),
            (refused(Code::RegistryChanged), 1, false),
            (refused(Code::RegistryChanged), REGISTER_ROUNDS_MAX - 1, false),
            (refused(Code::RegistryChanged), REGISTER_ROUNDS_MAX, true),
        ] {
            assert_eq!(stands(&outcome, round), expect, "{outcome:?} in round {round}");
        }
    }

    #[tokio::test]
    async fn a_check_waits_for_its_turn_and_the_sequencer_does_not_wait_for_it() {
        let engine = Engine::start(Arc::new(MemoryLog::new()), Settings { standbys_max: 0 });
        let engine = engine.expect("an engine");
        let handle = engine.handle().clone();
        let tester = Principal::parse("tester").expect("a principal");
        let all = u32::try_from(CHECKS_MAX).expect("a few");
        let taken = Arc::clone(&handle.shared.checks).acquire_many_owned(all).await.expect("leave");
        let waiting = {
            let (handle, tester) = (handle.clone(), tester.clone());
            tokio::spawn(async move { handle.register(&tester, DOCUMENT.to_owned()).await })
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
        let other = handle.ask(&tester, Request::Tick).await.outcome;
        assert_eq!(other, Ok(Answer::Noted {}), "others are answered meanwhile");
        assert!(!waiting.is_finished(), "more than {CHECKS_MAX} documents are checked at once");
        drop(taken);
        let outcome = waiting.await.expect("no panic").outcome;
        assert!(matches!(outcome, Ok(Answer::Registered { existed: false, .. })), "{outcome:?}");
        engine.stop().await;
    }
}
