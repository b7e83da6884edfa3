//! The versions that a simulated system goes through. The third comes in through a lens from the second,
//! and brings an event type and a queue that the others do not know.

/// User profiles: a cache, a view and a queue.
pub const PROFILE_V1: &str = r#"
selfsame: 1
name: profiles
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, email, given_name]
      properties:
        user_id: { type: string }
        email: { type: string }
        given_name: { type: string }
        age: { type: integer }
  user.logged-in:
    key: /user_id
    schema: { type: object, required: [user_id], properties: { user_id: { type: string }, seconds: { type: integer } } }
  user.deleted:
    key: /user_id
    schema: { type: object, required: [user_id], properties: { user_id: { type: string } } }
projections:
  profile:
    kind: cache
    on:
      user.registered: { set: { email: $.email, name: $.given_name } }
      user.deleted: delete
  activity:
    kind: view
    key: $.user_id
    indexes: [[logins]]
    on:
      user.registered: { set: { age: $.age, logins: 0 } }
      user.logged-in: { add: { logins: 1, seconds: $.seconds }, max: { last_seen: $time } }
      user.deleted: delete
  welcome:
    kind: jobs
    on:
      user.registered: { input: { to: $.email, name: $.given_name } }
    retry: { attempts: 3, backoff: 1s..10s }
    lease: 5s
  sessions:
    kind: view
    indexes: [[total]]
    on:
      user.logged-in: { add: { total: $.seconds }, max: { last: $time } }
      user.deleted: delete
  goodbye:
    kind: jobs
    on:
      user.deleted: { input: { user: $.user_id } }
    retry: { attempts: 3, backoff: 1s..10s }
    lease: 5s
"#;

/// A field more, a field nested.
pub const PROFILE_V2: &str = r#"
selfsame: 1
name: profiles-with-locale
parent: v1
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, email, name, locale]
      properties:
        user_id: { type: string }
        email: { type: string }
        name: { type: object, required: [given], properties: { given: { type: string } } }
        locale: { type: string }
        age: { type: integer }
  user.logged-in:
    key: /user_id
    schema: { type: object, required: [user_id], properties: { user_id: { type: string }, seconds: { type: integer } } }
  user.deleted:
    key: /user_id
    schema: { type: object, required: [user_id], properties: { user_id: { type: string } } }
lenses:
  user.registered:
    - add: { at: /locale, schema: { type: string }, default: en }
    - move: { from: /given_name, to: /name/given }
projections:
  profile:
    kind: cache
    on:
      user.registered: { set: { email: $.email, given: $.name.given, locale: $.locale } }
      user.deleted: delete
  activity:
    kind: view
    key: $.user_id
    indexes: [[locale, logins]]
    on:
      user.registered: { set: { age: $.age, logins: 0, locale: $.locale } }
      user.logged-in: { add: { logins: 1, seconds: $.seconds }, max: { last_seen: $time } }
      user.deleted: delete
  welcome:
    kind: jobs
    on:
      user.registered: { input: { to: $.email, name: $.name.given, locale: $.locale } }
    retry: { attempts: 3, backoff: 1s..10s }
    lease: 5s
  sessions:
    kind: view
    indexes: [[total]]
    on:
      user.logged-in: { add: { total: $.seconds }, max: { last: $time } }
      user.deleted: delete
  goodbye:
    kind: jobs
    on:
      user.deleted: { input: { user: $.user_id } }
    retry: { attempts: 3, backoff: 1s..10s }
    lease: 5s
"#;

/// A field fewer, a field renamed, a type and a queue more, and guards of which one trips now and then.
pub const PROFILE_V3: &str = r#"
selfsame: 1
name: profiles-with-plans
parent: v2
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, mail, name, locale]
      properties:
        user_id: { type: string }
        mail: { type: string }
        name: { type: object, required: [given], properties: { given: { type: string } } }
        locale: { type: string }
  user.logged-in:
    key: /user_id
    schema: { type: object, required: [user_id], properties: { user_id: { type: string }, seconds: { type: integer } } }
  user.deleted:
    key: /user_id
    schema: { type: object, required: [user_id], properties: { user_id: { type: string } } }
  plan.chosen:
    key: /user_id
    schema: { type: object, required: [user_id, plan], properties: { user_id: { type: string }, plan: { type: string } } }
lenses:
  user.registered:
    - remove: { at: /age }
    - rename: { from: /email, to: /mail }
projections:
  profile:
    kind: cache
    on:
      user.registered: { set: { mail: $.mail, given: $.name.given } }
      plan.chosen: { set: { plan: $.plan } }
      user.deleted: delete
  welcome:
    kind: jobs
    on:
      user.registered: { input: { to: $.mail, name: $.name.given } }
    retry: { attempts: 3, backoff: 1s..10s }
    lease: 5s
  invoice:
    kind: jobs
    on:
      plan.chosen: { input: { user: $.user_id, plan: $.plan } }
  sessions:
    kind: view
    indexes: [[total]]
    on:
      user.logged-in: { add: { total: $.seconds }, max: { last: $time } }
      user.deleted: delete
  goodbye:
    kind: jobs
    on:
      user.deleted: { input: { user: $.user_id } }
    retry: { attempts: 3, backoff: 1s..10s }
    lease: 5s
guards:
  - { name: few, expect: "rows.profile < 11" }
  - { name: taken, expect: "rates.refused < 0.9" }
probation: { events: 12, time: 1m, samples_min: 4, inconclusive: extend, extend_max: 1 }
"#;

/// All of them, each the child of the one before.
pub const DOCUMENTS: [&str; 3] = [PROFILE_V1, PROFILE_V2, PROFILE_V3];

/// The branches: an event type with a cache of its own each, and by how much the cache counts. Those of one name
/// conflict.
pub(crate) const BRANCHES: [(&str, u32); 4] = [("coupon", 1), ("badge", 1), ("coupon", 2), ("badge", 2)];

/// A child of v1 with an event type and a cache more.
pub(crate) fn branch((what, count): (&str, u32)) -> String {
    let event = format!(
        "  {what}.given:\n    key: /user_id\n    schema: {{ type: object, required: [user_id], properties: {{ \
         user_id: {{ type: string }} }} }}\n"
    );
    let cache =
        format!("  {what}s: {{ kind: cache, on: {{ {what}.given: {{ add: {{ count: {count} }} }} }} }}\n");
    PROFILE_V1.replacen("name: profiles", &format!("name: branch-{what}-{count}\nparent: v1"), 1).replacen(
        "projections:\n",
        &format!("{event}projections:\n{cache}"),
        1,
    )
}
