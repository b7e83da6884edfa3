//! The log as lines of JSON, read bit by bit.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use selfsame_core::{Code, Refusal};
use selfsame_record::{ArchivedRecord, Position};
use selfsame_schema::Registry;
use tokio::sync::Semaphore;

use crate::handle::Handle;
use crate::http::{Params, Reader, ndjson};
use crate::operator::Pieces;
use crate::operator::replayed::slot;
use crate::read::{Refused, record_line};

/// Bytes of lines that are gathered before they are sent.
const PIECE_BYTES: usize = 64 * 1024;

/// Which records are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: Position,
    until: Position,
    limit: u64,
}

pub(crate) async fn dump(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    params: Params,
    slots: Arc<Semaphore>,
) -> Result<Response, Refused> {
    let refuse = |refusal| Refused::now(&handle, refusal);
    handle.may_operate(reader.as_ref(), "dump").map_err(refuse)?;
    let span = span(params, handle.position()).map_err(refuse)?;
    let slot = slot(slots).map_err(refuse)?;
    let (pieces, lines) = Pieces::channel();
    let handle = handle.clone();
    tokio::task::spawn_blocking(move || {
        let _slot = slot;
        run(&handle, span, &pieces);
    });
    Ok(ndjson(lines))
}

/// What the caller asks for, up to the head at most.
fn span(mut params: Params, head: Position) -> Result<Span, Refusal> {
    let from = params.number("from")?.map_or(Position::ZERO.next(), Position::new);
    let until = params.number("until")?.map_or(head, Position::new).min(head);
    let limit = params.number("limit")?.unwrap_or(u64::MAX);
    params.end()?;
    Ok(Span { from, until, limit })
}

fn run(handle: &Handle, span: Span, pieces: &Pieces) {
    let registry = Arc::clone(&handle.admission().registry);
    let Span { from, until, limit } = span;
    if from > until || limit == 0 {
        return;
    }
    let (mut left, mut piece) = (limit, String::new());
    let read = handle.log().scan(from, &mut |records| {
        for record in records.iter().take_while(|record| record.at() <= until) {
            left -= 1;
            let flow = write(&registry, record, &mut piece, pieces);
            if left == 0 || record.at() == until || flow.is_break() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    });
    if let Err(err) = read {
        let refusal = Refusal::new(Code::UnreadableLog, format!("the log cannot be read: {err}"));
        piece.push_str(&Refused::now(handle, refusal).to_json());
        piece.push('\n');
    }
    if !piece.is_empty() {
        pieces.send(piece);
    }
}

/// Writes one line, and breaks if nobody reads any longer.
fn write(
    registry: &Registry,
    record: &ArchivedRecord,
    piece: &mut String,
    pieces: &Pieces,
) -> ControlFlow<()> {
    piece.push_str(&record_line(registry, record));
    piece.push('\n');
    if piece.len() >= PIECE_BYTES && !pieces.send(std::mem::take(piece)) {
        return ControlFlow::Break(());
    }
    ControlFlow::Continue(())
}
