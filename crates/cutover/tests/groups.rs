//! Groups that are counted and added up as their rows change hold what the mapping gives, value
//! and storage class, after every statement: whatever the rows hold, and however they are written.

use cutover::{Engine, Migration, Options, Pace, Silent, StartOptions};
use fastrand::Rng;
use rusqlite::Connection;
use tempfile::TempDir;

const OLD: &str = "
CREATE TABLE sales (id INTEGER PRIMARY KEY, team TEXT, amount INTEGER, price REAL, word TEXT,
    sure INTEGER NOT NULL DEFAULT 3, state TEXT, code INTEGER UNIQUE,
    UNIQUE (team, word, price));
CREATE TABLE back (id INTEGER PRIMARY KEY);";

const TOTALS: &str = "team TEXT UNIQUE, rows INTEGER NOT NULL, amounts, total INTEGER, plain,
    least INTEGER, greatest NUMERIC, cheapest REAL, dearest REAL, first TEXT, last TEXT,
    sure INTEGER NOT NULL, surest INTEGER NOT NULL, label TEXT";

const GIVEN: &str = "SELECT team, count(*), count(amount), sum(amount), sum(amount),
    min(amount), max(amount), min(price), max(price), min(word), max(word), sum(sure), max(sure), 'a team'";

const OPEN: &str = "WHERE state IS NOT 'closed' AND sure BETWEEN 1 AND 90";

/// The migration: one table of all rows' totals, one of some rows'.
fn migration() -> String {
    let columns = "team, rows, amounts, total, plain, least, greatest, cheapest, dearest, first, last, sure, surest, label";
    format!(
        "CREATE TABLE new.everything ({TOTALS}); CREATE TABLE new.open ({TOTALS}, note TEXT);
         CREATE TABLE new.way (id INTEGER PRIMARY KEY);
         INSERT INTO new.everything ({columns}) {GIVEN} FROM old.sales GROUP BY team;
         INSERT INTO new.open ({columns}) {GIVEN} FROM old.sales {OPEN} GROUP BY team;
         INSERT INTO new.way (id) SELECT id FROM old.back;
         INSERT INTO old.back (id) SELECT id FROM new.way;"
    )
}

fn amount(rng: &mut Rng) -> String {
    const ODD: &[&str] = &[
        "NULL",
        "2.5",
        "0.5",
        "1e16",
        "0.6",
        "'12x'",
        "''",
        "x'00'",
        "9223372036854775807",
        "-9223372036854775808",
        "-9223372036854775808.0",
        "4294967296",
        "-4294967297",
        "9007199254740993",
        "9e999",
        "-9e999",
        "-0.0",
        "7.0",
        "' 7 '",
    ];
    match rng.u8(..100) {
        0..8 => "NULL".to_owned(),
        8..15 => ODD[rng.usize(..ODD.len())].to_owned(),
        _ => rng.i64(-9..=9).to_string(),
    }
}

fn pick(rng: &mut Rng, from: &[&str]) -> String {
    from[rng.usize(..from.len())].to_owned()
}

fn team(rng: &mut Rng) -> String {
    pick(rng, &["'a'", "'a'", "'b'", "'B'", "''", "NULL", "'rare'"])
}

fn state(rng: &mut Rng) -> String {
    pick(rng, &["'open'", "'closed'", "NULL", "7", "x'01'"])
}

fn row(rng: &mut Rng) -> String {
    format!(
        "({}, {}, {}, {}, {}, {}, {}, {})",
        if rng.bool() { "NULL".to_owned() } else { rng.i64(1..40).to_string() },
        team(rng),
        amount(rng),
        pick(rng, &["NULL", "1.5", "-0.0", "0", "2", "'dear'", "9e999"]),
        pick(rng, &["NULL", "'x'", "'X'", "'y '", "7", "x'ff'", "''"]),
        pick(rng, &["1", "2", "3", "100", "0", "2.5", "'many'"]),
        state(rng),
        if rng.bool() { "NULL".to_owned() } else { rng.i64(1..20).to_string() },
    )
}

fn change(rng: &mut Rng) -> String {
    match rng.u8(..9) {
        0 => format!("amount = {}", amount(rng)),
        1 => format!("amount = amount + {}", rng.i64(-3..4)),
        2 => format!("team = {}", team(rng)),
        3 => format!("state = {}", state(rng)),
        4 => format!("id = id + {}", rng.i64(1..4)),
        5 => format!("code = {}, amount = {}", rng.i64(1..20), amount(rng)),
        6 => format!("team = {}, amount = {}, sure = {}", team(rng), amount(rng), rng.i64(0..99)),
        7 => "word = upper(word), price = price * 2".to_owned(),
        _ => "team = team, amount = amount, state = state".to_owned(),
    }
}

fn statement(rng: &mut Rng) -> String {
    let clause = pick(rng, &["", "", "OR REPLACE", "OR REPLACE", "OR IGNORE", "OR FAIL"]);
    let from = rng.i64(1..40);
    let which = match rng.u8(..5) {
        0 => format!("team IS {}", team(rng)),
        1 => "1".to_owned(),
        2 => format!("id = {from}"),
        _ => format!("id BETWEEN {from} AND {}", from + rng.i64(0..8)),
    };
    match rng.u8(..20) {
        0..9 => {
            let rows: Vec<String> = (0..rng.usize(1..5)).map(|_| row(rng)).collect();
            format!("INSERT {clause} INTO sales VALUES {}", rows.join(", "))
        }
        9 => format!(
            "INSERT INTO sales VALUES {} ON CONFLICT DO UPDATE SET {}",
            row(rng),
            change(rng)
        ),
        10..16 => format!("UPDATE {clause} sales SET {} WHERE {which}", change(rng)),
        16..19 => format!("DELETE FROM sales WHERE {which}"),
        _ => pick(
            rng,
            &[
                "PRAGMA recursive_triggers = 1",
                "PRAGMA recursive_triggers = 0",
                "DELETE FROM sales WHERE id % 3 = 0",
                "UPDATE sales SET team = 'a' WHERE team = 'rare'",
            ],
        ),
    }
}

/// What a query gives, as its columns of a table of totals store it.
fn stored(program: &Connection, query: &str) -> rusqlite::Result<Vec<String>> {
    program.execute_batch(&format!(
        "DROP TABLE IF EXISTS temp.seen; CREATE TEMP TABLE seen ({TOTALS}); INSERT INTO temp.seen {query}"
    ))?;
    let mut rows = program.prepare("SELECT * FROM temp.seen ORDER BY team IS NULL, team")?;
    let columns = rows.column_count();
    rows.query_map([], |row| {
        let cells = (0..columns).map(|n| format!("{:?}", row.get_ref(n).unwrap()));
        Ok(cells.collect::<Vec<_>>().join(" "))
    })?
    .collect()
}

struct Case {
    engine: Engine,
    program: Connection,
    _dir: TempDir,
}

impl Case {
    fn new(rng: &mut Rng) -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("live.db");
        let program = Connection::open(&path).unwrap();
        program.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").unwrap();
        program.execute_batch(OLD).unwrap();
        for _ in 0..20 {
            let _ = program.execute_batch(&statement(rng));
        }
        // Sums that SQLite refuses would refuse the start.
        program.execute_batch("DELETE FROM sales WHERE abs(amount) > 1e18").unwrap();
        let mut engine = Engine::open(&path, Options::default()).unwrap();
        let migration = Migration::parse("groups", &migration()).unwrap();
        let options = StartOptions { no_backfill: true, pace: Pace::Fast };
        engine.start(&migration, options, &mut Silent).unwrap();
        Self { engine, program, _dir: dir }
    }

    fn assert_refuses_others(&self, rng: &mut Rng) {
        let sql = OTHERS[rng.usize(..OTHERS.len())];
        match self.program.execute(sql, []) {
            Ok(changed) => assert_eq!(changed, 0, "{sql}"),
            Err(error) => assert!(error.to_string().contains("mirror"), "{sql}: {error}"),
        }
    }

    fn assert_in_step(&self, after: &str) {
        let all = format!("{GIVEN} FROM sales GROUP BY team");
        let open = format!("{GIVEN} FROM sales {OPEN} GROUP BY team");
        let held = TOTALS_LIST;
        for (given, table) in [(all, "everything"), (open, "open")] {
            let expected = stored(&self.program, &given).unwrap_or_else(|e| panic!("{e}\n{after}"));
            let found = stored(&self.program, &format!("SELECT {held} FROM {table}")).unwrap();
            assert_eq!(expected, found, "{table} after\n{after}");
        }
    }
}

/// Writes of others to the mirror.
const OTHERS: &[&str] = &[
    "UPDATE everything SET rows = rows + 1",
    "UPDATE everything SET total = 0",
    "UPDATE OR IGNORE open SET least = NULL, label = 'another'",
    "UPDATE OR REPLACE open SET team = 'a'",
    "DELETE FROM open",
    "INSERT INTO open (team, rows, sure, surest) VALUES ('new', 1, 1, 1)",
    "INSERT OR REPLACE INTO everything (team, rows, sure, surest) VALUES ('a', 1, 1, 1)",
];

const TOTALS_LIST: &str = "team, rows, amounts, total, plain, least, greatest, cheapest, dearest, first, last, sure, surest, label";

#[test]
fn a_group_holds_what_the_mapping_gives_after_every_statement() {
    for seed in 0..number("CUTOVER_GROUPS_SEEDS", 12) {
        let mut rng = Rng::with_seed(seed);
        let mut case = Case::new(&mut rng);
        let counted =
            "SELECT count(*) FROM sqlite_schema WHERE name = '_cutover_1_after_delete_sales'
            AND sql LIKE '%changes() = 0%changes() = 0%'";
        let counted: i64 = case.program.query_row(counted, [], |row| row.get(0)).unwrap();
        assert_eq!(counted, 1, "both tables are counted");
        let mut done = vec![format!("-- seed {seed}")];
        for _ in 0..10 {
            let sql = statement(&mut rng);
            let _ = case.program.execute_batch(&sql);
        }
        case.engine.backfill("groups", Pace::Fast, &mut Silent).unwrap();
        case.assert_in_step("the backfill");
        for n in 0..150 {
            let sql = statement(&mut rng);
            if n % 30 == 0 {
                case.program.execute_batch("BEGIN").unwrap();
            }
            match case.program.execute_batch(&sql) {
                Ok(()) => done.push(sql),
                Err(error) => done.push(format!("{sql} -- {error}")),
            }
            case.assert_refuses_others(&mut rng);
            case.assert_in_step(&done.join(";\n"));
            if n % 30 == 9 && !case.program.is_autocommit() {
                case.program.execute_batch(if rng.bool() { "COMMIT" } else { "ROLLBACK" }).unwrap();
                case.assert_in_step(&done.join(";\n"));
            }
        }
        let report = case.engine.verify("groups", Pace::Fast, &mut Silent).unwrap();
        assert!(report.ok, "{report:?}");
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
