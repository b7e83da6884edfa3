//! A bare connection that logs in and says what no client library would.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};

/// A connection that speaks the protocol by hand.
pub(crate) struct Raw {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    sids: u32,
    /// Messages that came: subject and payload.
    pub(crate) messages: Vec<(String, Vec<u8>)>,
}

impl Raw {
    /// Connects and logs in, if a key is given; `claimed` is the public key that is said instead of its own.
    pub(crate) fn connect(port: u16, pair: Option<&KeyPair>, claimed: Option<&str>) -> Result<Raw, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.set_nodelay(true).expect("a setting");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
        let mut info = String::new();
        reader.read_line(&mut info).expect("a line");
        let info: Value = serde_json::from_str(info.trim_start_matches("INFO ")).expect("JSON");
        let mut connect = json!({ "verbose": false, "headers": true, "name": "raw" });
        if let Some(pair) = pair {
            let signature = pair.sign(info["nonce"].as_str().unwrap_or_default().as_bytes()).expect("signed");
            connect["nkey"] = claimed.map_or_else(|| pair.public_key(), str::to_owned).into();
            connect["sig"] = URL_SAFE_NO_PAD.encode(signature).into();
        }
        let mut raw = Raw { stream, reader, sids: 0, messages: vec![] };
        let said = raw.say(format!("CONNECT {connect}\r\n").as_bytes());
        if said.is_empty() { Ok(raw) } else { Err(said.join(" ")) }
    }

    /// Says bytes as they are; what the server complains of.
    pub(crate) fn say(&mut self, bytes: &[u8]) -> Vec<String> {
        // A server that hung up says so when it is read from.
        let _ = self.stream.write_all(bytes).and_then(|()| self.stream.write_all(b"PING\r\n"));
        let mut complaints = vec![];
        loop {
            let mut line = vec![];
            match self.reader.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => {
                    complaints.push("hung up".to_owned());
                    return complaints;
                }
                Ok(_) => {}
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let words: Vec<&str> = line.split(' ').collect();
            match words[0] {
                "PONG" => return complaints,
                "-ERR" => complaints.push(line.clone()),
                "MSG" | "HMSG" => {
                    let mut payload = vec![0; words[words.len() - 1].parse::<usize>().expect("a size") + 2];
                    self.reader.read_exact(&mut payload).expect("a payload");
                    payload.truncate(payload.len() - 2);
                    self.messages.push((words[1].to_owned(), payload));
                }
                _ => {}
            }
        }
    }

    pub(crate) fn subscribe(&mut self, subject: &str, queue: &str) -> Vec<String> {
        self.sids += 1;
        self.say(format!("SUB {subject} {queue} {}\r\n", self.sids).as_bytes())
    }

    pub(crate) fn publish(&mut self, subject: &str, reply: &str, payload: &str) -> Vec<String> {
        self.say(format!("PUB {subject} {reply} {}\r\n{payload}\r\n", payload.len()).as_bytes())
    }

    /// With header bytes as they are.
    pub(crate) fn publish_with(
        &mut self,
        subject: &str,
        reply: &str,
        headers: &str,
        payload: &str,
    ) -> Vec<String> {
        let (h, all) = (headers.len(), headers.len() + payload.len());
        self.say(format!("HPUB {subject} {reply} {h} {all}\r\n{headers}{payload}\r\n").as_bytes())
    }

    /// Waits for a message and gives it.
    pub(crate) async fn next(&mut self) -> (String, Vec<u8>) {
        for _ in 0..1000 {
            if !self.messages.is_empty() {
                return self.messages.remove(0);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            self.say(b"");
        }
        panic!("no message came");
    }
}
