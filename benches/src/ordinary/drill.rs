//! One team's drill: the stack is set up afresh, clients go on, and the change is rolled out and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::ordinary::app::Stack;
use crate::ordinary::change::{Deployer, SCHEMA, SEED};
use crate::ordinary::checker::{Checker, Counts};
use crate::ordinary::clients::{CLIENTS, Load};
use crate::ordinary::failed::Failed;
use crate::ordinary::fleet::{Crew, Fleet};
use crate::ordinary::practice::Practice;
use crate::ordinary::queue::Queue;
use crate::ordinary::server::Servers;
use crate::ordinary::shape::Shape;
use crate::ordinary::waits::{Longest, Waits};
use crate::ordinary::{clients, outbox};

/// How long the workers may take for what is left at the end.
const DRAIN_WAIT: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// How long one team's drill is meant to take; it takes longer if the changes do.
    pub(super) length: Duration,
    /// How often the change is rolled out and back.
    pub(super) changes: u32,
    /// Rows at the beginning.
    pub(super) users: i64,
}

impl Plan {
    pub(super) const FULL: Plan = Plan { length: Duration::from_secs(30), changes: 6, users: 50_000 };
    pub(super) const SMOKE: Plan = Plan { length: Duration::from_millis(1200), changes: 1, users: 2_000 };

    /// The length of one change with its way back.
    fn turn(&self) -> Duration {
        self.length / self.changes
    }

    /// How long one version serves between two deployments.
    fn hold(&self) -> Duration {
        self.turn() * 3 / 10
    }

    /// How long an object stays in the cache: so short that none is left from the window before.
    pub(super) fn ttl(&self) -> Duration {
        self.turn() / 5
    }

    /// How long a deployment waits between two instances.
    fn pause(&self) -> Duration {
        self.turn() / 50
    }
}

/// What came of one team's drill.
pub(super) struct Column {
    pub(super) practice: Practice,
    pub(super) counts: Counts,
    pub(super) longest: Longest,
    /// The seconds that each change took until it was done.
    pub(super) roll_outs: Vec<f64>,
    pub(super) roll_backs: Vec<f64>,
}

/// Runs the drill.
pub(super) async fn run(servers: &Servers, practice: Practice, plan: Plan) -> Result<Column, Failed> {
    let database = servers.postgres.create(practice.name()).await?;
    let client = database.connect().await?;
    client.batch_execute(SCHEMA).await?;
    client.execute(SEED, &[&plan.users]).await?;
    client.batch_execute("VACUUM ANALYZE users").await?;
    let (cache, queue) = (servers.redis.emptied().await?, Queue::create(servers.nats.url()).await?);
    let stack = Stack { practice, database, cache, queue: queue.clone(), ttl: plan.ttl() };
    let checker = Arc::new(Checker::default());
    let relay = Relay::start(&stack).await?;
    let crew = Crew::start(&stack, Shape::V1, &checker).await?;
    let fleet = Fleet::start(&stack, Shape::V1, plan.pause()).await?;
    let stop = AtomicBool::new(false);
    let load = Arc::new(Load { fleet, checker: Arc::clone(&checker), waits: Waits::default(), stop });
    let running: Vec<_> = (0..CLIENTS).map(|n| tokio::spawn(clients::run(Arc::clone(&load), n))).collect();
    let mut deployer = Deployer { practice, client, queue: queue.clone(), crew };
    let (mut roll_outs, mut roll_backs) = (Vec::new(), Vec::new());
    for _ in 0..plan.changes {
        for (to, seconds) in [(Shape::V2, &mut roll_outs), (Shape::V1, &mut roll_backs)] {
            tokio::time::sleep(plan.hold()).await;
            seconds.push(deploy(&mut deployer, &load, to).await?);
        }
    }
    tokio::time::sleep(plan.hold()).await;
    load.stop.store(true, Ordering::SeqCst);
    for client in running {
        client.await.map_err(|err| Failed(format!("a client ended: {err}")))?;
    }
    relay.stop().await?;
    all_done(&queue).await?;
    deployer.crew.stop().await?;
    Ok(Column { practice, counts: checker.counts(), longest: load.waits.longest(), roll_outs, roll_backs })
}

/// Rolls the change out or back, and says how many seconds it took.
async fn deploy(deployer: &mut Deployer, load: &Load, to: Shape) -> Result<f64, Failed> {
    let started = Instant::now();
    load.checker.deployment_begins(to);
    match to {
        Shape::V2 => deployer.roll_out(&load.fleet).await?,
        Shape::V1 => deployer.roll_back(&load.fleet).await?,
    }
    load.checker.deployment_ends();
    Ok(started.elapsed().as_secs_f64())
}

/// Waits until the queue is empty. What is still there then is counted as lost.
async fn all_done(queue: &Queue) -> Result<(), Failed> {
    let deadline = Instant::now() + DRAIN_WAIT;
    while Instant::now() < deadline {
        let (oldest, next) = queue.bounds().await?;
        if oldest == next {
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// The relay of the outbox, where the team has one.
struct Relay {
    stop: Arc<AtomicBool>,
    task: Option<JoinHandle<Result<(), Failed>>>,
}

impl Relay {
    async fn start(stack: &Stack) -> Result<Relay, Failed> {
        let stop = Arc::new(AtomicBool::new(false));
        if !stack.practice.has_outbox() {
            return Ok(Relay { stop, task: None });
        }
        let client = stack.database.connect().await?;
        let task = tokio::spawn(outbox::relay(client, stack.queue.clone(), Arc::clone(&stop)));
        Ok(Relay { stop, task: Some(task) })
    }

    /// Ends it once everything is published.
    async fn stop(self) -> Result<(), Failed> {
        self.stop.store(true, Ordering::SeqCst);
        let Some(task) = self.task else { return Ok(()) };
        task.await.map_err(|err| Failed(format!("the relay ended: {err}")))?
    }
}
