//! Who is let in: hosts, origins, tokens, addresses; and what every answer carries.

use super::support::{Served, command, run, started};

const PATHS: [&str; 11] = [
    "/",
    "/page.css",
    "/page.js",
    "/icon.svg",
    "/api/v1/snapshot",
    "/api/v1/points",
    "/api/v1/history",
    "/api/v1/plan",
    "/api/v1/differences",
    "/api/v1/orders",
    "/metrics",
];

fn journal(served: &Served) -> String {
    run(&served.dir, "history --json")
}

/// A page whose name was made to lead to 127.0.0.1 sends its own name.
#[test]
fn another_host_is_refused() {
    let served = Served::new("--control");
    let port = served.host.rsplit_once(':').unwrap().1.to_owned();
    let before = journal(&served);
    for host in [
        format!("evil.example:{port}"),
        "evil.example".to_owned(),
        format!("127.0.0.1.evil.example:{port}"),
        "127.0.0.1:1".to_owned(),
        "127.0.0.1".to_owned(),
        String::new(),
    ] {
        let line = format!("Host: {host}");
        for path in PATHS {
            served.raw(&format!("GET {path}"), &[&line], "").is(421);
        }
        let token = format!("Authorization: Bearer {}", served.token.as_deref().unwrap());
        let lines = [line.as_str(), "Content-Type: application/json", &token];
        served.raw("POST /api/v1/orders/pause", &lines, "{}").is(421);
    }
    served.raw("GET /", &[], "").is(400);
    let ours = format!("Host: {}", served.host);
    served.raw("GET /", &[&ours, "Host: evil.example"], "").is(400);
    served.raw("GET /", &[&format!("Host: localhost:{port}")], "").is(200);
    assert_eq!(journal(&served), before);
}

#[test]
fn a_host_that_was_named_is_let_in() {
    let served = Served::new("--allow-host db.example");
    served.raw("GET /api/v1/snapshot", &["Host: db.example"], "").is(200);
    served.raw("GET /api/v1/snapshot", &["Host: other.example"], "").is(421);
}

/// Neither an order, even with the token, nor what there is to be read.
#[test]
fn another_page_is_refused() {
    let served = Served::new("--control");
    let token = format!("Authorization: Bearer {}", served.token.as_deref().unwrap());
    let ours = format!("Origin: http://{}", served.host);
    let before = journal(&served);
    for lines in [
        vec!["Origin: http://evil.example"],
        vec!["Origin: null"],
        vec!["Origin: http://127.0.0.1:1"],
        vec!["Sec-Fetch-Site: cross-site"],
        vec!["Sec-Fetch-Site: same-site"],
        vec![ours.as_str(), "Sec-Fetch-Site: cross-site"],
    ] {
        for path in PATHS.iter().filter(|path| **path != "/") {
            served.send(&format!("GET {path}"), &lines, "").is(403);
        }
        let order =
            [lines.as_slice(), &[token.as_str(), "Content-Type: application/json"]].concat();
        served.send("POST /api/v1/orders/pause", &order, "{}").is(403);
    }
    // What a form of another page can send, should a browser tell nothing of where it is from.
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    {
        let line = format!("Content-Type: {content_type}");
        served.send("POST /api/v1/orders/pause", &[token.as_str(), &line], "{}").is(415);
    }
    assert_eq!(journal(&served), before);
    // A link to the page may be anywhere.
    served.send("GET /", &["Sec-Fetch-Site: cross-site"], "").is(200);
}

/// A browser asks first whether another page may; there is no answer that lets it.
#[test]
fn a_preflight_gets_no_permission() {
    let served = Served::new("--control");
    let asked = [
        "Origin: http://evil.example",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization",
    ];
    let answer = served.send("OPTIONS /api/v1/orders/pause", &asked, "");
    assert!(answer.status >= 400, "{answer:?}");
    assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control")));
}

#[test]
fn orders_take_the_token_and_showing_doesnt() {
    let served = Served::new("--control");
    let token = served.token.clone().unwrap();
    let before = journal(&served);
    let wrong = token.replace(token.chars().next().unwrap(), "x");
    let json = "Content-Type: application/json";
    for line in [
        "X: y".to_owned(),
        "Authorization: Bearer".to_owned(),
        "Authorization: Bearer ".to_owned(),
        format!("Authorization: Bearer {wrong}"),
        format!("Authorization: Bearer {}", &token[1..]),
        format!("Authorization: Bearer {token}0"),
        format!("Authorization: Basic {token}"),
        format!("Cookie: token={token}"),
    ] {
        let answer = served.send("POST /api/v1/orders/pause", &[json, &line], "{}").is(401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    served.send(&format!("POST /api/v1/orders/pause?token={token}"), &[json], "{}").is(401);
    assert_eq!(journal(&served), before);
    served.get("/api/v1/snapshot").is(200);
    // A script with the token is no page: it has no Origin.
    let line = format!("Authorization: Bearer {token}");
    served.send("POST /api/v1/orders/pause", &[json, &line], "{}").is(200);
}

/// The token is in the server's memory and on the operator's terminal, nowhere else.
#[test]
fn the_token_is_stored_nowhere() {
    let served = Served::new("--control");
    let token = served.token.clone().unwrap();
    served.order("pause", "{}").is(200);
    for path in PATHS {
        let answer = served.get(path);
        assert!(!answer.body.contains(&token), "{path}");
    }
    for file in std::fs::read_dir(served.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|it| it == token.as_bytes()));
    }
}

#[test]
fn without_control_nothing_can_be_ordered() {
    let served = Served::new("");
    assert_eq!(served.token, None);
    let before = journal(&served);
    for order in ["pause", "advance", "rollback", "verify"] {
        let path = format!("POST /api/v1/orders/{order}");
        let answer = served.send(&path, &["Content-Type: application/json"], "{}").is(403);
        assert!(answer.json()["hint"].as_str().unwrap().contains("--control"));
    }
    assert_eq!(journal(&served), before);
}

#[test]
fn a_private_server_shows_nothing_without_the_token() {
    let served = Served::new("--private");
    let line = format!("Authorization: Bearer {}", served.token.as_deref().unwrap());
    for path in &PATHS[4..] {
        served.get(path).is(401);
        served.send(&format!("GET {path}"), &[&line], "").is(200);
    }
    served.get("/api/v1/events").is(401);
    // The page holds nothing of the migration; it asks for the token.
    assert!(!served.get("/").is(200).body.contains("split-address"));
}

#[test]
fn an_address_that_others_reach_is_refused() {
    let dir = started(10);
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        for more in ["", "--control", "--private"] {
            let line = format!("serve --listen {address} {more}");
            let output = command(&dir, &line).output().unwrap();
            assert_eq!(output.status.code(), Some(3), "{line}");
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(told.contains("--i-know-this-is-exposed"), "{told}");
            assert!(output.stdout.is_empty(), "{line}");
        }
    }
}

/// Who insists gets a server that shows nothing without the token.
#[test]
fn an_exposed_server_takes_the_token_for_everything() {
    let served = Served::new("--listen 0.0.0.0:0 --i-know-this-is-exposed");
    served.get("/api/v1/snapshot").is(401);
    served.get("/metrics").is(401);
    let line = format!("Authorization: Bearer {}", served.token.as_deref().unwrap());
    served.send("GET /api/v1/snapshot", &[&line], "").is(200);
    let port = served.host.rsplit_once(':').unwrap().1.to_owned();
    let host = format!("Host: evil.example:{port}");
    served.raw("GET /api/v1/snapshot", &[&host, &line], "").is(421);
}

/// Also where the answer is a refusal.
#[test]
fn every_answer_carries_the_headers() {
    let served = Served::new("");
    let answers = PATHS
        .into_iter()
        .map(|path| served.get(path))
        .chain([served.get("/nowhere"), served.raw("GET /", &["Host: evil.example"], "")]);
    for answer in answers {
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control")));
        assert!(answer.header("set-cookie").is_none());
    }
}
