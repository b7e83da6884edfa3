//! Sixteen bytes as hexadecimal digits, in JSON.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(*bytes)))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
    let text = Cow::<'_, str>::deserialize(deserializer)?;
    let hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let number = hex.then(|| u128::from_str_radix(&text, 16).ok()).flatten();
    number.map(u128::to_be_bytes).ok_or_else(|| D::Error::custom("not 32 hexadecimal digits"))
}
