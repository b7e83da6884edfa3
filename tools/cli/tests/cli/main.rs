//! The built binary, run as a user runs it.

mod audit;
mod boundary;
mod check;
mod command_line;
mod contract;
mod feed;
mod five_minutes;
mod helper;
mod import_goes_on;
mod lens;
mod over_nats;
mod rebase;
mod written_types;
