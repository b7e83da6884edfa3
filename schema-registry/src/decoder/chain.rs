//! The general way: the document as a tree, changed by lens after lens, and laid out anew.
//!
//! Stretches of the way that lead through slots are taken through slots here too, so that a document reads
//! the same whether one goes the whole way at once or stops in between.

use std::sync::Arc;

use selfsame_record::{Row, RowRead};

use super::Inexpressible;
use super::table::{Seen, Table};
use crate::json::tree::Node;
use crate::lens::{Lens, Way};
use crate::limits::EVENT_DEPTH_MAX;
use crate::shape::{EventShape, Invalid, write_slot};

/// One lens on the way, and which way it is taken.
#[derive(Clone, Debug)]
pub(crate) struct ChainStep {
    pub(crate) lens: Arc<Lens>,
    pub(crate) way: Way,
}

/// A stretch of the way.
#[derive(Debug)]
pub(crate) enum Stretch {
    /// Through slots, from a shape on.
    Slots { from: Arc<EventShape>, table: Table },
    /// On the tree.
    Tree(Vec<ChainStep>),
}

/// The stretches between writer and reader.
#[derive(Debug)]
pub(crate) struct Chain {
    pub(crate) writer: Arc<EventShape>,
    pub(crate) stretches: Vec<Stretch>,
}

impl Chain {
    /// The row in the reader's shape.
    pub(super) fn convert<R: RowRead>(&self, row: &R, reader: &EventShape) -> Result<Row, Inexpressible> {
        let mut stretches = self.stretches.iter();
        let mut text = match stretches.as_slice().first() {
            Some(Stretch::Slots { table, .. }) => {
                stretches.next();
                through(table, row)?
            }
            _ => self.writer.write_json(row),
        };
        for stretch in stretches {
            text = match stretch {
                Stretch::Slots { from, table } => {
                    through(table, &from.read(text.as_bytes()).map_err(invalid)?)?
                }
                Stretch::Tree(steps) => changed(steps, &text)?,
            };
        }
        reader.read(text.as_bytes()).map_err(invalid)
    }
}

fn through<R: RowRead>(table: &Table, row: &R) -> Result<String, Inexpressible> {
    table.check(row)?;
    let mut text = String::new();
    write_slot(&table.reader, &Seen { table, row }, 0, &mut text);
    Ok(text)
}

fn changed(steps: &[ChainStep], text: &str) -> Result<String, Inexpressible> {
    let parsed = Node::parse(text, EVENT_DEPTH_MAX);
    let mut document = parsed.map_err(|e| {
        let (pointer, message) = e.said();
        inexpressible(pointer, &message)
    })?;
    for step in steps {
        step.lens.run(step.way, &mut document).map_err(|e| inexpressible(e.pointer, &e.message))?;
    }
    Ok(document.to_text())
}

fn invalid(error: Invalid) -> Inexpressible {
    inexpressible(error.pointer, &error.message)
}

fn inexpressible(pointer: String, message: &str) -> Inexpressible {
    let place = if pointer.is_empty() { String::new() } else { format!("`{pointer}`: ") };
    Inexpressible { reason: format!("{place}{message}"), pointer }
}
