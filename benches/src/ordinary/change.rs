//! The change and its way back, as each team does it. What they do and why is in
//! [`crate::ordinary::practice`]; here are the statements and their order.

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::ordinary::failed::Failed;
use crate::ordinary::fleet::{Crew, Fleet, INSTANCES, WORKERS};
use crate::ordinary::practice::Practice;
use crate::ordinary::queue::Queue;
use crate::ordinary::shape::Shape;

/// Rows that one statement of the filling writes.
const BATCH: i64 = 1000;
/// How often a lock is asked for before the change is given up.
const LOCK_TRIES: usize = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// How long workers wait for the queue to be free of what the older ones cannot read.
const DRAIN_WAIT: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The first version of the schema.
pub(super) const SCHEMA: &str = "
    CREATE TABLE users (id bigint PRIMARY KEY, revision bigint NOT NULL, email text NOT NULL,
        given_name text NOT NULL, family_name text NOT NULL);
    CREATE TABLE outbox (id bigserial PRIMARY KEY, job text NOT NULL);";

/// Users that are there from the beginning.
pub(super) const SEED: &str = "INSERT INTO users
    SELECT n, 1, 'user-' || n || '@example.org', 'Given 1', 'Family 1' FROM generate_series(1::bigint, $1) AS n";

/// All in one transaction, so that nobody sees the half of it.
const NAIVE_UP: &str = "
    BEGIN;
    ALTER TABLE users ADD COLUMN name jsonb, ADD COLUMN locale text NOT NULL DEFAULT 'en';
    UPDATE users SET name = jsonb_build_object('given', given_name, 'family', family_name);
    ALTER TABLE users ALTER COLUMN name SET NOT NULL, DROP COLUMN given_name, DROP COLUMN family_name;
    CREATE INDEX users_locale ON users (locale);
    COMMIT;";
const NAIVE_DOWN: &str = "
    BEGIN;
    ALTER TABLE users ADD COLUMN given_name text, ADD COLUMN family_name text;
    UPDATE users SET given_name = name->>'given', family_name = name->>'family';
    ALTER TABLE users ALTER COLUMN given_name SET NOT NULL, ALTER COLUMN family_name SET NOT NULL,
        DROP COLUMN name, DROP COLUMN locale;
    COMMIT;";

/// A column with a constant default is added without writing the rows.
const EXPAND_COLUMNS: &str = "ALTER TABLE users ADD COLUMN IF NOT EXISTS name jsonb,
    ADD COLUMN IF NOT EXISTS locale text NOT NULL DEFAULT 'en'";
/// Whichever side was written, the other one follows.
const EXPAND_FUNCTION: &str = "CREATE OR REPLACE FUNCTION users_name_in_step() RETURNS trigger AS $$
    BEGIN
        IF (TG_OP = 'INSERT' AND NEW.name IS NOT NULL)
            OR (TG_OP = 'UPDATE' AND NEW.name IS DISTINCT FROM OLD.name) THEN
            NEW.given_name := NEW.name->>'given';
            NEW.family_name := NEW.name->>'family';
        ELSIF TG_OP = 'INSERT'
            OR (NEW.given_name, NEW.family_name) IS DISTINCT FROM (OLD.given_name, OLD.family_name) THEN
            NEW.name := jsonb_build_object('given', NEW.given_name, 'family', NEW.family_name);
        END IF;
        RETURN NEW;
    END $$ LANGUAGE plpgsql";
const EXPAND_TRIGGER: &str = "CREATE OR REPLACE TRIGGER users_name_in_step
    BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION users_name_in_step()";
const EXPAND_INDEX: &str = "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_locale ON users (locale)";
const NEXT_BATCH: &str =
    "SELECT max(id) FROM (SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2) AS batch";
const FILL_BATCH: &str =
    "UPDATE users SET name = jsonb_build_object('given', given_name, 'family', family_name)
    WHERE id > $1 AND id <= $2 AND name IS NULL";

/// What the migration tool undoes of the expansion.
const TEXTBOOK_DOWN: &str = "
    BEGIN;
    DROP TRIGGER users_name_in_step ON users;
    DROP FUNCTION users_name_in_step();
    ALTER TABLE users DROP COLUMN name, DROP COLUMN locale;
    COMMIT;";

/// Those who roll a change out and back.
pub(super) struct Deployer {
    pub(super) practice: Practice,
    pub(super) client: Client,
    pub(super) queue: Queue,
    pub(super) crew: Crew,
}

impl Deployer {
    /// From the first version to the second.
    pub(super) async fn roll_out(&mut self, fleet: &Fleet) -> Result<(), Failed> {
        if self.practice == Practice::Naive {
            self.client.batch_execute(NAIVE_UP).await?;
            return self.replace_together(fleet, Shape::V2).await;
        }
        for statement in [EXPAND_COLUMNS, EXPAND_FUNCTION, EXPAND_TRIGGER] {
            self.lock_and_execute(statement).await?;
        }
        self.fill().await?;
        self.client.batch_execute(EXPAND_INDEX).await?;
        self.crew.replace_all(Shape::V2).await?;
        fleet.replace_all(Shape::V2).await
    }

    /// From the second version back to the first.
    pub(super) async fn roll_back(&mut self, fleet: &Fleet) -> Result<(), Failed> {
        match self.practice {
            Practice::Naive => {
                self.client.batch_execute(NAIVE_DOWN).await?;
                self.replace_together(fleet, Shape::V1).await
            }
            Practice::Textbook => {
                fleet.replace_all(Shape::V1).await?;
                self.crew.replace_all(Shape::V1).await?;
                Ok(self.client.batch_execute(TEXTBOOK_DOWN).await?)
            }
            Practice::Careful => {
                fleet.replace_all(Shape::V1).await?;
                self.drained().await?;
                self.crew.replace_all(Shape::V1).await
            }
        }
    }

    /// Instances and workers are one deployment.
    async fn replace_together(&mut self, fleet: &Fleet, shape: Shape) -> Result<(), Failed> {
        for number in 0..INSTANCES.max(WORKERS) {
            fleet.replace(number, shape).await?;
            self.crew.replace(number, shape).await?;
        }
        Ok(())
    }

    /// Executes a statement that needs a lock; a careful team lets the others pass while it cannot have it.
    async fn lock_and_execute(&self, statement: &str) -> Result<(), Failed> {
        if self.practice != Practice::Careful {
            return Ok(self.client.batch_execute(statement).await?);
        }
        self.client.batch_execute("SET lock_timeout = '50ms'").await?;
        let mut outcome = self.client.batch_execute(statement).await;
        for _ in 0..LOCK_TRIES {
            match &outcome {
                Err(err) if err.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {}
                _ => break,
            }
            tokio::time::sleep(LOCK_PAUSE).await;
            outcome = self.client.batch_execute(statement).await;
        }
        self.client.batch_execute("RESET lock_timeout").await?;
        Ok(outcome?)
    }

    /// Fills the new column of the rows that were there before the trigger, in batches.
    async fn fill(&self) -> Result<(), Failed> {
        let mut after: i64 = 0;
        loop {
            let row = self.client.query_one(NEXT_BATCH, &[&after, &BATCH]).await?;
            let Some(upto) = row.try_get::<_, Option<i64>>(0)? else { return Ok(()) };
            self.client.execute(FILL_BATCH, &[&after, &upto]).await?;
            after = upto;
        }
    }

    /// Waits until the jobs that are there now are done: those written from now on are of the old shape.
    async fn drained(&self) -> Result<(), Failed> {
        let deadline = Instant::now() + DRAIN_WAIT;
        let row = self.client.query_one("SELECT coalesce(max(id), 0) FROM outbox", &[]).await?;
        let last: i64 = row.try_get(0)?;
        let waiting = "SELECT count(*) FROM outbox WHERE id <= $1";
        while self.client.query_one(waiting, &[&last]).await?.try_get::<_, i64>(0)? > 0 {
            self.wait(deadline).await?;
        }
        let (_, upto) = self.queue.bounds().await?;
        while self.queue.bounds().await?.0 < upto {
            self.wait(deadline).await?;
        }
        Ok(())
    }

    async fn wait(&self, deadline: Instant) -> Result<(), Failed> {
        if Instant::now() > deadline {
            return Err(Failed(format!("the queue is not free after {DRAIN_WAIT:?}")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
        Ok(())
    }
}
