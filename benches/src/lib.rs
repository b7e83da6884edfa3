//! Benchmarks, with their floors and peers in the same run.
