//! The HTTP interface and the operator's socket, from the outside: what is asked, and what comes of it.

#[cfg(test)]
mod agents;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod bounded;
#[cfg(test)]
mod builds;
#[cfg(test)]
mod census;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod feed_copies;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod lenses;
#[cfg(test)]
mod operator;
#[cfg(test)]
mod publish;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod server;
#[cfg(test)]
mod skew;
#[cfg(test)]
mod subscriber;
#[cfg(test)]
mod versions;
