//! The NATS plane on a real server, from the outside: what is published and asked, and what comes of it.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod bounded;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod fort;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod managed;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod publish;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod redteam;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tray;
#[cfg(test)]
mod tray_trouble;
