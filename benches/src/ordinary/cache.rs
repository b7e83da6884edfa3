//! The cache beside the database (*cache-aside*): filled by readers, emptied by writers after the commit,
//! every entry with an end.
//!
//! What differs is how it meets a second shape, see [`crate::ordinary::practice`].

use std::time::Duration;

use redis::aio::MultiplexedConnection;

use crate::ordinary::failed::Failed;
use crate::ordinary::practice::Practice;
use crate::ordinary::redis::Address;
use crate::ordinary::shape::Shape;

/// One entry per user: the revision of the row, and an object of it per version. An object of an earlier
/// revision is not taken in, one of a later revision replaces all of them. A write gives no object, and
/// leaves the revision.
const GUARDED_SET: &str = "
local have = tonumber(redis.call('HGET', KEYS[1], 'revision') or '0')
local revision = tonumber(ARGV[1])
if revision < have then return 0 end
if revision > have then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'revision', ARGV[1])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1";

/// One instance's way to the cache.
pub(super) struct Cache {
    connection: MultiplexedConnection,
    practice: Practice,
    /// The shape that the instance speaks.
    shape: Shape,
    ttl: Duration,
}

impl Cache {
    pub(super) async fn connect(
        address: Address,
        practice: Practice,
        shape: Shape,
        ttl: Duration,
    ) -> Result<Cache, Failed> {
        Ok(Cache { connection: address.connect().await?, practice, shape, ttl })
    }

    /// The object of a user, as it was put there.
    pub(super) async fn get(&self, id: i64) -> Result<Option<String>, Failed> {
        let mut command = match self.practice {
            Practice::Naive | Practice::Textbook => redis::cmd("GET"),
            Practice::Careful => redis::cmd("HGET"),
        };
        command.arg(self.key(id, self.shape));
        if self.practice == Practice::Careful {
            command.arg(field(self.shape));
        }
        Ok(command.query_async(&mut self.connection.clone()).await?)
    }

    /// Takes in what a reader found in the database.
    pub(super) async fn fill(&self, id: i64, revision: i64, object: &str) -> Result<(), Failed> {
        if self.practice == Practice::Careful {
            return self.set_guarded(id, revision, object).await;
        }
        let mut command = redis::cmd("SET");
        command.arg(self.key(id, self.shape)).arg(object).arg("PX").arg(self.ttl_ms());
        Ok(command.exec_async(&mut self.connection.clone()).await?)
    }

    /// Forgets a user who was written.
    pub(super) async fn forget(&self, id: i64, revision: i64) -> Result<(), Failed> {
        if self.practice == Practice::Careful {
            return self.set_guarded(id, revision, "").await;
        }
        let mut command = redis::cmd("DEL");
        command.arg(self.key(id, self.shape));
        if self.practice == Practice::Textbook && self.shape == Shape::V2 {
            // The second release knows of the first one; the first cannot know of the second.
            command.arg(self.key(id, Shape::V1));
        }
        Ok(command.exec_async(&mut self.connection.clone()).await?)
    }

    async fn set_guarded(&self, id: i64, revision: i64, object: &str) -> Result<(), Failed> {
        let mut command = redis::cmd("EVAL");
        command.arg(GUARDED_SET).arg(1).arg(self.key(id, self.shape));
        command.arg(revision).arg(field(self.shape)).arg(object).arg(self.ttl_ms());
        Ok(command.exec_async(&mut self.connection.clone()).await?)
    }

    fn key(&self, id: i64, shape: Shape) -> String {
        match self.practice {
            Practice::Naive | Practice::Careful => format!("profile:{id}"),
            Practice::Textbook => format!("profile:{}:{id}", field(shape)),
        }
    }

    fn ttl_ms(&self) -> u64 {
        u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX)
    }
}

fn field(shape: Shape) -> &'static str {
    match shape {
        Shape::V1 => "v1",
        Shape::V2 => "v2",
    }
}
