//! What the end to end tests share: an engine as a process of its own, and a client to it.
//!
//! The tests themselves stand in `tests/tests/`.

mod server;

pub use crate::server::{Server, binary, git_repository};
