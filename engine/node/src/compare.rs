//! The exact difference between the active version's generation and a candidate's, at one position (P13).

use std::collections::BTreeMap;

use selfsame_core::{Code, Refusal, RowsChanged, Serving, no_active_version};
use selfsame_projections::{Generation, ProjectionKind};
use selfsame_record::{Digest, Name, Position, VersionNo};
use serde::Serialize;

use crate::handle::Handle;

/// Two generations as they are at one position.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Compared {
    pub(crate) at: Position,
    pub(crate) active: VersionNo,
    pub(crate) active_digest: Digest,
    pub(crate) version: VersionNo,
    pub(crate) digest: Digest,
    pub(crate) projections: Vec<RowsChanged>,
    pub(crate) failures: u64,
}

/// Compares the generation of `version` with the active one.
pub(crate) fn compare(handle: &Handle, version: VersionNo) -> Result<Compared, Refusal> {
    handle.read(|serving| between(serving, version))
}

fn between(serving: &Serving, version: VersionNo) -> Result<Compared, Refusal> {
    let old = serving.active_generation().ok_or_else(no_active_version)?;
    let new = serving.generation(version).ok_or_else(|| {
        Refusal::new(Code::NotBuilt, format!("{version} has no generation to compare"))
            .next(format!("build it with `selfsame version build {version}`"))
    })?;
    let names = new
        .plan()
        .kinds()
        .filter(|(name, kind)| old.plan().projection(name.as_str()).is_some_and(|plan| plan.kind() == *kind));
    let projections = names.map(|(name, kind)| rows_changed(old, new, name, kind)).collect();
    Ok(Compared {
        at: serving.position(),
        active: old.version(),
        active_digest: old.digest(),
        version,
        digest: new.digest(),
        projections,
        failures: new.skipped().count().saturating_sub(old.skipped().count()),
    })
}

fn rows_changed(old: &Generation, new: &Generation, name: &Name, kind: ProjectionKind) -> RowsChanged {
    let (old, new) = (rows(old, name, kind), rows(new, name, kind));
    let mut counts = RowsChanged { name: name.clone(), added: 0, removed: 0, changed: 0, equal: 0 };
    for (key, row) in &new {
        match old.get(key) {
            None => counts.added += 1,
            Some(was) if was == row => counts.equal += 1,
            Some(_) => counts.changed += 1,
        }
    }
    counts.removed = old.keys().filter(|key| !new.contains_key(*key)).count() as u64;
    counts
}

fn rows(generation: &Generation, name: &Name, kind: ProjectionKind) -> BTreeMap<String, String> {
    let name = name.as_str();
    match kind {
        ProjectionKind::Cache => generation
            .cache(name)
            .into_iter()
            .flat_map(|cache| cache.iter().map(|(key, row)| (key.to_owned(), row.to_json())))
            .collect(),
        ProjectionKind::View => generation
            .view(name)
            .into_iter()
            .flat_map(|view| view.iter().map(|(key, row)| (key.to_owned(), row.to_json())))
            .collect(),
        ProjectionKind::Jobs => generation
            .queue(name)
            .into_iter()
            .flat_map(|queue| queue.iter_from(Position::ZERO))
            .map(|(at, input)| (at.to_string(), input.json.to_string()))
            .collect(),
    }
}
