//! What expressions give.

use serde_json::{Value, json};

use super::{compile, evaluate, order};

#[track_caller]
fn check(source: &str, expect: &str) {
    assert_eq!(evaluate(source, &order()), expect, "{source}");
}

/// Over an order in which one field has another value.
#[track_caller]
fn check_with(field: &str, value: &str, source: &str, expect: &str) {
    let mut document = order();
    document[field] = serde_json::from_str(value).unwrap_or_else(|e| panic!("{value}: {e}"));
    assert_eq!(evaluate(source, &document), expect, "{source} with {value}");
}

#[test]
fn literals_are_themselves() {
    check("null", "null");
    check("-9223372036854775808", "-9223372036854775808");
    check("0x1F", "31");
    check("1.50", "1.5");
    check("1e21 + 0.0", "1e21");
    check("'a\\n\\u00e9' + r'\\d'", r#""a\né\\d""#);
    check("'''it's'''", r#""it's""#);
    check("[1, 2.5, 'x', null, true]", r#"[1,2.5,"x",null,true]"#);
}

#[test]
fn fields_are_read_by_name_by_key_and_by_index() {
    check("event.name.given", r#""Ada""#);
    check("event['name']['given']", r#""Ada""#);
    check("'a-b' in event.labels ? event.labels['a-b'] : ''", r#""c""#);
    check("event.tags[1]", r#""b""#);
    check("event.items[0].sku", r#""x""#);
    check("event.items[event.n - 6].qty", "3");
    check("event.tags[2]", "error: the list has 2 elements, and `[2]` is asked for");
    check("event.tags[-1]", "error: the list has 2 elements, and `[-1]` is asked for");
    check("event.name", r#"{"given":"Ada"}"#);
    check("has(event.items[1].price) ? event.items[1].price : 0.0", "0");
}

#[test]
fn numbers_keep_their_lexeme_until_they_are_computed_with() {
    check_with("n", "9007199254740993", "event.n", "9007199254740993");
    check_with("price", "1e3", "event.price", "1000.0");
    check_with("price", "1e3", "event.price + 0.5", "1000.5");
}

#[test]
fn integers_are_checked() {
    check("event.n + event.m", "5");
    check("-7 / 2", "-3");
    check("-7 % 2", "-1");
    check("event.n / 0", "error: `/` by zero");
    check("event.n % 0", "error: `%` by zero");
    check("9223372036854775807 + 1", "error: the result of `+` is beyond 64-bit integers");
    check("-9223372036854775808 / -1", "error: the result of `/` is beyond 64-bit integers");
    check("-9223372036854775808 % -1", "error: the result of `%` is beyond 64-bit integers");
    check("-(event.n - 7 - 9223372036854775807 - 1)", "error: the result of `-` is beyond 64-bit integers");
    check_with(
        "n",
        "12345678901234567890",
        "event.n + 1",
        "error: the result of `+` is beyond 64-bit integers",
    );
    check_with("n", "7.0", "event.n + 1", "8");
    check_with("n", "7.5", "event.n + 1", "error: `+` takes an integer, and the value is a number");
}

#[test]
fn numbers_are_doubles_and_finite() {
    check("event.price * 2.0", "5");
    check("0.1 + 0.2", "0.30000000000000004");
    check("event.price / 0.0", "error: `/` by zero");
    check("1e308 * 10.0", "error: the result of `*` is not a finite number");
    check("-event.price", "-2.5");
    check("0.0 * -1.0", "0");
}

#[test]
fn integers_and_doubles_are_compared_exactly() {
    check("9007199254740993 > 9007199254740992.0", "true");
    check("9007199254740992 == 9007199254740992.0", "true");
    check("9223372036854775807 < 9223372036854775808.0", "true");
    check("-9223372036854775808 == -9223372036854775808.0", "true");
    check("2 < 2.5 && -2 > -2.5 && 2 == 2.0", "true");
    check_with("price", "9007199254740993", "event.price == 9007199254740992", "false");
    check_with("price", "-0.0", "event.price == 0", "true");
    check_with("price", "1e300", "event.price > event.n", "true");
}

#[test]
fn conditions_take_the_side_that_decides() {
    check("event.n / 0 == 1 && false", "false");
    check("false && event.n / 0 == 1", "false");
    check("event.n / 0 == 1 || true", "true");
    check("event.n / 0 == 1 && true", "error: `/` by zero");
    check("event.n / 0 == 1 || event.n % 0 == 1", "error: `/` by zero");
    check("event.paid ? 'yes' : 'no'", r#""yes""#);
    check("event.paid ? event.n : event.n / 0", "7");
    check("!event.paid", "false");
}

#[test]
fn a_guarded_field_may_be_used() {
    check("has(event.note) ? event.note : ''", r#""grüße""#);
    check("has(event.count) ? event.count + 1 : 0", "0");
    check("!has(event.count) ? 0 : event.count", "0");
    check("has(event.count) && event.count > 1", "false");
    check("!has(event.count) || event.count > 1", "true");
    check("event.maybe != null ? event.maybe + '!' : 'none'", r#""none""#);
    check("event.maybe == null || event.maybe.startsWith('a')", "true");
    check("event.maybe == 'x' ? event.maybe + '!' : 'none'", r#""none""#);
    check("has(event.address) && has(event.address.city) ? event.address.city : ''", r#""""#);
    check("event.maybe", "null");
    check_with("maybe", "\"abc\"", "event.maybe == null || event.maybe.startsWith('a')", "true");
    check("has(event.maybe)", "true");
}

#[test]
fn texts_are_joined_searched_and_measured() {
    check("event.id + '-' + string(event.n)", r#""o-1-7""#);
    check("event.id.startsWith('o-') && event.id.endsWith('1') && event.id.contains('-')", "true");
    check("has(event.note) ? event.note.size() : 0", "5");
    check("size('grüße') == size(['a', 'b', 'c', 'd', 'e'])", "true");
    check("event.name.given.lowerAscii() + 'ß'.upperAscii()", r#""adaß""#);
    check("event.id.matches('^o-[0-9]+$')", "true");
    check("matches(event.id, '^[0-9]')", "false");
    check("'b' > 'a' && 'a' < 'ä' && 'Z' < 'a'", "true");
    check("size(event.labels)", "2");
}

#[test]
fn values_are_converted() {
    check("int('42') + int(2.9) + int(-2.9)", "42");
    check("int('4 2')", "error: `4 2` is not a 64-bit integer");
    check("int(1e19)", "error: the result of `int` is beyond 64-bit integers");
    check("double('2.5') + double(event.n)", "9.5");
    check("double('nan')", "error: `nan` is not a finite number");
    check("double('1e999')", "error: `1e999` is not a finite number");
    check("string(1.0) + string(true) + string(-3) + string('x')", r#""1true-3x""#);
    check("string(1e30)", r#""1e30""#);
    check("bool('true') && !bool('0')", "true");
    check("bool('yes')", "error: `yes` is not `true` or `false`");
    check_with("n", "12345678901234567890", "string(event.n)", r#""12345678901234567890""#);
}

#[test]
fn lists_are_searched_and_joined() {
    check("event.id in ['o-1', 'o-2']", "true");
    check("event.n in [1, 7.0]", "true");
    check("'b' in event.tags", "true");
    check("'env' in event.labels", "true");
    check("event.tags + ['c']", r#"["a","b","c"]"#);
    check("event.tags == ['a', 'b']", "true");
    check("size(event.items)", "2");
}

#[test]
fn macros_go_through_lists() {
    check("event.items.all(i, i.qty > 1)", "true");
    check("event.items.exists(i, i.qty > 2)", "true");
    check("event.items.exists_one(i, i.qty > 1)", "false");
    check("event.items.map(i, i.qty * 2)", "[4,6]");
    check("event.items.map(i, has(i.price), i.price * 2.0)", "[3]");
    check("event.items.filter(i, i.sku == 'y').map(i, i.qty)", "[3]");
    check("event.items.map(i, i.qty).map(q, q + 1)", "[3,4]");
    check("event.items.exists(i, 1 / (i.qty - 2) == 1)", "true");
    check("event.items.all(i, 1 / (i.qty - 2) == 1)", "error: `/` by zero");
    check("event.items.exists_one(i, 1 / (i.qty - 2) == 1)", "error: `/` by zero");
    check("[1, 2].map(x, [3, 4].map(y, x * y))", "[[3,4],[6,8]]");
    check("[1, 2].map(x, [3].map(x, x))", "[[3],[3]]");
    check("[].all(x, false) && ![].exists(x, true)", "true");
}

#[test]
fn what_may_be_of_any_type_is_looked_at_when_it_is_evaluated() {
    check("event.any == null", "false");
    check("has(event.any.deep)", "true");
    check("has(event.any.deep) && int(event.any.deep[0]) + 1 == 2", "true");
    check("has(event.any.deep) ? event.any.deep[1] : null", r#""two""#);
    check("event.any == 1 || event.any in [2]", "false");
    check(
        "has(event.any.deep) && event.any.deep > 1",
        "error: `>` takes two numbers or two texts, and the value is a list",
    );
    check_with("any", "3", "has(event.any.deep)", "false");
    check_with("any", "3", "event.any >= 3.0", "true");
    check_with(
        "any",
        "null",
        "int(event.any)",
        "error: `int` takes a number or a text, and the value is null",
    );
}

/// A row that does not fit its schema is a failure like any other.
#[test]
fn a_document_that_does_not_fit_is_a_failure() {
    let empty = json!({});
    for (source, expect) in [
        ("event.n + 1", "error: `/n` is absent"),
        ("event.name.given", "error: `/name/given` is absent"),
        ("has(event.name.family)", "false"),
        ("event.tags.all(t, t == '')", "error: `/tags` is absent"),
    ] {
        assert_eq!(evaluate(source, &empty), expect, "{source}");
    }
    let wrong = json!({ "n": "x", "tags": 1, "paid": null });
    for (source, expect) in [
        ("event.n + 1", "error: `+` takes an integer, and the value is a text"),
        ("event.tags.all(t, t == '')", "error: `a list operation` takes a list, and the value is a number"),
        ("event.paid && true", "error: `a condition` takes a boolean, and the value is null"),
    ] {
        assert_eq!(evaluate(source, &wrong), expect, "{source}");
    }
}

#[test]
fn an_expression_says_what_it_reads_and_gives() {
    let check = |source: &str, ty: &str, fields: &[&str]| {
        let expression = compile(source).unwrap_or_else(|e| panic!("{source}: {e}"));
        assert_eq!(expression.value_type().to_string(), ty, "{source}");
        assert_eq!(expression.fields(), fields, "{source}");
        assert_eq!(expression.source(), source);
    };
    check("event.n + event.m", "an integer", &["/m", "/n"]);
    check("event.items.exists(i, i.qty > event.n)", "a boolean", &["/items", "/n"]);
    check("has(event.name.family) ? event.name.family : null", "a text or null", &["/name/family"]);
    check("'a/b' in event.labels ? event.labels['a/b'] : ''", "a text", &["/labels", "/labels/a~1b"]);
    check("event.paid ? 1 : 'x'", "a value of any type", &["/paid"]);
    check("event.items.map(i, i.sku)", "a list", &["/items"]);
    check("event.price", "a number", &["/price"]);
    check("1", "an integer", &[]);
}

#[test]
fn a_value_outlives_its_document() {
    let expression = compile("event.name").expect("an expression");
    let value = {
        let document: Value = order();
        expression.evaluate(&document).expect("a value").into_owned()
    };
    assert_eq!(value.to_json(), r#"{"given":"Ada"}"#);
}
