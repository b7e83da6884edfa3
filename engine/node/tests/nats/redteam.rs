//! Attacks by whoever holds a credential of one principal, or none, against an engine behind the written
//! configuration. Each file has a control: the same attack on a server without it, where it succeeds.
//!
//! `Fort::without_permissions` takes one of the two fences away, so that the other is seen to hold alone.

mod answers;
mod floods;
mod headers;
mod names;
mod streams;
