//! What is refused, where and with which advice.

use super::compile;

#[track_caller]
fn check(source: &str, expect: &str) {
    assert_eq!(compile(source).map(|e| e.value_type().to_string()), Err(expect.to_owned()), "{source}");
}

#[test]
fn a_field_that_may_be_absent_is_guarded() {
    check(
        "event.n + event.count",
        "column 17: `event.count` may be absent; guard it with `has(event.count)`, as in `has(event.count) ? event.count : ...`",
    );
    check(
        "event.address.city",
        "column 7: `event.address` may be absent; guard it with `has(event.address)`, as in `has(event.address) ? event.address : ...`",
    );
    check(
        "has(event.address) ? event.address.city : ''",
        "column 36: `event.address.city` may be absent; guard it with `has(event.address.city)`, as in `has(event.address.city) ? event.address.city : ...`",
    );
    check(
        "event.labels['a-b']",
        "column 14: `event.labels[\"a-b\"]` may be absent; guard it with `\"a-b\" in event.labels`, as in `\"a-b\" in event.labels ? event.labels[\"a-b\"] : ...`",
    );
}

/// A guard holds for what it guards, and on the side on which it is known.
#[test]
fn a_guard_elsewhere_does_not_count() {
    let count = |column: usize| {
        format!(
            "column {column}: `event.count` may be absent; guard it with `has(event.count)`, as in `has(event.count) ? event.count : ...`"
        )
    };
    check("has(event.count) ? 0 : event.count", &count(30));
    check("!has(event.count) && event.count > 1", &count(28));
    check("has(event.count) || event.count > 1", &count(27));
    check("event.count > 1 && has(event.count)", &count(7));
    check("(has(event.count) && event.paid) || event.count > 1", &count(43));
    check("(has(event.count) ? 1 : 0) + event.count", &count(36));
    let price = |variable: &str, column: usize| {
        format!(
            "column {column}: `{variable}.price` may be absent; guard it with `has({variable}.price)`, as in `has({variable}.price) ? {variable}.price : ...`"
        )
    };
    check("event.items.all(i, has(i.price)) && event.items.all(i, i.price > 0.0)", &price("i", 58));
    check("event.items.all(i, has(i.price) && event.items.all(j, j.price > 0.0))", &price("j", 57));
    check("event.items.all(i, has(i.price) && event.items.all(i, i.price > 0.0))", &price("i", 57));
    check("has(event.items[0].price) ? event.items[1].price : 0.0", &price("event.items[1]", 44));
}

#[test]
fn what_may_be_null_is_guarded() {
    check(
        "event.maybe + '!'",
        "column 13: `event.maybe` may be null; guard it with `event.maybe != null`, as in `event.maybe != null ? event.maybe : ...`",
    );
    check(
        "event.maybe != null || event.maybe.contains('x')",
        "column 30: `event.maybe` may be null; guard it with `event.maybe != null`, as in `event.maybe != null ? event.maybe : ...`",
    );
    check("(event.paid ? null : 1) + 1", "column 25: the value may be null");
    check("(event.maybe == event.maybe ? event.maybe : '') + ''", "column 49: the value may be null");
}

#[test]
fn types_are_checked() {
    check(
        "event.price * 2",
        "column 13: `*` takes two values of one type, and these are a number and an integer; write `2.0` for `2`, or convert one side with `double(...)` or `int(...)`",
    );
    check(
        "event.id + 1",
        "column 10: `+` takes two values of one type, and these are a text and an integer; convert one side with `int(...)`, `double(...)` or `string(...)`",
    );
    check(
        "event.n == '7'",
        "column 9: `==` takes two values of one type, and these are an integer and a text; convert one side with `int(...)`, `double(...)` or `string(...)`",
    );
    check("event.n && true", "column 7: `&&` takes a boolean, and this is an integer; give it a boolean");
    check(
        "event.paid < true",
        "column 12: `<` takes numbers or texts, and this is a boolean; give it numbers or texts",
    );
    check("event.price % 2.0", "column 13: `%` takes integers, and this is a number; give it integers");
    check("event.id.size", "column 10: `.size` takes an object, and this is a text; give it an object");
    check("event.n.all(x, true)", "column 9: `a macro` takes a list, and this is an integer; give it a list");
    check("event.tags['a']", "column 12: `.a` takes an object, and this is a list; give it an object");
    check(
        "event.labels[event.id]",
        "column 13: `[...]` takes a list, or a key in quotes, and this is an object; give it a list, or a key in quotes",
    );
    check(
        "event.tags[event.id]",
        "column 18: `[...]` takes an integer, and this is a text; give it an integer",
    );
    check(
        "event.n in event.tags",
        "column 9: `in` takes two values of one type, and these are an integer and a text; convert one side with `int(...)`, `double(...)` or `string(...)`",
    );
    check("1 ? 2 : 3", "column 1: `?` takes a boolean, and this is an integer; give it a boolean");
    check("-event.id", "column 1: `-` takes a number, and this is a text; give it a number");
    check(
        "event.any + 1",
        "column 11: `+` takes numbers, texts or lists, and this is a value of any type; convert it first with `int(...)`, `double(...)`, `string(...)` or `bool(...)`",
    );
}

#[test]
fn names_are_checked() {
    check("event.nmae", "column 7: there is no field `event.nmae`");
    check("event.name.middle", "column 12: there is no field `event.name.middle`");
    check("has(event.nmae)", "column 11: there is no field `event.nmae`");
    check("event.items.all(i, i.prise > 0.0)", "column 22: there is no field `i.prise`");
    check("n + 1", "column 1: there is no variable `n`; fields begin with `event`, as `event.id`");
    check(
        "event.tags.map(t, t) == [t]",
        "column 26: there is no variable `t`; fields begin with `event`, as `event.id`",
    );
}

#[test]
fn what_is_left_out_is_named() {
    check("timestamp(event.id)", "column 1: computing with times is not supported");
    check("now()", "column 1: the time of day is not supported");
    check("event.id.reverse()", "column 10: there is no function `reverse`");
    check("{'a': 1}", "column 1: a map literal is not supported");
    check("Point{x: 1}", "column 6: a message literal is not supported");
    check("1u", "column 1: unsigned integers are not supported; write a plain integer");
    check("b'a'", "column 1: byte strings are not supported; write a text in quotes");
    check(
        "event.`a-b`",
        "column 7: names in back quotes are not supported; write the key as an index: `event[\"key\"]`",
    );
    check("size()", "column 1: `size` takes one argument in brackets, and 0 are given");
    check(
        "contains('a', 'b')",
        "column 1: `contains` takes a text before the dot and one argument, and 2 are given",
    );
    check(
        "event.id.matches(event.name.given)",
        "column 29: the pattern of `matches` has to be a text in quotes; write the pattern itself, or use `contains`",
    );
    check(
        "event.id.matches('(a)\\\\1')",
        "column 18: `(a)\\1` cannot be used: not a pattern of linear time: backreferences are not supported",
    );
    check("has(event)", "column 5: the text is not an expression: invalid argument to has() macro");
}

#[test]
fn places_are_counted_in_characters_and_lines() {
    check("'üü' + event.nope", "column 14: there is no field `event.nope`");
    check("event.paid\n  && event.nope", "line 2, column 12: there is no field `event.nope`");
    check("// a comment\nevent.paid §", "line 2, column 12: `§` has no meaning here");
    check("'ü' + + 1", "column 7: the text is not an expression: unexpected token");
}
