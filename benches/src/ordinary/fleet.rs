//! The instances behind a load balancer, and the workers: replaced one after the other while requests go on
//! (a rolling deployment).

use std::sync::{Arc, RwLock};
use std::time::Duration;

use crate::ordinary::app::{Instance, Stack};
use crate::ordinary::checker::Checker;
use crate::ordinary::failed::Failed;
use crate::ordinary::shape::Shape;
use crate::ordinary::worker::Worker;

/// Instances of the service.
pub(super) const INSTANCES: usize = 4;
/// Workers.
pub(super) const WORKERS: usize = 2;

/// How often is looked at whether an instance has answered its last request.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// What takes requests.
pub(super) struct Fleet {
    stack: Stack,
    slots: Vec<RwLock<Arc<Instance>>>,
    /// How long a deployment waits between two instances.
    pause: Duration,
}

impl Fleet {
    pub(super) async fn start(stack: &Stack, shape: Shape, pause: Duration) -> Result<Fleet, Failed> {
        let mut slots = Vec::new();
        for _ in 0..INSTANCES {
            slots.push(RwLock::new(Arc::new(Instance::start(stack, shape).await?)));
        }
        Ok(Fleet { stack: stack.clone(), slots, pause })
    }

    /// The instance that the load balancer chooses.
    pub(super) fn pick(&self, number: usize) -> Option<Arc<Instance>> {
        let slot = self.slots.get(number % INSTANCES)?;
        Some(Arc::clone(&slot.read().expect("no reader panics")))
    }

    /// Replaces one instance: the new one takes requests, the old one answers those it has.
    pub(super) async fn replace(&self, number: usize, shape: Shape) -> Result<(), Failed> {
        let Some(slot) = self.slots.get(number) else { return Ok(()) };
        let next = Arc::new(Instance::start(&self.stack, shape).await?);
        let old = std::mem::replace(&mut *slot.write().expect("no reader panics"), next);
        while Arc::strong_count(&old) > 1 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        tokio::time::sleep(self.pause).await;
        Ok(())
    }

    /// Replaces all instances.
    pub(super) async fn replace_all(&self, shape: Shape) -> Result<(), Failed> {
        for number in 0..INSTANCES {
            self.replace(number, shape).await?;
        }
        Ok(())
    }
}

/// Those who do the jobs.
pub(super) struct Crew {
    stack: Stack,
    checker: Arc<Checker>,
    workers: Vec<Option<Worker>>,
}

impl Crew {
    pub(super) async fn start(stack: &Stack, shape: Shape, checker: &Arc<Checker>) -> Result<Crew, Failed> {
        let mut crew = Crew { stack: stack.clone(), checker: Arc::clone(checker), workers: Vec::new() };
        for number in 0..WORKERS {
            crew.workers.push(None);
            crew.replace(number, shape).await?;
        }
        Ok(crew)
    }

    /// Replaces one worker, after it has done the job that it has.
    pub(super) async fn replace(&mut self, number: usize, shape: Shape) -> Result<(), Failed> {
        let Some(place) = self.workers.get_mut(number) else { return Ok(()) };
        if let Some(old) = place.take() {
            old.stop().await?;
        }
        *place = Some(Worker::start(&self.stack, shape, &self.checker).await?);
        Ok(())
    }

    /// Replaces all workers.
    pub(super) async fn replace_all(&mut self, shape: Shape) -> Result<(), Failed> {
        for number in 0..WORKERS {
            self.replace(number, shape).await?;
        }
        Ok(())
    }

    /// Ends all workers.
    pub(super) async fn stop(self) -> Result<(), Failed> {
        for worker in self.workers.into_iter().flatten() {
            worker.stop().await?;
        }
        Ok(())
    }
}
