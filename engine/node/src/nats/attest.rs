//! Who sends a message, as the NATS server says.
//!
//! The server writes a header into each request that crosses from one account into another with
//! `share: true`: the account and the user of the connection, as JSON. A client can send a header of the
//! same name, and the server takes out the first that it finds, not all. Worse, servers up to 2.9 do not
//! look at whether headers end as they should: the server's own can be made to stand at the end of another
//! header's value, with a forged one before it. So the name has to stand exactly once in all of the
//! headers, values included, and has to be a header's name there.
//!
//! The accounts alone pin the subject to the principal already (`layout`); this has to agree with them.

use async_nats::HeaderMap;
use selfsame_core::{Code, Refusal};
use serde::Deserialize;

use crate::nats::layout::NatsPrincipal;

/// The header that the server writes.
const HEADER: &str = "Nats-Request-Info";
/// Bytes of it. A client chooses some: the name that it gives its connection stands there.
pub const ATTESTATION_BYTES_MAX: usize = 4096;

/// What the server says of a connection.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Attestation {
    /// The account.
    acc: String,
    /// The user: with nkeys, its public key.
    #[serde(default)]
    user: String,
}

impl Attestation {
    /// Reads it from the headers of a request.
    ///
    /// # Errors
    ///
    /// If the server wrote none, or somebody else may have.
    pub(crate) fn read(headers: Option<&HeaderMap>) -> Result<Attestation, Refusal> {
        let mut found = None;
        let mut mentions = 0;
        for (name, values) in headers.into_iter().flat_map(HeaderMap::iter) {
            let name: &str = name.as_ref();
            for value in values {
                let value = value.as_str();
                mentions += mentions_in(name) + mentions_in(value);
                if name == HEADER {
                    found = Some(value);
                }
            }
        }
        match (found, mentions) {
            (Some(value), 1) => Attestation::parse(value),
            (None, 0) => Err(refused("the NATS server does not say who sends the message")),
            _ => Err(refused(&format!("`{HEADER}` stands in the message's headers more than once"))),
        }
    }

    fn parse(value: &str) -> Result<Attestation, Refusal> {
        if value.len() > ATTESTATION_BYTES_MAX {
            let bytes = value.len();
            let detail = format!("`{HEADER}` has {bytes} bytes, over the limit of {ATTESTATION_BYTES_MAX}");
            return Err(refused(&detail).next("give the connection a shorter name"));
        }
        serde_json::from_str(value).map_err(|_| refused(&format!("`{HEADER}` is not what a server writes")))
    }

    /// Sees that it is a connection of this principal.
    ///
    /// # Errors
    ///
    /// If it is another's.
    pub(crate) fn check(&self, principal: &NatsPrincipal) -> Result<(), Refusal> {
        let is_theirs =
            self.acc == principal.account() && principal.keys.iter().any(|key| key.as_str() == self.user);
        if is_theirs {
            return Ok(());
        }
        let (account, user) = (short(&self.acc), short(&self.user));
        let detail = format!(
            "the subject is of `{}`, and the message of user `{user}` in account `{account}`",
            principal.name
        );
        Err(Refusal::new(Code::WrongPrincipal, detail)
            .next("connect with your own key, and send on the subjects with your own name"))
    }
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

/// How often the header's name stands in a text, whatever its case.
fn mentions_in(text: &str) -> usize {
    let (text, name) = (text.as_bytes(), HEADER.as_bytes());
    text.windows(name.len()).filter(|part| part.eq_ignore_ascii_case(name)).count()
}

fn refused(detail: &str) -> Refusal {
    Refusal::new(Code::NoPrincipal, detail)
        .next("connect to a server with the configuration that `selfsame boundary nats-config` writes")
}

#[cfg(test)]
mod tests {
    use selfsame_core::PrincipalKind;
    use selfsame_record::Principal;

    use super::*;
    use crate::nats::layout::{TypePattern, UserKey};

    /// As nats-server 2.9.10 writes it.
    const SERVERS: &str = concat!(
        r#"{"start":"2026-11-25T09:36:30.050215755Z","host":"127.0.0.1","id":9,"acc":"principal-web","user":"UKEY","#,
        r#""name":"x","lang":"py","ver":"1","rtt":226914,"server":"N","issuer_key":"principal-web","#,
        r#""kind":"Client","client_type":"nats"}"#
    );

    fn web() -> (NatsPrincipal, String) {
        let pair = nkeys::KeyPair::new_from_raw(nkeys::KeyPairType::User, [1; 32]).expect("a key");
        let key = pair.public_key();
        let principal = NatsPrincipal {
            name: Principal::parse("web").expect("a name"),
            kind: PrincipalKind::Service,
            keys: vec![UserKey::parse(&key).expect("a key")],
            may_publish: vec![TypePattern::all()],
            may_read: true,
        };
        (principal, key)
    }

    /// Headers, and what comes of them for `web`.
    #[track_caller]
    fn check(rows: &[(&str, &str)], expect: Result<(), &str>) {
        let (web, key) = web();
        let mut headers = HeaderMap::new();
        rows.iter().for_each(|(name, value)| headers.append(*name, value.replace("UKEY", &key).as_str()));
        let got = Attestation::read(Some(&headers)).and_then(|attestation| attestation.check(&web));
        match (got, expect) {
            (Ok(()), Ok(())) => {}
            (Err(refusal), Err(expect)) => {
                let said = format!("{}: {}", refusal.code, refusal.detail).replace(&key, "UKEY");
                assert!(said.starts_with(expect), "{said}");
            }
            (got, expect) => panic!("{got:?} {expect:?}"),
        }
    }

    #[test]
    fn the_servers_word_counts_if_it_is_the_only_one() {
        let forged = r#"{"acc":"principal-web","user":"UKEY"}"#;
        check(&[(HEADER, SERVERS)], Ok(()));
        check(&[("x", "Nats-Request"), (HEADER, SERVERS), ("y", "Info")], Ok(()));
        let twice = "no-principal: `Nats-Request-Info` stands in the message's headers more than once";
        check(&[(HEADER, forged), (HEADER, SERVERS)], Err(twice));
        check(&[("nats-request-info", forged), (HEADER, SERVERS)], Err(twice));
        check(&[("x", HEADER), (HEADER, SERVERS)], Err(twice));
        let swallowed = format!("abc{HEADER}: {SERVERS}");
        check(&[(HEADER, forged), ("y", &swallowed)], Err(twice));
        check(&[("y", &swallowed)], Err(twice));
        check(&[("nats-request-info", forged)], Err(twice));
        check(&[("Nats-Request-Infos", forged)], Err(twice));
    }

    #[test]
    fn a_message_without_it_is_nobodys() {
        let none = "no-principal: the NATS server does not say who sends the message";
        check(&[], Err(none));
        check(&[("x", "y")], Err(none));
        assert_eq!(Attestation::read(None).expect_err("a refusal").code, Code::NoPrincipal);
    }

    #[test]
    fn nonsense_is_nobodys() {
        let nonsense = "no-principal: `Nats-Request-Info` is not what a server writes";
        let deep = "[".repeat(4000);
        for value in [
            "",
            "{}",
            "7",
            "null",
            "{\"acc\":7}",
            "{\"acc\":\"principal-web\"",
            &deep,
            r#"{"acc":"principal-web","user":"UKEY","user":"UKEY"}"#,
            r#"{"acc":"a","acc":"principal-web","user":"UKEY"}"#,
            r#"{"acc":"principal-web","user":null}"#,
        ] {
            check(&[(HEADER, value)], Err(nonsense));
        }
        let long = format!("{{\"acc\":\"{}\"}}", "x".repeat(5000));
        check(
            &[(HEADER, &long)],
            Err("no-principal: `Nats-Request-Info` has 5010 bytes, over the limit of 4096"),
        );
    }

    #[test]
    fn another_account_or_user_is_another_principal() {
        for value in [
            r#"{"acc":"principal-web"}"#,
            r#"{"acc":"principal-web","user":""}"#,
            r#"{"acc":"principal-web","user":"UOTHER"}"#,
            r#"{"acc":"principal-Web","user":"UKEY"}"#,
            r#"{"acc":"","user":"UKEY"}"#,
            r#"{"acc":"SELFSAME","user":"UKEY"}"#,
        ] {
            check(
                &[(HEADER, value)],
                Err("wrong-principal: the subject is of `web`, and the message of user"),
            );
        }
    }
}
