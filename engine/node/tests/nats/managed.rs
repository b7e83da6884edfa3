//! The NATS server that the engine starts for itself.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use selfsame_node::nats::ManagedNats;

use crate::rig::until;

/// Set for the process that [`the_server_ends_when_the_engine_is_killed`] starts and kills.
const HOLDS: &str = "SELFSAME_TEST_HOLDS_NATS_IN";

fn takes_connections(url: &str) -> bool {
    TcpStream::connect(url.strip_prefix("nats://").expect("a URL")).is_ok()
}

/// The server that keeps its files in the folder, found by its arguments.
fn server_below(folder: &std::path::Path) -> Option<u32> {
    let folder = folder.to_str().expect("text");
    std::fs::read_dir("/proc").ok()?.filter_map(Result::ok).find_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        (line.contains("--store_dir") && line.contains(folder)).then_some(id)
    })
}

#[tokio::test]
async fn it_keeps_a_stream_over_a_stop_and_a_start() {
    let folder = tempfile::tempdir().expect("a folder");
    for messages in 1..=2 {
        let server = ManagedNats::start(folder.path()).unwrap_or_else(|err| panic!("{err}"));
        let client = async_nats::connect(server.url()).await.expect("a connection");
        let jetstream = async_nats::jetstream::new(client);
        let config = async_nats::jetstream::stream::Config { name: "KEPT".to_owned(), ..Default::default() };
        let stream = jetstream.get_or_create_stream(config).await.expect("a stream");
        jetstream.publish("KEPT", "x".into()).await.expect("sent").await.expect("room");
        assert_eq!(stream.get_info().await.expect("a stream").state.messages, messages);
        let url = server.url().to_owned();
        assert!(url.starts_with("nats://127.0.0.1:"), "{url}");
        server.stop();
        assert!(!takes_connections(&url));
    }
}

#[tokio::test]
async fn it_is_started_again_on_the_same_port_when_it_ends_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = ManagedNats::start(folder.path()).unwrap_or_else(|err| panic!("{err}"));
    let first = server_below(folder.path()).expect("a process");
    let killed = Command::new("kill").args(["-9", &first.to_string()]).status().expect("`kill`");
    assert!(killed.success());
    let again = async || {
        let id = server_below(folder.path());
        id.is_some_and(|id| id != first) && takes_connections(server.url())
    };
    until("another process listens", again).await;
    drop(server);
    assert_eq!(server_below(folder.path()), None);
}

/// Not a claim of its own: what the next test starts and kills.
#[test]
fn a_process_that_holds_a_server() {
    let Some(folder) = std::env::var_os(HOLDS) else { return };
    let server = ManagedNats::start(folder.as_ref()).unwrap_or_else(|err| panic!("{err}"));
    println!("\nholds {}", server.url());
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn the_server_ends_when_the_engine_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("a program");
    let mut command = Command::new(program);
    command.args(["--exact", "managed::a_process_that_holds_a_server", "--nocapture"]);
    let mut holder = command.env(HOLDS, folder.path()).stdout(Stdio::piped()).spawn().expect("a process");
    let lines = BufReader::new(holder.stdout.take().expect("a pipe")).lines();
    let url = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("holds ").map(str::to_owned));
    let url = url.expect("a URL");
    assert!(takes_connections(&url));
    holder.kill().expect("a process");
    holder.wait().expect("an end");
    until("the server has ended", async || !takes_connections(&url)).await;
    until("the process is gone", async || server_below(folder.path()).is_none()).await;
}
