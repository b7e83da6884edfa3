//! The clients: each registers users, renames its own, reads those of everybody, and lists by locale.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::ordinary::app::Instance;
use crate::ordinary::checker::{Checker, Sight};
use crate::ordinary::fleet::Fleet;
use crate::ordinary::shape::{LOCALES, Shape, User};
use crate::ordinary::waits::{Waits, Who};

/// Clients that go on at the same time.
pub(super) const CLIENTS: i64 = 8;
/// The users that are read and renamed: those who use a service at one time are few.
const HOT: i64 = 400;
/// A client's pause between two requests.
const THINK: Duration = Duration::from_millis(3);
/// Ids that one client gives out.
const IDS_EACH: i64 = 10_000_000;

/// What the clients share.
pub(super) struct Load {
    pub(super) fleet: Fleet,
    pub(super) checker: Arc<Checker>,
    pub(super) waits: Waits,
    pub(super) stop: AtomicBool,
}

/// One client.
struct Client {
    load: Arc<Load>,
    number: i64,
    dice: Dice,
    /// Its users: the last revision that it wrote.
    revisions: HashMap<i64, i64>,
    registered: i64,
    sight: Sight,
}

/// Goes on until the load is told to stop.
pub(super) async fn run(load: Arc<Load>, number: i64) {
    let dice = Dice(number.unsigned_abs() + 1);
    let mut client =
        Client { load, number, dice, revisions: HashMap::new(), registered: 0, sight: Sight::default() };
    while !client.load.stop.load(Ordering::SeqCst) {
        client.ask().await;
        tokio::time::sleep(THINK).await;
    }
}

impl Client {
    async fn ask(&mut self) {
        let chosen = usize::try_from(self.dice.below(1 << 16)).unwrap_or(0);
        let Some(instance) = self.load.fleet.pick(chosen) else { return };
        let (deploying, started) = (self.load.checker.is_deploying(), Instant::now());
        let who = match self.dice.below(100) {
            0..2 => self.register(&instance).await,
            2..12 => self.rename(&instance).await,
            12..14 => self.list(&instance).await,
            _ => self.read(&instance).await,
        };
        let deploying = deploying || self.load.checker.is_deploying();
        self.load.waits.note(who, deploying, started.elapsed());
    }

    async fn register(&mut self, instance: &Instance) -> Who {
        self.registered += 1;
        let id = (self.number + 1) * IDS_EACH + self.registered;
        let locale = self.locale(instance);
        let user = User::at(id, 1, locale);
        self.load.checker.write_begins(id);
        match instance.register(&user).await {
            Ok(()) => {
                self.load.checker.written(&user);
                self.load.checker.mail_due(id);
            }
            Err(err) => self.load.checker.write_failed(id, &err),
        }
        Who::Writer
    }

    async fn rename(&mut self, instance: &Instance) -> Who {
        let id = 1 + self.number + CLIENTS * self.dice.below(HOT / CLIENTS);
        let revision = self.revisions.entry(id).or_insert(1);
        *revision += 1;
        let revision = *revision;
        let user = User::at(id, revision, self.locale(instance));
        self.load.checker.write_begins(id);
        match instance.rename(&user).await {
            Ok(()) => self.load.checker.written(&user),
            Err(err) => self.load.checker.write_failed(id, &err),
        }
        Who::Writer
    }

    async fn read(&mut self, instance: &Instance) -> Who {
        let own = self.registered > 0 && self.dice.below(5) == 0;
        let id = if own { (self.number + 1) * IDS_EACH + self.registered } else { 1 + self.dice.below(HOT) };
        let before = self.load.checker.read_begins(id);
        match instance.profile(id).await {
            Ok(object) => {
                let checker = &self.load.checker;
                checker.read(id, instance.shape(), &before, object.as_ref(), &mut self.sight);
            }
            Err(err) => self.load.checker.read_failed(&err),
        }
        Who::Reader
    }

    async fn list(&mut self, instance: &Instance) -> Who {
        let Some(locale) = self.locale(instance) else { return self.read(instance).await };
        match instance.users_by_locale(locale).await {
            Ok(objects) => self.load.checker.listed(instance.shape(), &objects.unwrap_or_default()),
            Err(err) => self.load.checker.read_failed(&err),
        }
        Who::Reader
    }

    /// A locale, where the instance knows of locales.
    fn locale(&mut self, instance: &Instance) -> Option<&'static str> {
        let drawn = usize::try_from(self.dice.below(3)).ok()?;
        if instance.shape() == Shape::V2 { LOCALES.get(drawn).copied() } else { None }
    }
}

/// A sequence of numbers that looks random and is the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let drawn = i64::try_from((z ^ (z >> 31)) >> 1).unwrap_or(0);
        drawn % end
    }
}
