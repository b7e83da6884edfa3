//! The routes that only read.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use selfsame_core::limits::{DEAD_JOBS_SHOWN_MAX, REFUSALS_SHOWN_MAX};
use selfsame_core::{Code, Refusal};
use selfsame_record::{Position, Principal};
use tracing::error;

use crate::handle::Handle;
use crate::http::params::{Params, Place};
use crate::http::principal::Reader;
use crate::http::respond::bad_request;
use crate::read::{self, Question, Refused, Served, ViewQuery};

/// Entries of a list if the reader does not say.
const LISTED_DEFAULT: usize = 100;

type Answered = Result<Served, Refused>;

pub(crate) async fn cache(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    Place((projection, key)): Place<(String, String)>,
    params: Params,
) -> Answered {
    let read_as = only_read_as(&handle, params)?;
    may_read(&handle, reader.as_ref(), &projection)?;
    let answer = handle.timed(|| read::get_cache(&handle, &projection, &key, read_as.as_deref()));
    counted(&handle, reader.as_ref(), read_as.as_deref(), answer)
}

pub(crate) async fn view(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    Place((projection, key)): Place<(String, String)>,
    params: Params,
) -> Answered {
    let read_as = only_read_as(&handle, params)?;
    may_read(&handle, reader.as_ref(), &projection)?;
    let answer = handle.timed(|| read::get_view(&handle, &projection, &key, read_as.as_deref()));
    counted(&handle, reader.as_ref(), read_as.as_deref(), answer)
}

pub(crate) async fn query(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    Place(projection): Place<String>,
    params: Params,
) -> Answered {
    let read = view_query(params).map_err(|refusal| Refused::now(&handle, refusal));
    let (query, read_as) = read?;
    may_read(&handle, reader.as_ref(), &projection)?;
    let answer = handle.timed(|| read::query(&handle, &projection, &query, read_as.as_deref()));
    counted(&handle, reader.as_ref(), read_as.as_deref(), answer)
}

pub(crate) async fn jobs(State(handle): State<Handle>, params: Params) -> Answered {
    nothing_else(&handle, params)?;
    Ok(read::jobs(&handle))
}

pub(crate) async fn dead(State(handle): State<Handle>, Reader(reader): Reader, params: Params) -> Answered {
    let limit = only_limit(&handle, params, DEAD_JOBS_SHOWN_MAX)?;
    Ok(read::dead(&handle, reader.as_ref(), limit))
}

pub(crate) async fn refused(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    params: Params,
) -> Answered {
    let limit = only_limit(&handle, params, REFUSALS_SHOWN_MAX)?;
    Ok(read::refused(&handle, reader.as_ref(), limit))
}

pub(crate) async fn versions(State(handle): State<Handle>, params: Params) -> Answered {
    nothing_else(&handle, params)?;
    Ok(read::versions(&handle))
}

pub(crate) async fn builds(State(handle): State<Handle>, params: Params) -> Answered {
    nothing_else(&handle, params)?;
    Ok(read::builds(&handle))
}

pub(crate) async fn version(
    State(handle): State<Handle>,
    Place(version): Place<String>,
    params: Params,
) -> Answered {
    nothing_else(&handle, params)?;
    read::version(&handle, &version)
}

pub(crate) async fn plan(
    State(handle): State<Handle>,
    Place(version): Place<String>,
    params: Params,
) -> Answered {
    nothing_else(&handle, params)?;
    judged(handle, move |handle| read::plan(handle, &version)).await
}

pub(crate) async fn diff(
    State(handle): State<Handle>,
    Place(version): Place<String>,
    mut params: Params,
) -> Answered {
    let from = params.take("from");
    nothing_else(&handle, params)?;
    judged(handle, move |handle| read::diff(handle, from.as_deref(), &version)).await
}

pub(crate) async fn compare(
    State(handle): State<Handle>,
    Place(version): Place<String>,
    params: Params,
) -> Answered {
    nothing_else(&handle, params)?;
    read::compare(&handle, &version).await
}

/// An answer that takes documents to be tried, on a thread that may take its time.
async fn judged(handle: Handle, read: impl FnOnce(&Handle) -> Answered + Send + 'static) -> Answered {
    let asked = handle.clone();
    let judged = tokio::task::spawn_blocking(move || read(&asked)).await;
    judged.unwrap_or_else(|err| {
        error!(err = &err as &dyn std::error::Error, "judging a change ended early");
        let refusal = Refusal::new(Code::Stopping, "the engine is stopping");
        Err(Refused::now(&handle, refusal.next("ask again")))
    })
}

pub(crate) async fn census(State(handle): State<Handle>, params: Params) -> Answered {
    nothing_else(&handle, params)?;
    Ok(read::census(&handle))
}

pub(crate) async fn rewind(
    State(handle): State<Handle>,
    Place(version): Place<String>,
    params: Params,
) -> Answered {
    nothing_else(&handle, params)?;
    judged(handle, move |handle| read::rewind(handle, &version)).await
}

pub(crate) async fn autonomy(State(handle): State<Handle>, mut params: Params) -> Answered {
    let agent = params.take("agent");
    nothing_else(&handle, params)?;
    Ok(read::autonomy(&handle, agent.as_deref()))
}

pub(crate) async fn explain(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    mut params: Params,
) -> Answered {
    let action = params.take("action").unwrap_or_default();
    let (principal, event_type) = (params.take("principal"), params.take("type"));
    let (projection, version) = (params.take("projection"), params.take("version"));
    nothing_else(&handle, params)?;
    let question = Question { principal, action, event_type, projection, version };
    read::explain(&handle, reader.as_ref(), &question)
}

pub(crate) async fn state(State(handle): State<Handle>, params: Params) -> Answered {
    nothing_else(&handle, params)?;
    Ok(read::state(&handle))
}

pub(crate) async fn event(
    State(handle): State<Handle>,
    Reader(reader): Reader,
    Place(position): Place<String>,
    params: Params,
) -> Answered {
    let read_as = only_read_as(&handle, params)?;
    let Ok(at) = position.parse().map(Position::new) else {
        let shown: String = position.chars().take(80).collect();
        let refusal = bad_request(format!("`{shown}` is not a position")).next("name one such as 42");
        return Err(Refused::now(&handle, refusal));
    };
    let on = handle.clone();
    let read = tokio::task::spawn_blocking(move || {
        let answer = read::event(&on, reader.as_ref(), at, read_as.as_deref());
        counted(&on, reader.as_ref(), read_as.as_deref(), answer)
    });
    read.await.unwrap_or_else(|err| {
        error!(err = &err as &dyn std::error::Error, "reading an event ended early");
        Err(Refused::now(&handle, Refusal::new(Code::Stopping, "the engine is stopping")))
    })
}

/// Whether the engine takes records.
pub(crate) async fn health(State(handle): State<Handle>, params: Params) -> Result<Response, Refused> {
    nothing_else(&handle, params)?;
    if handle.inbox.is_closed() {
        return Err(Refused::now(&handle, Refusal::new(Code::Stopping, "the engine is stopping")));
    }
    if handle.is_read_only() {
        let refusal = Refusal::new(Code::ReadOnly, "an append failed, and no more records are taken")
            .next("mend what the engine's log says is wrong and restart it");
        return Err(Refused::now(&handle, refusal));
    }
    Ok(read::health(&handle).into_response())
}

/// Sees that the boundary lets somebody read a projection.
fn may_read(handle: &Handle, reader: Option<&Principal>, projection: &str) -> Result<(), Refused> {
    handle.may_read(reader, projection).map_err(|refusal| Refused::now(handle, refusal))
}

/// The answer, counted in the census of readers.
fn counted(handle: &Handle, reader: Option<&Principal>, read_as: Option<&str>, answer: Answered) -> Answered {
    handle.count_read(reader, read_as, &answer);
    answer
}

fn view_query(mut params: Params) -> Result<(ViewQuery, Option<String>), Refusal> {
    let by = params.take("by").unwrap_or_default();
    let descending = match params.take("order").as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(bad_query("`order` must be `asc` or `desc`")),
    };
    let limit = params.number("limit").map_err(|refusal| bad_query(&refusal.detail))?;
    let query = ViewQuery {
        by: by.split(',').filter(|column| !column.is_empty()).map(str::to_owned).collect(),
        equal: params.prefixed("eq."),
        from: params.take("from"),
        until: params.take("until"),
        descending,
        // What does not fit here is over the view's own limit, too.
        limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        after: params.take("after"),
    };
    let read_as = params.take("read_as");
    params.end()?;
    Ok((query, read_as))
}

fn bad_query(detail: &str) -> Refusal {
    Refusal::new(Code::BadQuery, detail)
}

fn only_read_as(handle: &Handle, mut params: Params) -> Result<Option<String>, Refused> {
    let read_as = params.take("read_as");
    nothing_else(handle, params)?;
    Ok(read_as)
}

fn only_limit(handle: &Handle, mut params: Params, max: usize) -> Result<usize, Refused> {
    let limit = params.limit(max).map_err(|refusal| Refused::now(handle, refusal))?;
    nothing_else(handle, params)?;
    Ok(limit.unwrap_or(LISTED_DEFAULT))
}

pub(crate) fn nothing_else(handle: &Handle, params: Params) -> Result<(), Refused> {
    params.end().map_err(|refusal| Refused::now(handle, refusal))
}
