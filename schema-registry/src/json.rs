//! JSON text and the little of it that this package does itself: pointers, numbers by their lexeme, text
//! that is kept as text, and documents read without forgiving anything.

pub(crate) mod decimal;
pub(crate) mod number;
pub(crate) mod pointer;
pub(crate) mod scan;
pub(crate) mod strict;
pub(crate) mod text;
pub(crate) mod tree;
