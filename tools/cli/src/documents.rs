//! The schema-version documents that come with the program, for the history of a git repository.

/// The first version: commits, changed files, author profiles, files by churn, reviews.
pub(crate) const GIT_V1: &str = include_str!("../../../examples/git-v1.yaml");
/// The second: a field more, a field renamed, another index, another job input.
pub(crate) const GIT_V2: &str = include_str!("../../../examples/git-v2.yaml");
