//! What one of the servers refused or failed at.

use std::fmt::{Display, Formatter};

/// A request to a server that came to nothing, in the words of its client.
#[derive(Debug)]
pub(super) struct Failed(pub(super) String);

impl Display for Failed {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<tokio_postgres::Error> for Failed {
    fn from(err: tokio_postgres::Error) -> Failed {
        let said = err.as_db_error().map_or_else(|| err.to_string(), |said| said.message().to_owned());
        Failed(format!("PostgreSQL: {said}"))
    }
}

impl From<::redis::RedisError> for Failed {
    fn from(err: ::redis::RedisError) -> Failed {
        Failed(format!("Redis: {err}"))
    }
}

impl Failed {
    /// Of the queue's client, whose errors are of many types.
    pub(super) fn queue(err: impl Display) -> Failed {
        Failed(format!("NATS: {err}"))
    }
}
