//! The package from the outside: documents in, versions, rows and JSON out.

#[cfg(test)]
mod common;
#[cfg(test)]
mod design;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod lenses;
#[cfg(test)]
mod model;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod reading;
