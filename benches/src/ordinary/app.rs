//! One instance of the service, written for one shape: registers, renames, answers and lists users.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio_postgres::{Client, Row, Statement};

use crate::ordinary::cache::Cache;
use crate::ordinary::failed::Failed;
use crate::ordinary::postgres::Database;
use crate::ordinary::practice::Practice;
use crate::ordinary::queue::Queue;
use crate::ordinary::redis::Address;
use crate::ordinary::shape::{LOCALE_DEFAULT, Shape, User};

/// Connections of one instance to the database.
const POOL: usize = 4;
/// Users in one answer of the query by locale.
const LISTED_MAX: i64 = 20;

const FIND_V1: &str = "SELECT revision, given_name, family_name FROM users WHERE id = $1";
const FIND_V2: &str = "SELECT revision, name->>'given', name->>'family', locale FROM users WHERE id = $1";
const REGISTER_V1: &str =
    "INSERT INTO users (id, revision, email, given_name, family_name) VALUES ($1, $2, $3, $4, $5)";
const REGISTER_V2: &str = "INSERT INTO users (id, revision, email, name, locale) \
    VALUES ($1, $2, $3, jsonb_build_object('given', $4::text, 'family', $5::text), $6)";
const RENAME_V1: &str = "UPDATE users SET revision = $2, given_name = $3, family_name = $4 WHERE id = $1";
const RENAME_V2: &str = "UPDATE users SET revision = $2, \
    name = jsonb_build_object('given', $3::text, 'family', $4::text), locale = $5 WHERE id = $1";
const LIST_V2: &str = "SELECT id, revision, name->>'given', name->>'family', locale FROM users \
    WHERE locale = $1 LIMIT $2";

/// Where the servers are, and what the team does with them.
#[derive(Clone)]
pub(super) struct Stack {
    pub(super) practice: Practice,
    pub(super) database: Database,
    pub(super) cache: Address,
    pub(super) queue: Queue,
    /// How long an object stays in the cache.
    pub(super) ttl: Duration,
}

/// A running instance.
pub(super) struct Instance {
    shape: Shape,
    outbox: bool,
    sessions: Vec<Session>,
    turn: AtomicUsize,
    cache: Cache,
    queue: Queue,
}

/// A connection with what was prepared on it.
struct Session {
    client: Client,
    find: Statement,
    register: Statement,
    rename: Statement,
    /// The first version has no locale to list by.
    list: Option<Statement>,
}

impl Instance {
    /// Starts an instance: it answers once its statements are prepared.
    pub(super) async fn start(stack: &Stack, shape: Shape) -> Result<Instance, Failed> {
        let outbox = stack.practice.has_outbox();
        let mut sessions = Vec::new();
        for _ in 0..POOL {
            sessions.push(Session::open(&stack.database, shape, outbox).await?);
        }
        let cache = Cache::connect(stack.cache, stack.practice, shape, stack.ttl).await?;
        let queue = stack.queue.clone();
        Ok(Instance { shape, outbox, sessions, turn: AtomicUsize::new(0), cache, queue })
    }

    /// The shape of its code.
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Registers a user, with the job for the welcome mail.
    pub(super) async fn register(&self, user: &User) -> Result<(), Failed> {
        let session = self.session()?;
        let (email, job) = (user.email(), user.object(self.shape).to_string());
        let locale = user.locale.as_deref().unwrap_or(LOCALE_DEFAULT);
        let mut values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            vec![&user.id, &user.revision, &email, &user.given, &user.family];
        if self.shape == Shape::V2 {
            values.push(&locale);
        }
        if self.outbox {
            values.push(&job);
        }
        session.client.execute(&session.register, &values).await?;
        if !self.outbox {
            self.queue.publish(&format!("user-{}", user.id), job).await?;
        }
        self.cache.forget(user.id, user.revision).await
    }

    /// Renames a user; the second version sets the locale as well.
    pub(super) async fn rename(&self, user: &User) -> Result<(), Failed> {
        let session = self.session()?;
        let mut values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
            vec![&user.id, &user.revision, &user.given, &user.family];
        let locale = user.locale.as_deref().unwrap_or(LOCALE_DEFAULT);
        if self.shape == Shape::V2 {
            values.push(&locale);
        }
        session.client.execute(&session.rename, &values).await?;
        self.cache.forget(user.id, user.revision).await
    }

    /// The object of a user, from the cache if it is there.
    pub(super) async fn profile(&self, id: i64) -> Result<Option<Value>, Failed> {
        if let Some(object) = self.cache.get(id).await? {
            let parsed = serde_json::from_str(&object);
            return parsed.map(Some).map_err(|err| Failed(format!("the cache: {err}")));
        }
        let session = self.session()?;
        let Some(row) = session.client.query_opt(&session.find, &[&id]).await? else { return Ok(None) };
        let locale = if self.shape == Shape::V2 { Some(row.try_get(3)?) } else { None };
        let (revision, given, family) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let object = User { id, revision, given, family, locale }.object(self.shape);
        self.cache.fill(id, revision, &object.to_string()).await?;
        Ok(Some(object))
    }

    /// Some users of a locale, from the database. None if this version has no such query.
    pub(super) async fn users_by_locale(&self, locale: &str) -> Result<Option<Vec<Value>>, Failed> {
        let session = self.session()?;
        let Some(list) = &session.list else { return Ok(None) };
        let rows = session.client.query(list, &[&locale, &LISTED_MAX]).await?;
        let object = |row: &Row| -> Result<Value, Failed> {
            let (id, revision) = (row.try_get(0)?, row.try_get(1)?);
            let (given, family) = (row.try_get(2)?, row.try_get(3)?);
            Ok(User { id, revision, given, family, locale: Some(row.try_get(4)?) }.object(self.shape))
        };
        rows.iter().map(object).collect::<Result<_, _>>().map(Some)
    }

    fn session(&self) -> Result<&Session, Failed> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % POOL;
        self.sessions.get(turn).ok_or_else(|| Failed("an instance without connections".to_owned()))
    }
}

impl Session {
    async fn open(database: &Database, shape: Shape, outbox: bool) -> Result<Session, Failed> {
        let client = database.connect().await?;
        let (find, register, rename, job) = match shape {
            Shape::V1 => (FIND_V1, REGISTER_V1, RENAME_V1, "$6"),
            Shape::V2 => (FIND_V2, REGISTER_V2, RENAME_V2, "$7"),
        };
        // One statement is one transaction: the job is there with the row, or neither is.
        let register = match outbox {
            true => format!("WITH registered AS ({register}) INSERT INTO outbox (job) VALUES ({job})"),
            false => register.to_owned(),
        };
        let list = match shape {
            Shape::V1 => None,
            Shape::V2 => Some(client.prepare(LIST_V2).await?),
        };
        let (find, rename) = (client.prepare(find).await?, client.prepare(rename).await?);
        let register = client.prepare(&register).await?;
        Ok(Session { client, find, register, rename, list })
    }
}
