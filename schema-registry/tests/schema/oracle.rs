//! The compiled validator against the `jsonschema` crate, draft 2020-12, `format` an annotation.
//!
//! Both must say the same of a document. Where both refuse it, ours names one thing that is wrong, and the
//! oracle must name the same: the same keyword at the same place, with one exception. Of a member that a closed
//! object does not have, the oracle names the object, and ours names the member.

use std::collections::BTreeSet;
use std::sync::Arc;

use jsonschema::{Draft, Validator};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use selfsame_schema::{EVENT_DEPTH_MAX, EventShape, Invalid};
use serde_json::{Value, json};

use crate::common::{chain, v};
use crate::model::Dice;
use crate::{rich, wide};

/// Ours where the schema is `false`, or comes to that. The oracle names whichever keyword refused.
const NOTHING: &str = "nothing may stand here";
/// The words by which ours refuses, and the keywords for which it does.
const REASONS: [(&str, &[&str]); 17] = [
    ("the member `", &["required"]),
    ("the schema has no such member", &["additionalProperties"]),
    ("is not one of", &["enum", "const"]),
    ("does not match the pattern", &["pattern"]),
    ("must be at least", &["minimum"]),
    ("must be at most", &["maximum"]),
    ("must be more than", &["exclusiveMinimum"]),
    ("must be less than", &["exclusiveMaximum"]),
    ("characters, has", &["minLength", "maxLength"]),
    ("elements, has", &["minItems", "maxItems"]),
    ("must be a multiple of", &["multipleOf"]),
    ("no two elements may be the same", &["uniqueItems"]),
    ("members, has", &["minProperties", "maxProperties"]),
    (NOTHING, &[]),
    ("must be null", &["type"]),
    // Types that only some of the listed values have are gone where schemas were merged.
    ("must be a", &["type", "const", "enum"]),
    ("must be true", &["type"]),
];
/// Keywords of which the oracle names the place and nothing within, where ours goes on into the branch.
const UNIONS: [&str; 3] = ["oneOf", "anyOf", "unevaluatedProperties"];

/// Both validators of one schema.
struct Pair {
    ours: Arc<EventShape>,
    oracle: Validator,
}

impl Pair {
    fn new(schema: &Value) -> Pair {
        Pair::in_draft(Draft::Draft202012, schema)
    }

    fn in_draft(draft: Draft, schema: &Value) -> Pair {
        let registry = chain(schema, &[]).unwrap_or_else(|e| panic!("{schema}\n{e}"));
        let ours = registry.version(v(1)).unwrap().event("t").unwrap().clone();
        let options = jsonschema::options().with_draft(draft).should_validate_formats(false);
        let oracle = options.build(schema).unwrap_or_else(|e| panic!("{schema}\n{e}"));
        Pair { ours, oracle }
    }

    /// What the oracle finds wrong: place and keyword.
    fn wrong(&self, json: &str) -> Vec<(String, String)> {
        let value: Value = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
        let keyword = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let errors = self.oracle.iter_errors(&value);
        errors.map(|e| (e.instance_path().to_string(), keyword(e.schema_path().as_str()))).collect()
    }

    /// How the two differ about a document, if they do; or how ours does not read what it writes.
    fn agree(&self, json: &str) -> Result<(), String> {
        let wrong = self.wrong(json);
        match (self.ours.read(json.as_bytes()), wrong.is_empty()) {
            (Ok(row), true) => {
                let again = self.ours.read(self.ours.write_json(&row).as_bytes());
                if again == Ok(row) { Ok(()) } else { Err(format!("{json}: written as {again:?}")) }
            }
            (Err(invalid), false) if is_among(&invalid, &wrong) => Ok(()),
            (ours, _) => Err(format!("{json}\nours: {ours:?}\noracle: {wrong:?}")),
        }
    }
}

fn is_among(ours: &Invalid, wrong: &[(String, String)]) -> bool {
    let within = |at: &str| ours.pointer.strip_prefix(at).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    if wrong.iter().any(|(at, keyword)| UNIONS.contains(&keyword.as_str()) && within(at)) {
        return true;
    }
    let reason = REASONS.iter().find(|(words, _)| ours.message.contains(words));
    let keywords = reason.map_or(&[][..], |(_, keywords)| keywords);
    let place = match keywords {
        ["additionalProperties"] => ours.pointer.rsplit_once('/').map_or("", |(host, _)| host),
        _ => &ours.pointer,
    };
    // The oracle checked the whole: its words are no reason of ours.
    let any = reason.is_none_or(|(words, _)| *words == NOTHING);
    // Of a member that may not be there at all, the oracle names the object or the member.
    let closed = ours.message.contains(NOTHING);
    let host = || ours.pointer.rsplit_once('/').map_or("", |(host, _)| host);
    wrong.iter().any(|(at, keyword)| {
        let here = at == place || closed && at == host();
        here && (any || keywords.contains(&keyword.as_str()))
    })
}

fn rolls() -> impl Strategy<Value = Vec<u16>> {
    prop::collection::vec(any::<u16>(), 0..400)
}

/// A schema and texts of documents for it, the first one untouched, the others changed more and more.
fn draw(dice: &mut Dice) -> (Value, Vec<String>) {
    let schema = wide::event(dice);
    let mut documents = Vec::new();
    for changes in [0, 1, 1, 1, 2, 3] {
        let mut document = wide::fitting(dice, &schema);
        (0..changes).for_each(|_| document.mutate(dice));
        documents.push(document.text(dice));
    }
    (schema, documents)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_verdict_is_the_oracles_and_so_is_the_place(rolls in rolls()) {
        let (schema, documents) = draw(&mut Dice::new(rolls));
        let pair = Pair::new(&schema);
        for json in documents {
            let agreed = pair.agree(&json);
            prop_assert!(agreed.is_ok(), "{}\n{}", schema, agreed.unwrap_err());
        }
    }
}

/// A schema with unions, references and all else, and documents for it.
fn draw_rich(dice: &mut Dice) -> (Value, Vec<String>) {
    let schema = rich::event(dice);
    let mut documents = Vec::new();
    for changes in [0, 0, 0, 1, 1, 2] {
        let mut document = rich::fitting(dice, &schema, &schema, 9);
        (0..changes).for_each(|_| document.mutate(dice));
        documents.push(document.text(dice));
    }
    (schema, documents)
}

fn check_rich(rolls: Vec<u16>, draft: Draft) -> Result<(), String> {
    let (mut schema, documents) = draw_rich(&mut Dice::new(rolls));
    if draft == Draft::Draft7 {
        schema = rich::older(&schema);
    }
    let pair = Pair::in_draft(draft, &schema);
    documents.iter().try_for_each(|json| pair.agree(json)).map_err(|parted| format!("{schema}\n{parted}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_combined_is_judged_alike_whether_it_compiles_or_not(rolls in rolls()) {
        let agreed = check_rich(rolls, Draft::Draft202012);
        prop_assert!(agreed.is_ok(), "{}", agreed.unwrap_err());
    }

    #[test]
    fn the_older_dialect_is_judged_alike(rolls in rolls()) {
        let agreed = check_rich(rolls, Draft::Draft7);
        prop_assert!(agreed.is_ok(), "{}", agreed.unwrap_err());
    }
}

/// Much of what is drawn is valid and much is not, of schemas that compile and of those that do not.
#[test]
fn the_combined_documents_are_tried_both_ways() {
    let mut runner = TestRunner::deterministic();
    let mut counts = [[0_usize; 2]; 2];
    for _ in 0..300 {
        let (schema, documents) = draw_rich(&mut Dice::new(rolls().new_tree(&mut runner).unwrap().current()));
        let pair = Pair::new(&schema);
        let whole = usize::from(pair.ours.unchecked_places().is_empty());
        for json in documents {
            counts[whole][usize::from(pair.wrong(&json).is_empty())] += 1;
        }
    }
    assert!(counts.iter().flatten().all(|count| *count > 100), "{counts:?}");
}

/// Much of what is drawn is valid, much is not, and every keyword alone refuses some of it.
#[test]
fn the_documents_try_every_keyword_both_ways() {
    let mut runner = TestRunner::deterministic();
    let (mut valid, mut invalid, mut deep) = (0, 0, 0);
    let mut unseen: BTreeSet<&str> = REASONS.iter().flat_map(|(_, keywords)| *keywords).copied().collect();
    for n in 0..1000 {
        let mut dice = Dice::new(rolls().new_tree(&mut runner).unwrap().current());
        let (schema, documents) = if n % 2 == 0 { draw(&mut dice) } else { draw_rich(&mut dice) };
        let pair = Pair::new(&schema);
        for json in documents {
            let wrong = pair.wrong(&json);
            *if wrong.is_empty() { &mut valid } else { &mut invalid } += 1;
            if let [(place, keyword)] = wrong.as_slice() {
                unseen.remove(keyword.as_str());
                deep += usize::from(place.matches('/').count() > 2);
            }
        }
    }
    assert!(valid > 800 && invalid > 800, "{valid} valid, {invalid} not");
    assert!(deep > 40, "{deep} with something wrong deep within");
    assert!(unseen.is_empty(), "never refused alone: {unseen:?}");
}

/// What ours and the oracle say of JSON text for the field `f`: `valid`, or how the refusal begins.
#[track_caller]
fn check(field: Value, f: &str, ours: &str, oracle: &str) {
    let pair = Pair::new(&json!({"type": "object", "properties": {"f": field}}));
    let json = format!("{{\"f\":{f}}}");
    let said = pair.ours.read(json.as_bytes()).map_or_else(|e| e.to_string(), |_| "valid".to_owned());
    assert!(said.starts_with(ours), "ours of {json}: {said}");
    let said = match serde_json::from_str::<Value>(&json) {
        Err(error) => format!("not JSON: {error}"),
        Ok(_) => {
            pair.wrong(&json).first().map_or("valid".to_owned(), |(at, keyword)| format!("{at}: {keyword}"))
        }
    };
    assert!(said.starts_with(oracle), "the oracle of {json}: {said}");
}

/// A parser that builds a tree keeps the last of two members; which one another reader takes is anybody's
/// guess, so ours refuses both.
#[test]
fn the_oracle_does_not_see_keys_that_stand_twice() {
    check(json!({}), "1,\"f\":2", "/f: the key `f` stands twice", "valid");
    check(json!({}), r#"[{"a":1,"\u0061":1}]"#, "/f/0: the key `a` stands twice", "valid");
    check(json!({"type": "object"}), r#"{"a":1,"a":1}"#, "/f/a: the key `a` stands twice", "valid");
}

/// Ours has a limit that an event of another engine may pass; the oracle's parser has its own, at 128.
#[test]
fn the_oracle_goes_deeper() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    check(json!({}), &deep(EVENT_DEPTH_MAX - 1), "valid", "valid");
    check(json!({}), &deep(EVENT_DEPTH_MAX), "/f/0/0/", "valid");
    check(json!({}), &deep(128), "/f/0/0/", "not JSON: recursion limit exceeded");
}

/// Half a surrogate pair is no text. The oracle's parser says so too, and cannot name the place.
#[test]
fn the_oracle_does_not_name_the_place_of_half_a_surrogate_pair() {
    check(json!({"type": "string"}), r#""\ud800""#, "/f: the string has half a surrogate pair", "not JSON: ");
    check(json!({}), r#"["\udc00x"]"#, "/f/0: the string has half a surrogate pair", "not JSON: ");
}

/// The oracle's parser makes numbers doubles. Ours keeps the lexeme, and whether a number has a fraction is
/// read there; only bounds and `enum` are about doubles. Where the whole is checked, ours has that parser too.
#[test]
fn the_oracle_sees_doubles_and_ours_lexemes() {
    check(json!({"type": "number"}), "1e400", "valid", "not JSON: number out of range");
    check(json!({"type": "integer"}), "1e400", "valid", "not JSON: number out of range");
    check(json!({"type": "number", "maximum": 1}), "1e400", "/f: must be at most 1", "not JSON: ");
    check(json!({"type": "number", "minimum": 1}), "-1e400", "/f: must be at least 1", "not JSON: ");
    check(json!({"type": "object"}), "1e400", "/f: must be an object", "not JSON: number out of range");
    check(
        json!({"not": {"type": "string"}}),
        "1e400",
        "cannot be checked: number out of range",
        "not JSON: ",
    );
    check(json!({"type": "integer"}), "1e-400", "/f: must be an integer", "valid");
    check(json!({"type": "integer"}), "1.00000000000000000001", "/f: must be an integer", "valid");
    check(json!({"type": "integer"}), "9007199254740993.5", "/f: must be an integer", "valid");
    check(json!({"type": "number", "const": 1}), "1.00000000000000000001", "valid", "valid");
    check(json!({"type": "number", "exclusiveMinimum": 0}), "1e-400", "/f: must be more than 0", "/f: excl");
}

/// The oracle leaves `\b` to its engine, whose words are of any script; those of ECMA-262 are ASCII.
#[test]
fn the_oracle_has_other_borders_of_words() {
    check(json!({"type": "string", "pattern": r"\bx"}), "\"üx\"", "valid", "/f: pattern");
    check(json!({"type": "string", "pattern": r"\Bx"}), "\"üx\"", "/f: ", "valid");
    check(json!({"type": "string", "pattern": r"\bx"}), "\"-x\"", "valid", "valid");
}
