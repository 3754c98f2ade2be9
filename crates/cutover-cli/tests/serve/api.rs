//! The answers, held to the OpenAPI document, and the document, held to the routes.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use super::support::{SPLIT, Served, run, started, started_with};

const DOCUMENT: &str = include_str!("../../src/serve/openapi.json");

/// The document, with nothing allowed that it doesn't name: a key that an answer has and the
/// document lacks is a fault of one of them.
struct Described {
    document: Value,
    schemas: Schemas,
    compiler: Compiler,
}

impl Described {
    fn new() -> Self {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let mut strict = document.clone();
        close(&mut strict["components"]["schemas"]);
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource("http://cutover/api.json", strict).unwrap();
        Self { document, schemas: Schemas::new(), compiler }
    }

    fn schema(&mut self, pointer: &str) -> SchemaIndex {
        let place = format!("http://cutover/api.json#{pointer}");
        self.compiler.compile(&place, &mut self.schemas).unwrap()
    }

    /// Holds a value to the schema at a place of the document.
    #[track_caller]
    fn holds(&mut self, value: &Value, pointer: &str) {
        let schema = self.schema(pointer);
        if let Err(error) = self.schemas.validate(value, schema) {
            panic!("{pointer}: {error:#}\n{value:#}");
        }
    }

    #[track_caller]
    fn answer(&mut self, path: &str, method: &str, status: &str, value: &Value) {
        let escaped = path.replace('/', "~1");
        let place =
            format!("/paths/{escaped}/{method}/responses/{status}/content/application~1json");
        self.holds(value, &format!("{place}/schema"));
    }
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && map.contains_key("type") {
                map.insert("additionalProperties".to_owned(), json!(false));
            }
            map.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

fn everything(served: &Served, described: &mut Described) {
    for path in ["snapshot", "points", "history", "plan", "differences", "orders"] {
        let path = format!("/api/v1/{path}");
        let answer = served.get(&path).is(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        described.answer(&path, "get", "200", &answer.json());
    }
    described.holds(&served.look(), "/components/schemas/Look");
}

/// In each phase, with work under way, differences and orders, so that what may be null isn't.
#[test]
fn every_answer_is_as_the_document_describes_it() {
    let mut described = Described::new();
    let served = Served::on(started(60_000), "--control");
    everything(&served, &mut described);
    run(&served.dir, "pace --stall 1 --rows-per-second 4000");
    let begun = served.order("backfill", "{}").is(202).json();
    described.answer("/api/v1/orders/backfill", "post", "202", &begun);
    served.until("rows pass", |seen| seen["work"]["done"].as_u64() > Some(0));
    everything(&served, &mut described);
    let done = served.order("pace", r#"{"pace":"fast"}"#).is(200).json();
    described.answer("/api/v1/orders/pace", "post", "200", &done);
    served.until("it is filled", |seen| seen["backfill"]["complete"] == true);
    for phase in ["read-new", "write-new", "new-only"] {
        run(&served.dir, "advance");
        served.until(phase, |seen| seen["phase"] == phase);
        everything(&served, &mut described);
    }
    let refused = served.order("advance", "{}").is(202).json();
    described.answer("/api/v1/orders/advance", "post", "202", &refused);
    run(&served.dir, "advance --to retired --yes");
    served.until("retired", |seen| seen["phase"] == "retired");
    let plan = served.get("/api/v1/plan").is(409);
    assert_eq!(plan.header("content-type"), Some("application/problem+json"));
    described.holds(&plan.json(), "/components/schemas/Problem");
}

const IN_PLACE: &str = "\
CREATE TABLE new.clients (id INTEGER PRIMARY KEY, name TEXT NOT NULL, street TEXT, city TEXT, seen INTEGER);
CREATE INDEX new.by_city ON clients(city);
INSERT INTO new.clients (id, name, street, city) SELECT id, name, street, city FROM old.clients;
INSERT INTO old.clients (id, name, street, city) SELECT id, name, street, city FROM new.clients;
";

/// The plan of a migration that was started is `cutover plan`'s, step by step, until the tables
/// have been handed over; from then on what is still to come is.
#[test]
fn the_plan_stays_what_it_was() {
    for text in [SPLIT, IN_PLACE] {
        let served = Served::on(started_with(text, 2000), "");
        let plan =
            || served.get("/api/v1/plan").is(200).json()["steps"].as_array().unwrap().clone();
        let line = "plan split-address.sql --json";
        let offline: Value = serde_json::from_str(&run(&served.dir, line)).unwrap();
        let before = plan();
        assert_eq!(json!(before), offline["steps"]);
        run(&served.dir, "backfill");
        run(&served.dir, "advance --to read-new");
        assert_eq!(plan(), before);
        for phase in ["write-new", "new-only"] {
            run(&served.dir, "advance");
            let after = plan();
            assert_eq!(after.len(), before.len());
            for (then, now) in before.iter().zip(&after) {
                assert_eq!(then["step"], now["step"]);
                // Where the tables have been handed over, it says so.
                let entered = then["step"].as_str().unwrap().starts_with("read-new to ");
                if !entered {
                    assert_eq!(then, now, "in {phase}");
                }
            }
        }
    }
}

#[test]
fn what_status_prints_is_what_the_api_gives() {
    let served = Served::new("");
    let mut ours = served.get("/api/v1/snapshot").is(200).json();
    let mut printed: Value = serde_json::from_str(&run(&served.dir, "status --json")).unwrap();
    // Of a moment, and of two looks; and commands that can be pasted.
    for key in ["at", "writes", "blocked", "wal_bytes", "wal_pending_bytes", "free_bytes"] {
        ours[key] = Value::Null;
        printed[key] = Value::Null;
    }
    // `status` sees the server.
    let server = printed["writers"]["processes"][0]["command"].take();
    assert!(server.as_str().is_some_and(|command| command.contains("serve")), "{server}");
    for seen in [&mut ours, &mut printed] {
        seen["writers"]["processes"] = Value::Null;
    }
    assert_eq!(ours, printed);
}

/// Every path that is described is answered, and no other is.
#[test]
fn the_document_and_the_routes_agree() {
    let served = Served::new("--control");
    let served_document = served.get("/api/v1/openapi.json").is(200).json();
    let Described { document, .. } = Described::new();
    assert_eq!(served_document, document);
    for (path, methods) in document["paths"].as_object().unwrap() {
        if path.ends_with("/events") {
            continue;
        }
        for method in ["get", "post"] {
            let described = methods.get(method).is_some();
            // Without the token: an order that is taken would be one too many.
            let answer = served.send(&format!("{} {path}", method.to_uppercase()), &[], "");
            let expected = match (described, method) {
                (true, "post") => 401,
                (true, _) => 200,
                (false, _) => 405,
            };
            assert_eq!(answer.status, expected, "{method} {path}: {answer:?}");
        }
    }
    for path in ["/api", "/api/v1", "/api/v1/", "/api/v1/else", "/..", "/page.js.map"] {
        let problem = served.get(path).is(404);
        assert_eq!(problem.header("content-type"), Some("application/problem+json"), "{path}");
    }
    served.order("retire", "{}").is(404);
}

/// Of a migration that can't be read any more the last that was seen isn't given as if it were
/// so now.
#[test]
fn a_look_that_fails_is_told() {
    let served = Served::new("");
    served.open().execute_batch("DELETE FROM _cutover_migrations").unwrap();
    let mut answer = served.get("/api/v1/snapshot");
    for _ in 0..300 {
        if answer.status != 200 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        answer = served.get("/api/v1/snapshot");
    }
    assert!(answer.is(503).json()["detail"].as_str().unwrap().contains("split-address"));
    let look = served.look();
    assert!(look["error"].as_str().unwrap().contains("split-address"), "{look}");
    assert_eq!(look["snapshot"]["phase"], "dual-write", "what was seen last");
    assert!(look["point"].is_null());
    assert!(served.get("/metrics").is(200).body.contains("\ncutover_up 0\n"));
}
