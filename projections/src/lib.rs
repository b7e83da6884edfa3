//! Projections: state folded from the log.
