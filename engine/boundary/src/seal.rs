//! The signature over a boundary's files: `boundary.sig`.
//!
//! What is signed is a text of four lines, each ended by a line feed, with SHA-256 in hexadecimal digits:
//!
//! ```text
//! selfsame-boundary-v1
//! boundary.toml sha256:<digest>
//! policy.cedar sha256:<digest>
//! policy.cedarschema sha256:<digest>
//! ```
//!
//! Its SHA-256 is the boundary's hash, which the log names. The file says who signed, the hash, and the signature
//! (Ed25519, RFC 8032, in base64), in one form: any other byte is refused, although TOML would take it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use selfsame_record::Digest;
use serde::Deserialize;

use crate::error::BoundaryError;
use crate::key::{PublicKey, SigningKey};

/// The first line of what is signed, which says what it is.
const CONTEXT: &str = "selfsame-boundary-v1";

/// The texts of the files that are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// `boundary.toml`.
    pub document: String,
    /// `policy.cedar`.
    pub policy: String,
    /// `policy.cedarschema`.
    pub schema: String,
}

impl Files {
    /// What is signed.
    pub fn canonical(&self) -> String {
        let mut text = format!("{CONTEXT}\n");
        for (name, file) in [
            ("boundary.toml", &self.document),
            ("policy.cedar", &self.policy),
            ("policy.cedarschema", &self.schema),
        ] {
            let digest = Digest::sha256(file.as_bytes());
            let _ = writeln!(text, "{name} sha256:{digest}");
        }
        text
    }

    /// The hash of the boundary.
    pub fn hash(&self) -> Digest {
        Digest::sha256(self.canonical().as_bytes())
    }

    /// Signs them.
    pub fn sign(&self, key: &SigningKey) -> Seal {
        let signature = STANDARD.encode(key.sign(self.canonical().as_bytes()));
        Seal { signer: key.public().to_string(), digest: self.hash(), signature }
    }
}

/// What `boundary.sig` says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The public key that it is signed with.
    pub signer: String,
    /// The hash of the boundary.
    pub digest: Digest,
    /// The signature, base64.
    pub signature: String,
}

impl Seal {
    /// The text of the file.
    pub fn render(&self) -> String {
        format!(
            "signer = \"{}\"\ndigest = \"{}\"\nsignature = \"{}\"\n",
            self.signer, self.digest, self.signature
        )
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    ///
    /// If it is in any other form than the one that it is written in.
    pub fn parse(text: &str) -> Result<Seal, BoundaryError> {
        let seal: Seal = toml::from_str(text)
            .map_err(|e| BoundaryError::SealForm { reason: e.message().trim().to_owned() })?;
        if seal.render() != text {
            let reason = "it has other spaces, quotes, comments or an order of its own".to_owned();
            return Err(BoundaryError::SealForm { reason });
        }
        Ok(seal)
    }

    /// Sees that these files were signed with this key.
    ///
    /// # Errors
    ///
    /// If another key has signed, the files are others, or the signature is wrong.
    pub fn verify(&self, files: &Files, key: &PublicKey) -> Result<(), BoundaryError> {
        if self.signer != key.as_str() {
            let (signer, expected) = (self.signer.chars().take(64).collect(), key.to_string());
            return Err(BoundaryError::OtherSigner { signer, expected });
        }
        let found = files.hash();
        if found != self.digest {
            let (found, signed) = (found.to_string(), self.digest.to_string());
            return Err(BoundaryError::Changed { found, signed });
        }
        let signature = STANDARD.decode(&self.signature).unwrap_or_default();
        if !key.has_signed(files.canonical().as_bytes(), &signature) {
            return Err(BoundaryError::BadSignature { signer: self.signer.clone() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        let text = str::to_owned;
        Files { document: text("a = 1\n"), policy: text("permit;\n"), schema: text("entity A;\n") }
    }

    #[test]
    fn what_is_signed_has_a_form_that_stays() {
        let expect = "\
selfsame-boundary-v1
boundary.toml sha256:cb78bd8a17f7b751fe0d4663366dcbc257204033ef7ddd64b1f2969573b5b2e2
policy.cedar sha256:0135141fef01099210a55dadaff3e09c52499d19ad2f531ab5b716a0fb02c676
policy.cedarschema sha256:ca6cb9535a339eab198ebb53f9e6d16394b65ab44dce9419e6f0cca926213fa7
";
        assert_eq!(files().canonical(), expect);
    }

    #[track_caller]
    fn refused(seal: &Seal, files: &Files, key: &PublicKey, expect: &str) {
        let error = seal.verify(files, key).expect_err("refused");
        assert!(error.to_string().starts_with(expect), "{error}");
        assert!(!error.next().is_empty(), "{error} ends in nothing to do");
    }

    #[test]
    fn a_seal_says_what_does_not_fit() {
        let (key, other) = (SigningKey::generate().expect("a key"), SigningKey::generate().expect("a key"));
        let (seal, public) = (files().sign(&key), key.public());
        seal.verify(&files(), public).expect("as it was signed");
        refused(&seal, &files(), other.public(), "boundary.sig is signed with U");
        let changed = Files { policy: "permit ;\n".to_owned(), ..files() };
        refused(&seal, &changed, public, "the files have the digest ");
        // The digest alone is not the signature.
        let forged = Seal { digest: changed.hash(), ..seal.clone() };
        refused(&forged, &changed, public, "the signature in boundary.sig is not one of U");
        let empty = Seal { signature: String::new(), ..seal.clone() };
        refused(&empty, &files(), public, "the signature in boundary.sig is not one of U");
        let of_other = Seal { signer: public.to_string(), ..files().sign(&other) };
        refused(&of_other, &files(), public, "the signature in boundary.sig is not one of U");
    }

    #[test]
    fn a_seal_has_one_form() {
        let seal = files().sign(&SigningKey::generate().expect("a key"));
        let text = seal.render();
        assert_eq!(Seal::parse(&text).expect("its own form"), seal);
        for (other, expect) in [
            (format!("{text}\n"), "it has other spaces"),
            (text.replace(" = ", "="), "it has other spaces"),
            (text.replace("signer = \"", "signer = \"\"\"").replacen("\"\n", "\"\"\"\n", 1), "it has other"),
            (format!("{text}x = 1\n"), "unknown field `x`"),
            (text.replace("digest", "digesT"), "unknown field `digesT`"),
            (String::new(), "missing field `signer`"),
        ] {
            let error = Seal::parse(&other).expect_err("refused").to_string();
            assert!(error.contains(expect), "{error}");
        }
    }
}
