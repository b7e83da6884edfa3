//! The example of the design, and small documents around it.

use selfsame_record::{RowRead, ValueRef};
use selfsame_schema::{Change, Document, Registry, SlotKind};

use crate::common::v;

const FIRST: &str = "
selfsame: 1
name: profiles
events:
  user.registered:
    key: /user_id
    schema:
      type: object
      required: [user_id, email, given_name, family_name]
      properties:
        user_id: { type: string }
        email: { type: string, format: email }
        given_name: { type: string }
        family_name: { type: string }
  user.deleted: { schema: { type: object } }
  user.renamed:
    schema: { type: object, properties: { name: { type: object, properties: { given: { type: string } } } } }
projections:
  profile:
    kind: cache
    on: { user.registered: { set: { email: $.email, given: $.given_name } } }
";

const SECOND: &str = "
selfsame: 1
name: profiles-with-locale
parent: v1
events:
  user.registered:
    key: /user_id
    schema:                     # JSON Schema 2020-12, the subset that compiles to a typed layout
      type: object
      required: [user_id, email, name, locale]
      properties:
        user_id: { type: string }
        email:   { type: string, format: email }
        name:    { type: object, required: [given, family], properties: { given: {type: string}, family: {type: string} } }
        locale:  { type: string }
  user.renamed:
    schema: { type: object, properties: { name: { type: object, properties: { given: { type: string } } } } }
  user.logged_in: { schema: { type: object } }
lenses:                         # from the parent to this version; the way back is derived
  user.registered:
    - add:  { at: /locale, schema: { type: string }, default: en }
    - move: { from: /given_name, to: /name/given }
    - move: { from: /family_name, to: /name/family }
projections:
  profile:
    kind: cache
    on:
      user.registered: { set: { email: $.email, given: $.name.given, locale: $.locale } }
      user.renamed:    { set: { given: $.name.given } }
      user.deleted:    delete
  users_by_locale:
    kind: view
    key: $.user_id
    indexes: [ [locale, registered_at] ]
    on:
      user.registered: { set: { locale: $.locale, registered_at: $time, logins: 0 } }
      user.logged_in:  { add: { logins: 1 }, max: { last_seen: $time } }
  welcome_mail:
    kind: jobs
    on:
      user.registered: { input: { to: $.email, locale: $.locale } }
    retry: { attempts: 5, backoff: 2s..5m }
    lease: 30s
";

fn registry(documents: &[&str]) -> Registry {
    let mut registry = Registry::new();
    for text in documents {
        let document = Document::parse(text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let version = registry.check(&document).unwrap_or_else(|problems| panic!("{problems:#?}"));
        registry.insert(version);
    }
    registry
}

#[test]
fn the_designs_example_registers_and_reads_both_ways() {
    let registry = registry(&[FIRST, SECOND]);
    let old = r#"{"user_id":"7","email":"a@b","given_name":"Ada","family_name":"L","ref":[1.0]}"#;
    let row = registry.version(v(1)).unwrap().event("user.registered").unwrap().read(old.as_bytes()).unwrap();
    let up = registry.decoder(v(1), v(2), "user.registered").unwrap();
    let new =
        r#"{"email":"a@b","locale":"en","name":{"family":"L","given":"Ada"},"user_id":"7","ref":[1.0]}"#;
    let seen = up.decode(&row).unwrap();
    assert_eq!(seen.to_json(), new);
    assert!(!up.is_identity());
    let slot = up.reader().slot("/name/given").unwrap();
    assert_eq!(seen.get(slot), ValueRef::Text("Ada"));
    let slot = up.reader().slot("/name").unwrap();
    assert_eq!(seen.json_at(slot).unwrap(), r#"{"family":"L","given":"Ada"}"#);

    let shape = registry.version(v(2)).unwrap().event("user.registered").unwrap();
    let row = shape.read(new.replace("\"en\"", "\"fr\"").as_bytes()).unwrap();
    assert_eq!(shape.key_of(&row).unwrap().unwrap().as_str(), "7");
    let down = registry.decoder(v(2), v(1), "user.registered").unwrap();
    let expect = r#"{"email":"a@b","family_name":"L","given_name":"Ada","user_id":"7","ref":[1.0]}"#;
    assert_eq!(down.decode(&row).unwrap().to_json(), expect);
}

#[test]
fn changes_are_listed_by_type_in_the_direction_that_is_asked_for() {
    let registry = registry(&[FIRST, SECOND]);
    let check = |from, to, expect: &[(&str, &str)]| {
        let changes = registry.changes(v(from), v(to));
        let texts: Vec<(String, String)> = changes
            .into_iter()
            .map(|c| {
                let text = match c.change {
                    Change::Changed { ops } => ops.join("; "),
                    other => format!("{other:?}"),
                };
                (c.event_type.to_string(), text)
            })
            .collect();
        let texts: Vec<(&str, &str)> = texts.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(texts, expect);
    };
    let up = "add /locale; move /given_name to /name/given; move /family_name to /name/family";
    let down = "move /name/family to /family_name; move /name/given to /given_name; remove /locale";
    check(
        1,
        2,
        &[
            ("user.deleted", "Gone"),
            ("user.logged_in", "New"),
            ("user.registered", up),
            ("user.renamed", "Same"),
        ],
    );
    check(
        2,
        1,
        &[
            ("user.deleted", "New"),
            ("user.logged_in", "Gone"),
            ("user.registered", down),
            ("user.renamed", "Same"),
        ],
    );
    assert!(registry.decoder(v(1), v(2), "user.deleted").is_none(), "gone types have no reader");
    assert!(registry.decoder(v(1), v(2), "user.renamed").unwrap().is_identity());
}

#[test]
fn slots_are_in_the_order_of_keys_and_say_what_they_are() {
    let registry = registry(&[FIRST, SECOND]);
    let shape = registry.version(v(2)).unwrap().event("user.registered").unwrap();
    let pointers: Vec<&str> = shape.slots().iter().map(|slot| slot.pointer.as_str()).collect();
    assert_eq!(pointers, ["", "/email", "/locale", "/name", "/name/family", "/name/given", "/user_id"]);
    let given = &shape.slots()[5];
    assert_eq!((given.key.as_str(), given.parent, given.required), ("given", Some(3), true));
    assert_eq!(given.kind, SlotKind::String { date_time: false });
    assert_eq!((shape.key_pointer(), shape.slot("/user_id")), (Some("/user_id"), Some(6)));
    assert_eq!(shape.slot("/nothing"), None);
}

#[test]
fn a_content_id_is_of_the_content_and_not_of_how_it_is_written() {
    let id = |text: &str| *registry(&[text]).versions().next().unwrap().id().0.0.first_chunk::<8>().unwrap();
    let json = Document::parse(FIRST).unwrap().canonical().to_owned();
    assert!(json.starts_with('{'));
    assert_eq!(Document::parse(&json).unwrap().canonical(), json);
    assert_eq!(id(FIRST), id(&json));
    let annotated =
        FIRST.replace("user_id: { type: string }", "user_id: { type: string, title: the id, default: x }");
    assert_eq!(id(FIRST), id(&annotated));
    assert_ne!(Document::parse(&annotated).unwrap().canonical(), json, "but the annotations are kept");
    let ordered = FIRST
        .replace("[user_id, email, given_name, family_name]", "[family_name, email, given_name, user_id]");
    assert_eq!(id(FIRST), id(&ordered));
    assert_eq!(id(FIRST), id(&format!("{FIRST}\nlenses: {{}}\nguards: []\n")));
    assert_ne!(
        id(FIRST),
        id(&FIRST.replace("email: { type: string, format: email }", "email: { type: integer }"))
    );
    assert_ne!(id(FIRST), id(&FIRST.replace("kind: cache", "kind: view")));
}

#[test]
fn versions_are_found_by_number_id_and_the_beginning_of_an_id() {
    let registry = registry(&[FIRST, SECOND]);
    let second = registry.version(v(2)).unwrap();
    let id = second.id().to_string();
    for name in ["v2", &id, &id[..8], &second.id().short()] {
        assert_eq!(registry.resolve(name).map(|version| version.no()), Some(v(2)), "{name}");
    }
    for name in ["v3", &id[..7], "", "zz", "v0"] {
        assert!(registry.resolve(name).is_none(), "{name}");
    }
    assert_eq!(registry.find(&second.id()).unwrap().no(), v(2));
    assert_eq!((second.parent(), registry.next_no()), (Some(v(1)), v(3)));
    assert_eq!((second.name(), second.projections().len()), ("profiles-with-locale", 3));
    assert_eq!(second.lens_json("user.registered").unwrap().as_array().unwrap().len(), 3);
    let by_id = SECOND.replace("parent: v1", &format!("parent: {}", registry.version(v(1)).unwrap().id()));
    let again = registry.check(&Document::parse(&by_id).unwrap()).unwrap();
    assert_eq!((again.id(), again.no()), (second.id(), v(3)), "naming the parent otherwise changes nothing");
}

#[test]
fn an_integer_key_is_its_lexeme_and_a_missing_key_is_none() {
    let text = "{selfsame: 1, name: a, events: {t: {key: /id, schema: {type: object, properties: {id: {type: integer}}}}}}";
    let registry = registry(&[&format!("\n---\n{text}")]);
    let shape = registry.version(v(1)).unwrap().event("t").unwrap();
    let key =
        |json: &str| shape.key_of(&shape.read(json.as_bytes()).unwrap()).map(|key| key.unwrap().to_string());
    assert_eq!(key(r#"{"id":42}"#).as_deref(), Some("42"));
    assert_eq!(key("{}"), None);
    assert_eq!(
        shape.read(br#"{"id":12345678901234567890}"#).unwrap().slot(1),
        ValueRef::Number("12345678901234567890")
    );
}
