//! Benchmarks that print their floor, and where there is one their peer, beside our figure.
//!
//! `cargo run --release -p selfsame-benches -- [admit] [audit] [build] [flood] [lens] [publish] [replay] [rewind]
//! [validate] [--smoke]`
//!
//! `cargo run --release -p selfsame-benches -- ordinary [--seconds N] [--changes N] [--json] [--smoke]`
//! is the drill of the ordinary stack, see [`ordinary`].
//!
//! Runs of the things compared alternate and the median is shown, since machines drift: the ratio is what
//! to quote, not the single figure. `--smoke` runs everything once on little data, to see that it works.
#![expect(clippy::expect_used, reason = "a benchmark that cannot go on stops")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod admit;
mod audit;
mod build;
mod corpus;
mod flood;
mod fort;
mod lens;
mod ordinary;
mod publish;
mod replay;
mod report;
mod rewind;
mod validate;

use std::process::ExitCode;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    /// Runs of each thing, alternated.
    pub(crate) runs: usize,
    /// Events that one run publishes, per level of concurrency.
    pub(crate) publishes: u64,
    /// Events in the log that is replayed.
    pub(crate) replayed: u64,
    /// Times that one event is read through a lens.
    pub(crate) lens_reads: u64,
    /// The log sizes at which rewinds are timed.
    pub(crate) rewind_sizes: [u64; 3],
    /// Rewinds timed at each size.
    pub(crate) rewinds: usize,
    /// Events that one run checks.
    pub(crate) validations: u64,
    /// Events in the log that a version is built from.
    pub(crate) built: u64,
}

const FULL: Scale = Scale {
    runs: 5,
    publishes: 30_000,
    replayed: 1_000_000,
    lens_reads: 2_000_000,
    rewind_sizes: [10_000, 1_000_000, 10_000_000],
    rewinds: 200,
    validations: 1_000_000,
    built: 1_000_000,
};
const SMOKE: Scale = Scale {
    runs: 1,
    publishes: 500,
    replayed: 5_000,
    lens_reads: 5_000,
    rewind_sizes: [1_000, 2_000, 5_000],
    rewinds: 10,
    validations: 1_000,
    built: 5_000,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == "ordinary"
    {
        return ordinary::run(rest);
    }
    let known =
        ["admit", "audit", "build", "flood", "lens", "publish", "replay", "rewind", "validate", "--smoke"];
    if let Some(unknown) = arguments.iter().find(|a| !known.contains(&a.as_str())) {
        eprintln!("error: `{unknown}` is not one of {known:?}");
        return ExitCode::from(2);
    }
    let scale = if arguments.iter().any(|a| a == "--smoke") { SMOKE } else { FULL };
    let wanted =
        |name: &str| arguments.iter().all(|a| a.starts_with("--")) || arguments.iter().any(|a| a == name);
    if wanted("admit") {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(admit::run(scale));
    }
    if wanted("flood") {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(flood::run(scale));
    }
    if wanted("audit") {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(audit::run(scale));
    }
    if wanted("build") {
        build::run(scale);
    }
    if wanted("lens") {
        lens::run(scale);
    }
    if wanted("publish") {
        publish::run(scale);
    }
    if wanted("replay") {
        replay::run(scale);
    }
    if wanted("rewind") {
        rewind::run(scale);
    }
    if wanted("validate") {
        validate::run(scale);
    }
    ExitCode::SUCCESS
}
