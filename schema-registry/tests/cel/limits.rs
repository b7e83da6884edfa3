//! The limits of expressions and of their evaluation.

use selfsame_schema::cel::{
    EXPRESSION_BRACKETS_MAX, EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, EXPRESSION_ITEMS_MAX,
    EXPRESSION_TEXT_BYTES_MAX, EXPRESSION_TOKENS_MAX,
};
use serde_json::{Value, json};

use super::{compile, evaluate, order};

#[track_caller]
fn taken(source: &str) {
    if let Err(error) = compile(source) {
        panic!("{error}");
    }
}

#[track_caller]
fn refused(source: &str, expect: &str) {
    let error = compile(source).map(|_| ()).expect_err("a refusal");
    assert!(error.contains(expect), "{error}");
}

#[test]
fn a_text_has_a_length() {
    let text = |bytes: usize| format!("'{}'", "x".repeat(bytes - 2));
    taken(&text(EXPRESSION_BYTES_MAX));
    refused(&text(EXPRESSION_BYTES_MAX + 1), "the expression has 4097 bytes, over the limit of 4096");
}

#[test]
fn a_text_has_a_number_of_words_and_signs() {
    let list = |items: usize| format!("[{}1]", "1,".repeat(items - 1));
    let most = (EXPRESSION_TOKENS_MAX - 1) / 2;
    taken(&list(most));
    refused(&list(most + 1), "the expression has more than 1024 words and signs");
}

#[test]
fn brackets_and_operations_are_nested_so_deep() {
    let brackets = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
    taken(&brackets(EXPRESSION_BRACKETS_MAX));
    refused(&brackets(EXPRESSION_BRACKETS_MAX + 1), "more than 24 brackets are open at once");
    let sum = |terms: usize| vec!["1"; terms].join(" + ");
    taken(&sum(EXPRESSION_DEPTH_MAX));
    refused(&sum(EXPRESSION_DEPTH_MAX + 1), "more than 64 operations lie within each other");
    refused(&format!("{}1", "true ? 1 : ".repeat(100)), "more than 64 operations");
    refused(&format!("event.any{}", "[0]".repeat(100)), "more than 64 operations");
    // Conditions are balanced, so many of them are not deep.
    taken(&vec!["event.paid"; 200].join(" && "));
}

#[test]
fn an_evaluation_has_a_number_of_steps() {
    let mut document = order();
    document["tags"] = Value::from(vec!["x"; 1000]);
    let nested = "event.tags.all(a, event.tags.all(b, a == b))";
    assert_eq!(evaluate(nested, &document), "error: the expression needs more than 100000 steps");
    // A side that decides does not make good a limit.
    let either = format!("{nested} || true");
    assert_eq!(evaluate(&either, &document), "error: the expression needs more than 100000 steps");
    let within = "event.tags.exists(c, event.tags.all(a, event.tags.all(b, a == b)) || true)";
    assert_eq!(evaluate(within, &document), "error: the expression needs more than 100000 steps");
    assert_eq!(evaluate("event.tags.all(a, a == 'x')", &document), "true");
    // Reading a list costs its length.
    let reads = "event.tags.exists(a, event.tags == [])";
    assert_eq!(evaluate(reads, &document), "error: the expression needs more than 100000 steps");
}

#[test]
fn a_list_has_a_length() {
    let mut document = order();
    document["tags"] = Value::from(vec!["x"; EXPRESSION_ITEMS_MAX]);
    assert_eq!(evaluate("event.tags.all(a, a == 'x')", &document), "true");
    let long = "error: the list has 4097 elements, over the limit of 4096";
    assert_eq!(evaluate("size(event.tags + ['x'])", &document), long);
    document["tags"] = Value::from(vec!["x"; EXPRESSION_ITEMS_MAX + 1]);
    assert_eq!(evaluate("event.tags.all(a, a == 'x')", &document), long);
}

#[test]
fn a_text_that_is_made_has_a_length() {
    let mut document = order();
    document["id"] = json!("x".repeat(EXPRESSION_TEXT_BYTES_MAX - 1));
    assert_eq!(evaluate("size(event.id + 'y')", &document), "65536");
    let long = "error: the text has 65537 bytes, over the limit of 65536";
    assert_eq!(evaluate("size(event.id + 'yy')", &document), long);
    assert_eq!(evaluate("event.id + 'yy' == '' || true", &document), long);
    assert_eq!(evaluate("true || event.id + 'yy' == ''", &document), "true");
    assert_eq!(evaluate("1 / 0 == 1 && event.id + 'yy' == ''", &document), long);
    // What makes texts grow in a macro is bounded by the steps and by each text's length.
    document["tags"] = Value::from(vec!["x"; 4000]);
    let grows = "event.tags.map(t, event.id + 'y')";
    assert_eq!(evaluate(grows, &document), "error: the expression needs more than 100000 steps");
}

/// The stack of an evaluation is that of a small thread, in a build without optimisation too.
#[test]
fn the_deepest_expressions_need_little_stack() {
    let deep = format!(
        "{}event.n{} == 1",
        "(1 + ".repeat(EXPRESSION_BRACKETS_MAX),
        ")".repeat(EXPRESSION_BRACKETS_MAX)
    );
    let calls = format!("{}'1'{}", "size([".repeat(12), "])".repeat(12));
    let chain = vec!["event.n"; EXPRESSION_DEPTH_MAX - 2].join(" + ");
    let ternaries = format!("{}1", "event.paid ? 1 : ".repeat(EXPRESSION_DEPTH_MAX - 2));
    let run = move || {
        for source in [&deep, &calls, &chain, &ternaries] {
            evaluate(source, &order());
        }
        let long = format!("{}1", "event.paid ? 1 : ".repeat(160));
        refused(&long, "more than 64 operations");
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run).expect("a thread");
    thread.join().expect("no panic");
}
