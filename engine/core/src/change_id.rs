//! The names of plans, of evidence and of signed commands: random numbers that the node draws and a record keeps.
//!
//! Shown as 16 hexadecimal digits. Nobody proves anything by knowing one; they only have to be distinct,
//! and the core refuses one that is taken.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! change_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub u64);

            impl $name {
                /// Reads 16 hexadecimal digits in lower case.
                pub fn parse(text: &str) -> Option<$name> {
                    hex(text).map($name)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{:016x}", self.0)
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                    let wrong = || serde::de::Error::custom("an id is 16 hexadecimal digits in lower case");
                    $name::parse(&text).ok_or_else(wrong)
                }
            }
        )*
    };
}

change_ids! {
    /// Names a plan.
    PlanId;
    /// Names a piece of evidence.
    EvidenceId;
    /// Makes a signed command one that is taken once.
    Nonce;
}

fn hex(text: &str) -> Option<u64> {
    let digits = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if digits { u64::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_16_digits_and_nothing_else() {
        let id = PlanId::parse("00000000000000ff").expect("an id");
        assert_eq!((id, id.to_string().as_str()), (PlanId(255), "00000000000000ff"));
        for text in
            ["", "ff", "00000000000000FF", "00000000000000fg", "+0000000000000ff", "000000000000000ff"]
        {
            assert_eq!(EvidenceId::parse(text), None, "{text}");
        }
        assert_eq!(serde_json::to_string(&id).expect("text"), r#""00000000000000ff""#);
        assert!(serde_json::from_str::<PlanId>(r#""ff""#).is_err());
    }
}
