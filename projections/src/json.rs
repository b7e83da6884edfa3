//! Writing JSON text.

/// Appends a string with its quotes.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = special.chars();
        if let Some(c) = chars.next() {
            write_escape(c, out);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn write_escape(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ => out.push_str(&format!("\\u{:04x}", u32::from(c))),
    }
}

/// Appends the members as an object; each is given its name and writes its own value.
pub(crate) fn write_object<'a, T>(
    members: impl Iterator<Item = (&'a str, T)>,
    out: &mut String,
    mut write_value: impl FnMut(T, &mut String),
) {
    out.push('{');
    for (i, (name, value)) in members.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        write_value(value, out);
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_is_compact() {
        let mut out = String::new();
        write_object([("a", 1), ("b\"", 2)].into_iter(), &mut out, |n, out| out.push_str(&n.to_string()));
        assert_eq!(out, r#"{"a":1,"b\"":2}"#);
    }

    proptest! {
        #[test]
        fn every_string_reads_back(text in "(?s).{0,40}") {
            let mut out = String::new();
            write_text(&text, &mut out);
            prop_assert_eq!(serde_json::from_str::<String>(&out).expect("JSON"), text);
        }
    }
}
