//! Seeded simulation over the pure crates.
