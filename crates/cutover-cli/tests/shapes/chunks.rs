//! Tables whose rows are told apart by columns of several tables, with the parts of their keys
//! crossing, and more rows than a chunk has: a pass restricts each table by its own part of
//! the chunk's keys, and must not take the rows that combine them otherwise.

use testkit::Canonical;

use crate::shapes::shape::{Shape, Way};

/// Some thousand pairs of `site` and `user`, none of them twice, in no order of either.
macro_rules! pairs {
    () => {
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         INSERT INTO links SELECT 'site' || (i * 5 % 70), 'u' || (i * 7 % 90), i % 13 FROM n GROUP BY 1, 2;"
    };
}

/// Many to many under a surrogate key: the row's key is a key of one table and a column of
/// the other, and the backward mapping is a join.
#[test]
fn many_to_many_through_a_surrogate_key() {
    Shape {
        schema: concat!(
            "CREATE TABLE links (url TEXT NOT NULL, u TEXT NOT NULL, w INTEGER, UNIQUE (url, u));",
            pairs!()
        ),
        migration: "CREATE TABLE new.sites (id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE);
                    CREATE TABLE new.@links (site INTEGER NOT NULL, u TEXT NOT NULL, w INTEGER, UNIQUE (site, u));
                    INSERT INTO new.sites (url) SELECT DISTINCT url FROM old.links;
                    INSERT INTO new.@links (site, u, w) SELECT s.id, l.u, l.w FROM old.links l JOIN new.sites s ON s.url = l.url;
                    INSERT INTO old.links (url, u, w) SELECT s.url, l.u, l.w FROM new.@links l JOIN new.sites s ON s.id = l.site;",
        old: [
            "UPDATE links SET u = u || 'x' WHERE w = 3; INSERT INTO links VALUES ('site1', 'zz', 1), ('fresh', 'zz', 2)",
            "UPDATE OR REPLACE links SET url = 'site2' WHERE w = 4; DELETE FROM links WHERE w = 5",
            "UPDATE links SET w = w + 100 WHERE url > 'site5'; DELETE FROM links WHERE url = 'fresh'",
        ],
        new: [
            ("UPDATE @links SET w = -1 WHERE u = 'u7'", "UPDATE links SET w = -1 WHERE u = 'u7'"),
            ("UPDATE @links SET u = u || '!' WHERE w % 2 = 0; DELETE FROM @links WHERE w = 101",
             "UPDATE links SET u = u || '!' WHERE w % 2 = 0; DELETE FROM links WHERE w = 101"),
        ],
        canonical: SITES,
        ..Shape::PLAIN
    }
    .goes_by(Way::Moved);
}

/// DISTINCT over a join, to a key of which either table has a part.
#[test]
fn distinct_over_a_join() {
    Shape {
        schema: concat!(
            "CREATE TABLE links (url TEXT NOT NULL, u TEXT NOT NULL, w INTEGER NOT NULL, UNIQUE (url, u));
             CREATE TABLE tags (url TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (url, tag)) WITHOUT ROWID;
             CREATE INDEX tags_url ON links (url);",
            pairs!(),
            "INSERT INTO tags SELECT DISTINCT url, 't' || (w % 5) FROM links;"
        ),
        migration: "CREATE TABLE new.@links (url TEXT NOT NULL, u TEXT NOT NULL, w INTEGER NOT NULL, UNIQUE (url, u));
                    CREATE TABLE new.@tags (url TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (url, tag)) WITHOUT ROWID;
                    CREATE TABLE new.seen (u TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (u, tag));
                    CREATE INDEX new.links_u ON @links (u);
                    INSERT INTO new.@links (url, u, w) SELECT url, u, w FROM old.links;
                    INSERT INTO new.@tags (url, tag) SELECT url, tag FROM old.tags;
                    INSERT INTO new.seen (u, tag) SELECT DISTINCT l.u, t.tag FROM old.links l JOIN old.tags t ON t.url = l.url;
                    INSERT INTO old.links (url, u, w) SELECT url, u, w FROM new.@links;
                    INSERT INTO old.tags (url, tag) SELECT url, tag FROM new.@tags;",
        old: [
            "DELETE FROM tags WHERE tag = 't1' AND url > 'site3'; INSERT INTO tags VALUES ('site9', 'odd')",
            "UPDATE links SET u = 'one' WHERE url = 'site4' AND w = 2; DELETE FROM links WHERE u = 'u5'",
            "INSERT INTO links VALUES ('site9', 'last', 1); UPDATE OR IGNORE tags SET tag = 't2' WHERE tag = 't3'",
        ],
        new: [
            ("UPDATE @links SET w = -w", "UPDATE links SET w = -w"),
            ("UPDATE @links SET w = w - 1 WHERE u > 'u5'", "UPDATE links SET w = w - 1 WHERE u > 'u5'"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// Part of the key may be NULL.
#[test]
fn a_part_of_the_key_that_may_be_null() {
    Shape {
        schema: concat!(
            "CREATE TABLE links (url TEXT NOT NULL, u TEXT, w INTEGER, UNIQUE (url, u));",
            pairs!(),
            "INSERT INTO links SELECT DISTINCT url, NULL, 7 FROM links;"
        ),
        migration: "CREATE TABLE new.sites (id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE);
                    CREATE TABLE new.@links (site INTEGER NOT NULL, u TEXT, w INTEGER, UNIQUE (site, u));
                    INSERT INTO new.sites (url) SELECT DISTINCT url FROM old.links;
                    INSERT INTO new.@links (site, u, w) SELECT s.id, l.u, l.w FROM old.links l JOIN new.sites s ON s.url = l.url;
                    INSERT INTO old.links (url, u, w) SELECT s.url, l.u, l.w FROM new.@links l JOIN new.sites s ON s.id = l.site;",
        old: [
            "UPDATE links SET w = 8 WHERE u IS NULL AND url > 'site4'; DELETE FROM links WHERE w = 3",
            "DELETE FROM links WHERE u IS NULL AND url = 'site5'; INSERT INTO links VALUES ('site5', NULL, 9)",
            "UPDATE links SET u = 'named' WHERE u IS NULL AND url = 'site6'",
        ],
        new: [
            ("UPDATE @links SET w = -1 WHERE u IS NULL", "UPDATE links SET w = -1 WHERE u IS NULL"),
            ("UPDATE @links SET w = w + 1; DELETE FROM @links WHERE w = 0", "UPDATE links SET w = w + 1; DELETE FROM links WHERE w = 0"),
        ],
        canonical: SITES,
        ..Shape::PLAIN
    }
    .goes_by(Way::Moved);
}

/// Without the surrogate keys.
const SITES: &[Canonical] = &[
    Canonical { table: "sites", sql: "SELECT url FROM sites" },
    Canonical {
        table: "new_links",
        sql: "SELECT s.url, l.u, l.w FROM new_links AS l LEFT JOIN sites AS s ON s.id = l.site",
    },
];
