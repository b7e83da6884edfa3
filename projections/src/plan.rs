//! All projections of one version, compiled.

use std::sync::Arc;

use indexmap::IndexMap;
use selfsame_record::{Digest, Name, VersionNo};
use selfsame_schema::{Problem, Registry, Version};
use serde::Serialize;

use crate::compile;
use crate::condition::Condition;
use crate::event::Origin;
use crate::reduction::Reduction;
use crate::row::Column;

/// What a projection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectionKind {
    /// One ready-to-serve object per key.
    Cache,
    /// Rows, indexes, queries.
    View,
    /// Job inputs.
    Jobs,
}

impl ProjectionKind {
    /// The kind as it stands in a document.
    pub fn as_str(self) -> &'static str {
        match self {
            ProjectionKind::Cache => "cache",
            ProjectionKind::View => "view",
            ProjectionKind::Jobs => "jobs",
        }
    }
}

/// How the jobs of a queue are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QueuePlan {
    /// How often a job is tried before it is dead.
    pub attempts: u32,
    /// The wait after the first failed attempt.
    pub backoff_min_ms: u64,
    /// The longest wait between two attempts.
    pub backoff_max_ms: u64,
    /// How long a worker holds a job without a sign of life.
    pub lease_ms: u64,
}

/// One projection, compiled.
#[derive(Clone, Debug)]
pub struct ProjectionPlan {
    pub(crate) name: Name,
    pub(crate) kind: ProjectionKind,
    pub(crate) columns: Arc<[Column]>,
    pub(crate) indexes: Vec<Vec<u16>>,
    pub(crate) queue: Option<QueuePlan>,
    pub(crate) content_id: Digest,
}

impl ProjectionPlan {
    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// What it is.
    pub fn kind(&self) -> ProjectionKind {
        self.kind
    }

    /// The columns of its rows, by name. A queue has none.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How its jobs are tried, if it is a queue.
    pub fn queue(&self) -> Option<&QueuePlan> {
        self.queue.as_ref()
    }
}

/// What one event type does to one projection.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) projection: usize,
    /// What an event has to fulfil.
    pub(crate) condition: Option<Condition>,
    pub(crate) key: Origin,
    pub(crate) reduction: Reduction,
}

/// All projections of one version, compiled: every expression is checked against the event schemas.
#[derive(Debug, Default)]
pub struct Plan {
    /// By name.
    pub(crate) projections: Vec<ProjectionPlan>,
    /// For each event type of the version, read by a projection or not.
    pub(crate) routes: IndexMap<Box<str>, Arc<[Route]>>,
}

impl Plan {
    /// Compiles the version's projections.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, each with its place in the document, such as
    /// `/projections/users_by_locale/on/user.registered/set/locale`; at most
    /// [`PROBLEMS_MAX`](selfsame_schema::PROBLEMS_MAX).
    pub fn compile(version: &Version) -> Result<Plan, Vec<Problem>> {
        compile::compile(version)
    }

    /// All projections, by name.
    pub fn projections(&self) -> impl Iterator<Item = &ProjectionPlan> {
        self.projections.iter()
    }

    /// The projection with this name.
    pub fn projection(&self, name: &str) -> Option<&ProjectionPlan> {
        let at = self.projections.binary_search_by(|plan| plan.name.as_str().cmp(name)).ok()?;
        self.projections.get(at)
    }

    /// The projection at this place, counted by name from 0.
    pub fn at(&self, place: usize) -> Option<&ProjectionPlan> {
        self.projections.get(place)
    }

    /// All projections with what they are, by name.
    pub fn kinds(&self) -> impl Iterator<Item = (&Name, ProjectionKind)> {
        self.projections.iter().map(|plan| (&plan.name, plan.kind))
    }

    /// All queues with how their jobs are tried, by name.
    pub fn queues(&self) -> impl Iterator<Item = (&Name, &QueuePlan)> {
        self.projections.iter().filter_map(|plan| Some((&plan.name, plan.queue.as_ref()?)))
    }

    /// How the jobs of this queue are tried.
    pub fn queue(&self, name: &str) -> Option<&QueuePlan> {
        self.projection(name)?.queue.as_ref()
    }

    /// The event types that the projection reads.
    pub fn event_types(&self, name: &str) -> impl Iterator<Item = &str> {
        let at = self.projections.binary_search_by(|plan| plan.name.as_str().cmp(name)).ok();
        let reads = move |routes: &[Route]| routes.iter().any(|route| Some(route.projection) == at);
        self.routes.iter().filter(move |(_, routes)| reads(routes)).map(|(event_type, _)| &**event_type)
    }

    /// Whether two versions' projections of this name are one and the same: their content is equal, and each
    /// event type that they read is read alike, whoever writes it.
    pub fn is_shared(
        &self,
        name: &str,
        (own, other): (VersionNo, VersionNo),
        plan: &Plan,
        registry: &Registry,
    ) -> bool {
        let id = self.content_id(name);
        id.is_some()
            && id == plan.content_id(name)
            && self.event_types(name).all(|event_type| registry.reads_alike(own, other, event_type))
    }

    /// Names what the projection says and what it reads: its canonical section, the shapes of the event
    /// types in it, and the fold's revision.
    ///
    /// Projections of two versions with equal content ids have equal state if, for each event type that they
    /// read, both versions also read each writer's version alike; lenses are not part of the id.
    pub fn content_id(&self, name: &str) -> Option<Digest> {
        self.projection(name).map(|plan| plan.content_id)
    }
}
