//! The public key of a NATS user, as it stands in a configuration.

use std::fmt;

use nkeys::KeyPairType;

use crate::nats::layout::LayoutError;

/// A public key of a user: `U…`, checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserKey(String);

impl UserKey {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// If it is no public key, or one of something else than a user.
    pub fn parse(text: &str) -> Result<UserKey, LayoutError> {
        let refused = || LayoutError::Key { shown: text.chars().take(64).collect() };
        let pair = nkeys::KeyPair::from_public_key(text).map_err(|_| refused())?;
        // Written back, so that what stands in a configuration is a key and nothing else.
        let written = pair.public_key();
        if pair.key_pair_type() != KeyPairType::User || written != text {
            return Err(refused());
        }
        Ok(UserKey(written))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_that_of_a_user() {
        let of = |kind| nkeys::KeyPair::new_from_raw(kind, [7; 32]).expect("a key");
        let user = of(KeyPairType::User);
        assert_eq!(UserKey::parse(&user.public_key()).expect("a key").as_str(), user.public_key());
        let seed = user.seed().expect("a seed");
        let broken = user.public_key().replacen('U', "V", 1);
        for refused in ["", "U", &of(KeyPairType::Account).public_key(), &seed, &broken, "é", "U\"}"] {
            assert!(UserKey::parse(refused).is_err(), "{refused}");
        }
    }
}
