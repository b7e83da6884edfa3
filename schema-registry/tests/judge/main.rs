//! What the registry says of a change, and what it refuses with which witness.

#[cfg(test)]
mod helper;
#[cfg(test)]
mod names;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod verdicts;
