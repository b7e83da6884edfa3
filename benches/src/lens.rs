//! A lens of five operations: what reading an event's fields costs through it, over the slots and as a tree.
//!
//! The floor reads the same fields of the same archived row in the writer's own version. The tree is what
//! operations cost that need the document as a whole, for the same event.

use std::hint::black_box;
use std::time::Instant;

use selfsame_record::{ArchivedRow, Block, Body, Record, RowRead as _, ValueRef, VersionNo};
use selfsame_schema::{Decoder, Document, Registry};

use crate::Scale;
use crate::corpus::{admission, draft};
use crate::report::{median, table};

const V1: &str = r#"
selfsame: 1
name: five
events:
  user.registered:
    schema:
      type: object
      required: [user_id, mail, given_name, family_name, age]
      properties:
        user_id: { type: string }
        mail: { type: string }
        given_name: { type: string }
        family_name: { type: string }
        age: { type: integer }
        note: { type: string }
"#;

const V2: &str = r#"
selfsame: 1
name: five
parent: v1
events:
  user.registered:
    schema:
      type: object
      required: [user_id, email, name, age, locale]
      properties:
        user_id: { type: string }
        email: { type: string }
        name: { type: object, required: [given, family], properties: { given: { type: string }, family: { type: string } } }
        age: { type: integer }
        locale: { type: string }
lenses:
  user.registered:
    - rename: { from: /mail, to: /email }
    - move: { from: /given_name, to: /name/given }
    - move: { from: /family_name, to: /name/family }
    - add: { at: /locale, default: en }
    - remove: { at: /note }
"#;

/// As v2, but the age is a string: no slot of v1 has that.
const V3: &str = r#"
    - cast: { at: /age, from: integer, to: string }
"#;

const EVENT: &str = r#"{"user_id":"u-1234567","mail":"ada.lovelace@example.org","given_name":"Ada","family_name":"Lovelace","age":36,"note":"first of her kind"}"#;

fn registry() -> Registry {
    let mut registry = Registry::new();
    let third = format!("{V2}{V3}").replace("age: { type: integer }", "age: { type: string }");
    for text in [V1, V2, &third] {
        let document = Document::parse(text).expect("a document");
        let version = registry.check(&document).expect("the lens leads there");
        registry.insert(version);
    }
    registry
}

/// Nanoseconds per event.
fn time(events: u64, mut read: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..events {
        read();
    }
    start.elapsed().as_secs_f64() * 1e9 / events as f64
}

fn length(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(text) | ValueRef::Json(text) | ValueRef::Number(text) => text.len(),
        ValueRef::Int(_) => 8,
        ValueRef::Absent | ValueRef::Null | ValueRef::Object | ValueRef::Bool(_) => 0,
    }
}

fn through(decoder: &Decoder, row: &ArchivedRow, slots: &[u16]) -> usize {
    let decoded = decoder.decode(black_box(row)).expect("it can be said");
    slots.iter().map(|slot| length(decoded.get(*slot))).sum()
}

/// Measures and prints.
pub(crate) fn run(scale: Scale) {
    let registry = registry();
    let v = |no| VersionNo::new(no).expect("not 0");
    let shape = registry.version(v(1)).and_then(|v| v.event("user.registered")).expect("the type");
    let row = shape.read(EVENT.as_bytes()).expect("the event is right");
    let mut event = admission().admit(&draft(1, 1), None, None).expect("the event is right").event;
    event.row = row;
    let record = Record { position: 1, time_us: 0, principal: "bench".to_owned(), body: Body::Event(event) };
    let block = Block::pack(&vec![record]);
    let view = Block::view(block.as_bytes()).expect("a block");
    let row = &view.records().first().and_then(|r| r.event()).expect("an event").row;

    let decoder = |reader| registry.decoder(v(1), v(reader), "user.registered").expect("a lens");
    let fields = ["/user_id", "/email", "/name/given", "/name/family", "/locale", "/age"];
    let slots = |decoder: &Decoder| fields.map(|f| decoder.reader().slot(f).expect("the field"));
    let (lens, tree) = (decoder(2), decoder(3));
    let (lens_slots, tree_slots) = (slots(&lens), slots(&tree));
    let own: Vec<u16> = ["/user_id", "/mail", "/given_name", "/family_name", "/note", "/age"]
        .iter()
        .map(|field| shape.slot(field).expect("the field"))
        .collect();

    let mut figures = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..scale.runs {
        let floor = || {
            let row = black_box(row);
            black_box(own.iter().map(|slot| length(row.slot(*slot))).sum::<usize>());
        };
        figures[0].push(time(scale.lens_reads, floor));
        figures[1].push(time(scale.lens_reads, || _ = black_box(through(&lens, row, &lens_slots))));
        figures[2].push(time(scale.lens_reads / 50, || _ = black_box(through(&tree, row, &tree_slots))));
    }
    let [floor, over_slots, as_tree] = figures.map(|mut figures| median(&mut figures));
    let line = |what: &str, figure: f64| {
        vec![what.to_owned(), format!("{figure:.0} ns"), format!("{:.1}", figure / floor)]
    };
    table(
        "Six fields of an archived event, through a lens of five operations",
        &["what", "per event", "of the floor"],
        &[
            line("the writer's own version (floor)", floor),
            line("five operations over slots", over_slots),
            line("the same and a cast, as a tree", as_tree),
        ],
    );
}
