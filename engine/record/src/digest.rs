//! Digests of state: a SHA-256 in general, and one over a set that is kept up to date member by member.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// 32 bytes, shown as hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// SHA-256 of the parts, each with its length before it.
    pub fn of(parts: &[&[u8]]) -> Digest {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Digest(hash.finalize().into())
    }

    /// SHA-256 of the bytes and nothing else, as other programs have it.
    pub fn sha256(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// The first twelve hexadecimal digits, for tables.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Digest, &'static str> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err("a digest is 64 hexadecimal digits");
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| "a digest is 64 hexadecimal digits")?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| "a digest is 64 hexadecimal digits")?;
        }
        Ok(Digest(bytes))
    }
}

/// A digest over a set that members enter and leave in any order: the sum of the members' SHA-256 values
/// modulo 2^256 (AdHash: Bellare and Micciancio, "A new paradigm for collision-free hashing", 1997).
///
/// It tells equal states from different ones. Against someone who can choose many members freely, a sum
/// is weaker than the hash itself; the audit trail does not rest on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MultisetDigest([u64; 4]);

impl MultisetDigest {
    /// Takes a member in.
    pub fn insert(&mut self, member: &Digest) {
        let mut carry = false;
        for (sum, limb) in self.0.iter_mut().zip(limbs(member)) {
            let (s, c1) = sum.overflowing_add(limb);
            let (s, c2) = s.overflowing_add(u64::from(carry));
            (*sum, carry) = (s, c1 || c2);
        }
    }

    /// Takes out a member that is in.
    pub fn remove(&mut self, member: &Digest) {
        let mut borrow = false;
        for (sum, limb) in self.0.iter_mut().zip(limbs(member)) {
            let (s, b1) = sum.overflowing_sub(limb);
            let (s, b2) = s.overflowing_sub(u64::from(borrow));
            (*sum, borrow) = (s, b1 || b2);
        }
    }

    /// The digest of the set as it is now.
    pub fn digest(&self) -> Digest {
        let mut bytes = [0; 32];
        for (out, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            out.copy_from_slice(&limb.to_le_bytes());
        }
        Digest(bytes)
    }
}

fn limbs(digest: &Digest) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().zip(digest.0.chunks_exact(8)) {
        let mut eight = [0; 8];
        eight.copy_from_slice(bytes);
        *limb = u64::from_le_bytes(eight);
    }
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_leaving_undoes_entering() {
        let members: Vec<Digest> = (0u8..50).map(|n| Digest::of(&[&[n]])).collect();
        let mut forward = MultisetDigest::default();
        members.iter().for_each(|m| forward.insert(m));
        let mut backward = MultisetDigest::default();
        members.iter().rev().for_each(|m| backward.insert(m));
        assert_eq!(forward, backward);
        assert_ne!(forward, MultisetDigest::default());
        members.iter().for_each(|m| forward.remove(m));
        assert_eq!(forward, MultisetDigest::default());
    }

    #[test]
    fn parts_do_not_run_into_each_other_and_text_reads_back() {
        let digest = Digest::of(&[b"ab", b"c"]);
        assert_ne!(digest, Digest::of(&[b"a", b"bc"]));
        assert_eq!(Digest::try_from(digest.to_string()), Ok(digest));
        assert!(Digest::try_from("zz".repeat(32)).is_err());
    }
}
