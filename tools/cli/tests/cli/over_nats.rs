//! The same over a real nats-server. Skipped, aloud, where there is none.

#![expect(clippy::expect_used, reason = "tests end this way")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use nkeys::{KeyPair, KeyPairType};
use selfsame_core::PrincipalKind;
use selfsame_node::nats::layout::{NatsLayout, NatsPrincipal, TypePattern, UserKey};
use selfsame_node::nats::{ManagedNats, TRAY_BYTES_DEFAULT};
use selfsame_record::Principal;

use crate::helper::{Nats, Served, free_port, run, small_repository};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn events_travel_over_nats_and_are_read_over_it() {
    let (folder, dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let Some(nats) = Nats::start(free_port(), folder.path()) else { return };
    let served = Served::start(dir.path(), &["--nats", &nats.url]);
    let repo = small_repository();
    let imported = served.run(&["import", "git", text(repo.path())]);
    assert!(imported.err.contains("importing 3 commits over NATS"), "{}", imported.err);
    assert!(imported.ok().contains("new: 6, duplicates: 0, "));
    let again = served.run(&["import", "git", text(repo.path()), "--via", "http", "--json"]).json();
    assert_eq!(again["duplicates"], 6, "{again}");

    let ann = served.run(&["get", "author", "ann@example.org", "--via", "nats"]).json();
    assert_eq!(ann["commits"], 2, "{ann}");
    assert_eq!(served.run(&["get", "files", "docs/door%25.md", "--via", "nats"]).json()["churn"], 1);
    let missing = served.run(&["get", "files", "nothing", "--via", "nats"]);
    assert_eq!(
        (missing.code, missing.err.starts_with("error[not-found]")),
        (Some(1), true),
        "{}",
        missing.err
    );

    let data =
        r#"{"commit":"c","path":"p","author_email":"e","added":1,"removed":0,"churn":1,"binary":false}"#;
    let publish = ["publish", "git.file-changed", "--id", "1", "--data", data, "--via"];
    let over = |way: &'static str| publish.iter().copied().chain([way]).collect::<Vec<_>>();
    let first = served.run(&over("nats")).ok();
    assert_eq!(served.run(&over("http")).ok(), format!("{}, which was there before\n", first.trim()));
    let refused = served.run(&["publish", "git.nonsense", "--key", "k", "--via", "nats"]);
    assert_eq!(
        (refused.code, refused.err.starts_with("error[unknown-type]")),
        (Some(1), true),
        "{}",
        refused.err
    );
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn the_tray_takes_events_while_no_engine_runs() {
    let (folder, dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let Some(nats) = Nats::start(free_port(), folder.path()) else { return };
    let served = Served::start(dir.path(), &["--nats", &nats.url]);
    let repo = small_repository();
    served.run(&["import", "git", text(repo.path())]).ok();
    assert_eq!(served.stop(), Some(0));

    let data =
        r#"{"commit":"c","path":"p","author_email":"e","added":1,"removed":0,"churn":1,"binary":false}"#;
    let publish =
        ["publish", "git.file-changed", "--id", "1", "--data", data, "--via", "tray", "--nats", &nats.url];
    let put = run(&publish).ok();
    assert!(put.starts_with("in the tray, as message "), "{put}");
    let served = Served::start(dir.path(), &["--nats", &nats.url]);
    let deadline = Instant::now() + Duration::from_secs(20);
    while served.run(&["get", "files", "p"]).code != Some(0) {
        assert!(Instant::now() < deadline, "the event was not taken from the tray");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_managed_server_comes_and_goes_with_the_engine() {
    let (folder, dir) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    if Nats::start(free_port(), folder.path()).is_none() {
        return;
    }
    let served = Served::start(dir.path(), &["--nats", "managed"]);
    let repo = small_repository();
    let imported = served.run(&["import", "git", text(repo.path())]);
    assert!(imported.err.contains("over NATS"), "{}", imported.err);
    let serving = std::fs::read_to_string(served.dir().join("serving.json")).expect("it is there");
    let serving: serde_json::Value = serde_json::from_str(&serving).expect("JSON");
    let url = serving["nats"].as_str().expect("a URL").to_owned();
    assert_eq!(served.stop(), Some(0));
    let address = url.trim_start_matches("nats://").to_owned();
    assert!(std::net::TcpStream::connect(address).is_err(), "{url} is still there");
}

/// A key, in a file of this mode.
fn key_file(folder: &Path, name: &str, byte: u8, mode: u32) -> (UserKey, String) {
    let pair = KeyPair::new_from_raw(KeyPairType::User, [byte; 32]).expect("a key");
    let file = folder.join(name);
    std::fs::write(&file, pair.seed().expect("a seed")).expect("a file");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("a mode");
    (UserKey::parse(&pair.public_key()).expect("a key"), text(&file).to_owned())
}

#[test]
fn a_key_in_a_file_proves_who_connects() {
    let folder = tempfile::tempdir().expect("a folder");
    let (engine, engine_file) = key_file(folder.path(), "engine.nk", 1, 0o600);
    let (web, web_file) = key_file(folder.path(), "web.nk", 2, 0o600);
    let (_, stranger) = key_file(folder.path(), "stranger.nk", 3, 0o600);
    let (_, open) = key_file(folder.path(), "open.nk", 2, 0o644);
    let principal = NatsPrincipal {
        name: Principal::parse("web").expect("a name"),
        kind: PrincipalKind::Service,
        keys: vec![web],
        may_publish: vec![TypePattern::all()],
        may_read: true,
    };
    let layout = NatsLayout {
        listen: ([127, 0, 0, 1], 0).into(),
        store_dir: folder.path().to_owned(),
        tray_bytes_max: TRAY_BYTES_DEFAULT,
        engine: vec![engine],
        principals: vec![principal],
    };
    let Ok(nats) = ManagedNats::start_with(&folder.path().join("nats"), &layout) else {
        eprintln!("skipped: there is no nats-server on the PATH; `./tools/test` installs it");
        return;
    };
    let served =
        Served::start(&folder.path().join("data"), &["--nats", nats.url(), "--nats-key", &engine_file]);
    let publish = |key: &str| {
        let args =
            ["publish", "a.b", "--via", "nats", "--nats", nats.url(), "--as", "web", "--nats-key", key];
        served.run(&args)
    };
    let answered = publish(&web_file).err;
    assert!(answered.starts_with("error[no-active-version]"), "the engine answered: {answered}");
    let unknown = publish(&stranger).err;
    assert!(unknown.contains("authorization violation"), "{unknown}");
    let readable = publish(&open).err;
    assert!(readable.contains("can be read by others (mode 644)"), "{readable}");
    let missing = publish("nowhere").err;
    assert!(missing.contains("the key file `nowhere` cannot be read"), "{missing}");
    assert_eq!(served.stop(), Some(0));
}

/// With a boundary: the accounts of a server that the engine starts, and those that are written for another.
#[test]
fn a_boundary_gives_each_principal_an_account() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| text(&folder.path().join(name)).to_owned();
    let (boundary, keys) = (path("b"), path("keys"));
    let init = ["boundary", "init", &boundary, "--keys", &keys, "--instance", "shop"];
    let whom = ["--operator", "ada", "--service", "web", "--service", "other"];
    let signer = run(&[&init[..], &whom[..]].concat()).ok().trim().to_owned();
    let (engine, engine_file) = key_file(folder.path(), "engine.nk", 9, 0o600);
    let written = run(&["boundary", "nats-config", &boundary, "--engine-key", engine.as_str()]).ok();
    assert!(written.contains("\"principal-web\"") && !written.contains("principal-ada"), "{written}");
    let port = free_port();
    let written = written.replace("port: 4222", &format!("port: {port}"));
    let config = path("nats.conf");
    std::fs::write(&config, written.replace("/var/lib/selfsame/nats", &path("store"))).expect("a file");
    let Some(_server) = Nats::with_config(port, Path::new(&config)) else { return };
    let url = format!("nats://127.0.0.1:{port}");
    for (data, nats) in
        [("own", vec!["--nats", &url, "--nats-key", &engine_file]), ("managed", vec!["--nats", "managed"])]
    {
        let dir = path(data);
        let bound =
            ["--dir", &dir, "--listen", "127.0.0.1:0", "--boundary", &boundary, "--boundary-key", &signer];
        let served = Served::with(Path::new(&dir), &[&bound[..], &nats[..]].concat());
        for name in ["web", "other"] {
            let key = path(&format!("keys/{name}.nk"));
            let args = ["publish", "a.b", "--via", "nats", "--as", name, "--nats-key", &key];
            let mut answered = served.run(&args).err;
            if answered.starts_with("error[unreachable]") {
                // Its line was not connected yet.
                answered = served.run(&args).err;
            }
            assert!(answered.starts_with("error[no-active-version]"), "{data} {name}: {answered}");
            let read = ["get", "p", "k", "--via", "nats", "--as", name, "--nats-key", &key];
            let answered = served.run(&read).err;
            assert!(answered.starts_with("error[no-active-version]"), "{data} {name}: {answered}");
        }
        let no_key = served.run(&["publish", "a.b", "--via", "nats", "--as", "web"]).err;
        assert!(no_key.contains("authorization violation"), "{data}: {no_key}");
        assert_eq!(served.stop(), Some(0));
    }
}
