//! What old programs do, made from a seed. `{a}`, `{b}` and `{k}` stand for the tables, which
//! have other names on the other side.
//!
//! Values come from small domains, so that most statements meet rows that are there, on every
//! unique key of a table.

use fastrand::Rng;

/// Authors, their books, which keep two keys besides the id, and words without a rowid.
pub(crate) const TABLES: &str = "
    CREATE TABLE {a} (id INTEGER PRIMARY KEY, handle TEXT UNIQUE, name TEXT NOT NULL);
    CREATE TABLE {b} (id INTEGER PRIMARY KEY AUTOINCREMENT, isbn TEXT UNIQUE,
        author INTEGER REFERENCES {a} (id) ON DELETE CASCADE ON UPDATE CASCADE,
        shelf TEXT, slot INTEGER, UNIQUE (shelf, slot));
    CREATE TABLE {k} (word TEXT NOT NULL, lang TEXT NOT NULL, n REAL, PRIMARY KEY (word, lang)) WITHOUT ROWID;";

/// Rows to begin with.
pub(crate) const ROWS: &str = "
    INSERT INTO {a} VALUES (1, 'h1', 'Ada'), (2, 'h2', 'Bob'), (3, NULL, 'Eve'), (4, 'h4', 'Kim');
    INSERT INTO {b} (isbn, author, shelf, slot) VALUES ('i1', 1, 's1', 1), ('i2', 1, 's1', 2),
        ('i3', 2, 's2', 1), (NULL, 2, 's2', 2), ('i5', 4, NULL, NULL);
    INSERT INTO {k} VALUES ('one', 'en', 1), ('un', 'fr', 1.5), ('two', 'en', NULL);";

/// The kinds of statements, each with some values left open: `#a` to `#w` as in [`value`].
const KINDS: &[&[&str]] = &[
    &["INSERT INTO {a} (handle, name) VALUES (#h, #n) RETURNING *"],
    &["INSERT INTO {b} (isbn, author, shelf, slot) VALUES (#i, #a, #s, #t), (#i, #a, #s, #t)"],
    // REPLACE by each key, and by several at once.
    &["INSERT OR REPLACE INTO {a} VALUES (#a, #h, #n)"],
    &["REPLACE INTO {a} (handle, name) VALUES (#h, #n), (#h, #n)"],
    &["REPLACE INTO {b} (id, author) VALUES (#b, #a)"],
    &["REPLACE INTO {b} (isbn, author) VALUES (#i, #a) RETURNING id"],
    &["REPLACE INTO {b} (author, shelf, slot) VALUES (#a, #s, #t)"],
    &["REPLACE INTO {b} VALUES (#b, #i, #a, #s, #t), (#b, #i, #a, #s, #t)"],
    &["REPLACE INTO {b} SELECT id + 1, isbn, author, shelf, slot FROM {b} WHERE slot < #t"],
    &["REPLACE INTO {k} VALUES (#w, #l, #t), (#w, #l, #t)"],
    &["UPDATE OR REPLACE {b} SET isbn = #i WHERE id = #b"],
    &["UPDATE OR REPLACE {b} SET shelf = #s, slot = #t WHERE author = #a"],
    &["UPDATE OR REPLACE {a} SET id = #a, handle = #h WHERE id = #a"],
    &["UPDATE OR REPLACE {k} SET lang = #l WHERE word = #w"],
    // The other conflict clauses, which keep a part of what they did, or nothing.
    &["INSERT OR IGNORE INTO {a} VALUES (#a, #h, #n), (#a, #h, NULL), (#a, #h, #n)"],
    &[
        "INSERT OR IGNORE INTO {b} (isbn, author, shelf, slot) VALUES (#i, #a, #s, #t), (#i, #a, #s, #t)",
    ],
    &["UPDATE OR IGNORE {b} SET shelf = #s"],
    &["UPDATE OR IGNORE {k} SET word = #w"],
    &[
        "INSERT OR FAIL INTO {b} (isbn, author, shelf, slot) VALUES (#i, #a, #s, #t), (#i, #a, #s, #t), (#i, #a, #s, #t)",
    ],
    &["UPDATE OR FAIL {b} SET slot = slot + 1"],
    &["UPDATE OR FAIL {a} SET handle = #h WHERE id > #a"],
    &["INSERT OR ABORT INTO {a} VALUES (#a, #h, #n), (#a, #h, #n)"],
    &[
        "BEGIN",
        "INSERT INTO {a} (name) VALUES (#n)",
        "INSERT OR ROLLBACK INTO {a} VALUES (#a, #h, #n)",
        "COMMIT",
    ],
    // UPSERT on each key.
    &[
        "INSERT INTO {a} VALUES (#a, #h, #n) ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING *",
    ],
    &[
        "INSERT INTO {a} (handle, name) VALUES (#h, #n) ON CONFLICT (handle) DO UPDATE SET id = id + 50, name = name || '+'",
    ],
    &[
        "INSERT INTO {b} (isbn, author) VALUES (#i, #a) ON CONFLICT (isbn) DO UPDATE SET author = excluded.author, slot = slot + 1",
    ],
    &[
        "INSERT INTO {b} (author, shelf, slot) VALUES (#a, #s, #t) ON CONFLICT (shelf, slot) DO UPDATE SET isbn = #i WHERE author <> #a",
    ],
    &[
        "INSERT INTO {b} (isbn, shelf, slot) VALUES (#i, #s, #t) ON CONFLICT DO NOTHING RETURNING id",
    ],
    &[
        "INSERT INTO {k} VALUES (#w, #l, 1) ON CONFLICT (word, lang) DO UPDATE SET n = ifnull(n, 0) + 1 RETURNING n",
    ],
    // Many rows, keys, everything.
    &["UPDATE {b} SET author = #a, shelf = NULL WHERE slot = #t RETURNING id"],
    &["UPDATE {a} SET name = name || '.'"],
    &["UPDATE {a} SET id = -id WHERE id < #a"],
    &["UPDATE {b} SET id = id + 1000 WHERE author = #a"],
    &["UPDATE {b} SET slot = -slot WHERE shelf = #s"],
    &["UPDATE {b} SET shelf = a.name FROM {a} AS a WHERE a.id = author AND slot = #t"],
    &["UPDATE {k} SET word = word || lang, lang = #l WHERE n > #t"],
    &["UPDATE {a} SET name = NULL WHERE id = #a"],
    &["WITH q (n) AS (SELECT #a UNION SELECT #a) INSERT INTO {a} (name) SELECT n FROM q"],
    &["DELETE FROM {a} WHERE id = #a RETURNING handle"],
    &["DELETE FROM {b} WHERE author IN (SELECT id FROM {a} WHERE id > #a)"],
    &["DELETE FROM {k} WHERE lang = #l"],
    &["SAVEPOINT one", "DELETE FROM {b}", "DELETE FROM {a}", "ROLLBACK TO one", "RELEASE one"],
    &[
        "DELETE FROM {k}",
        "INSERT INTO {k} VALUES ('one', 'en', 1), ('un', 'fr', 1.5), ('two', 'en', NULL)",
    ],
    &["DELETE FROM {b}"],
    // Savepoints undone in part, and a transaction undone as a whole.
    &[
        "BEGIN",
        "INSERT INTO {a} (handle, name) VALUES (#h, #n)",
        "SAVEPOINT one",
        "UPDATE {a} SET name = 'undone'",
        "REPLACE INTO {b} (isbn, author, shelf, slot) VALUES (#i, #a, #s, #t)",
        "SAVEPOINT two",
        "DELETE FROM {a} WHERE id = #a",
        "RELEASE two",
        "ROLLBACK TO one",
        "REPLACE INTO {b} (isbn, author, shelf, slot) VALUES (#i, #a, #s, #t)",
        "RELEASE one",
        "COMMIT",
    ],
    &[
        "BEGIN IMMEDIATE",
        "DELETE FROM {a}",
        "REPLACE INTO {b} (isbn, author) VALUES (#i, #a)",
        "ROLLBACK",
    ],
];

/// Statements of the long transaction.
const LONG: usize = 150;

/// Every kind several times over, in an order of the seed, and at the end one long transaction.
pub(crate) fn statements(seed: u64) -> Vec<String> {
    let mut rng = Rng::with_seed(seed);
    let mut kinds: Vec<&[&str]> = [KINDS; 3].concat();
    rng.shuffle(&mut kinds);
    let mut all = fill(kinds.iter().copied().flatten(), &mut rng);
    // No statement in it may end it.
    let single: Vec<&&str> = KINDS
        .iter()
        .filter(|kind| kind.len() == 1 && !kind[0].starts_with("DELETE FROM {b}"))
        .map(|kind| &kind[0])
        .collect();
    all.push("BEGIN".to_owned());
    for _ in 0..LONG {
        let one = single[rng.usize(..single.len())];
        all.extend(fill([one].into_iter(), &mut rng));
    }
    all.push("COMMIT".to_owned());
    all
}

fn fill<'s>(templates: impl Iterator<Item = &'s &'s str>, rng: &mut Rng) -> Vec<String> {
    templates
        .map(|template| {
            let mut parts = template.split('#');
            let mut sql = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                let (kind, rest) = part.split_at(1);
                sql += &value(kind, rng);
                sql += rest;
            }
            sql
        })
        .collect()
}

/// A value: of an author's or a book's id, a handle, an isbn, a language, a name, a shelf, a
/// slot, a word.
fn value(kind: &str, rng: &mut Rng) -> String {
    let n = rng.u8(1..=5);
    match kind {
        "a" => n.to_string(),
        "b" => rng.u8(1..=12).to_string(),
        "t" => rng.u8(1..=3).to_string(),
        "n" => format!("'n{n}'"),
        "l" => ["'en'", "'fr'", "'de'"][rng.usize(..3)].to_owned(),
        "w" => ["'one'", "'un'", "'two'", "'onefr'"][rng.usize(..4)].to_owned(),
        _ if rng.u8(..8) == 0 => "NULL".to_owned(),
        kind => format!("'{kind}{n}'"),
    }
}
