//! Texts that fit lengths, formats and simple patterns.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::part::Part;
use crate::schema::Pattern;

/// Characters of a made text.
pub(crate) const LENGTH_MAX: usize = 512;
/// Texts that stand in for formats and common patterns.
pub(crate) const TEXTS: [&str; 15] = [
    "",
    "a",
    "A",
    "1",
    "a b",
    "a-b",
    "é",
    "aaaaaaaa",
    "2024-02-29",
    "2024-02-29T12:00:00Z",
    "12:00:00Z",
    "a@example.org",
    "https://example.org/a",
    "123e4567-e89b-42d3-a456-426614174000",
    "127.0.0.1",
];
/// How often a part of a pattern that may be repeated is, beyond what it must, until the text is long enough.
const REPEATS: [usize; 6] = [0, 1, 2, 8, 32, 128];

/// A text that the schemas likely take.
pub(crate) fn text(parts: &[Part<'_>], choice: usize) -> String {
    let count = |word: &'static str| {
        parts.iter().filter_map(move |part| usize::try_from(part.get(word)?.as_u64()?).ok())
    };
    let (least, most) =
        (count("minLength").max().unwrap_or(0), count("maxLength").min().unwrap_or(LENGTH_MAX));
    let sources = parts.iter().filter_map(|part| part.get("pattern")?.as_str());
    let patterns: Vec<Pattern> = sources.filter_map(|source| Pattern::compile(source).ok()).collect();
    let fits = |text: &String| {
        let length = text.chars().count();
        length >= least && length <= most && patterns.iter().all(|pattern| pattern.is_match(text))
    };
    let formats = parts.iter().filter_map(|part| of_format(part.get("format")?.as_str()?));
    let mut tried: Vec<String> = formats.map(str::to_owned).collect();
    for pattern in &patterns {
        tried.extend(REPEATS.iter().filter_map(|more| of_pattern(pattern, *more, choice)));
    }
    tried.push("a".repeat(least.min(LENGTH_MAX)));
    tried.extend(TEXTS.iter().map(|text| (*text).to_owned()));
    let first = tried.iter().find(|text| fits(text)).or(tried.first());
    first.cloned().unwrap_or_default()
}

fn of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "date" => "2024-02-29",
        "date-time" => "2024-02-29T12:00:00Z",
        "time" => "12:00:00Z",
        "duration" => "P1D",
        "email" | "idn-email" => "a@example.org",
        "hostname" | "idn-hostname" => "example.org",
        "uri" | "iri" | "uri-reference" | "iri-reference" | "uri-template" => "https://example.org/a",
        "uuid" => "123e4567-e89b-42d3-a456-426614174000",
        "ipv4" => "127.0.0.1",
        "ipv6" => "::1",
        "regex" => "a",
        "json-pointer" => "/a",
        "relative-json-pointer" => "0",
        _ => return None,
    })
}

/// A text that matches the pattern as a whole, if it has no look at what stands around.
fn of_pattern(pattern: &Pattern, more: usize, choice: usize) -> Option<String> {
    let hir = regex_syntax::parse(&pattern.engine_syntax()).ok()?;
    let mut text = String::new();
    write(&hir, more, choice, &mut text)?;
    Some(text)
}

/// Nesting is bounded by the parser.
fn write(hir: &Hir, more: usize, choice: usize, out: &mut String) -> Option<()> {
    if out.len() > LENGTH_MAX {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges();
            let nice = "a0A-_ ".chars().find(|c| ranges.iter().any(|r| r.start() <= *c && *c <= r.end()));
            out.push(nice.or_else(|| ranges.first().map(|range| range.start()))?);
        }
        HirKind::Class(Class::Bytes(class)) => {
            out.push(char::from(class.ranges().first()?.start()));
        }
        HirKind::Repetition(repeated) => {
            let least = usize::try_from(repeated.min).ok()?;
            let most = repeated.max.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
            for _ in 0..least.saturating_add(more).min(most) {
                write(&repeated.sub, more, choice, out)?;
            }
        }
        HirKind::Capture(group) => write(&group.sub, more, choice, out)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, more, choice, out))?,
        HirKind::Alternation(parts) => {
            let part = parts.get(choice.checked_rem(parts.len())?)?;
            write(part, more, choice, out)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::part::Source;
    use super::*;

    #[test]
    fn a_text_fits_its_pattern_and_its_lengths() {
        for (schema, expect) in [
            (json!({"pattern": "^[a-z]{3}-\\d+$"}), "aaa-0"),
            (json!({"pattern": "^(v|w)[0-9a-f]{4,40}$", "minLength": 10}), "v0000000000"),
            (json!({"pattern": "^x*$", "minLength": 7, "maxLength": 9}), "xxxxxxxx"),
            (json!({"minLength": 3}), "aaa"),
            (json!({"format": "date", "maxLength": 3}), ""),
            (json!({"format": "uuid"}), "123e4567-e89b-42d3-a456-426614174000"),
        ] {
            let made = text(&[Source::new(&schema).root()], 0);
            if schema.get("pattern").is_some() {
                let checked = crate::checked::Checked::compile(&schema).expect("compiles");
                assert!(checked.is_valid(&json!(made)), "{schema}: {made}");
            } else {
                assert_eq!(made, expect, "{schema}");
            }
        }
    }
}
