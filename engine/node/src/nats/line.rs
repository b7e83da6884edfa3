//! Whose messages come in on a connection, and how that is known.
//!
//! Without a boundary there is one line, and senders are who their subject says they are. With one, each
//! principal has a line of its own: its subjects and nobody else's, on a connection and with an in-tray of
//! its own. So whoever breaks a connection by what no client can read, floods it or fills the in-tray is
//! alone in it.
//!
//! Not here: what somebody may publish or read (the core decides).

use std::sync::Arc;

use async_nats::Message;
use selfsame_core::{Code, Refusal, principal};
use selfsame_record::Principal;

use crate::handle::Handle;
use crate::nats::attest::Attestation;
use crate::nats::layout::NatsPrincipal;
use crate::nats::subject::{FEED, GET, IN, READ, TRAY};
use crate::nats::tray::TRAY_STREAM;
use crate::sequencer::ENGINE;

/// A way in.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// `None`: whoever comes.
    whose: Option<Arc<NatsPrincipal>>,
}

/// An in-tray: its stream, and the subject that it listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrayName {
    pub(crate) stream: String,
    pub(crate) subject: String,
}

impl Line {
    /// The one line of everybody.
    pub(crate) fn of_everybody() -> Line {
        Line { whose: None }
    }

    /// The line of one.
    pub(crate) fn of(principal: NatsPrincipal) -> Line {
        Line { whose: Some(Arc::new(principal)) }
    }

    /// Whether the server says who sends.
    pub(crate) fn is_attested(&self) -> bool {
        self.whose.is_some()
    }

    /// Whose it is.
    pub(crate) fn whose(&self) -> Option<&NatsPrincipal> {
        self.whose.as_deref()
    }

    /// Whose it is, to be shown.
    pub(crate) fn name(&self) -> &str {
        self.whose.as_ref().map_or("*", |principal| principal.name.as_str())
    }

    /// What is published on.
    pub(crate) fn ingest(&self) -> Option<String> {
        match &self.whose {
            None => Some(format!("{IN}>")),
            Some(principal) => principal.publishes().then(|| format!("{IN}{}.>", principal.name)),
        }
    }

    /// What is read on.
    pub(crate) fn reads(&self) -> Option<String> {
        let prefix = self.read_prefix();
        self.whose.as_ref().is_none_or(|principal| principal.may_read).then(|| format!("{prefix}>"))
    }

    /// What the subject of a read begins with.
    pub(crate) fn read_prefix(&self) -> String {
        self.whose.as_ref().map_or_else(|| GET.to_owned(), |principal| format!("{READ}{}.", principal.name))
    }

    /// What feeds are asked for on.
    pub(crate) fn feeds(&self) -> Vec<String> {
        match &self.whose {
            None => vec![format!("{FEED}>")],
            Some(principal) if principal.may_read => {
                vec![format!("{FEED}{}", principal.name), format!("{FEED}{}.>", principal.name)]
            }
            Some(_) => vec![],
        }
    }

    /// The in-tray.
    pub(crate) fn tray(&self) -> Option<TrayName> {
        match &self.whose {
            None => Some(TrayName { stream: TRAY_STREAM.to_owned(), subject: format!("{TRAY}>") }),
            Some(principal) if principal.publishes() => {
                let name = &principal.name;
                let (stream, subject) = (format!("{TRAY_STREAM}_{name}"), format!("{TRAY}{name}.>"));
                Some(TrayName { stream, subject })
            }
            Some(_) => None,
        }
    }

    /// Who sends a message whose subject names somebody, within what they may send.
    ///
    /// # Errors
    ///
    /// If it is not proven, or they send too much.
    pub(crate) fn sender(
        &self,
        handle: &Handle,
        named: &str,
        message: &Message,
    ) -> Result<Principal, Refusal> {
        let sender = self.named(handle, named)?;
        // Before the rest, which takes longer: the account alone says whose rate it is.
        within_rate(handle, &sender)?;
        self.check_attested(message)?;
        Ok(sender)
    }

    /// Who reads, if that is known.
    ///
    /// # Errors
    ///
    /// As [`Self::sender`].
    pub(crate) fn reader(&self, handle: &Handle, message: &Message) -> Result<Option<Principal>, Refusal> {
        let Some(principal) = &self.whose else {
            self.check_proven(handle)?;
            return Ok(None);
        };
        within_rate(handle, &principal.name)?;
        self.check_attested(message)?;
        Ok(Some(principal.name.clone()))
    }

    /// Who sent a message of the in-tray. The server's header is gone there, and the subject is what the
    /// server let that account publish.
    ///
    /// # Errors
    ///
    /// If the subject names nobody, the engine, or another than whose line it is.
    pub(crate) fn named(&self, handle: &Handle, named: &str) -> Result<Principal, Refusal> {
        self.check_proven(handle)?;
        let sender = principal(named)?;
        if sender.as_str().eq_ignore_ascii_case(ENGINE) {
            let detail = format!("`{sender}` is the engine's own name and nobody else's");
            return Err(Refusal::new(Code::WrongPrincipal, detail)
                .next("publish on `selfsame.in.<your service's name>.<event type>`"));
        }
        match &self.whose {
            Some(principal) if principal.name != sender => {
                let detail = format!("a message of `{sender}` came in on the line of `{}`", principal.name);
                Err(Refusal::new(Code::WrongPrincipal, detail)
                    .next("send on the subjects with your own name"))
            }
            _ => Ok(sender),
        }
    }

    fn check_attested(&self, message: &Message) -> Result<(), Refusal> {
        let Some(principal) = &self.whose else { return Ok(()) };
        Attestation::read(message.headers.as_ref())?.check(principal)
    }

    /// Under a boundary nobody is who they merely say they are.
    fn check_proven(&self, handle: &Handle) -> Result<(), Refusal> {
        let boundary = handle.boundary()?;
        if self.is_attested() || boundary.is_none() {
            return Ok(());
        }
        Err(Refusal::new(Code::NoPrincipal, "the NATS server does not prove who sends a message")
            .next("start the engine with the NATS accounts of its boundary"))
    }
}

fn within_rate(handle: &Handle, sender: &Principal) -> Result<(), Refusal> {
    let Some(boundary) = handle.boundary()? else { return Ok(()) };
    handle.within_rate(&boundary, sender)
}
