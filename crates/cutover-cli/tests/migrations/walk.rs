//! Commands and writes at random: rows, changes of the schema, dropped triggers, kills. At each
//! step, what `next:` names is accepted, or finds rows that are in its way and is not named again; what `allowed` holds is accepted, and what `blocked`
//! names is refused with that reason. At the end the way out works, and the old rows are those
//! of a twin.

use fastrand::Rng;
use rusqlite::Connection;
use serde_json::Value;
use testkit::program::Outcome;

use crate::scene::{Scene, rows};

const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT, g INT);
    INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 1), (3, NULL, 2), (4, 'd', NULL);";

const MIGRATIONS: [&str; 4] = [
    "CREATE TABLE new.u (id INTEGER PRIMARY KEY, w TEXT, g INT);
     INSERT INTO new.u (id, w, g) SELECT id, w, g FROM old.t;
     INSERT INTO old.t (id, w, g) SELECT id, w, g FROM new.u;",
    "CREATE TABLE new.t (id INTEGER PRIMARY KEY, w TEXT, h INT);
     INSERT INTO new.t (id, w, h) SELECT id, w, g FROM old.t;
     INSERT INTO old.t (id, w, g) SELECT id, w, h FROM new.t;",
    "CREATE TABLE new.texts (id INTEGER PRIMARY KEY, w TEXT);
     CREATE TABLE new.parts (id INTEGER PRIMARY KEY, g INT);
     INSERT INTO new.texts (id, w) SELECT id, w FROM old.t;
     INSERT INTO new.parts (id, g) SELECT id, g FROM old.t;
     INSERT INTO old.t (id, w, g) SELECT a.id, a.w, b.g FROM new.texts a JOIN new.parts b ON b.id = a.id;",
    // What programs write while triggers are missing may not fit.
    "CREATE TABLE new.v (id INTEGER PRIMARY KEY, w TEXT UNIQUE, g INT CHECK (g < 9));
     INSERT INTO new.v (id, w, g) SELECT id, w, g FROM old.t;
     INSERT INTO old.t (id, w, g) SELECT id, w, g FROM new.v;",
];

struct Walk {
    scene: Scene,
    rng: Rng,
    /// The old table as it would be without a migration.
    twin: Connection,
    /// What was done, to be told where it fails.
    story: Vec<String>,
}

#[test]
fn what_is_told_is_so() {
    let seeds = std::env::var("CUTOVER_WALK_SEED").ok().and_then(|seed| seed.parse().ok());
    let (first, walks) = seeds.map_or((1, 9), |seed: u64| (seed, 1));
    for seed in first..first + walks {
        Walk::begin(seed).go(30);
    }
}

impl Walk {
    fn begin(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let scene = Scene::set(SCHEMA, MIGRATIONS[rng.usize(..MIGRATIONS.len())]);
        scene.exits(0, if rng.bool() { "start FILE" } else { "start FILE --no-backfill" });
        let twin = Connection::open_in_memory().unwrap();
        twin.execute_batch(SCHEMA).unwrap();
        Self { scene, rng, twin, story: vec![format!("seed {seed}")] }
    }

    fn go(mut self, steps: u32) {
        for _ in 0..steps {
            match self.rng.u8(..12) {
                0..=3 => self.write(),
                4 => self.change_the_schema(),
                5 => self.steer(),
                6 => self.kill(),
                7 => self.try_what_is_blocked(),
                8..=9 => self.do_what_is_allowed(),
                _ => self.do_what_is_next(),
            }
        }
        self.leave();
    }

    fn fail(&self, what: &str) -> ! {
        panic!("{what}\n{}", self.story.join("\n"))
    }

    fn run(&mut self, line: &str) -> Outcome {
        let outcome = self.scene.cutover.run(&self.scene.words(line));
        self.story
            .push(format!("{line}: exit {:?}\n{}{}", outcome.code, outcome.stdout, outcome.stderr));
        outcome
    }

    fn status(&mut self) -> Value {
        let status = self.scene.status();
        let told = ["phase", "backfill", "control", "drift", "allowed", "blocked", "next"];
        let told: Vec<_> = told.iter().map(|key| format!("{key} {}", status[key])).collect();
        self.story.push(told.join(", "));
        status
    }

    /// A program writes to the old table, as it would without a migration. Where that refuses
    /// it, the twin doesn't get it.
    fn write(&mut self) {
        let id = self.rng.u8(1..9);
        let sql = match self.rng.u8(..6) {
            0 => format!("INSERT OR REPLACE INTO t (id, w) VALUES ({id}, 'n{id}')"),
            1 => format!("UPDATE t SET w = ifnull(w, '') || 'x' WHERE id >= {id}"),
            2 => format!("UPDATE t SET id = id + 20 WHERE id = {id}"),
            3 => format!("INSERT OR REPLACE INTO t (id, w) VALUES ({id}, 'a')"),
            4 => format!("UPDATE t SET g = {id} + 4 WHERE id >= {id}"),
            _ => format!("DELETE FROM t WHERE id = {id}"),
        };
        let phase = self.scene.phase();
        if !matches!(phase.as_str(), "dual-write" | "read-new") {
            return;
        }
        let written = self.scene.conn().execute_batch(&sql);
        self.story.push(format!("{sql}: {written:?}"));
        if written.is_ok() {
            self.twin.execute_batch(&sql).unwrap();
        }
    }

    fn change_the_schema(&mut self) {
        let conn = self.scene.conn();
        let phase = self.scene.phase();
        let own = |sql: &str| -> Option<String> { conn.query_row(sql, [], |row| row.get(0)).ok() };
        let sql = match self.rng.u8(..6) {
            0 | 1 => own("SELECT 'DROP TRIGGER \"' || name || '\"' FROM sqlite_schema
                          WHERE type = 'trigger' AND name LIKE '\\_cutover\\_%' ESCAPE '\\'
                          AND tbl_name NOT LIKE '\\_cutover%' ESCAPE '\\' ORDER BY random() LIMIT 1"),
            2 => own("SELECT 'DROP VIEW ' || name FROM sqlite_schema WHERE name = 'cutover_live_t'"),
            // In place it would be the new table, where writes enter it.
            3 if matches!(phase.as_str(), "dual-write" | "read-new") => {
                let added = conn.prepare("SELECT extra FROM t").is_ok();
                let what = if added { "DROP" } else { "ADD" };
                Some(format!("ALTER TABLE t {what} COLUMN extra"))
            }
            4 => own("SELECT 'UPDATE ' || name || ' SET depth = 1' FROM sqlite_schema
                      WHERE name = '_cutover_1_syncing'"),
            _ => Some("CREATE INDEX IF NOT EXISTS theirs ON t(w)".to_owned()),
        };
        if let Some(sql) = sql {
            let changed = conn.execute_batch(&sql);
            self.story.push(format!("{sql}: {changed:?}"));
        }
    }

    fn steer(&mut self) {
        let line = *self.rng.choice(&["pause", "resume", "postpone", "unpostpone"]).unwrap();
        self.run(line);
    }

    /// Kills a command somewhere, and looks at once: it is not waited for.
    fn kill(&mut self) {
        let phase = self.scene.phase();
        let lines: &[&[&str]] =
            &[&["backfill"], &["repair"], &["verify"], &["advance"], &["rollback"]];
        let line = *self.rng.choice(lines).unwrap();
        if line == ["advance"] && phase == "new-only" {
            return;
        }
        let after = std::time::Duration::from_micros(self.rng.u64(..60_000));
        let outcome = self.scene.cutover.spawn(line).kill_after(after);
        self.story.push(format!("{line:?} killed after {after:?}: {:?}", outcome.code));
        let status = self.status();
        if status["lease"] != Value::Null {
            self.fail("an operator that was killed is shown as at work");
        }
    }

    /// What goes chunk by chunk stands still while it is paused.
    fn would_wait(status: &Value, action: &str) -> bool {
        let chunks = matches!(action, "backfill" | "repair")
            || action == "rollback" && status["phase"] == "new-only";
        status["control"]["paused"] == true && chunks
    }

    fn line(status: &Value, action: &str) -> Option<String> {
        match action {
            // That would be the end of the walk.
            "advance" if status["phase"] == "new-only" => None,
            "abort" | "start" => None,
            _ if Self::would_wait(status, action) => None,
            "advance" => Some("advance --yes".to_owned()),
            action => Some(action.to_owned()),
        }
    }

    fn do_what_is_allowed(&mut self) {
        let status = self.status();
        let allowed = status["allowed"].as_array().unwrap();
        let Some(action) = self.rng.choice(allowed).and_then(Value::as_str) else { return };
        let Some(line) = Self::line(&status, action) else { return };
        let outcome = self.run(&line);
        // Rows that differ are found by looking at all of them.
        let rows =
            outcome.stderr.contains(" where ") || action == "verify" && outcome.code == Some(1);
        if outcome.code != Some(0) && !rows {
            self.fail(&format!("{action} is allowed, and is not accepted"));
        }
    }

    fn try_what_is_blocked(&mut self) {
        let status = self.status();
        let blocked = status["blocked"].as_array().unwrap();
        let Some(blocked) = self.rng.choice(blocked) else { return };
        let (action, reason) =
            (blocked["action"].as_str().unwrap(), blocked["reason"].as_str().unwrap());
        let line = if action == "advance" { "advance --yes" } else { action };
        let outcome = self.run(line);
        if outcome.code != Some(3) || !outcome.stderr.contains(reason) {
            self.fail(&format!("{action} is blocked: {reason}"));
        }
        if self.scene.status()["phase"] != status["phase"] {
            self.fail(&format!("{action} is blocked, and the phase has changed"));
        }
    }

    /// Types what the `next:` line says.
    fn do_what_is_next(&mut self) {
        let status = self.status();
        let text = self.run("status").stdout;
        let next = text.split("next:").nth(1).unwrap_or_default();
        let named =
            next.lines().find_map(|line| Some(line.trim().split_once("cutover ")?.1.to_owned()));
        let told = status["next"][0]["action"].as_str();
        let Some(named) = named else {
            assert_eq!(told, None, "{}", self.story.join("\n"));
            return;
        };
        let words: Vec<&str> = named.split_whitespace().collect();
        assert_eq!(told, words.first().copied(), "{}", self.story.join("\n"));
        let Some(line) = Self::line(&status, words[0]) else {
            assert!(!Self::would_wait(&status, words[0]), "{}", self.story.join("\n"));
            return;
        };
        let outcome = self.run(&line);
        let rows = outcome.code == Some(3) && outcome.stderr.contains("of v would have the same")
            || outcome.stderr.contains("v can't hold");
        if outcome.code != Some(0) && !rows {
            self.fail(&format!("`next:` names {named}"));
        }
        // Only by looking at all rows is it found which don't fit: once.
        let then = self.status()["next"][0]["action"].clone();
        if rows && then == words[0] {
            self.fail(&format!("`next:` names {named} again"));
        }
    }

    /// What `next:` says leads out of any mess, to where the migration can be left.
    fn leave(&mut self) {
        self.run("resume");
        self.run("unpostpone");
        for _ in 0..20 {
            let status = self.status();
            let out = matches!(status["phase"].as_str().unwrap(), "dual-write" | "read-new");
            if out {
                break;
            }
            let next = status["next"][0]["action"].as_str();
            let line = if next == Some("repair") { "repair" } else { "rollback" };
            if self.run(line).code != Some(0) {
                self.fail("there is no way out");
            }
        }
        // What the mirror alone holds is kept: rows that were deleted while triggers were missing.
        if self.run("abort --yes").code != Some(0) {
            self.fail("it can't be left");
        }
        let sql = "SELECT id, w, g FROM t ORDER BY id";
        assert_eq!(
            rows(&self.scene.conn(), sql),
            rows(&self.twin, sql),
            "{}",
            self.story.join("\n")
        );
    }
}
