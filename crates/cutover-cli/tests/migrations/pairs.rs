//! Several migrations in one database: which may run beside each other, which of them a command
//! means, and leaving one whatever became of its tables.

use testkit::program::Outcome;

use crate::scene::{Scene, json};

const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, w TEXT);
    CREATE TABLE u (id INTEGER PRIMARY KEY, w TEXT, t INT);
    CREATE TABLE v (id INTEGER PRIMARY KEY, w TEXT);
    INSERT INTO t VALUES (1, 'a'), (2, 'b');
    INSERT INTO u VALUES (1, 'q', 1);
    INSERT INTO v VALUES (1, 'v');";

/// `from` becomes `to`.
fn moves(from: &str, to: &str) -> String {
    let more = if from == to { ", more TEXT" } else { "" };
    let columns = if from == "u" { "id, w, t" } else { "id, w" };
    let declared = if from == "u" { "w TEXT, t INT" } else { "w TEXT" };
    format!(
        "CREATE TABLE new.{to} (id INTEGER PRIMARY KEY, {declared}{more});
         INSERT INTO new.{to} ({columns}) SELECT {columns} FROM old.{from};
         INSERT INTO old.{from} ({columns}) SELECT {columns} FROM new.{to};"
    )
}

/// `u` becomes `z`, which holds something of a table that is only read.
fn reads(read: &str) -> String {
    format!(
        "CREATE TABLE new.z (id INTEGER PRIMARY KEY, w TEXT, t INT, tw TEXT);
         INSERT INTO new.z (id, w, t, tw) SELECT u.id, u.w, u.t, r.w FROM old.u u LEFT JOIN old.{read} r ON r.id = u.t;
         INSERT INTO old.u (id, w, t) SELECT id, w, t FROM new.z;"
    )
}

/// A database with two migration files beside it, `m1` and `m2`.
struct Pair {
    scene: Scene,
}

impl Pair {
    fn of(first: &str, second: &str) -> Self {
        let scene = Scene::set(SCHEMA, first);
        for (name, text) in [("m1", first), ("m2", second)] {
            std::fs::write(scene.db.with_file_name(format!("{name}.sql")), text).unwrap();
        }
        Self { scene }
    }

    /// Runs a command line in which `M1` and `M2` stand for the files.
    #[track_caller]
    fn exits(&self, code: i32, line: &str) -> Outcome {
        let file = |name: &str| self.scene.db.with_file_name(name).display().to_string();
        let word = |word: &str| match word {
            "M1" => file("m1.sql"),
            "M2" => file("m2.sql"),
            word => word.to_owned(),
        };
        // A directory's own name may have such letters in it.
        let words: Vec<String> = line.split(' ').map(word).collect();
        self.scene.exits(code, &words.join(" "))
    }

    /// Starts both though they meet, as an older version did.
    fn start_both(&self) {
        self.exits(0, "start M1");
        let phase = |phase: &str| {
            self.scene.sql(&format!(
                "UPDATE _cutover_migrations SET phase = '{phase}' WHERE name = 'm1'"
            ));
        };
        phase("retired");
        self.exits(0, "start M2");
        phase("dual-write");
    }

    fn phase(&self, name: &str) -> String {
        let line = format!("status --json --migration {name}");
        json(&self.exits(0, &line))["phase"].as_str().unwrap().to_owned()
    }

    /// What has a name of a migration's number, `DRIVEN` or not.
    fn numbered(&self, number: u8) -> Vec<String> {
        self.scene.rows(&format!(
            "SELECT name FROM sqlite_schema WHERE name LIKE '\\_cutover\\_{number}\\_%' ESCAPE '\\'"
        ))
    }
}

#[test]
fn what_one_replaces_another_does_not_touch() {
    for (first, second, table) in [
        (moves("t", "s"), moves("t", "x"), "table t"),
        (moves("t", "t"), moves("T", "x"), "table t"),
        (moves("t", "s"), reads("t"), "table t"),
        (moves("t", "t"), reads("T"), "table t"),
        (reads("t"), moves("t", "s"), "table t"),
        (reads("t"), moves("t", "t"), "table t"),
        (moves("t", "s"), moves("s", "x"), "table s"),
        (moves("t", "s"), reads("s"), "table s"),
        (moves("t", "s"), moves("s", "s"), "table s"),
    ] {
        let pair = Pair::of(&first, &second);
        pair.exits(0, "start M1");
        let before = pair.scene.dump();
        for line in ["start M2", "check M2"] {
            let refused = pair.exits(3, line);
            let said = format!("{}{}", refused.stdout, refused.stderr);
            assert!(said.contains(table) && said.contains("migration m1"), "{said}");
        }
        assert_eq!(pair.scene.dump(), before, "{second}");
        // It is free again when the first is left, or over.
        if table == "table t" {
            pair.exits(0, "abort");
            pair.exits(0, "start M2");
        }
    }
}

#[test]
fn what_both_merely_read_is_free() {
    let second = "
        CREATE TABLE new.y (id INTEGER PRIMARY KEY, w TEXT, tw TEXT);
        INSERT INTO new.y (id, w, tw) SELECT v.id, v.w, r.w FROM old.v v LEFT JOIN old.t r ON r.id = v.id;
        INSERT INTO old.v (id, w) SELECT id, w FROM new.y;";
    let pair = Pair::of(&reads("t"), second);
    pair.exits(0, "start M1");
    pair.exits(0, "start M2");
    let mut python = pair.scene.python();
    for name in ["m1", "m2"] {
        python.does("UPDATE t SET w = w || '!'");
        python.does("INSERT INTO t (w) VALUES ('x')");
        for step in
            ["advance --to new-only", "rollback --to dual-write", "advance --to retired --yes"]
        {
            pair.exits(0, &format!("{step} --migration {name}"));
            if name == "m1" {
                assert_eq!(json(&pair.exits(0, "verify --json --migration m2"))["ok"], true);
            }
        }
    }
    python.does("UPDATE t SET w = 'the application goes on'");
    for name in ["m1", "m2"] {
        pair.exits(0, &format!("forget {name}"));
    }
    let left = "SELECT name FROM sqlite_schema WHERE name LIKE '%cutover%'";
    assert_eq!(pair.scene.rows(left), [""; 0]);
}

/// Files of an older version hold pairs that could not begin today.
#[test]
fn a_gate_leaves_others_the_tables_they_read() {
    for (first, stays) in [(moves("t", "s"), "write-new"), (moves("t", "t"), "read-new")] {
        let pair = Pair::of(&first, &reads("t"));
        pair.start_both();
        let refused = pair.exits(3, "advance --to retired --yes --migration m1");
        assert!(refused.stderr.contains("migration m2"), "{}", refused.stderr);
        assert!(refused.stderr.contains("table t"), "{}", refused.stderr);
        assert_eq!(pair.phase("m1"), stays);
        let mut python = pair.scene.python();
        python.does("INSERT INTO u VALUES (2, 'old program', 2)");
        pair.exits(0, "abort --migration m2");
        pair.exits(0, "advance --to retired --yes --migration m1");
        python.does("INSERT INTO u VALUES (3, 'old program', 2)");
        assert_eq!(pair.scene.rows("SELECT count(*) FROM u"), ["Integer(3)"]);
    }
}

/// What an application did to the tables of a migration, and what it writes afterwards.
const DONE: [(&str, &str); 8] = [
    ("DROP TABLE t", "INSERT INTO u VALUES (7, 'x', 1)"),
    ("DROP TABLE z", "INSERT INTO u VALUES (7, 'x', 1)"),
    ("DROP TABLE u", "INSERT INTO t VALUES (7, 'x')"),
    ("ALTER TABLE t RENAME TO t_away", "INSERT INTO u VALUES (7, 'x', 1)"),
    ("ALTER TABLE u RENAME TO u_away", "INSERT INTO u_away VALUES (7, 'x', 1)"),
    ("ALTER TABLE z RENAME TO z_away", "INSERT INTO u VALUES (7, 'x', 1)"),
    (
        "PRAGMA legacy_alter_table = ON; CREATE TABLE u2 (id INTEGER PRIMARY KEY, w TEXT); DROP TABLE u; \
         ALTER TABLE u2 RENAME TO u",
        "INSERT INTO u VALUES (7, 'x')",
    ),
    ("DROP TABLE t; DROP TABLE u; DROP TABLE z", "INSERT INTO v VALUES (7, 'x')"),
];

#[test]
fn a_migration_is_left_whatever_became_of_its_tables() {
    for (done, write) in DONE {
        for phase in ["dual-write", "read-new"] {
            let pair = Pair::of(&moves("v", "y"), &reads("t"));
            pair.exits(0, "start M1");
            pair.exits(0, "start M2");
            pair.exits(0, &format!("advance --to {phase} --migration m2"));
            assert!(!pair.numbered(2).is_empty());
            pair.scene.sql(done);
            // It can't be verified any more, and says what is so.
            for line in ["verify", "repair", "advance", "backfill"] {
                let refused = pair.scene.cutover.run(&[line, "--migration", "m2"]);
                let said = refused.stderr;
                assert!(matches!(refused.code, Some(3 | 5)), "{line} after {done}: {said}");
                assert!(said.contains("cutover abort"), "{line} after {done}: {said}");
            }
            assert!(pair.exits(0, "status --migration m2").stdout.contains("drift"), "{done}");
            pair.exits(0, "abort --migration m2");
            assert_eq!(pair.numbered(2), [""; 0], "{done} in {phase}");
            assert_eq!(
                pair.scene.rows(
                    "SELECT name FROM sqlite_schema WHERE name IN ('z', 'z_away', 'cutover_live_u')"
                ),
                [""; 0],
                "{done} in {phase}"
            );
            pair.scene.python().does(write);
            // The other one goes on.
            pair.exits(0, "verify --migration m1");
            pair.exits(0, "advance --to retired --yes --migration m1");
        }
    }
}

#[test]
fn in_place_too_it_is_left_whatever_became_of_its_tables() {
    for done in ["DROP TABLE t", "DROP TABLE _cutover_new_t", "ALTER TABLE t RENAME TO away"] {
        let scene = Scene::set(SCHEMA, &moves("t", "t"));
        scene.exits(0, "start FILE");
        scene.sql(done);
        scene.exits(0, "abort");
        let left = "SELECT name FROM sqlite_schema WHERE name LIKE '\\_cutover\\_1\\_%' ESCAPE '\\' \
                    OR name IN ('_cutover_new_t', 'cutover_live_t')";
        assert_eq!(scene.rows(left), [""; 0], "{done}");
        scene.python().does("INSERT INTO u VALUES (7, 'x', 1)");
    }
}

/// What was recorded by another version, in a text that this one does not read.
#[test]
fn a_text_that_is_not_read_any_more_keeps_nobody_from_leaving() {
    let pair = Pair::of(&moves("t", "s"), &moves("v", "y"));
    pair.exits(0, "start M1");
    pair.exits(0, "start M2");
    pair.scene.sql("UPDATE _cutover_migrations SET text = 'CREATE VIEW nobody' WHERE name = 'm2'");
    assert!(pair.exits(0, "status").stdout.contains("m2"));
    pair.exits(0, "list");
    pair.exits(3, "verify --migration m2");
    pair.exits(0, "abort --migration m2");
    assert_eq!(pair.numbered(2), [""; 0]);
    let left = "SELECT name FROM sqlite_schema WHERE name IN ('y', 'cutover_live_v')";
    assert_eq!(pair.scene.rows(left), [""; 0]);
    assert_eq!(pair.scene.rows("SELECT count(*) FROM cutover_live_t"), ["Integer(2)"]);
    pair.scene.python().does("INSERT INTO v VALUES (7, 'x')");
    pair.exits(0, "verify --migration m1");
}

#[test]
fn commands_take_the_one_that_is_under_way() {
    let pair = Pair::of(&moves("t", "s"), &moves("u", "z"));
    pair.exits(0, "start M1");
    pair.exits(0, "start M2");
    for line in ["advance", "verify", "rollback", "abort", "repair", "backfill", "pause"] {
        let which = pair.exits(5, line);
        assert!(which.stderr.contains("m1, m2"), "{line}: {}", which.stderr);
        assert!(which.stderr.contains("--migration"), "{line}: {}", which.stderr);
    }
    let status = pair.exits(0, "status").stdout;
    assert!(status.contains("m1  dual-write") && status.contains("m2  dual-write"), "{status}");
    let status = json(&pair.exits(0, "status --json"));
    assert_eq!(status["migrations"].as_array().unwrap().len(), 2);
    assert_eq!(status["migrations"][1]["migration"], "m2");
    assert_eq!(json(&pair.exits(0, "status --json --migration m1"))["migration"], "m1");
    let history = pair.exits(0, "history").stdout;
    assert!(history.contains("m1") && history.contains("m2"), "{history}");
    let entries = json(&pair.exits(0, "history --json"));
    let ids: Vec<i64> =
        entries.as_array().unwrap().iter().map(|entry| entry["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted() && ids.len() >= 4, "{entries}");

    pair.exits(0, "advance --migration m1 --to retired --yes");
    pair.exits(0, "advance");
    assert_eq!(pair.phase("m2"), "read-new");
    pair.exits(0, "verify");
    let list = json(&pair.exits(0, "list --json"));
    let states: Vec<&str> = list["migrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["retired", "under-way"]);
    let list = pair.exits(0, "list").stdout;
    assert!(list.contains("m1") && list.contains("under way"), "{list}");
    pair.exits(0, "advance --to retired --yes");
    let none = pair.exits(5, "advance");
    assert!(none.stderr.contains("none under way"), "{}", none.stderr);
}

#[test]
fn forget_leaves_no_trace_and_nothing_that_is_needed_goes() {
    let pair = Pair::of(&moves("t", "s"), &moves("u", "u"));
    pair.exits(0, "start M1");
    let before = pair.scene.dump();
    let refused = pair.exits(3, "forget m1");
    assert!(refused.stderr.contains("under way"), "{}", refused.stderr);
    assert_eq!(pair.scene.dump(), before);
    pair.exits(5, "forget nobody");
    pair.exits(0, "advance --to new-only");
    pair.exits(3, "forget m1");
    pair.exits(0, "advance --to retired --yes");
    pair.exits(0, "start M2");
    pair.exits(0, "advance --to write-new");
    // Rows that the old table can't have are kept at the rollback.
    pair.scene.sql("INSERT INTO u (id, w, t, more) VALUES (5, 'only new', 1, 'more')");
    let forgotten = json(&pair.exits(0, "forget m1 --json"));
    assert_eq!((&forgotten["migration"], &forgotten["clean"]), (&"m1".into(), &false.into()));
    assert_eq!(pair.scene.rows("SELECT name FROM sqlite_schema WHERE name = 't'"), [""; 0]);
    pair.exits(0, "verify");
    pair.scene.sql("ANALYZE");
    pair.exits(0, "advance --to retired --yes");
    pair.scene.sql(
        "CREATE TABLE _cutover_kept_u (id, w, _migration, _kept_at);
         INSERT INTO _cutover_kept_u VALUES (8, 'x', 'm2', ''), (9, 'y', 'm2', '')",
    );
    let before = pair.scene.dump();
    for line in ["forget m2", "forget m2 --drop-kept", "forget m2 --yes"] {
        let refused = pair.exits(3, line);
        for word in ["2 rows", "_cutover_kept_u", "--drop-kept --yes"] {
            assert!(refused.stderr.contains(word), "{word}: {}", refused.stderr);
        }
        assert_eq!(pair.scene.dump(), before);
    }
    let forgotten = json(&pair.exits(0, "forget m2 --drop-kept --yes --json"));
    assert_eq!((&forgotten["dropped"][0]["rows"], &forgotten["clean"]), (&2.into(), &true.into()));
    for table in ["sqlite_schema", "sqlite_stat1"] {
        let column =
            if table == "sqlite_schema" { "name" } else { "tbl || ' ' || ifnull(idx, '')" };
        let left = format!("SELECT {column} FROM {table} WHERE {column} LIKE '%cutover%'");
        assert_eq!(pair.scene.rows(&left), [""; 0]);
    }
    pair.exits(5, "status");
    assert_eq!(json(&pair.exits(0, "list --json"))["migrations"], serde_json::json!([]));
}

/// Indexes made for the time of a migration, also on tables that are only read.
#[test]
fn indexes_of_ours_go_with_the_migration() {
    const MADE: &str = "SELECT name FROM sqlite_schema WHERE name GLOB '_cutover_[0-9]*_ix_*'";
    let migration = "
        CREATE TABLE new.n (a TEXT NOT NULL, b TEXT NOT NULL, c TEXT, tag TEXT, PRIMARY KEY (a, b));
        INSERT INTO new.n (a, b, c, tag) SELECT upper(o.k), o.k, o.c, g.tag FROM old.o o LEFT JOIN old.tags g ON g.k = o.k;
        INSERT INTO old.o (k, c) SELECT b, c FROM new.n;";
    let scene = Scene::set(
        "CREATE TABLE o (k TEXT PRIMARY KEY NOT NULL, c TEXT);
         CREATE TABLE tags (id INTEGER PRIMARY KEY, k TEXT UNIQUE, tag TEXT);
         INSERT INTO o VALUES ('a', 1), ('b', 2); INSERT INTO tags VALUES (1, 'a', 'x');",
        migration,
    );
    scene.exits(0, "start FILE");
    assert!(!scene.rows(MADE).is_empty());
    scene.exits(0, "abort");
    assert_eq!(scene.rows(MADE), [""; 0]);
    scene.exits(0, "start FILE");
    scene.exits(0, "advance --to retired --yes");
    assert_eq!(scene.rows(MADE), [""; 0]);
    assert_eq!(scene.rows("SELECT * FROM o ORDER BY k").len(), 2);
}

const ONLY_READ: &str = "
    CREATE TABLE new.things (id INTEGER PRIMARY KEY, name TEXT, first TEXT);
    CREATE TABLE new.labels (label TEXT PRIMARY KEY NOT NULL);
    CREATE TABLE new.named (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO new.things (id, name, first)
    SELECT i.id, i.name, l.label FROM old.items i LEFT JOIN old.item_labels l ON l.id = i.id;
    INSERT INTO new.labels (label) SELECT DISTINCT label FROM old.item_labels;
    INSERT INTO new.named (id, name) SELECT id, name FROM old.items;
    INSERT INTO old.items (id, name) SELECT id, name FROM new.named;";

/// A table that mappings only read goes on as it is; nothing calls that a difference.
#[test]
fn a_table_that_is_only_read_stays_live() {
    let scene = Scene::set(
        "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE item_labels (id INTEGER PRIMARY KEY, label TEXT NOT NULL);
         CREATE INDEX il ON item_labels (label);
         INSERT INTO items VALUES (1, 'a'), (2, 'b'); INSERT INTO item_labels VALUES (1, 'red');",
        ONLY_READ,
    );
    let checked = scene.exits(0, "check FILE").stdout;
    assert!(checked.contains("only reads item_labels"), "{checked}");
    scene.exits(0, "start FILE");
    let mut python = scene.python();
    let mut n = 10;
    let mut labels = |phase: &str| {
        n += 1;
        python.does(&format!("INSERT INTO item_labels VALUES ({n}, 'label {n}')"));
        python.does("UPDATE item_labels SET label = label || '.' WHERE id = 1");
        let verified = scene.exits(0, "verify");
        assert!(!verified.stdout.contains("repair"), "{phase}: {}", verified.stdout);
    };
    labels("dual-write");
    scene.exits(0, "advance --to write-new");
    labels("write-new");
    scene.exits(0, "repair");
    // A difference of what is followed is still found.
    scene.sql(
        "DROP TRIGGER _cutover_1_freeze_update_items; UPDATE items SET name = 'z' WHERE id = 1",
    );
    scene.exits(1, "verify");
    scene.exits(0, "repair");
    labels("write-new, repaired");
    scene.exits(0, "advance --to new-only");
    labels("new-only");
    scene.exits(0, "rollback --to write-new");
    labels("write-new again");
    scene.exits(0, "rollback --to dual-write");
    labels("dual-write again");
    assert_eq!(
        scene.rows("SELECT label FROM labels ORDER BY label"),
        scene.rows("SELECT DISTINCT label FROM item_labels ORDER BY label")
    );
    scene.exits(0, "advance --to retired --yes");
    scene.sql("INSERT INTO item_labels VALUES (99, 'late')");
    assert_eq!(scene.rows("SELECT count(*) FROM items"), ["Integer(2)"]);
}
