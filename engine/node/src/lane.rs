//! The reserved lane: what operators order, and every rewind, goes before all that waits, and finds room when the
//! inbox has none.
//!
//! Requests of one caller in the lane are decided in the order of their submission; they overtake what the same
//! caller has waiting outside of it.

use parking_lot::Mutex;
use selfsame_core::{Plane, Request};
use selfsame_record::Principal;
use tokio::sync::oneshot;

use crate::sequencer::Reply;

/// Requests that wait in the lane at most; more are refused as overload.
pub const LANE_MAX: usize = 256;
/// Rewinds of services and agents among them; more wait with everything else.
pub const LANE_OPEN_MAX: usize = 32;

/// A request in the lane.
pub(crate) struct Urgent {
    pub(crate) principal: Principal,
    pub(crate) plane: Plane,
    pub(crate) request: Request,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// Why a request did not get in.
pub(crate) enum NoRoom {
    /// As many wait as may.
    Full,
    /// As many of services and agents wait as may; the request waits elsewhere.
    Shared(Box<Urgent>),
    /// Nobody takes from it any longer.
    Closed,
}

/// What waits in the lane; nothing gets in once it is closed.
pub(crate) struct Lane(Mutex<Option<Vec<Urgent>>>);

impl Default for Lane {
    fn default() -> Lane {
        Lane(Mutex::new(Some(Vec::new())))
    }
}

impl Lane {
    /// Whether a request goes here.
    pub(crate) fn is_for(plane: Plane, request: &Request) -> bool {
        let publishes = matches!(request, Request::Publish { .. } | Request::NoteRefused { .. });
        matches!(request, Request::Rewind { .. }) || plane == Plane::Operator && !publishes
    }

    /// Puts a request behind those that wait here.
    pub(crate) fn put(&self, urgent: Urgent) -> Result<(), NoRoom> {
        let mut lane = self.0.lock();
        let waiting = lane.as_mut().ok_or(NoRoom::Closed)?;
        if waiting.len() >= LANE_MAX {
            return Err(NoRoom::Full);
        }
        let is_open = |urgent: &&Urgent| urgent.plane == Plane::Open;
        if urgent.plane == Plane::Open && waiting.iter().filter(is_open).count() >= LANE_OPEN_MAX {
            return Err(NoRoom::Shared(Box::new(urgent)));
        }
        waiting.push(urgent);
        Ok(())
    }

    /// All that waits, taken out.
    pub(crate) fn take(&self) -> Vec<Urgent> {
        self.0.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Lets nothing in any longer; who waits hears that the engine is stopping.
    pub(crate) fn close(&self) {
        *self.0.lock() = None;
    }
}
