//! The MCP way in, from the outside: what an agent asks for, and what comes of it.

#[cfg(test)]
mod bounded;
#[cfg(test)]
mod change;
#[cfg(test)]
mod client;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod nonsense;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tools;
