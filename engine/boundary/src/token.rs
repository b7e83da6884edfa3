//! Bearer tokens: random, said once, and afterwards known by their SHA-256 alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use selfsame_record::Digest;
use zeroize::Zeroizing;

use crate::error::BoundaryError;
use crate::key::random_bytes;

/// What every token begins with, so that a scanner for secrets finds one that got out.
pub const TOKEN_PREFIX: &str = "selfsame_";

/// A new token of 256 random bits.
///
/// # Errors
///
/// If the machine gives no random bytes.
pub fn new_token() -> Result<SecretString, BoundaryError> {
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(random_bytes()?.as_slice()));
    Ok(format!("{TOKEN_PREFIX}{}", *text).into())
}

/// What `token_sha256` in boundary.toml says of a token: SHA-256 of its bytes, as `sha256sum` has it.
pub fn token_digest(token: &str) -> Digest {
    Digest::sha256(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_is_256_random_bits_in_a_known_form() {
        let (one, two) = (new_token().expect("a token"), new_token().expect("a token"));
        assert_ne!(one.expose_secret(), two.expose_secret());
        let bits = one.expose_secret().strip_prefix(TOKEN_PREFIX).expect("the prefix");
        assert_eq!(URL_SAFE_NO_PAD.decode(bits).expect("base64url").len(), 32);
        assert!(!format!("{one:?}").contains(bits));
    }

    /// `printf abc | sha256sum`
    #[test]
    fn the_digest_is_the_one_that_other_programs_have() {
        let expect = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(token_digest("abc").to_string(), expect);
    }
}
