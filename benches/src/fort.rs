//! A boundary of many members with the policy that a new one begins with.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use selfsame_boundary::{Fresh, Named, Proposal, SigningKey};
use selfsame_core::{Boundary, Budget, Code, PrincipalKind, Request};
use selfsame_node::Handle;
use selfsame_record::{Principal, VersionNo};

/// Members of the boundary.
const MEMBERS: usize = 64;

/// The boundary, and the `authorization` of the service `web` and of the agent `coder`.
pub(crate) struct Fort {
    pub(crate) boundary: Arc<Boundary>,
    pub(crate) web: String,
    pub(crate) coder: String,
}

impl Fort {
    pub(crate) fn make() -> Fort {
        let named = |name: String, kind| Named { owner: format!("{name}-owner"), name, kind };
        let mut members = vec![
            named("ada".to_owned(), PrincipalKind::Operator),
            named("web".to_owned(), PrincipalKind::Service),
            named("coder".to_owned(), PrincipalKind::Agent),
        ];
        members.extend((members.len()..MEMBERS).map(|n| named(format!("s{n}"), PrincipalKind::Service)));
        let mut fresh = Fresh::make("bench", &members).expect("a boundary");
        // The service sends as fast as it can, and its rate is taken all the same.
        let limits = "[limits.service]\nper_second = 5000\nburst = 10000";
        assert!(fresh.files.document.contains(limits), "the limits of a new boundary are others");
        let wide = "[limits.service]\nper_second = 1000000\nburst = 1000000";
        fresh.files.document = fresh.files.document.replace(limits, wide);
        let key = SigningKey::generate().expect("a key");
        let boundary =
            Proposal::verified(&fresh.files, &fresh.files.sign(&key), key.public()).expect("verified");
        let bearer = |name: &str| {
            let found = fresh.secrets.iter().find(|secrets| secrets.name == name).expect("a member");
            format!("Bearer {}", found.token.expose_secret())
        };
        Fort { boundary: Arc::new(boundary), web: bearer("web"), coder: bearer("coder") }
    }
}

/// Builds v1 and cuts over to it.
pub(crate) async fn take_live(handle: &Handle, agent: &Principal) {
    let version = VersionNo::FIRST;
    let built = handle.ask(agent, Request::Build { version, budget: Budget::URGENT }).await;
    assert!(built.outcome.is_ok(), "{built:?}");
    loop {
        let cutover = Request::Cutover { version, expected: None, evidence: None };
        match handle.ask(agent, cutover).await.outcome {
            Ok(_) => return,
            Err(refusal) if refusal.code == Code::NotBuilt => {
                tokio::time::sleep(Duration::from_millis(1)).await
            }
            Err(refusal) => panic!("{refusal}"),
        }
    }
}
