//! The package from the outside: documents in, versions, rows and JSON out.

#[cfg(test)]
mod archived;
#[cfg(test)]
mod common;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod definitions;
#[cfg(test)]
mod design;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod lenses;
#[cfg(test)]
mod model;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod rich;
#[cfg(test)]
mod wide;
