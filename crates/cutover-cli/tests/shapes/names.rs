//! Names that need quoting.

use crate::shape::Shape;

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

/// Tables and columns that bear the words a migration file uses itself.
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
    .goes_by(crate::shape::Way::Moved);
}
