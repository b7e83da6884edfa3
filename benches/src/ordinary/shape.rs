//! The two shapes of a user: of the object that is answered, and of the job for the welcome mail.

use serde_json::{Value, json};

/// The version of the schema that something is in, or that a program was written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `given_name` and `family_name`.
    V1,
    /// `name { given, family }` and `locale`.
    V2,
}

/// The locale of those who gave none.
pub(super) const LOCALE_DEFAULT: &str = "en";
/// The locales that clients give.
pub(super) const LOCALES: [&str; 3] = ["de", "fr", "ja"];

/// A user, whatever the shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct User {
    pub(super) id: i64,
    /// How often the user was written: 1 at the registration.
    pub(super) revision: i64,
    pub(super) given: String,
    pub(super) family: String,
    /// None where the shape has no locale.
    pub(super) locale: Option<String>,
}

impl User {
    /// The user whose names say the revision, so that a checker sees which one an object was made from.
    pub(super) fn at(id: i64, revision: i64, locale: Option<&str>) -> User {
        let (given, family) = (format!("Given {revision}"), format!("Family {revision}"));
        User { id, revision, given, family, locale: locale.map(str::to_owned) }
    }

    pub(super) fn email(&self) -> String {
        format!("user-{}@example.org", self.id)
    }

    /// The object of that shape, as it is answered and cached, and as a job carries it.
    pub(super) fn object(&self, shape: Shape) -> Value {
        let mut object = match shape {
            Shape::V1 => json!({ "given_name": self.given, "family_name": self.family }),
            Shape::V2 => json!({
                "name": { "given": self.given, "family": self.family },
                "locale": self.locale.as_deref().unwrap_or(LOCALE_DEFAULT),
            }),
        };
        if let Some(members) = object.as_object_mut() {
            members.insert("id".to_owned(), self.id.into());
            members.insert("revision".to_owned(), self.revision.into());
            members.insert("email".to_owned(), self.email().into());
        }
        object
    }

    /// What an object says, and its shape. None if it is of neither.
    pub(super) fn read(object: &Value) -> Option<(Shape, User)> {
        let number = |name: &str| object.get(name).and_then(Value::as_i64);
        let text = |at: &str| object.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let (id, revision) = (number("id")?, number("revision")?);
        let user = |given, family, locale| User { id, revision, given, family, locale };
        let first = text("/given_name").zip(text("/family_name"));
        let second = text("/name/given").zip(text("/name/family")).zip(text("/locale"));
        match (first, second) {
            (Some((given, family)), None) => Some((Shape::V1, user(given, family, None))),
            (None, Some(((given, family), locale))) => Some((Shape::V2, user(given, family, Some(locale)))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_in_the_shape_it_was_written_in_and_in_no_other() {
        let user = User::at(7, 3, Some("de"));
        assert_eq!(User::read(&user.object(Shape::V2)), Some((Shape::V2, user.clone())));
        let without = User { locale: None, ..user.clone() };
        assert_eq!(User::read(&user.object(Shape::V1)), Some((Shape::V1, without)));
        let mut both = user.object(Shape::V2);
        both["given_name"] = "Given".into();
        both["family_name"] = "Family".into();
        assert_eq!(User::read(&both), None);
        assert_eq!(User::read(&json!({ "id": 7, "revision": 3 })), None);
    }
}
