//! The history of a git repository as events, oldest first.
//!
//! The `git` binary is run and its output is read as it comes; nothing is written to the repository. Two
//! event types come of it: `git.commit` for each commit and `git.file-changed` for each file that it
//! changed. The same repository gives the same events with the same ids again, so that importing twice
//! changes nothing.
//!
//! Not here: publishing them (`publisher`), the documents that lay them out (`documents`).

mod event;
mod history;
mod key;
mod made_up;
mod rows;
mod run;

pub(crate) use event::GitEvent;
pub(crate) use history::{History, Limits, history};
pub(crate) use made_up::generated;
pub(crate) use run::GitError;
