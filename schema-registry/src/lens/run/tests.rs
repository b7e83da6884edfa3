//! Operations run on events: by example, in every pair on one field, and by their laws.

mod common;
mod laws;
mod pairs;
mod rows;
mod sides;
mod slots;
