//! Registering a schema version: the document is checked here, on a thread that may take its time, and the
//! sequencer takes the checked version in.
//!
//! If another version was registered meanwhile, the document is checked again, so often that a caller who
//! is always overtaken hears of it in the end.

use std::sync::Arc;

use selfsame_core::{Checked, Code, Refusal, Request};
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
        let mut rounds = 0;
        loop {
            rounds += 1;
            let checked = self.check(Arc::clone(&document)).await;
            let reply = self.ask(principal, Request::Register { checked }).await;
            let overtaken = matches!(&reply.outcome, Err(refusal) if refusal.code == Code::RegistryChanged);
            if !overtaken || rounds >= REGISTER_ROUNDS_MAX {
                return reply;
            }
        }
    }

    async fn check(&self, document: Arc<str>) -> Checked {
        // Nobody closes it, and without leave the check would only share the processor with more others.
        let _leave = self.shared.checks.acquire().await;
        let registry = Arc::clone(&self.admission().registry);
        let against = Arc::clone(&registry);
        let checked = tokio::task::spawn_blocking(move || Checked::of(&against, &document)).await;
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
