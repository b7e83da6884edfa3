//! The synchronous, pure state machine.
