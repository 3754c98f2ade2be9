//! Sizes, connections, time.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::support::{Answer, Served, answer};

/// More than the server has at a time.
const MANY: usize = 100;

#[test]
fn a_body_that_is_too_large_is_refused() {
    let served = Served::new("--control");
    let body = format!("{{\"pace\":\"{}\"}}", "x".repeat(100_000));
    let problem = served.order("pace", &body).is(413);
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    // The same in chunks, without a length that is told beforehand.
    let mut stream = served.connect();
    let token = served.token.as_deref().unwrap();
    let head = format!(
        "POST /api/v1/orders/pace HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        served.host
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..32 {
        let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    assert_eq!(answer(stream).status, 413);
    served.get("/api/v1/snapshot").is(200);
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let served = Served::new("");
    let long = format!("X: {}", "x".repeat(100_000));
    let Answer { status, .. } = served.send("GET /", &[&long], "");
    assert!(status == 431 || status == 0, "{status}");
    let path = format!("GET /{}", "x".repeat(100_000));
    let Answer { status, .. } = served.send(&path, &[], "");
    assert!(status == 414 || status == 431 || status == 0, "{status}");
    served.get("/api/v1/snapshot").is(200);
}

/// Ends when the server has had enough: the read would else run into its own limit, a minute.
fn ends(mut stream: TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
}

/// Clients that say nothing, half a head, or half a body take every connection there is. They
/// lose them, and who comes then is answered.
#[test]
fn slow_clients_and_too_many_do_no_harm() {
    let served = Served::new("--control");
    let token = served.token.as_deref().unwrap();
    let half_a_body = format!(
        "POST /api/v1/orders/pause HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{",
        served.host
    );
    let idle = format!("GET /icon.svg HTTP/1.1\r\nHost: {}\r\n\r\n", served.host);
    let says = ["", "GET / HTTP/1.1\r\nHost: 127", &half_a_body, &idle];
    let slow: Vec<TcpStream> = says
        .iter()
        .cycle()
        .take(MANY)
        .map(|said| {
            let mut stream = served.connect();
            stream.write_all(said.as_bytes()).unwrap();
            stream
        })
        .collect();
    served.get("/api/v1/snapshot").is(200);
    slow.into_iter().for_each(ends);
    served.get("/api/v1/snapshot").is(200);
    assert_eq!(served.get("/api/v1/snapshot").json()["control"]["paused"], false);
}

/// Connections that are opened and say nothing, or half a head, or half a body, several times as
/// many as there are places: who comes then is answered at once, not after all of these have
/// had the time that a head may take. Each has its place until another wants it.
#[test]
fn half_open_connections_give_way_to_who_comes() {
    let served = Served::new("--control");
    let token = served.token.as_deref().unwrap();
    let half_a_body = format!(
        "POST /api/v1/orders/pause HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{",
        served.host
    );
    let idle = format!("GET /icon.svg HTTP/1.1\r\nHost: {}\r\n\r\n", served.host);
    for said in ["", "GET / HTTP/1.1\r\nHost: 127", &half_a_body, &idle] {
        let mut open: Vec<TcpStream> = (0..3 * MANY)
            .map(|_| {
                let mut stream = served.connect();
                // It may have lost its place already.
                let _ = stream.write_all(said.as_bytes());
                stream
            })
            .collect();
        for _ in 0..5 {
            served.get("/api/v1/snapshot").is(200);
        }
        // The time that a head may take is not over: the last that came still have their place.
        let last = open.last_mut().unwrap();
        last.set_nonblocking(true).unwrap();
        let mut rest = [0; 65_536];
        let still_open = loop {
            match last.read(&mut rest) {
                Ok(0) => break false,
                Ok(_) => {}
                Err(error) => break error.kind() == std::io::ErrorKind::WouldBlock,
            }
        };
        assert!(
            still_open,
            "it was not answered before the others had lost their places: {said:?}"
        );
    }
    assert_eq!(served.get("/api/v1/snapshot").json()["control"]["paused"], false);
}

/// Reads of the database wait for one another; those that nobody waits for any more are not done.
#[test]
fn reads_that_were_given_up_do_no_harm() {
    let served = Served::new("--control");
    let request = format!("GET /api/v1/plan HTTP/1.1\r\nHost: {}\r\n\r\n", served.host);
    for _ in 0..3 * MANY {
        served.connect().write_all(request.as_bytes()).unwrap();
    }
    served.order("pause", "{}").is(200);
    served.get("/api/v1/plan").is(200);
}

/// Pages that are live keep a connection each: some are left for everything else.
#[test]
fn too_many_live_pages_are_refused() {
    let served = Served::new("");
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", served.host);
    let mut live = Vec::new();
    let mut refused = 0;
    for _ in 0..20 {
        let mut stream = served.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        match &head[9..] {
            b"200" => live.push(stream),
            b"503" => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((live.len(), refused), (16, 4));
    served.get("/api/v1/snapshot").is(200);
    drop(live);
    for _ in 0..100 {
        let mut stream = served.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        if &head[9..] == b"200" {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the streams that ended were never given back");
}
