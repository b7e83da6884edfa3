//! The log as lines of JSON, read bit by bit.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use selfsame_core::{Code, Refusal};
use selfsame_record::{ArchivedRecord, Position, Principal};
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

/// How a record is written.
type Line = Box<dyn Fn(&ArchivedRecord) -> String + Send>;

/// Records for people and programs, events in the shape that they were written in.
pub(crate) async fn dump(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    params: Params,
    slots: Arc<Semaphore>,
) -> Result<Response, Refused> {
    let registry = Arc::clone(&handle.admission().registry);
    lines((handle, reader), params, slots, Box::new(move |record| record_line(&registry, record))).await
}

/// Records in their full form, of which the audit trail's entries can be computed.
pub(crate) async fn records(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    params: Params,
    slots: Arc<Semaphore>,
) -> Result<Response, Refused> {
    lines((handle, reader), params, slots, Box::new(crate::audit::full_line)).await
}

async fn lines(
    (handle, reader): (Handle, Option<Principal>),
    params: Params,
    slots: Arc<Semaphore>,
    line: Line,
) -> Result<Response, Refused> {
    let refuse = |refusal| Refused::now(&handle, refusal);
    handle.may_operate(reader.as_ref(), "dump").map_err(refuse)?;
    let span = span(params, handle.position()).map_err(refuse)?;
    let slot = slot(slots).map_err(refuse)?;
    let (pieces, lines) = Pieces::channel();
    tokio::task::spawn_blocking(move || {
        let _slot = slot;
        run(&handle, span, &line, &pieces);
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

fn run(handle: &Handle, span: Span, line: &Line, pieces: &Pieces) {
    let Span { from, until, limit } = span;
    if from > until || limit == 0 {
        return;
    }
    let (mut left, mut piece) = (limit, String::new());
    let read = handle.log().scan(from, &mut |records| {
        for record in records.iter().take_while(|record| record.at() <= until) {
            left -= 1;
            let flow = write(line(record), &mut piece, pieces);
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
fn write(line: String, piece: &mut String, pieces: &Pieces) -> ControlFlow<()> {
    piece.push_str(&line);
    piece.push('\n');
    if piece.len() >= PIECE_BYTES && !pieces.send(std::mem::take(piece)) {
        return ControlFlow::Break(());
    }
    ControlFlow::Continue(())
}
