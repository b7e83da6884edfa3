//! Clients that are slow, rude or gone.

use std::time::{Duration, Instant};

use selfsame_node::http::STOP_WAIT;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::server::Server;

async fn say(server: &Server, text: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).await.expect("a connection");
    stream.write_all(text).await.expect("room");
    stream
}

#[tokio::test]
async fn clients_that_say_half_a_thing_or_go_away_harm_nobody() {
    let server = Server::with_v1().await;
    let mut held = Vec::new();
    for text in [
        &b""[..],
        b"GET /v1/sta",
        b"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer web\r\ncontent-length: 100\r\n\r\n{",
        b"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer web\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
    ] {
        held.push(say(&server, text).await);
        drop(say(&server, text).await);
    }
    drop(say(&server, b"GET /v1/state?at_least=99 HTTP/1.1\r\nhost: x\r\n\r\n").await);
    assert_eq!(server.register_user("ada", "London").await.status, 200);
    assert_eq!(server.get("/v1/cache/profile/ada").await.status, 200);
}

#[tokio::test]
async fn what_is_not_http_is_answered_with_400_and_the_end() {
    let server = Server::start().await;
    let mut stream = say(&server, b"\x16\x03\x01 nonsense\r\n\r\n").await;
    let mut said = String::new();
    stream.read_to_string(&mut said).await.expect("an end");
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
}

#[tokio::test]
async fn a_stop_finishes_what_was_begun_and_does_not_wait_for_the_silent() {
    let server = Server::with_v1().await;
    let idle = say(&server, b"").await;
    let half = say(
        &server,
        b"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer web\r\ncontent-length: 9\r\n\r\n{",
    )
    .await;
    // The server has read what it got by the time it answers somebody else.
    server.get("/v1/state").await;
    assert!(server.socket_exists());
    let begun = Instant::now();
    let folder = server.stop().await;
    assert!(begun.elapsed() < STOP_WAIT + Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(!folder.path().join("operator.sock").exists());
    drop((idle, half));
}
