//! Where a slot of the reader has its value from, in terms of the writer's row.

use std::sync::Arc;

use selfsame_record::{RowRead, Value, ValueRef};

use crate::json::text::{Leaf, leaf};

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A slot of the writer.
    Slot(u16),
    /// Anything else.
    Derived(Arc<Derived>),
}

/// Where a value comes from that is not a plain copy.
#[derive(Debug)]
pub(crate) enum Derived {
    /// A lens gives it.
    Given {
        value: Value,
        /// The object that it stands in, unless that is always there.
        when: Option<Source>,
        /// A member unknown to the writer's schema that goes before: the writer's object, key.
        adopts: Option<(u16, String)>,
    },
    /// An object: there if it was, or if one of the members that moved into it is.
    Made { base: Source, makers: Vec<Source> },
}

impl Source {
    /// A source that is not a plain copy.
    pub(crate) fn derived(derived: Derived) -> Source {
        Source::Derived(Arc::new(derived))
    }

    /// The value for a row.
    pub(crate) fn value<'a, R: RowRead>(&'a self, row: &'a R) -> ValueRef<'a> {
        match self {
            Source::Slot(slot) => row.slot(*slot),
            Source::Derived(derived) => derived.value(row),
        }
    }
}

impl Derived {
    /// The value for a row.
    pub(crate) fn value<'a, R: RowRead>(&'a self, row: &'a R) -> ValueRef<'a> {
        match self {
            Derived::Given { value, when, adopts } => {
                let adopted = adopts.as_ref().filter(|_| row.extras_len() > 0);
                if let Some(json) = adopted.and_then(|(host, key)| extra(row, *host, key)) {
                    return adopt(json);
                }
                let there = when.as_ref().is_none_or(|host| host.value(row) == ValueRef::Object);
                if there { value.as_ref() } else { ValueRef::Absent }
            }
            Derived::Made { base, makers } => match base.value(row) {
                ValueRef::Object => ValueRef::Object,
                _ if makers.iter().any(|maker| !maker.value(row).is_absent()) => ValueRef::Object,
                other => other,
            },
        }
    }
}

fn extra<'a, R: RowRead>(row: &'a R, host: u16, key: &str) -> Option<&'a str> {
    let extras = (0..row.extras_len()).filter_map(|index| row.extra(index));
    extras.into_iter().find(|(h, k, _)| *h == host && *k == key).map(|(.., json)| json)
}

fn adopt(json: &str) -> ValueRef<'_> {
    match leaf(json) {
        Leaf::Borrowed(value) => value,
        Leaf::Owned(_) => ValueRef::Json(json),
    }
}
