//! One log, read by generations of several versions.

#[cfg(test)]
mod common;

use common::{World, row, skipped};

const V1: &str = "
selfsame: 1
name: v1
events:
  user.put:
    schema:
      type: object
      required: [mail]
      properties:
        mail: { type: string }
        given: { type: string }
        age: { type: integer }
  user.seen: { schema: { type: object } }
projections:
  profile:
    kind: cache
    on: { user.put: { set: { mail: $.mail, given: $.given, age: $.age } } }
  seen:
    kind: view
    on: { user.seen: { add: { times: 1 } } }
  hello:
    kind: jobs
    on: { user.put: { input: { to: $.mail } } }
";

const V2: &str = "
selfsame: 1
name: v2
parent: v1
events:
  user.put:
    schema:
      type: object
      required: [email, locale]
      properties:
        email: { type: string }
        locale: { type: string }
        name: { type: object, properties: { given: { type: string } } }
        age: { type: integer }
  user.seen: { schema: { type: object } }
  user.gone: { schema: { type: object } }
lenses:
  user.put:
    - rename: { from: /mail, to: /email }
    - add: { at: /locale, schema: { type: string }, default: en }
    - move: { from: /given, to: /name/given }
projections:
  profile:
    kind: cache
    on:
      user.put: { set: { email: $.email, given: $.name.given, locale: $.locale, name: $.name } }
      user.gone: delete
  seen:
    kind: view
    on: { user.seen: { add: { times: 1 } } }
  hello:
    kind: jobs
    on: { user.put: { input: { to: $.email, locale: $.locale } } }
";

fn world() -> World {
    let mut world = World::with(V1);
    world.register(V2);
    world.event(1, "user.put", "a", r#"{"mail":"a@x","given":"Ann","age":7}"#);
    world.event(1, "user.put", "b", r#"{"mail":"b@x"}"#);
    world.event(1, "user.seen", "a", "{}");
    world.event(2, "user.put", "c", r#"{"email":"c@x","locale":"de","name":{"given":"Cem"}}"#);
    world
}

#[test]
fn a_later_version_reads_what_an_earlier_one_wrote() {
    let generation = world().generation(2);
    let ann = r#"{"email":"a@x","given":"Ann","locale":"en","name":{"given":"Ann"}}"#;
    assert_eq!(row(&generation, "profile", "a"), ann);
    assert_eq!(row(&generation, "profile", "b"), r#"{"email":"b@x","locale":"en"}"#);
    assert_eq!(row(&generation, "seen", "a"), r#"{"times":1}"#);
    let inputs = generation.queue("hello").expect("a queue").iter_from(selfsame_record::Position::ZERO);
    let inputs: Vec<_> = inputs.map(|(_, input)| input.json.to_string()).collect();
    assert_eq!(
        inputs,
        [r#"{"locale":"en","to":"a@x"}"#, r#"{"locale":"en","to":"b@x"}"#, r#"{"locale":"de","to":"c@x"}"#]
    );
    assert!(skipped(&generation).is_empty());
}

#[test]
fn an_earlier_version_reads_what_a_later_one_wrote() {
    let generation = world().generation(1);
    assert_eq!(row(&generation, "profile", "c"), r#"{"given":"Cem","mail":"c@x"}"#);
    assert_eq!(row(&generation, "profile", "a"), r#"{"age":7,"given":"Ann","mail":"a@x"}"#);
}

#[test]
fn what_a_version_cannot_take_in_is_listed() {
    let mut world = world();
    world.event(2, "user.gone", "a", "{}");
    world.event(1, "user.put", "d", r#"{"mail":"d@x","locale":7}"#);
    assert_eq!(skipped(&world.generation(1)), ["user.gone * UnknownType #5"]);
    let generation = world.generation(2);
    assert_eq!(skipped(&generation), ["user.put * Inexpressible #6"]);
    assert_eq!(row(&generation, "profile", "a"), "none");
    assert_eq!(row(&generation, "profile", "d"), "none");
    let skipped = generation.skipped();
    let line = skipped.lines().next().expect("a line");
    let detail = line.notes.detail.as_deref().unwrap_or_default();
    assert!(detail.starts_with("`/locale` was written before"), "{detail}");
}

#[test]
fn a_string_that_a_lens_finds_is_read_with_its_escapes_resolved() {
    let mut world = world();
    world.event(1, "user.put", "e", r#"{"mail":"e@x","locale":"d\u00e4\n"}"#);
    let generation = world.generation(2);
    assert_eq!(row(&generation, "profile", "e"), r#"{"email":"e@x","locale":"dä\n"}"#);
    let direct = generation.cache("profile").and_then(|cache| cache.get("e")?.cell("locale"));
    assert_eq!(direct, Some(&selfsame_projections::Cell::Text("dä\n".into())));
}

#[test]
fn a_type_that_went_and_came_back_has_no_lens() {
    let mut world = World::with(V1);
    let without = "selfsame: 1\nname: v2\nparent: v1\nevents: { user.seen: { schema: { type: object } } }";
    world.register(without);
    world.register(&V1.replace("name: v1", "name: v3\nparent: v2"));
    world.event(1, "user.put", "a", r#"{"mail":"a@x"}"#);
    world.event(1, "user.put", "b", r#"{"mail":"b@x"}"#);
    let generation = world.generation(3);
    assert_eq!(skipped(&generation), ["user.put * NoLens #1 #2"]);
    let skipped = generation.skipped();
    let line = skipped.lines().next().expect("a line");
    assert_eq!(line.notes.detail.as_deref(), Some("it was written in v1"));
}

#[test]
fn equal_projections_of_two_versions_have_equal_digests() {
    let world = world();
    let digest = |version| {
        let report = world.generation(version).report();
        report.into_iter().map(|line| (line.name.to_string(), line.digest)).collect::<Vec<_>>()
    };
    let (one, two) = (digest(1), digest(2));
    let equal: Vec<&str> = one.iter().zip(&two).filter(|(a, b)| a == b).map(|(a, _)| a.0.as_str()).collect();
    assert_eq!(equal, ["seen"]);
}

#[test]
fn a_twin_with_other_control_records_has_an_equal_digest() {
    let world = world();
    let mut twin = World::with(V1);
    twin.register(V2);
    twin.control();
    twin.event(1, "user.put", "a", r#"{"mail":"a@x","given":"Ann","age":7}"#);
    twin.event(1, "user.put", "b", r#"{"mail":"b@x"}"#);
    twin.control();
    twin.control();
    twin.event(1, "user.seen", "a", "{}");
    twin.event(2, "user.put", "c", r#"{"email":"c@x","locale":"de","name":{"given":"Cem"}}"#);
    for version in [1, 2] {
        assert_eq!(world.generation(version).digest(), twin.generation(version).digest());
    }
    assert_ne!(world.generation(1).digest(), world.generation(2).digest());
}
