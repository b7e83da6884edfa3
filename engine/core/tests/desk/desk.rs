//! A core with its log in memory, asked request by request.

use std::collections::VecDeque;

use selfsame_core::{
    Answer, Budget, Checked, Compared, Core, Draft, Drafted, Effect, EvidenceId, Input, PlanId, Plane,
    Refusal, Request, Serving, Settings, Ticket, recover,
};
use selfsame_record::{ArchivedRecord, Block, Body, Micros, Name, Position, Principal, TraySeq, VersionNo};
use selfsame_schema::Class;

/// One event type, a cache and a queue.
pub(crate) const V1: &str = r#"
selfsame: 1
name: profiles
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, email]
      properties: { user_id: { type: string }, email: { type: string } }
projections:
  profile: { kind: cache, on: { user.registered: { set: { email: $.email } } } }
  welcome:
    kind: jobs
    on: { user.registered: { input: { to: $.email } } }
    retry: { attempts: 2, backoff: 2s..3s }
    lease: 10s
"#;

/// Its child: a field and a queue more.
pub(crate) const V2: &str = r#"
selfsame: 1
name: profiles-with-locale
parent: v1
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, email, locale]
      properties: { user_id: { type: string }, email: { type: string }, locale: { type: string } }
lenses:
  user.registered:
    - add: { at: /locale, default: en }
projections:
  profile: { kind: cache, on: { user.registered: { set: { email: $.email, locale: $.locale } } } }
  welcome:
    kind: jobs
    on: { user.registered: { input: { to: $.email, locale: $.locale } } }
    retry: { attempts: 2, backoff: 2s..3s }
    lease: 10s
  survey: { kind: jobs, on: { user.registered: { input: { to: $.email } } } }
"#;

/// A core with its log in memory; the clock is a field.
pub(crate) struct Desk {
    settings: Settings,
    pub(crate) core: Core,
    pub(crate) serving: Serving,
    pub(crate) blocks: Vec<Block>,
    pub(crate) now: Micros,
    pub(crate) principal: Principal,
    pub(crate) plane: Plane,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk::with_standbys(2)
    }

    pub(crate) fn with_standbys(standbys_max: usize) -> Desk {
        Desk {
            settings: Settings { standbys_max },
            core: Core::new(Settings { standbys_max }),
            serving: Serving::default(),
            blocks: Vec::new(),
            now: Micros(1_000_000),
            principal: Principal::parse("web").unwrap(),
            plane: Plane::Open,
        }
    }

    /// A desk with v1 active.
    pub(crate) fn at_v1() -> Desk {
        let mut desk = Desk::new();
        desk.take_live(V1, None);
        desk
    }

    pub(crate) fn take_live(&mut self, document: &str, expected: Option<VersionNo>) -> VersionNo {
        let version = self.candidate(document);
        self.cutover(version, expected).unwrap();
        version
    }

    /// Plans, validates and cuts over; without an active version there is nothing to compare with.
    pub(crate) fn cutover(
        &mut self,
        version: VersionNo,
        expected: Option<VersionNo>,
    ) -> Result<Answer, Refusal> {
        let evidence = self.core.lifecycle().active().map(|_| self.evidence(version));
        self.ask(Request::Cutover { version, expected, evidence })
    }

    pub(crate) fn draft(&self, version: VersionNo) -> Drafted {
        Drafted {
            plan: PlanId(self.core.head().get()),
            version,
            base: self.core.lifecycle().active(),
            approved: self.core.plans_made().approved(),
            class: Class::Additive,
            class_since_approved: Class::Additive,
            rewind_loses: false,
            predicted: None,
            ttl_ms: 60_000,
        }
    }

    pub(crate) fn comparison(&self, plan: PlanId, version: VersionNo) -> Compared {
        let digest = |version| self.serving.generation(version).map(|g| g.digest()).unwrap_or_default();
        Compared {
            evidence: EvidenceId(self.core.head().get()),
            plan,
            at: self.core.head(),
            digest: digest(version),
            active: self.core.lifecycle().active().map(|active| (active, digest(active))),
            projections: Vec::new(),
            failures: 0,
            skip_failures: false,
            report: "{}".to_owned(),
        }
    }

    pub(crate) fn plan(&mut self, drafted: Drafted) -> Result<PlanId, Refusal> {
        match self.ask(Request::Plan { drafted })? {
            Answer::Planned { plan } => Ok(plan.plan),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn evidence(&mut self, version: VersionNo) -> EvidenceId {
        let plan = self.plan(self.draft(version)).unwrap();
        let compared = self.comparison(plan, version);
        let evidence = compared.evidence;
        self.ask(Request::Validate { compared }).unwrap();
        evidence
    }

    pub(crate) fn candidate(&mut self, document: &str) -> VersionNo {
        let answer = self.register(document).unwrap();
        let Answer::Registered { version, .. } = answer else { panic!("{answer:?}") };
        self.ask(Request::Build { version, budget: Budget::default() }).unwrap();
        self.finish_build(version);
        version
    }

    /// Builds a version whose build was ordered.
    pub(crate) fn finish_build(&mut self, version: VersionNo) {
        let mut generation = self.core.new_generation_beside(version, &self.serving).unwrap();
        self.each(&mut |core, record| selfsame_core::fold(&mut generation, record, core.registry()));
        self.ask(Request::Candidate { generation: Box::new(generation) }).unwrap();
    }

    pub(crate) fn register(&mut self, document: &str) -> Result<Answer, Refusal> {
        let checked = Checked::of(self.core.registry(), &selfsame_schema::NoSamples, document);
        self.ask(Request::Register { checked })
    }

    pub(crate) fn each(&self, visit: &mut dyn FnMut(&Core, &ArchivedRecord)) {
        for block in &self.blocks {
            Block::view(block.as_bytes()).unwrap().records().iter().for_each(|r| visit(&self.core, r));
        }
    }

    pub(crate) fn ask(&mut self, request: Request) -> Result<Answer, Refusal> {
        let mut outcomes = self.ask_all(vec![request]);
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Asks at once; the answers come in order, out of as many group commits as it takes.
    pub(crate) fn ask_all(&mut self, requests: Vec<Request>) -> Vec<Result<Answer, Refusal>> {
        let (principal, plane) = (self.principal.clone(), self.plane);
        let input = |request| Input { ticket: Ticket(1), principal: principal.clone(), plane, request };
        let mut waiting: VecDeque<Input> = requests.into_iter().map(input).collect();
        let mut outcomes = Vec::new();
        while !waiting.is_empty() {
            let batch = self.core.prepare(&mut waiting, self.now, &self.serving);
            let answers = batch.effects.into_iter().filter_map(|effect| match effect {
                Effect::Answer { outcome, .. } => Some(outcome),
                _ => None,
            });
            outcomes.extend(answers);
            if !batch.records.is_empty() {
                let block = Block::pack(&batch.records);
                let control = batch.records.iter().any(|r| matches!(r.body, Body::Control(_)));
                let status = control.then(|| self.core.status());
                self.serving.commit(Block::view(block.as_bytes()).unwrap().records(), batch.adopt, status);
                self.blocks.push(block);
            }
        }
        outcomes
    }

    pub(crate) fn event(&self, id: &str, data: &str) -> Request {
        self.events(&[(id, data)], None)
    }

    pub(crate) fn events(&self, events: &[(&str, &str)], tray: Option<TraySeq>) -> Request {
        self.events_as(None, events, tray)
    }

    /// Events written in a version, or in the active one.
    pub(crate) fn events_as(
        &self,
        version: Option<&str>,
        events: &[(&str, &str)],
        tray: Option<TraySeq>,
    ) -> Request {
        let admission = self.core.admission();
        let admit = |(id, data): &(&str, &str)| {
            let mut named =
                vec![("specversion", "1.0"), ("type", "user.registered"), ("source", "/web"), ("id", id)];
            named.extend(version.map(|version| ("dataschema", version)));
            let attributes = named.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            let draft = Draft { attributes, data: data.as_bytes().to_vec() };
            admission.admit(&draft, None, tray).unwrap()
        };
        Request::Publish { events: events.iter().map(admit).collect() }
    }

    pub(crate) fn publish(&mut self, id: &str) -> Position {
        let data = format!(r#"{{"user_id":"u{id}","email":"{id}@x"}}"#);
        let request = self.event(id, &data);
        let Ok(Answer::Published { events }) = self.ask(request) else { panic!("not published") };
        events[0].position
    }

    pub(crate) fn lease(
        &mut self,
        queue: &str,
        max: usize,
    ) -> (Option<Position>, Vec<(Position, u32, String)>) {
        let queue = Name::parse(queue).unwrap();
        let answer = self.ask(Request::Lease { queue, max }).unwrap();
        let Answer::Leased { lease, jobs, .. } = answer else { panic!("{answer:?}") };
        (lease, jobs.into_iter().map(|j| (j.job, j.attempt, j.input)).collect())
    }

    pub(crate) fn ack(&mut self, job: Position, lease: Position) -> Result<Answer, Refusal> {
        self.ask(Request::Ack { queue: Name::parse("welcome").unwrap(), job, lease })
    }

    pub(crate) fn nack(&mut self, job: Position, lease: Position) -> Result<Answer, Refusal> {
        let queue = Name::parse("welcome").unwrap();
        self.ask(Request::Nack { queue, job, lease, reason: "no".to_owned() })
    }

    pub(crate) fn after_ms(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
    }

    /// A desk that starts from the first blocks of this one's log, as after a crash.
    pub(crate) fn crashed_after(&self, blocks: usize) -> Desk {
        let mut desk = Desk::with_standbys(self.settings.standbys_max);
        desk.blocks = self.blocks[..blocks].to_vec();
        desk.now = self.now;
        let started = recover::<std::convert::Infallible>(self.settings, &mut |visit| {
            for block in &desk.blocks {
                let _ = visit(Block::view(block.as_bytes()).unwrap().records());
            }
            Ok(())
        });
        (desk.core, desk.serving) = started.unwrap();
        desk
    }

    /// The state that a start from the log has equals the state there is.
    #[track_caller]
    pub(crate) fn check_replay(&self) {
        let again = recover::<std::convert::Infallible>(self.settings, &mut |visit| {
            for block in &self.blocks {
                let _ = visit(Block::view(block.as_bytes()).unwrap().records());
            }
            Ok(())
        });
        let (core, serving) = again.unwrap();
        assert_eq!(core.digest(), self.core.digest());
        let digests = |s: &Serving| s.generations().map(|(v, g)| (v, g.digest())).collect::<Vec<_>>();
        assert_eq!(digests(&serving), digests(&self.serving));
        assert_eq!(serving.census(), self.serving.census());
        assert_eq!(serving.samples(), self.serving.samples());
        assert_eq!(serving.kinds(), self.serving.kinds());
    }
}
