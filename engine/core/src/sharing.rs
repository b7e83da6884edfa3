//! Projections that live generations hold together, so that they are kept and folded once.
//!
//! Two versions' projections of one name are the same if their content is, and if every event type that they
//! read is read alike, whoever writes it ([`Plan::is_shared`](selfsame_projections::Plan::is_shared)). The
//! generation of the lowest version folds such a projection; the others leave it out while records are folded
//! and hold it again afterwards. Whoever is left when a generation is dropped folds on: there is no owner.
//!
//! Sharing is no part of the state: what is read, and every digest, is the same with it and without.

use std::collections::BTreeMap;

use selfsame_projections::{Generation, Touched};
use selfsame_record::{Name, VersionNo};
use selfsame_schema::Registry;

/// A projection that a generation holds and another one folds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    holder: VersionNo,
    folder: VersionNo,
    projection: Name,
}

/// Which projections are held twice and more.
pub(crate) fn shares(generations: &BTreeMap<VersionNo, Generation>) -> Vec<Share> {
    let of = |(holder, generation): (&VersionNo, &Generation)| {
        let folder = |projection: &Name| {
            let mut earlier = generations.range(..holder);
            let folds = |other: &Generation| other.shares(generation, projection.as_str());
            earlier.find(|(_, other)| folds(other)).map(|(folder, _)| *folder)
        };
        let share = |projection: &Name| {
            let (holder, folder) = (*holder, folder(projection)?);
            Some(Share { holder, folder, projection: projection.clone() })
        };
        generation.plan().projections().filter_map(|plan| share(plan.name())).collect::<Vec<_>>()
    };
    generations.iter().flat_map(of).collect()
}

/// Lets everybody but the folder leave the shared projections out. The folder notes what it touches in them
/// if somebody watches any of the others.
pub(crate) fn part(shares: &[Share], generations: &mut BTreeMap<VersionNo, Generation>) {
    for share in shares {
        if let Some(holder) = generations.get_mut(&share.holder) {
            holder.leave_out(share.projection.as_str());
        }
    }
    generations.values_mut().for_each(Generation::align_notes);
    for share in shares {
        let watched = generations.get(&share.holder).is_some_and(Generation::is_watched);
        if let Some(folder) = generations.get_mut(&share.folder).filter(|_| watched) {
            folder.note_for_another(share.projection.as_str());
        }
    }
}

/// What the folds touched in each generation that is watched: what it folded itself, and what another one
/// folded that it holds too. Before they hold it again.
pub(crate) fn take_touched(
    shares: &[Share],
    generations: &mut BTreeMap<VersionNo, Generation>,
) -> BTreeMap<VersionNo, Vec<Touched>> {
    if !generations.values().any(Generation::is_watched) {
        return BTreeMap::new();
    }
    let mut all: BTreeMap<VersionNo, Vec<Touched>> =
        generations.iter_mut().map(|(version, generation)| (*version, generation.take_touched())).collect();
    let place = |version, projection| {
        let generation: Option<&Generation> = generations.get(version);
        generation.and_then(|g| g.plan().projections().position(|plan| plan.name() == projection))
    };
    for share in shares {
        let places = place(&share.folder, &share.projection).zip(place(&share.holder, &share.projection));
        let Some((from, to)) = places else { continue };
        let folded =
            all.get(&share.folder).into_iter().flatten().filter(|touched| touched.projection == from);
        let lent =
            folded.map(|touched| Touched { projection: to, key: touched.key.clone() }).collect::<Vec<_>>();
        all.entry(share.holder).or_default().extend(lent);
    }
    all.retain(|version, _| generations.get(version).is_some_and(Generation::is_watched));
    // By projection, and in it in the order in which they were touched.
    all.values_mut().for_each(|touched| touched.sort_by_key(|touched| touched.projection));
    all
}

/// Lets everybody hold the shared projections again.
pub(crate) fn join(shares: &[Share], generations: &mut BTreeMap<VersionNo, Generation>) {
    for share in shares {
        let projection = share.projection.as_str();
        let lent = generations.get(&share.folder).and_then(|folder| folder.lend(projection));
        if let Some((lent, holder)) = lent.zip(generations.get_mut(&share.holder)) {
            holder.borrow(projection, lent);
        }
    }
}

/// Leaves out of a generation what one of the others has as well.
pub(crate) fn leave_out_shared(generation: &mut Generation, others: &[&Generation], registry: &Registry) {
    let names: Vec<Name> = generation.plan().projections().map(|plan| plan.name().clone()).collect();
    for name in &names {
        if others.iter().any(|other| is_shared(generation, other, name, registry)) {
            generation.leave_out(name.as_str());
        }
    }
}

/// Gives a generation what it left out, from the others at the same position; whether all is there now.
pub(crate) fn fill(generation: &mut Generation, others: &[&Generation], registry: &Registry) -> bool {
    let missing: Vec<Name> = generation.left_out().cloned().collect();
    missing.iter().all(|name| {
        let mut lenders = others.iter().filter(|other| is_shared(generation, other, name, registry));
        let lent = lenders.find_map(|other| other.lend(name.as_str()));
        lent.map(|lent| generation.borrow(name.as_str(), lent)).is_some()
    })
}

fn is_shared(own: &Generation, other: &Generation, projection: &Name, registry: &Registry) -> bool {
    if own.exclusions() != other.exclusions() {
        return false;
    }
    let versions = (own.version(), other.version());
    own.plan().is_shared(projection.as_str(), versions, other.plan(), registry)
}
