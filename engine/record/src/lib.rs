//! Records, positions, names and blocks: what the log is made of.
