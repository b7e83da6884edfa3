//! A history for where there is none: the same for everybody.

use std::sync::Arc;

use super::event::{GitEvent, Origin, events_of};
use super::rows::{RawCommit, RawFile};

/// About so many events of a made-up repository.
pub(crate) fn generated(events: u32) -> Vec<GitEvent> {
    let origin = Arc::new(Origin { source: "urn:git:made-up".to_owned(), branch: "main".to_owned() });
    let commits = (1..=events / 5).map(|number| {
        let file = |n: u32| RawFile {
            path: format!("src/part{}/file{}.rs", (number + n) % 7, (number * 3 + n) % 60).into_bytes(),
            lines: Some((u64::from(number % 50 + n), u64::from(number % 13))),
        };
        let author = number % 9;
        RawCommit {
            hash: format!("{number:040x}"),
            parents: if number > 1 { vec![format!("{:040x}", number - 1)] } else { Vec::new() },
            author: format!("Author {author}").into_bytes(),
            email: format!("author{author}@example.org").into_bytes(),
            seconds: 1_700_000_000 + i64::from(number) * 600,
            subject: format!("change {number}").into_bytes(),
            files: (0..4).map(file).collect(),
        }
    });
    commits.flat_map(|commit| events_of(commit, &origin)).collect()
}
