//! A replay on demand, and how it compares with what is live.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::response::Response;
use selfsame_core::{Code, Refusal, no_active_version};
use selfsame_projections::Generation;
use selfsame_record::{Digest, Position, VersionNo};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::handle::Handle;
use crate::http::{Reader, from_json, ndjson};
use crate::operator::{LONG_ANSWERS_MAX, Pieces};
use crate::read::{Refused, to_json};
use crate::replay::{RowsWanted, replay as fold_anew};

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Absent: the active one.
    #[serde(default)]
    version: Option<String>,
    /// Absent: where the live generation stands, or the head.
    #[serde(default)]
    until: Option<Position>,
    /// A digest that the replay is compared with instead of the live one.
    #[serde(default)]
    compare_with: Option<Digest>,
    /// Rows of the replayed state to show.
    #[serde(default)]
    rows: Option<RowsWanted>,
}

/// A live generation at the moment that the replay began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Live {
    position: Position,
    digest: Digest,
}

pub(crate) async fn replay(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    request: Request,
    slots: Arc<Semaphore>,
) -> Result<Response, Refused> {
    let refuse = |refusal| Refused::now(&handle, refusal);
    handle.may_operate(reader.as_ref(), "replay").map_err(refuse)?;
    let asked: Asked = from_json(request.into_body()).await.map_err(refuse)?;
    asked.rows.as_ref().map_or(Ok(()), RowsWanted::check).map_err(refuse)?;
    let slot = slot(slots).map_err(refuse)?;
    let (version, live) = find(&handle, asked.version.as_deref()).map_err(refuse)?;
    let until = asked.until.or(live.map(|live| live.position));
    let (pieces, lines) = Pieces::channel();
    let handle = handle.clone();
    tokio::task::spawn_blocking(move || {
        let _slot = slot;
        let last = run(&handle, &asked, (version, until), live, &pieces);
        pieces.send(format!("{last}\n"));
    });
    Ok(ndjson(lines))
}

/// Takes a place among the long answers.
pub(super) fn slot(slots: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    slots.try_acquire_owned().map_err(|_| {
        let detail = format!("{LONG_ANSWERS_MAX} replays or dumps are under way, which is the limit");
        Refusal::new(Code::Overloaded, detail).next("wait until one of them ends")
    })
}

fn find(handle: &Handle, asked: Option<&str>) -> Result<(VersionNo, Option<Live>), Refusal> {
    handle.read(|serving| {
        let version = match asked {
            Some(name) => serving.status().admission.find_version(name)?,
            None => serving.active().ok_or_else(no_active_version)?,
        };
        let live = serving
            .generation(version)
            .map(|generation| Live { position: serving.position(), digest: generation.digest() });
        Ok((version, live))
    })
}

/// The last line of the answer.
fn run(
    handle: &Handle,
    asked: &Asked,
    (version, until): (VersionNo, Option<Position>),
    live: Option<Live>,
    pieces: &Pieces,
) -> String {
    let mut told = Instant::now();
    let mut progress = |done: u64, total: u64| {
        if told.elapsed() >= PROGRESS_EVERY || done == total {
            told = Instant::now();
            pieces.offer(format!("{}\n", json!({ "done": done, "total": total })));
        }
    };
    match fold_anew(&**handle.log(), Some(version), until, &mut progress) {
        Ok((replayed, generation)) => {
            if let Err(refusal) = send_rows(&generation, asked.rows.as_ref(), pieces) {
                return Refused::now(handle, refusal).to_json();
            }
            let live = live.filter(|live| live.position == replayed.position);
            let with = asked.compare_with.or(live.map(|live| live.digest));
            let equal = with.map(|digest| digest == replayed.digest);
            let (with, replayed) = (asked.compare_with, json!(replayed));
            json!({ "replayed": replayed, "live": live, "compared_with": with, "equal": equal }).to_string()
        }
        Err(refusal) => Refused::now(handle, refusal).to_json(),
    }
}

/// A line for each row that is wanted.
fn send_rows(generation: &Generation, wanted: Option<&RowsWanted>, pieces: &Pieces) -> Result<(), Refusal> {
    let rows = wanted.map(|wanted| wanted.of(generation)).transpose()?;
    for row in rows.into_iter().flatten() {
        if !pieces.send(format!("{{\"row\":{}}}\n", to_json(&row))) {
            break;
        }
    }
    Ok(())
}
