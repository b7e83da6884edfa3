//! What follows every answer, and counts what should not be.
//!
//! Every user is written by one client, and every write carries the next revision of the user. So an object
//! that is older than a write that was acknowledged before the read began is stale, whoever reads it. A
//! locale that was acknowledged is to be read again until another one is written; where nobody was writing
//! during the read and it is not there, it is lost.
//!
//! # Invariants
//!
//! 1. A fault is counted for certain or not at all: what was being written meanwhile is not judged.
//! 2. A lost value is counted once, a wrong answer each time.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use serde::Serialize;
use serde_json::Value;

use crate::ordinary::failed::Failed;
use crate::ordinary::shape::{Shape, User};

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Objects that were looked at, in profiles and in lists.
    pub(super) objects: u64,
    /// Writes that were acknowledged.
    pub(super) writes: u64,
    /// Mails that were sent.
    pub(super) mails: u64,
    /// Objects of another shape than the instance speaks that answered it.
    pub(super) wrong_shape: u64,
    /// Those of them that came when every instance spoke the same shape.
    pub(super) wrong_shape_after: u64,
    /// Objects older than a write that was acknowledged before.
    pub(super) stale: u64,
    /// Users who were registered and not found.
    pub(super) missing: u64,
    /// Objects whose names are not those of their revision.
    pub(super) torn: u64,
    /// How often a client that had seen the new shape got the old one again in the same deployment.
    pub(super) back_and_forth: u64,
    /// Messages that reached a worker of another shape.
    pub(super) other_shape_messages: u64,
    /// Deliveries of messages that the worker could not read.
    pub(super) unreadable_deliveries: u64,
    /// Jobs that the workers gave up.
    pub(super) given_up: u64,
    /// Jobs of registered users that were never done.
    pub(super) lost_jobs: u64,
    /// Jobs that were done again.
    pub(super) doubled_jobs: u64,
    /// Values that were acknowledged and are gone.
    pub(super) lost_fields: u64,
    /// Reads that were answered with an error.
    pub(super) read_errors: u64,
    /// Writes that were answered with an error.
    pub(super) write_errors: u64,
    /// The first error of each kind of request, in the words of the server.
    pub(super) first_errors: Vec<String>,
}

/// What is known of one user.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Writes begun, and writes answered: equal if nobody is writing.
    begun: u64,
    answered: u64,
    /// The latest acknowledged revision: 0 if there is none.
    revision: i64,
    /// The locale that was acknowledged last, until it is lost.
    locale: Option<String>,
}

/// What was known of a user when a read began.
#[derive(Debug)]
pub(super) struct Before {
    begun: u64,
    revision: i64,
}

/// What one client has seen of the current deployment.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// The deployment in which it saw the new shape.
    seen_new_in: u64,
}

#[derive(Default)]
struct Book {
    counts: Counts,
    users: HashMap<i64, Known>,
    /// Deployments so far, and the shape that one leads to while it goes on.
    deployments: u64,
    leads_to: Option<Shape>,
    jobs: HashSet<i64>,
    mails: HashMap<i64, u64>,
}

/// The checker.
#[derive(Default)]
pub(super) struct Checker {
    book: Mutex<Book>,
}

impl Checker {
    /// A deployment begins that leads to this shape.
    pub(super) fn deployment_begins(&self, to: Shape) {
        let mut book = self.book();
        book.deployments += 1;
        book.leads_to = Some(to);
    }

    /// The deployment is done: every instance speaks the shape that it led to.
    pub(super) fn deployment_ends(&self) {
        self.book().leads_to = None;
    }

    /// Whether a deployment goes on.
    pub(super) fn is_deploying(&self) -> bool {
        self.book().leads_to.is_some()
    }

    /// A client begins to write a user.
    pub(super) fn write_begins(&self, id: i64) {
        self.book().users.entry(id).or_default().begun += 1;
    }

    /// The write was acknowledged; it set the locale if it names one.
    pub(super) fn written(&self, user: &User) {
        let mut book = self.book();
        book.counts.writes += 1;
        let known = book.users.entry(user.id).or_default();
        known.answered += 1;
        known.revision = user.revision;
        if user.locale.is_some() {
            known.locale.clone_from(&user.locale);
        }
    }

    /// The write was answered with an error: nobody knows what became of it.
    pub(super) fn write_failed(&self, id: i64, err: &Failed) {
        let mut book = self.book();
        book.counts.write_errors += 1;
        if book.counts.write_errors == 1 {
            book.counts.first_errors.push(format!("a write: {err}"));
        }
        let known = book.users.entry(id).or_default();
        known.answered += 1;
        known.locale = None;
    }

    /// A read was answered with an error.
    pub(super) fn read_failed(&self, err: &Failed) {
        let mut book = self.book();
        book.counts.read_errors += 1;
        if book.counts.read_errors == 1 {
            book.counts.first_errors.push(format!("a read: {err}"));
        }
    }

    /// What is known of a user as a read begins.
    pub(super) fn read_begins(&self, id: i64) -> Before {
        let book = self.book();
        let known = book.users.get(&id);
        Before { begun: known.map_or(0, |k| k.begun), revision: known.map_or(0, |k| k.revision) }
    }

    /// An instance that speaks this shape answered a read with this object.
    pub(super) fn read(
        &self,
        id: i64,
        speaks: Shape,
        before: &Before,
        answer: Option<&Value>,
        sight: &mut Sight,
    ) {
        let mut book = self.book();
        let Some(object) = answer else {
            book.counts.missing += u64::from(before.revision > 0);
            return;
        };
        let Some((shape, user)) = book.look_at(speaks, object) else { return };
        book.counts.stale += u64::from(user.revision < before.revision);
        if book.leads_to == Some(shape) {
            sight.seen_new_in = book.deployments;
        } else if book.leads_to.is_some() && sight.seen_new_in == book.deployments {
            book.counts.back_and_forth += 1;
        }
        let Some(known) = book.users.get_mut(&id) else { return };
        let quiet = known.begun == before.begun && known.begun == known.answered;
        let current = user.revision == known.revision;
        let lost =
            quiet && current && shape == Shape::V2 && known.locale.is_some() && user.locale != known.locale;
        if lost {
            known.locale = None;
            book.counts.lost_fields += 1;
        }
    }

    /// An instance that speaks this shape answered a query with these objects.
    pub(super) fn listed(&self, speaks: Shape, objects: &[Value]) {
        let mut book = self.book();
        for object in objects {
            book.look_at(speaks, object);
        }
    }

    /// A user was registered: a mail is due.
    pub(super) fn mail_due(&self, id: i64) {
        self.book().jobs.insert(id);
    }

    /// A message of this shape reached a worker that was written for another one, or the same.
    pub(super) fn message(&self, shape: Shape, worker: Shape, read: bool) {
        let counts = &mut self.book().counts;
        counts.other_shape_messages += u64::from(shape != worker);
        counts.unreadable_deliveries += u64::from(!read);
    }

    /// A mail was sent.
    pub(super) fn mailed(&self, id: i64) {
        let mut book = self.book();
        book.counts.mails += 1;
        *book.mails.entry(id).or_default() += 1;
    }

    /// A worker gave a job up.
    pub(super) fn given_up(&self) {
        self.book().counts.given_up += 1;
    }

    /// What was counted, once all is done.
    pub(super) fn counts(&self) -> Counts {
        let book = self.book();
        let undone = book.jobs.iter().filter(|id| !book.mails.contains_key(id)).count();
        let doubled = book.mails.values().map(|times| times - 1).sum();
        let lost_jobs = u64::try_from(undone).unwrap_or(u64::MAX);
        Counts { lost_jobs, doubled_jobs: doubled, ..book.counts.clone() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics with the book")
    }
}

impl Book {
    /// Judges an object by itself. None if it is of no shape.
    fn look_at(&mut self, speaks: Shape, object: &Value) -> Option<(Shape, User)> {
        let counts = &mut self.counts;
        counts.objects += 1;
        let read = User::read(object);
        let right = read.as_ref().is_some_and(|(shape, _)| *shape == speaks);
        counts.wrong_shape += u64::from(!right);
        counts.wrong_shape_after += u64::from(!right && self.leads_to.is_none());
        if let Some((_, user)) = &read {
            let meant = User::at(user.id, user.revision, None);
            counts.torn += u64::from((&user.given, &user.family) != (&meant.given, &meant.family));
        }
        read
    }
}

#[cfg(test)]
mod tests;
