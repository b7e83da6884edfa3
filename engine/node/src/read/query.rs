//! Pages of an indexed view.
//!
//! A cursor names the version that its page was of, `v2.<place>`: after a switch the rest of the pages
//! would be of another version, so it is refused unless the reader pins the version.

use selfsame_core::{Code, Refusal, Serving};
use selfsame_projections::{Page, Query, QueryError};
use selfsame_record::VersionNo;

use crate::handle::Handle;
use crate::read::body::{Body, to_json};
use crate::read::{Refused, Served, answering, unknown_projection};

/// Rows of a page if the reader does not say.
pub const PAGE_ROWS_DEFAULT: usize = 100;

/// Which rows of a view are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewQuery {
    /// The index, by its columns; none for the order of keys.
    pub by: Vec<String>,
    /// Columns that must have a value.
    pub equal: Vec<(String, String)>,
    /// The least value of the column after these.
    pub from: Option<String>,
    /// The value that the column stays under.
    pub until: Option<String>,
    /// From the greatest on.
    pub descending: bool,
    /// Rows of the page.
    pub limit: Option<usize>,
    /// The page before ended here.
    pub after: Option<String>,
}

/// A page of rows.
///
/// # Errors
///
/// If no version answers, it has no such view, the query does not fit it, or the cursor is of another
/// version.
pub fn query(
    handle: &Handle,
    view: &str,
    asked: &ViewQuery,
    read_as: Option<&str>,
) -> Result<Served, Refused> {
    handle.read(|serving| {
        let (version, page) =
            page(serving, view, asked, read_as).map_err(|refusal| Refused::at(serving, refusal))?;
        let rows = page.rows.iter().map(|(key, row)| format!(r#"{{"key":{},"value":{row}}}"#, to_json(key)));
        let mut body = Body::new(serving.position(), Some(version));
        body.put("projection", view).put_list("rows", rows);
        body.put("next", &page.next.map(|next| format!("{version}.{next}")));
        Ok(body.served())
    })
}

fn page(
    serving: &Serving,
    view: &str,
    asked: &ViewQuery,
    read_as: Option<&str>,
) -> Result<(VersionNo, Page), Refusal> {
    let generation = answering(serving, read_as)?;
    let (version, live) = (generation.version(), &serving.status().admission.live);
    let found = generation.view(view).ok_or_else(|| unknown_projection(generation, view))?;
    let query = Query {
        index: asked.by.clone(),
        equal: asked.equal.clone(),
        from: asked.from.clone(),
        until: asked.until.clone(),
        descending: asked.descending,
        limit: asked.limit.unwrap_or(PAGE_ROWS_DEFAULT),
        after: asked.after.as_deref().map(|cursor| place(cursor, version, live)).transpose()?,
    };
    let page = found.query(&query).map_err(|err| bad_query(&err))?;
    Ok((version, page))
}

/// The place within the version that answers.
fn place(cursor: &str, version: VersionNo, live: &[VersionNo]) -> Result<String, Refusal> {
    let parts = cursor.split_once('.');
    let named = parts.and_then(|(of, place)| Some((VersionNo::parse(of).ok()?, place)));
    match named {
        Some((of, place)) if of == version => Ok(place.to_owned()),
        Some((of, _)) => Err(Refusal::new(
            Code::PageExpired,
            format!("the page before was of {of}, and {version} answers now"),
        )
        .listing(live)
        .next(match live.contains(&of) {
            true => format!("go on with `read_as={of}`, or begin again with the first page"),
            false => "begin again with the first page".to_owned(),
        })
        .field("version", of.to_string())),
        None => Err(Refusal::new(Code::BadQuery, "`after` is not a cursor of a page")
            .next("send back `next` of the page before as it was")),
    }
}

fn bad_query(err: &QueryError) -> Refusal {
    Refusal::new(Code::BadQuery, err.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cursor: &str, expect: &str) {
        let live = [VersionNo::FIRST, VersionNo::new(3).expect("a version")];
        let text = match place(cursor, VersionNo::FIRST, &live) {
            Ok(place) => format!("at {place}"),
            Err(refusal) => refusal.to_string(),
        };
        assert!(text.contains(expect), "{text}");
    }

    #[test]
    fn a_cursor_is_good_for_its_own_version_only() {
        check("v1.abc", "at abc");
        check("v1.a.b", "at a.b");
        check("v1.", "at ");
        let gone =
            "the page before was of v2, and v1 answers now; live versions: v1, v3\n  help: begin again";
        check("v2.abc", gone);
        check("v3.abc", "help: go on with `read_as=v3`");
        check("abc", "error[bad-query]: `after` is not a cursor");
        check("x.abc", "error[bad-query]");
        check("", "error[bad-query]");
    }
}
