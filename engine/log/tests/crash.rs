//! What outlives a killed process, a second process, and a limit on file sizes.
//!
//! The child is this very test binary, running the one ignored test below; the environment says what it
//! is to do. It says on stdout what it tried and what was acknowledged.

#![expect(clippy::expect_used, reason = "a test says by panicking what went wrong")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{env, thread};

use selfsame_log::conformance::{block, check, fill};
use selfsame_log::{FjallLog, Log, OpenError};
use selfsame_record::Position;

const FOLDER: &str = "SELFSAME_TEST_LOG_FOLDER";
const SEED: &str = "SELFSAME_TEST_LOG_SEED";

/// A small generator of our own: any will do, as long as a seed gives the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Mostly small blocks, at times large ones.
    fn block_size(&mut self) -> u64 {
        match self.below(20) {
            0 => 1 + self.below(1024),
            1..5 => 1 + self.below(60),
            _ => 1 + self.below(3),
        }
    }
}

#[test]
#[ignore = "runs in the child process of the tests below"]
fn child_appends_until_it_fails() {
    let folder = PathBuf::from(env::var_os(FOLDER).expect("a folder"));
    let mut numbers = Numbers(env::var(SEED).expect("a seed").parse().expect("a number"));
    let log = FjallLog::open(&folder).expect("opened");
    println!("\nacked {}", log.head().get());
    loop {
        let first = log.head().get() + 1;
        let size = numbers.block_size();
        println!("tries {}", first + size - 1);
        match log.append(&block(first, size)) {
            Ok(head) => println!("acked {}", head.get()),
            Err(e) => {
                println!("failed {e}");
                break;
            }
        }
    }
    let again = log.append(&block(log.head().get() + 1, 1)).expect_err("halted");
    println!("failed {again}");
    check(&log, 1, log.head().get());
    println!("reads {}", log.head().get());
}

/// A child and the lines that it says.
struct Appender {
    child: Child,
    lines: Receiver<String>,
}

/// What the child said up to its end.
#[derive(Default)]
struct Said {
    acked: u64,
    tried: u64,
    reads: Option<u64>,
    failed: Vec<String>,
}

impl Appender {
    fn start(mut command: Command, folder: &Path, seed: u64) -> Appender {
        command.args(["--exact", "child_appends_until_it_fails", "--ignored", "--nocapture"]);
        command.env(FOLDER, folder).env(SEED, seed.to_string());
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("the test binary as a child");
        let stdout = BufReader::new(child.stdout.take().expect("its stdout"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Appender { child, lines }
    }

    fn here(folder: &Path, seed: u64) -> Appender {
        Appender::start(Command::new(env::current_exe().expect("this binary")), folder, seed)
    }

    /// Waits until the child has opened the log.
    fn wait_until_open(&self) {
        let opened = |line: String| line.starts_with("acked");
        while !opened(self.lines.recv_timeout(Duration::from_secs(20)).expect("the child opens the log")) {}
    }

    fn kill(mut self) -> Said {
        self.child.kill().expect("killed");
        self.end()
    }

    fn end(mut self) -> Said {
        let mut said = Said::default();
        for line in &self.lines {
            match line.split_once(' ') {
                Some(("acked", at)) => said.acked = at.parse().expect("a position"),
                Some(("tries", at)) => said.tried = at.parse().expect("a position"),
                Some(("reads", at)) => said.reads = Some(at.parse().expect("a position")),
                Some(("failed", why)) => said.failed.push(why.to_owned()),
                _ => {}
            }
        }
        self.child.wait().expect("ended");
        said
    }

    fn stderr(&mut self) -> String {
        let mut text = String::new();
        let mut stderr = self.child.stderr.take().expect("its stderr");
        stderr.read_to_string(&mut text).expect("text");
        text
    }
}

/// What was acknowledged is there; what was not is there whole or not at all. Says where the log ends.
fn check_after_kill(folder: &Path, before: u64, said: &Said, seed: u64) -> u64 {
    let log = FjallLog::open(folder).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let head = log.head().get();
    let acked = said.acked.max(before);
    let whole_or_not = head == acked || (head == said.tried && head > acked);
    assert!(whole_or_not, "seed {seed}: the head is #{head}, acknowledged #{acked}, tried #{}", said.tried);
    check(&log, before.saturating_sub(1500).max(1), head);
    head
}

#[test]
fn acknowledged_means_durable_whenever_the_process_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut numbers = Numbers(0x51f3);
    let mut head = 0;
    let mut acknowledging = 0;
    for round in 0..15 {
        let appender = Appender::here(folder.path(), round);
        // Every third one is killed while it starts.
        if round % 3 == 2 {
            thread::sleep(Duration::from_millis(numbers.below(30)));
        } else {
            appender.wait_until_open();
            thread::sleep(Duration::from_micros(numbers.below(150_000)));
        }
        let said = appender.kill();
        acknowledging += u64::from(said.acked > head);
        head = check_after_kill(folder.path(), head, &said, round);
    }
    let log = FjallLog::open(folder.path()).expect("opened");
    check(&log, 1, head);
    assert!(acknowledging >= 5, "only {acknowledging} rounds of 15 acknowledged anything");
}

#[test]
fn a_process_killed_while_it_makes_the_log_leaves_a_folder_that_opens() {
    let mut numbers = Numbers(7);
    for seed in 0..10 {
        let folder = tempfile::tempdir().expect("a folder");
        let appender = Appender::here(&folder.path().join("log"), seed);
        thread::sleep(Duration::from_micros(numbers.below(25_000)));
        let said = appender.kill();
        check_after_kill(&folder.path().join("log"), 0, &said, seed);
    }
}

#[test]
fn a_second_process_is_told_who_has_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let holder = Appender::here(folder.path(), 1);
    holder.wait_until_open();
    let process = holder.child.id();
    let refused = FjallLog::open(folder.path()).err().expect("in use");
    assert!(matches!(refused, OpenError::InUse { by: Some(id), .. } if id == process), "{refused}");
    let mut second = Appender::here(folder.path(), 1);
    let stderr = second.stderr();
    let said = second.end();
    assert!(said.tried == 0 && stderr.contains("InUse"), "{stderr}");
    holder.kill();
    FjallLog::open(folder.path()).expect("free again");
}

/// A file size limit fails writes as a full disk does, and needs neither root nor a file system.
#[test]
fn a_log_that_can_grow_no_more_says_so_and_goes_on_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    // Made without the limit: fjall sets 64 MiB aside for its first journal.
    let log = FjallLog::open(folder.path()).expect("opened");
    fill(&log, 100, &[10]);
    drop(log);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""]);
    limited.arg(env::current_exe().expect("this binary"));
    let said = Appender::start(limited, folder.path(), 3).end();
    let place = folder.path().display();
    let full = format!("there is no room for more of the log in `{place}`: free some there, then restart");
    let halted = "the log takes no more records since an append failed: see to its cause, then restart";
    assert_eq!(said.failed, [full, halted.to_owned()]);
    assert!(said.acked > 100, "nothing was acknowledged under the limit");
    assert_eq!(said.reads, Some(said.acked), "reading goes on, up to what was acknowledged");
    let head = check_after_kill(folder.path(), 100, &said, 3);
    let log = FjallLog::open(folder.path()).expect("opened");
    check(&log, 1, head);
    fill(&log, head + 50, &[1]);
    assert_eq!(log.head(), Position::new(head + 50), "the log grows again");
}
