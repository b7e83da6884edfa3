//! What the reductions of a projection together make of its columns, and the indexes over them.
//!
//! A column that is counted with (`add`, `max`, `min`) has one kind, and everything that changes it must
//! agree. A column that is only set takes what it is given; set from different kinds it is of kind `Any`.

use std::collections::BTreeMap;
use std::sync::Arc;

use selfsame_schema::Problem;

use super::Problems;
use super::section::{Draft, Use, What};
use super::spot::Spot;
use crate::limits::{COLUMNS_MAX, INDEX_COLUMNS_MAX, INDEXES_MAX};
use crate::reduction::{Step, Verb};
use crate::row::{Column, ColumnKind};

/// Columns by name, and indexes by column number.
pub(crate) struct Columns {
    pub(crate) columns: Arc<[Column]>,
    pub(crate) indexes: Vec<Vec<u16>>,
    /// Columns that reductions count with.
    counted: Vec<bool>,
}

impl Columns {
    fn find(&self, name: &str) -> Option<u16> {
        let at = self.columns.binary_search_by(|column| (*column.name).cmp(name)).ok()?;
        u16::try_from(at).ok()
    }

    /// The steps of one event.
    pub(crate) fn steps(&self, uses: Vec<Use>) -> Box<[Step]> {
        let step = |it: Use| {
            let column = self.find(&it.column)?;
            let is_counted = self.counted.get(usize::from(column)) == Some(&true);
            let verb = if it.verb == Verb::Set && is_counted { Verb::SetInteger } else { it.verb };
            let in_index = self.indexes.iter().any(|index| index.contains(&column));
            Some(Step { column, verb, operand: it.operand.source, in_index })
        };
        uses.into_iter().filter_map(step).collect()
    }
}

/// Checks all reductions of a projection against each other, and its indexes against its columns.
pub(crate) fn settle(draft: &Draft<'_>, problems: &mut Problems) -> Columns {
    let mut by_name: BTreeMap<&str, Vec<&Use>> = BTreeMap::new();
    for on in &draft.on {
        if let What::Change(uses) = &on.what {
            uses.iter().for_each(|it| by_name.entry(&it.column).or_default().push(it));
        }
    }
    if by_name.len() > COLUMNS_MAX {
        let message =
            format!("a projection has at most {COLUMNS_MAX} columns, this one has {}", by_name.len());
        problems.push(draft.spot.problem(message));
    }
    let mut columns = vec![];
    let mut counted = vec![];
    for (name, uses) in by_name {
        let kind = settle_column(name, &uses, problems);
        columns.push(Column { name: name.into(), kind });
        counted.push(uses.iter().any(|it| matches!(it.verb, Verb::Add | Verb::Max | Verb::Min)));
    }
    let mut columns = Columns { columns: columns.into(), indexes: vec![], counted };
    if let Some(indexes) = &draft.indexes {
        columns.indexes = read_indexes(indexes, &columns, problems);
    }
    columns
}

fn settle_column(name: &str, uses: &[&Use], problems: &mut Problems) -> ColumnKind {
    let has = |verb: fn(&Verb) -> bool| uses.iter().any(|it| verb(&it.verb));
    if has(|verb| matches!(verb, Verb::Append { .. })) {
        for it in uses.iter().filter(|it| !matches!(it.verb, Verb::Append { .. })) {
            problems.push(at(it, format!("`{name}` is a list in another event: only `append` changes it")));
        }
        return ColumnKind::List;
    }
    if has(|verb| matches!(verb, Verb::Add)) {
        uses.iter().for_each(|it| check_summed(name, it, problems));
        return ColumnKind::Integer;
    }
    let kinds = uses.iter().map(|it| it.operand.kind);
    if has(|verb| matches!(verb, Verb::Max | Verb::Min)) {
        return check_ordered(name, uses, problems);
    }
    kinds.fold(ColumnKind::Null, ColumnKind::join)
}

fn at(it: &Use, message: String) -> Problem {
    Problem::new(it.pointer.clone(), message)
}

/// A column with a sum is changed by `add` and by `set` of an integer alone.
fn check_summed(name: &str, it: &Use, problems: &mut Problems) {
    let is_integer = match it.verb {
        Verb::Add => it.operand.kind == ColumnKind::Integer,
        Verb::Set => matches!(it.operand.kind, ColumnKind::Integer | ColumnKind::Null),
        _ => {
            problems.push(at(it, format!("`{name}` is a sum: only `add` and `set` of an integer change it")));
            return;
        }
    };
    if !is_integer {
        let (text, kind) = (&it.operand.text, it.operand.kind.article());
        problems.push(at(it, format!("`{name}` is a sum of integers, and `{text}` is {kind}")));
    }
}

/// A column with a maximum or a minimum has one kind that has an order.
fn check_ordered(name: &str, uses: &[&Use], problems: &mut Problems) -> ColumnKind {
    let ordered = [ColumnKind::Integer, ColumnKind::Time, ColumnKind::Text];
    let kind = uses.iter().find(|it| it.verb != Verb::Set).map_or(ColumnKind::Any, |it| it.operand.kind);
    for it in uses {
        let (text, its) = (&it.operand.text, it.operand.kind);
        if it.verb == Verb::Set && its == ColumnKind::Null {
            continue;
        }
        if it.verb != Verb::Set && !ordered.contains(&its) {
            let message = format!(
                "`max` and `min` take integers, `$time` and texts, and `{text}` is {}",
                its.article()
            );
            problems.push(at(it, message));
        } else if its != kind {
            let message = format!(
                "`{name}` is {} where its maximum or minimum is taken, and `{text}` is {}",
                kind.article(),
                its.article()
            );
            problems.push(at(it, message));
        }
    }
    kind
}

fn read_indexes(spot: &Spot<'_>, columns: &Columns, problems: &mut Problems) -> Vec<Vec<u16>> {
    let items = spot.items(problems).unwrap_or_default();
    if items.len() > INDEXES_MAX {
        let message = format!("a view has at most {INDEXES_MAX} indexes, this one has {}", items.len());
        problems.push(spot.problem(message));
    }
    let mut indexes: Vec<Vec<u16>> = vec![];
    for item in items.iter().take(INDEXES_MAX) {
        let Some(index) = read_index(item, columns, problems) else {
            continue;
        };
        if indexes.contains(&index) {
            problems.push(item.problem("is the same as an index before it"));
        }
        indexes.push(index);
    }
    indexes
}

fn read_index(spot: &Spot<'_>, columns: &Columns, problems: &mut Problems) -> Option<Vec<u16>> {
    let items = spot.items(problems)?;
    if !(1..=INDEX_COLUMNS_MAX).contains(&items.len()) {
        let message = format!("an index has 1 to {INDEX_COLUMNS_MAX} columns, this one has {}", items.len());
        problems.push(spot.problem(message));
    }
    let mut index = vec![];
    for item in items {
        let name = item.text(problems)?;
        let Some(number) = columns.find(name) else {
            let message = format!("no reduction gives the column `{name}`");
            problems.push(item.problem(message).help("name it under a reduction of `on`"));
            continue;
        };
        let kind = columns.columns.get(usize::from(number)).map_or(ColumnKind::Any, |column| column.kind);
        if !kind.is_scalar() {
            let message = format!("`{name}` is {}, and an index holds scalars of one kind", kind.article());
            problems.push(item.problem(message));
        }
        if index.contains(&number) {
            problems.push(item.problem(format!("`{name}` stands in this index twice")));
        }
        index.push(number);
    }
    Some(index)
}
