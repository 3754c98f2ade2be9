//! Names that need quoting.

use crate::shapes::shape::Shape;

#[test]
fn names_that_need_quoting() {
    Shape {
        schema: r#"CREATE TABLE "order by" ("select" INTEGER PRIMARY KEY, "two words" TEXT, "it's" TEXT, "a""b" TEXT, "🦀" BLOB, "Ünï", "new.x" INT, "," INT, ")" INT);
                   CREATE UNIQUE INDEX "my ""index" ON "order by"("two words", "🦀");
                   INSERT INTO "order by" VALUES (1, 'a', 'b', 'c', x'00', 'u', 1, 2, 3), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"#,
        migration: r#"CREATE TABLE new."@order by" ("from" INTEGER PRIMARY KEY, "two  words" TEXT, "its'" TEXT, "b""a" TEXT, "🦀🦀" BLOB, "ünÏ", "old.x" INT, ";" INT, "(" INT);
                      CREATE UNIQUE INDEX new."@my ""index" ON "@order by"("two  words", "🦀🦀");
                      INSERT INTO new."@order by" ("from", "two  words", "its'", "b""a", "🦀🦀", "ünÏ", "old.x", ";", "(")
                      SELECT "select", "two words", "it's", "a""b", "🦀", "Ünï", "new.x", ",", ")" FROM old."order by";
                      INSERT INTO old."order by" ("select", "two words", "it's", "a""b", "🦀", "Ünï", "new.x", ",", ")")
                      SELECT "from", "two  words", "its'", "b""a", "🦀🦀", "ünÏ", "old.x", ";", "(" FROM new."@order by";"#,
        old: [
            r#"REPLACE INTO "order by" ("select", "two words", "🦀") VALUES (3, 'a', x'00')"#,
            r#"UPDATE "order by" SET "it's" = 'it''s', "a""b" = '"', "," = 7; INSERT INTO "order by" ("Ünï") VALUES ('🦀')"#,
            r#"DELETE FROM "order by" WHERE "select" = 2"#,
        ],
        new: [
            (r#"INSERT INTO "@order by" ("b""a", "(") VALUES ('x', 1)"#, r#"INSERT INTO "order by" ("a""b", ")") VALUES ('x', 1)"#),
            (r#"UPDATE "@order by" SET "its'" = "🦀🦀", ";" = "from""#, r#"UPDATE "order by" SET "it's" = "🦀", "," = "select""#),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// Other ways of quoting, and names in letters of either case.
#[test]
fn names_in_brackets_and_in_other_letters() {
    Shape {
        schema: "CREATE TABLE [Group] (`Id` INTEGER PRIMARY KEY, [Value] TEXT); INSERT INTO [Group] VALUES (1, 'a'), (2, 'b')",
        migration: "CREATE TABLE new.[@Group] (`ID` INTEGER PRIMARY KEY, [value of it] TEXT);
                    INSERT INTO new.[@Group] (`id`, [Value of it]) SELECT ID, VALUE FROM old.[Group];
                    INSERT INTO old.[Group] (`Id`, [Value]) SELECT id, [VALUE OF IT] FROM new.[@Group];",
        old: [
            "INSERT INTO \"GROUP\" VALUES (3, 'c')",
            "UPDATE `group` SET value = value || 'x', id = id + 7",
            "DELETE FROM [grOUp] WHERE id = 8",
        ],
        new: [
            ("INSERT INTO [@group] VALUES (20, 'z')", "INSERT INTO [group] VALUES (20, 'z')"),
            ("UPDATE [@group] SET [value of it] = NULL", "UPDATE [group] SET value = NULL"),
        ],
        ..Shape::PLAIN
    }
    .goes();
}

/// Tables and columns that have the words a migration file uses itself.
#[test]
fn tables_named_old_and_new() {
    Shape {
        schema: "CREATE TABLE old (new INTEGER PRIMARY KEY, old TEXT, rowid TEXT); INSERT INTO old VALUES (1, 'a', 'r')",
        migration: "CREATE TABLE new.@new (old INTEGER PRIMARY KEY, new TEXT, oid TEXT);
                    INSERT INTO new.@new (old, new, oid) SELECT o.new, o.old, o.rowid FROM old.old AS o;
                    INSERT INTO old.old (new, old, rowid) SELECT n.old, n.new, n.oid FROM new.@new AS n;",
        old: ["INSERT INTO old VALUES (2, 'b', NULL)", "UPDATE old SET old = old || new", "DELETE FROM old WHERE new = 1"],
        new: [
            ("INSERT INTO @new VALUES (3, 'c', 'x')", "INSERT INTO old VALUES (3, 'c', 'x')"),
            ("UPDATE @new SET new = 'n', oid = old", "UPDATE old SET old = 'n', rowid = new"),
        ],
        ..Shape::PLAIN
    }
    .goes_by(crate::shapes::shape::Way::Moved);
}

/// Names are the same in letters of either case: a table that changes in place and is spelled
/// in another way on each side, in the database, in the file, and by every program.
#[test]
fn in_place_names_that_differ_by_case_alone() {
    for (there, old, new) in [
        ("Users", "Users", "users"),
        ("Users", "users", "Users"),
        ("USERS", "Users", "uSERS"),
        ("users", "USERS", "USERS"),
        ("\"My Users\"", "[my users]", "\"MY USERS\""),
    ] {
        let schema = format!(
            "CREATE TABLE {there} (Id INTEGER PRIMARY KEY AUTOINCREMENT, Name TEXT UNIQUE, Note);
             CREATE INDEX Notes ON {there}(NOTE);
             INSERT INTO {there} VALUES (1, 'a', 'x'), (2, 'b', NULL)"
        );
        let migration = format!(
            "CREATE TABLE new.{new} (id INTEGER PRIMARY KEY AUTOINCREMENT, NAME TEXT UNIQUE, note);
             CREATE INDEX new.notes ON {old}(note);
             INSERT INTO new.{new} (ID, name, NOTE) SELECT iD, nAME, nOTE FROM old.{old};
             INSERT INTO old.{old} (iD, nAME, nOTE) SELECT ID, name, NOTE FROM new.{new};"
        );
        let insert = format!("INSERT INTO {new} (id, name) VALUES (50, 'n')");
        let update =
            format!("UPDATE {old} SET note = 'm' WHERE ID < 3; DELETE FROM {there} WHERE id = 50");
        let shape = Shape {
            schema: schema.leak(),
            migration: migration.leak(),
            old: [
                format!("INSERT INTO {old} VALUES (3, 'c', 'z')").leak(),
                format!("UPDATE {new} SET note = note || 'x', id = id + 7 WHERE id > 1").leak(),
                format!("REPLACE INTO {there} (id, NAME) VALUES (1, 'c')").leak(),
            ],
            new: [(insert.clone().leak(), insert.leak()), (update.clone().leak(), update.leak())],
            ..Shape::PLAIN
        };
        shape.goes_by(crate::shapes::shape::Way::InPlace);
    }
}

/// The same of two tables that refer to each other, one of them WITHOUT ROWID and STRICT.
#[test]
fn in_place_names_of_two_tables_that_differ_by_case_alone() {
    Shape {
        schema: "CREATE TABLE Teams (Id TEXT PRIMARY KEY, Title TEXT) STRICT, WITHOUT ROWID;
                 CREATE TABLE Members (Id INTEGER PRIMARY KEY, Team TEXT REFERENCES TEAMS(ID), Name TEXT);
                 CREATE TRIGGER Tidy AFTER DELETE ON MEMBERS BEGIN SELECT 1; END;
                 INSERT INTO Teams VALUES ('a', 'A'), ('b', NULL);
                 INSERT INTO Members VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, NULL, NULL)",
        migration: "CREATE TABLE new.teams (id TEXT PRIMARY KEY, title TEXT) STRICT, WITHOUT ROWID;
                    CREATE TABLE new.MEMBERS (id INTEGER PRIMARY KEY, team TEXT REFERENCES Teams(ID), name TEXT);
                    INSERT INTO new.Teams (id, title) SELECT id, title FROM old.teams;
                    INSERT INTO new.members (id, team, name) SELECT id, team, name FROM old.Members;
                    INSERT INTO old.TEAMS (id, title) SELECT id, title FROM new.Teams;
                    INSERT INTO old.members (id, team, name) SELECT id, team, name FROM new.Members;",
        old: [
            "INSERT INTO teams VALUES ('c', 'C'); INSERT INTO members VALUES (4, 'c', 'z')",
            "UPDATE Teams SET Title = 'other' WHERE ID <> 'a'; DELETE FROM mEMBERS WHERE id = 3",
            "UPDATE members SET team = 'a', ID = id + 10",
        ],
        new: [
            (
                "INSERT INTO Teams VALUES ('d', 'D'); INSERT INTO Members VALUES (20, 'd', 'w')",
                "INSERT INTO Teams VALUES ('d', 'D'); INSERT INTO Members VALUES (20, 'd', 'w')",
            ),
            (
                "DELETE FROM members WHERE team = 'd'; DELETE FROM TEAMS WHERE id = 'd'",
                "DELETE FROM members WHERE team = 'd'; DELETE FROM TEAMS WHERE id = 'd'",
            ),
        ],
        ..Shape::PLAIN
    }
    .goes_by(crate::shapes::shape::Way::InPlace);
}

/// A table that moves, and is spelled otherwise than it lies in the database.
#[test]
fn moved_names_that_differ_by_case_from_the_file() {
    Shape {
        schema: "CREATE TABLE Items (Id INTEGER PRIMARY KEY, A TEXT); CREATE TABLE Tags (ID INTEGER PRIMARY KEY, Item INT, T TEXT);
                 INSERT INTO Items VALUES (1, 'a'), (2, 'b'); INSERT INTO Tags VALUES (1, 1, 't'), (2, 9, NULL)",
        migration: "CREATE TABLE new.@Items2 (ID INTEGER PRIMARY KEY, a TEXT);
                    CREATE TABLE new.@TAGS2 (id INTEGER PRIMARY KEY, ITEM INT, t TEXT);
                    INSERT INTO new.@ITEMS2 (id, A) SELECT id, a FROM old.ITEMS;
                    INSERT INTO new.@Tags2 (Id, item, T) SELECT ID, item, t FROM old.tags;
                    INSERT INTO old.items (id, a) SELECT ID, A FROM new.@items2;
                    INSERT INTO old.TAGS (id, item, t) SELECT ID, item, T FROM new.@tags2;",
        old: [
            "INSERT INTO ITEMS VALUES (3, 'c'); INSERT INTO tags VALUES (3, 3, 'x')",
            "UPDATE items SET A = 'z' WHERE ID = 1",
            "DELETE FROM iTEMS WHERE id = 2; UPDATE TAGS SET t = 'n'",
        ],
        new: [
            ("INSERT INTO @items2 VALUES (20, 'z')", "INSERT INTO items VALUES (20, 'z')"),
            ("UPDATE @TAGS2 SET T = NULL", "UPDATE tags SET t = NULL"),
        ],
        ..Shape::PLAIN
    }
    .goes_by(crate::shapes::shape::Way::Moved);
}
