//! The log: its trait, its conformance suite, its providers.
