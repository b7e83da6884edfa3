//! Names for types, members and variants: made of letters and digits of ASCII, so that every language takes
//! them, and always the same for the same document.

use std::collections::BTreeSet;

/// Names of types that a language or a written file has already.
const TAKEN: [&str; 48] = [
    "Any",
    "Array",
    "BTreeMap",
    "Boolean",
    "Box",
    "Date",
    "Default",
    "Deserialize",
    "Deserializer",
    "Err",
    "Error",
    "Events",
    "False",
    "Function",
    "JobInputs",
    "Literal",
    "Map",
    "Never",
    "None",
    "NotRequired",
    "Number",
    "Object",
    "Ok",
    "Option",
    "Optional",
    "Partial",
    "Promise",
    "Readonly",
    "Record",
    "Result",
    "Rows",
    "Self",
    "Serialize",
    "Set",
    "Some",
    "String",
    "Symbol",
    "True",
    "TypeAlias",
    "TypedDict",
    "Undefined",
    "Union",
    "Value",
    "Vec",
    "VERSION",
    "Final",
    "Clone",
    "Debug",
];

/// The names that no type may have.
pub(super) fn taken() -> BTreeSet<String> {
    TAKEN.iter().map(|name| (*name).to_owned()).collect()
}

/// The text as the name of a type or a variant: `user.registered` is `UserRegistered`.
pub(super) fn pascal(text: &str) -> String {
    let mut name = String::new();
    let mut begins = true;
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            name.push(if begins { letter.to_ascii_uppercase() } else { letter });
            begins = false;
        } else if letter.is_alphanumeric() {
            name.push_str(&format!("U{:x}", u32::from(letter)));
            begins = true;
        } else {
            begins = true;
        }
    }
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, 'T');
    }
    name
}

/// The text as the name of a member: `userId` is `user_id`.
pub(super) fn snake(text: &str) -> String {
    let mut words = String::new();
    let mut after_small = false;
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            if letter.is_ascii_uppercase() && after_small {
                words.push('_');
            }
            words.push(letter.to_ascii_lowercase());
        } else if letter.is_alphanumeric() {
            words.push_str(&format!("_u{:x}_", u32::from(letter)));
        } else {
            words.push('_');
        }
        after_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
    }
    let words: Vec<&str> = words.split('_').filter(|word| !word.is_empty()).collect();
    let name = words.join("_");
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("f{name}")
    } else {
        name
    }
}

/// Lines of a comment that stay comments, whoever wrote the text: no control characters, and none that change
/// the direction of writing.
pub(super) fn comment(text: &str) -> Vec<String> {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends = |c: char| matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let plain = |line: &str| {
        let letters = line.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c });
        letters.collect::<String>().trim_end().to_owned()
    };
    text.trim().split(ends).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_gives_a_name() {
        for (text, type_name, member) in [
            ("user.registered", "UserRegistered", "user_registered"),
            ("git.file-changed", "GitFileChanged", "git_file_changed"),
            ("userID", "UserID", "user_id"),
            ("2fa", "T2fa", "f2fa"),
            ("größe", "GrUf6UdfE", "gr_uf6_udf_e"),
            ("", "T", "f"),
            ("$ref", "Ref", "ref"),
            ("-", "T", "f"),
            ("名", "U540d", "u540d"),
        ] {
            assert_eq!((pascal(text).as_str(), snake(text).as_str()), (type_name, member), "{text}");
        }
    }

    #[test]
    fn a_comment_stays_one() {
        assert_eq!(comment(" a\r\nb\u{2028}c\u{202e}d\u{1b} "), ["a", "b", "c d"]);
    }
}
