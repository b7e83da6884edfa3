//! Any text as an expression: compiled, or refused with a place; evaluated, or a named failure.
//!
//! The input is three lines: an expression, the schema that it is checked against, the document that it
//! reads. The expression may have line breaks itself. Of a document that is valid under the schema the value
//! is of the type that was said, and only the ways that were named are asked for.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use selfsame_schema::cel::{CelValue, Document, Expression, Kind, SchemaFields, Type};
use selfsame_schema_fuzz::{Oracle, Vocabulary, is_plain, mutate};
use serde_json::Value;

static VOCABULARY: Vocabulary = Vocabulary::new(
    include_str!("../vocabulary/schema.txt"),
    "event.id event.n event.m event.price event.rate event.paid event.note event.count event.maybe \
            event.name event.name.given event.address.city event.tags event.items event.labels event.any \
            event has( ) ( [ ] { } , . : ? ?: && || ! == != < <= > >= + - * / % in size( .size() \
            .startsWith('g') .endsWith(\"e\") .contains('r') .matches('^a+$') .all(x, .exists(x, \
            .exists_one(x, .map(x, .filter(x, x x.sku x.qty x==1 true false null 0 1 -1 2u 1.5 1e308 \
            9223372036854775807 -9223372036854775808 0x10 '' 'a' \"b\" r'\\d' b'x' '''t''' int( double( \
            string( bool( uint( type( dyn( timestamp( duration( [1,2] [event.n] {'a':1} event.tags[0] \
            event.items[0].qty event.labels['env'] 'a' ? // \u{fc} \u{1f600}",
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, &VOCABULARY)
});

fuzz_target!(|text: &str| {
    let mut lines = text.rsplitn(3, '\n');
    let (document, schema) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let Some(source) = lines.next() else { return };
    let Ok(schema) = serde_json::from_str::<Value>(schema) else { return };
    let Ok(document_read) = serde_json::from_str::<Value>(document) else { return };
    let Ok(fields) = SchemaFields::new(&schema) else { return };
    let expression = match Expression::compile(source, &fields) {
        Ok(expression) => expression,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let again = Expression::compile(expression.source(), &fields).expect("it was one");
    assert_eq!(again.paths(), expression.paths());
    assert_eq!(again.value_type(), expression.value_type());

    let spy = Spy { document: &document_read, asked: RefCell::default() };
    let value = expression.evaluate(&spy);
    for path in spy.asked.borrow().iter() {
        assert!(expression.paths().contains(path), "{path:?} is not one of {:?}", expression.paths());
    }
    assert_eq!(value, again.evaluate(&document_read), "the same over the same document");
    let Ok(value) = value else { return };
    let json = value.to_json();
    serde_json::from_str::<Value>(&json).unwrap_or_else(|e| panic!("{json}: {e}"));
    if is_plain(document) && Oracle::new(&schema).is_some_and(|oracle| oracle.takes(&document_read)) {
        assert!(is_of(&value, expression.value_type()), "{json} is not {}", expression.value_type());
    }
});

/// A document that notes what is asked for.
struct Spy<'a> {
    document: &'a Value,
    asked: RefCell<Vec<Vec<String>>>,
}

impl Document for Spy<'_> {
    fn get(&self, path: &[String]) -> Option<CelValue<'_>> {
        self.asked.borrow_mut().push(path.to_vec());
        Document::get(self.document, path)
    }

    fn has(&self, path: &[String]) -> bool {
        self.asked.borrow_mut().push(path.to_vec());
        Document::has(self.document, path)
    }
}

fn is_of(value: &CelValue<'_>, ty: &Type) -> bool {
    match (value, &ty.kind) {
        (_, Kind::Any) => true,
        (CelValue::Null, _) => ty.nullable || ty.kind == Kind::Null,
        (CelValue::Bool(_), Kind::Bool) => true,
        (CelValue::Int(_), Kind::Int | Kind::Number) => true,
        (CelValue::Double(_), Kind::Number) => true,
        (CelValue::Number(_), Kind::Number) => true,
        (CelValue::Number(lexeme), Kind::Int) => lexeme.parse::<f64>().is_ok_and(|n| n.fract() == 0.0),
        (CelValue::Text(_), Kind::String) => true,
        (CelValue::List(items), Kind::List(of)) => items.iter().all(|item| is_of(item, of)),
        (CelValue::Object(_), Kind::Object) => true,
        _ => false,
    }
}
