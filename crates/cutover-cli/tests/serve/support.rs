//! A served migration, and an HTTP client that says exactly what a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testkit::program::{self, Dialogue, Running, Signal};

pub(crate) const SPLIT: &str =
    include_str!("../../../../examples/01-split-address/split-address.sql");

/// The server, and the database it serves.
pub(crate) struct Served {
    pub(crate) dir: TempDir,
    server: Dialogue,
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A database of clients, in `dual-write` with an empty mirror.
pub(crate) fn started(clients: u64) -> TempDir {
    started_with(SPLIT, clients)
}

/// The same with another migration.
pub(crate) fn started_with(migration: &str, clients: u64) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("split-address.sql"), migration).unwrap();
    let conn = Connection::open(dir.path().join("app.db")).unwrap();
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, street TEXT, city TEXT);
         WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {clients})
         INSERT INTO clients SELECT id, 'name ' || id, 'street ' || id, 'city' FROM n;"
    ))
    .unwrap();
    run(&dir, "start split-address.sql --no-backfill");
    dir
}

pub(crate) fn command(dir: &TempDir, line: &str) -> Command {
    let mut command = program::command(env!("CARGO_BIN_EXE_cutover"), dir.path(), line);
    command.env("CUTOVER_DB", "app.db");
    command
}

/// Runs a command of the program to its end.
#[track_caller]
pub(crate) fn run(dir: &TempDir, line: &str) -> String {
    Running::spawn(&mut command(dir, line)).wait(Duration::from_secs(120)).success()
}

impl Served {
    /// 2,000 clients, `dual-write`, an empty mirror.
    pub(crate) fn new(flags: &str) -> Self {
        Self::on(started(2000), flags)
    }

    pub(crate) fn on(dir: TempDir, flags: &str) -> Self {
        let listen = if flags.contains("--listen") { "" } else { "--listen 127.0.0.1:0" };
        let line = format!("serve --json {listen} {flags}");
        let mut server = Dialogue::with(command(&dir, &line).stderr(Stdio::null()));
        let mut text = String::new();
        while !text.ends_with("}\n") {
            text += &(server.hear() + "\n");
        }
        let said: Value = serde_json::from_str(&text).unwrap();
        let host = said["address"].as_str().unwrap().to_owned();
        let token = said["token"].as_str().map(str::to_owned);
        let url = said["url"].as_str().unwrap().to_owned();
        Self { dir, server, host, url, token }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn open(&self) -> Connection {
        Connection::open(self.path("app.db")).unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends a request with these header lines after the `Host`.
    pub(crate) fn send(&self, request: &str, lines: &[&str], body: &str) -> Answer {
        let host = format!("Host: {}", self.host);
        let all: Vec<&str> = [host.as_str()].into_iter().chain(lines.iter().copied()).collect();
        self.raw(request, &all, body)
    }

    /// Sends a request with these header lines alone.
    pub(crate) fn raw(&self, request: &str, lines: &[&str], body: &str) -> Answer {
        let mut stream = self.connect();
        let mut text = format!("{request} HTTP/1.1\r\nConnection: close\r\n");
        for line in lines {
            text += &format!("{line}\r\n");
        }
        if !body.is_empty() {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        // A server that refuses what is too large may not read it to its end.
        let _ = stream.write_all(format!("{text}\r\n{body}").as_bytes());
        answer(stream)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[], "")
    }

    /// Gives an order as our page does.
    pub(crate) fn order(&self, order: &str, body: &str) -> Answer {
        let origin = format!("Origin: http://{}", self.host);
        let token = format!("Authorization: Bearer {}", self.token.as_deref().unwrap());
        let lines =
            ["Content-Type: application/json", &origin, "Sec-Fetch-Site: same-origin", &token];
        self.send(&format!("POST /api/v1/orders/{order}"), &lines, body)
    }

    /// Looks until something is so; a minute at most.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..600 {
            let snapshot = self.get("/api/v1/snapshot").is(200).json();
            if is(&snapshot) {
                return snapshot;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("never: {what}");
    }

    /// The data of the first event.
    pub(crate) fn look(&self) -> Value {
        let mut stream = self.connect();
        write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", self.host).unwrap();
        let lines = BufReader::new(stream).lines();
        let data = lines.map(Result::unwrap).find_map(|line| {
            line.strip_prefix("data: ").map(|data| serde_json::from_str(data).unwrap())
        });
        data.unwrap()
    }

    /// Ends the server as Ctrl-C does, and gives its exit code and the database's directory.
    pub(crate) fn interrupt(self) -> (Option<i32>, TempDir) {
        let Self { dir, server, .. } = self;
        (server.end(Signal::INT), dir)
    }
}

/// Reads an answer to the end of the connection.
pub(crate) fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A connection that is reset has answered before.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|it| it.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Answer { status: status.unwrap_or(0), headers, body: body.to_owned() }
}
