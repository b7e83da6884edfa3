//! JSON Pointers (RFC 6901): tokens joined by `/`, with `~0` for `~` and `~1` for `/`.

use std::fmt;

/// A place in a document, as the keys that lead there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pointer {
    tokens: Vec<String>,
}

impl Pointer {
    /// The pointer with these keys.
    pub(crate) fn of(tokens: Vec<String>) -> Pointer {
        Pointer { tokens }
    }

    /// Reads a pointer; the message says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Pointer, String> {
        if text.is_empty() {
            return Ok(Pointer { tokens: Vec::new() });
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!("`{text}` is not a JSON Pointer: it must start with `/`"));
        };
        let tokens = rest.split('/').map(unescape).collect::<Result<_, _>>();
        let tokens = tokens.map_err(|()| {
            format!("`{text}` is not a JSON Pointer: write `~0` for `~` and `~1` for `/` within a key")
        })?;
        Ok(Pointer { tokens })
    }

    /// The keys from the root on.
    pub(crate) fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The objects on the way to the place, from the outside on, without the root.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = Pointer> {
        let hosts = (1..self.tokens.len()).filter_map(|length| self.tokens.get(..length));
        hosts.map(|tokens| Pointer { tokens: tokens.to_vec() })
    }

    /// The pointer to the object and the key in it; none for the root.
    pub(crate) fn split(&self) -> Option<(&[String], &str)> {
        self.tokens.split_last().map(|(key, host)| (host, key.as_str()))
    }
}

fn unescape(token: &str) -> Result<String, ()> {
    let mut key = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        match c {
            '~' => key.push(match chars.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err(()),
            }),
            c => key.push(c),
        }
    }
    Ok(key)
}

/// The pointer to a member of what `host` points to.
pub(crate) fn child(host: &str, key: &str) -> String {
    format!("{host}/{}", key.replace('~', "~0").replace('/', "~1"))
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.tokens.iter().fold(String::new(), |host, key| child(&host, key));
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let pointer = Pointer::parse(text).expect("a pointer");
        assert_eq!(pointer.tokens(), expect);
        assert_eq!(pointer.to_string(), text);
    }

    #[test]
    fn tokens_are_unescaped_and_escaped_again() {
        check("", &[]);
        check("/", &[""]);
        check("/a~1b/~0~01/0/ü", &["a/b", "~~1", "0", "ü"]);
        check("//", &["", ""]);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for bad in ["a", "/~", "/~2", "#/a"] {
            assert!(Pointer::parse(bad).is_err(), "{bad}");
        }
    }
}
