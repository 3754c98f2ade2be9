//! Any text at all: an error or a migration, never a panic.

use super::*;

/// Everything that a file may hold, in little space.
const SAMPLE: &str = "\
CREATE TABLE new.[t] (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'x' CHECK (a <> \"b\"), b REAL) STRICT;
CREATE UNIQUE INDEX new.i ON t(a, b DESC) WHERE a IS NOT NULL;
/* c */
-- scope: id
INSERT INTO new.t (id, a, b) WITH w(x) AS (SELECT 1.5e3 FROM old.o)
SELECT o.id, CASE WHEN x'00' THEN -1 ELSE max(a, 'é''') END, sum(b) OVER (ORDER BY a ROWS 1 PRECEDING)
FROM old.o AS o LEFT JOIN w ON w.x BETWEEN 1 AND 2 WHERE a NOT LIKE 'a' ESCAPE '!' AND b IN (1, 2)
GROUP BY 1 HAVING count(*) > 0x10 UNION ALL SELECT 1, a ->> '$', b FROM (SELECT * FROM old.o);
INSERT INTO old.o (id) SELECT id FROM new.t;
";

#[test]
fn the_sample_is_accepted() {
    accepted(SAMPLE);
}

#[test]
fn every_prefix_and_every_suffix() {
    for (cut, _) in SAMPLE.char_indices() {
        let _ = parse(&SAMPLE[..cut]);
        let _ = parse(&SAMPLE[cut..]);
    }
}

#[test]
fn every_character_replaced_or_removed() {
    let strange = [
        "", "(", ")", "[", "]", "'", "\"", "`", ";", ".", ",", "-", "/*", "?", ":", "@", "#", "\\",
        "\0", "\u{1}", "é", "\u{feff}", "9", "_", " NOT ", " NULL ", " ESCAPE ", " SELECT ",
    ];
    for (cut, character) in SAMPLE.char_indices() {
        for with in strange {
            let text = format!("{}{with}{}", &SAMPLE[..cut], &SAMPLE[cut + character.len_utf8()..]);
            let _ = parse(&text);
        }
    }
}

/// Each word replaced by each other: what is nearly SQL gets further into the
/// reader than what isn't.
#[test]
fn words_exchanged() {
    let words: Vec<&str> = SAMPLE.split_inclusive([' ', '\n']).collect();
    for at in 0..words.len() {
        for with in &words {
            let mut text = words.clone();
            text[at] = with;
            let _ = parse(&text.concat());
        }
    }
}

/// The deepest statements that are accepted. The caller's own stack may be much
/// smaller than the reader's: it only gets the trees.
#[test]
fn deep_statements_stay_within_the_stack() {
    let nested = |open: &str, close: &str, levels: usize| {
        let inner = format!("{}a{}", open.repeat(levels), close.repeat(levels));
        format!(
            "{TABLE}INSERT INTO new.t (id, a) SELECT id, {inner} FROM old.o;\n\
             INSERT INTO old.o (id) SELECT id FROM new.t"
        )
    };
    for (open, close, levels) in [
        ("(", ")", 99),
        ("abs(", ")", 99),
        ("NOT ", "", 99),
        ("CASE WHEN ", " THEN 1 END", 99),
        ("(CASE WHEN ", " THEN 1 END)", 49),
        ("(SELECT ", " FROM old.o)", 99),
        ("x IN (SELECT ", " FROM old.o)", 49),
        ("(SELECT x FROM (SELECT * FROM (old.o JOIN (SELECT ", " AS x FROM old.o))))", 24),
        (
            "(WITH w AS (SELECT 1 AS c, (CASE WHEN NOT ",
            " THEN 1 END) FROM old.o) SELECT c FROM w)",
            24,
        ),
    ] {
        let text = nested(open, close, levels);
        let read = move || parse(&text).map(|_| ());
        let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(read).unwrap();
        assert_eq!(thread.join().unwrap(), Ok(()), "{open}");
        assert!(parse(&nested(open, close, 10_000)).is_err(), "{open}");
    }
    assert!(parse(&nested("a || ", "", 10_000)).is_err());
}
