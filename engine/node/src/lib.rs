//! The loop around the core: NATS, HTTP, operator plane.
