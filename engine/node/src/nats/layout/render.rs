//! A checked layout as text. Every line says why it stands there.

use std::fmt::Write as _;

use crate::nats::layout::{
    ENGINE_ACCOUNT, NATS_CONNECTIONS_MAX, NATS_PRINCIPALS_MAX, NATS_SUBSCRIPTIONS_MAX, NatsLayout,
    NatsPrincipal, UserKey, engine_inbox_prefix,
};
use crate::nats::subject::{FEED, GET, IN, READ, TRAY};
use crate::nats::tray::{CONSUMER, TRAY_MESSAGE_BYTES_MAX};

/// Connections of the engine for one principal: one that is asked on, one that reads the in-tray.
const ENGINE_CONNECTIONS: usize = 2;
/// Connections of the engine beyond those: old ones that the server has not missed yet.
const ENGINE_CONNECTIONS_SPARE: usize = 64;
/// Bytes that the store holds beside what the in-trays count.
const STORE_SPARE: u64 = 16 * 1024 * 1024;
/// What a server can count.
const STORE_MAX: u64 = i64::MAX.unsigned_abs();

/// The text, a line at a time.
struct Text {
    text: String,
    depth: usize,
}

impl Text {
    fn line(&mut self, line: &str) {
        if !line.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "{:width$}{line}", "", width = 2 * self.depth);
        }
        self.text.push('\n');
    }

    fn lines(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.line(line));
    }

    fn block(&mut self, head: &str, inner: impl FnOnce(&mut Text)) {
        self.line(&format!("{head} {{"));
        self.depth += 1;
        inner(self);
        self.depth -= 1;
        self.line("}");
    }

    fn list(&mut self, head: &str, inner: impl FnOnce(&mut Text)) {
        self.line(&format!("{head}: ["));
        self.depth += 1;
        inner(self);
        self.depth -= 1;
        self.line(if head.contains('{') { "] }" } else { "]" });
    }
}

pub(super) fn render(layout: &NatsLayout) -> String {
    let mut text = Text { text: String::new(), depth: 0 };
    head(&mut text, layout);
    text.block("accounts", |t| {
        engine(t, layout);
        for principal in &layout.principals {
            t.line("");
            account(t, principal);
        }
    });
    text.text
}

fn head(t: &mut Text, layout: &NatsLayout) {
    t.lines(&[
        "# Written by `selfsame`. Do not edit it: change the boundary and write it again.",
        "#",
        "# Who is not named below cannot log in: there is no user without a key, and no default user.",
        "# Keys are public; the server keeps no secret. Between machines, add a `tls` block of your own.",
        "",
    ]);
    let port = match layout.listen.port() {
        0 => -1,
        port => i32::from(port),
    };
    t.line(&format!("host: \"{}\"", layout.listen.ip()));
    t.line(&format!("port: {port}"));
    t.line("");
    t.line("# Bounds of what one connection does to the others.");
    t.lines(&[
        "max_payload: 1MB",
        "max_pending: 16MB     # a reader who does not read is cut off at this",
        "write_deadline: \"5s\"  # or when it takes nothing for so long",
        "",
    ]);
    t.line("# In-trays are files; nothing is kept in memory. The room is for as many principals as there may be,");
    t.line("# since a server takes no other number while it runs.");
    let store = store_bytes(layout);
    t.block("jetstream", |t| {
        t.line(&format!("store_dir: \"{}\"", layout.store_dir.display()));
        t.line("max_mem: 0");
        t.line(&format!("max_file: {store}"));
    });
    t.line("");
}

/// The same for however many principals: a server does not take another number without a new start.
fn store_bytes(layout: &NatsLayout) -> u64 {
    let trays = u64::try_from(NATS_PRINCIPALS_MAX).unwrap_or(u64::MAX);
    layout.tray_bytes_max.saturating_mul(trays).saturating_add(STORE_SPARE).min(STORE_MAX)
}

fn engine(t: &mut Text, layout: &NatsLayout) {
    t.line("# The engine alone is in here: whoever publishes in this account could name anybody.");
    let (trays, store) = (NATS_PRINCIPALS_MAX, store_bytes(layout));
    t.block(&format!("\"{ENGINE_ACCOUNT}\""), |t| {
        t.line(
            "# One in-tray for each principal that publishes, so that nobody fills another's, and an id in",
        );
        t.line("# `Nats-Msg-Id` suppresses nothing but its own sender's messages.");
        t.line(&format!(
            "jetstream: {{ max_mem: 0, max_file: {store}, max_streams: {trays}, max_consumers: {trays} }}"
        ));
        let connections = ENGINE_CONNECTIONS * NATS_PRINCIPALS_MAX + ENGINE_CONNECTIONS_SPARE;
        t.line(&format!("limits: {{ max_connections: {connections} }}"));
        t.list("users", |t| layout.engine.iter().for_each(|key| engine_user(t, key)));
        t.line("# Each export names the one account that it is for.");
        t.list("exports", |t| layout.principals.iter().for_each(|principal| exports(t, principal)));
    });
}

fn engine_user(t: &mut Text, key: &UserKey) {
    let inbox = engine_inbox_prefix();
    t.line("{");
    t.depth += 1;
    t.line(&format!("nkey: {key}"));
    t.block("permissions:", |t| {
        t.line("# Answers go to subjects that the server makes up for requests from other accounts. It may");
        t.line("# publish nothing that it takes in: a caller chooses where an answer goes.");
        t.line(
            "# Of JetStream: make an in-tray and read it. Not delete or purge a stream, nor name another.",
        );
        t.list("publish: { allow", |t| {
            t.line("\"_R_.>\"");
            for verb in ["STREAM.INFO", "STREAM.CREATE", "STREAM.UPDATE", "STREAM.MSG.GET"] {
                t.line(&format!("\"$JS.API.{verb}.*\""));
            }
            t.line(
                "# A message that no client can read is taken out of an in-tray; its refusal is in the log.",
            );
            t.line("\"$JS.API.STREAM.MSG.DELETE.*\"");
            for verb in ["INFO", "CREATE", "DELETE", "MSG.NEXT"] {
                t.line(&format!("\"$JS.API.CONSUMER.{verb}.*.{CONSUMER}\""));
            }
            t.line("\"$JS.ACK.>\"");
        });
        t.line(&format!("subscribe: {{ allow: [\"{IN}>\", \"{READ}>\", \"{FEED}>\", \"{inbox}.>\"] }}"));
    });
    t.depth -= 1;
    t.line("}");
}

fn exports(t: &mut Text, principal: &NatsPrincipal) {
    let account = principal.account();
    let name = &principal.name;
    let mut export = |subject: String, how: &str| {
        t.line(&format!("{{ service: \"{subject}\"{how}, accounts: [\"{account}\"] }}"));
    };
    if principal.publishes() {
        export(format!("{IN}{name}.>"), "");
        export(format!("{TRAY}{name}.>"), "");
    }
    if principal.may_read {
        // A feed answers many times; its subscriber asks again more often than this.
        let stream = ", response_type: \"Stream\", threshold: \"2m\"";
        export(format!("{READ}{name}.>"), "");
        export(format!("{FEED}{name}"), stream);
        export(format!("{FEED}{name}.>"), stream);
    }
}

fn account(t: &mut Text, principal: &NatsPrincipal) {
    t.line(&format!("# {} `{}`", principal.kind.as_str(), principal.name));
    t.block(&format!("\"{}\"", principal.account()), |t| {
        t.line(&format!(
            "limits: {{ max_connections: {NATS_CONNECTIONS_MAX}, max_subscriptions: {NATS_SUBSCRIPTIONS_MAX}, \
             max_payload: {TRAY_MESSAGE_BYTES_MAX} }}"
        ));
        t.list("users", |t| principal.keys.iter().for_each(|key| user(t, principal, key)));
        t.line("# `share` has the server say in a header who asks.");
        t.list("imports", |t| imports(t, principal));
    });
}

fn user(t: &mut Text, principal: &NatsPrincipal, key: &UserKey) {
    let (name, inbox) = (&principal.name, principal.inbox_prefix());
    t.line("{");
    t.depth += 1;
    t.line(&format!("nkey: {key}"));
    t.block("permissions:", |t| {
        if !principal.publishes() && !principal.may_read {
            t.line("publish: { deny: \">\" }");
        } else {
            t.list("publish: { allow", |t| {
                for pattern in &principal.may_publish {
                    t.line(&format!("\"{IN}{name}.{pattern}\", \"{TRAY}{name}.{pattern}\""));
                }
                if principal.may_read {
                    t.line(&format!("\"{GET}>\", \"{FEED}{name}\", \"{FEED}{name}.>\""));
                }
            });
        }
        t.line("# Its own answers and nothing else.");
        t.line(&format!("subscribe: {{ allow: [\"{inbox}.>\"] }}"));
    });
    t.depth -= 1;
    t.line("}");
}

fn imports(t: &mut Text, principal: &NatsPrincipal) {
    let name = &principal.name;
    let mut import = |subject: String, to: &str| {
        t.line(&format!(
            "{{ service: {{ account: \"{ENGINE_ACCOUNT}\", subject: \"{subject}\" }}{to}, share: true }}"
        ));
    };
    if principal.publishes() {
        import(format!("{IN}{name}.>"), "");
        import(format!("{TRAY}{name}.>"), "");
    }
    if principal.may_read {
        // A read names nobody; under way to the engine it is given the name of the account.
        import(format!("{READ}{name}.>"), &format!(", to: \"{GET}>\""));
        import(format!("{FEED}{name}"), "");
        import(format!("{FEED}{name}.>"), "");
    }
}
