"""An application that writes to a SQLite database and knows nothing of cutover.

Started by writer.rs with the path of a JSON file. Every transaction logs in itself
what it does (table workload_log), so that the log is the order of commits. Prints
one JSON object a line:

    {"seqs": [...], "us": n}          a transaction was committed, with these log entries
    {"busy": message}                 it is tried again
    {"refused": message}              the table takes no writes from this side now
    {"rejected": message, "sql": s}   a constraint refused it; nothing was written
    {"failed": message, "sql": s}     anything else: never right
    {"end": true}
"""

import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import time

PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(?:(\w+)=)?(\w+)(?::([^{}?]*))?(\?)?\}")
BOUND = re.compile(r"\$(\w+)")

WORDS = ["Paris", "paris", "PARIS", "Köln", "Oslo", "São Paulo", "", "x", "O'Hare", "北京"]

# Each has broken something somewhere: quotes, text like a number, like NULL, case,
# spaces, other scripts, control characters, a text that leaves its page.
TEXTS = ["", "it's", '"quoted"', "007", "1e3", "0", "NULL", "null", " space ", "Ünïcödé",
         "e\u0301", "👩🏽‍💻 🚀", "line\nline", "tab\t\x01\x1f\x7f", "back\\slash", "{brace}",
         "%_*[?", "-- no comment", "; DROP TABLE x", "\ufeff", "long " * 1200]


class Busy(Exception):
    """Another program holds the lock: try again."""


class Refused(Exception):
    """The table takes no writes from this side now."""


class Rejected(Exception):
    """A constraint of the application's refused the transaction."""


class Failed(Exception):
    """What should not happen."""


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bytes):
        return "x'" + value.hex() + "'"
    return repr(value)


class Values:
    """Fills in the placeholders of a template."""

    def __init__(self, rng):
        self.rng = rng
        self.without_rowid = set()

    def render(self, sql, conn, bound, rowid=None):
        def replace(match):
            name, kind, argument, nullable = match.groups()
            if kind is None:
                return match.group()[0]
            if kind == "rowid" and rowid is not None:
                return str(rowid)
            if name is None and kind in bound:
                return bound[kind]
            if kind == "sql":
                argument = BOUND.sub(lambda match: bound[match.group(1)], argument)
            text = "NULL" if nullable and self.rng.random() < 0.2 else self.make(kind, argument, conn)
            if name is not None:
                bound[name] = text
            return text

        return PLACEHOLDER.sub(replace, sql)

    def make(self, kind, argument, conn):
        rng = self.rng
        if kind == "int":
            if argument:
                low, high = argument.split("..")
                return str(rng.randint(int(low), int(high)))
            return str(rng.choice([rng.randint(0, 20), rng.randint(-1000, 1000), rng.randint(-2**40, 2**40)]))
        if kind == "real":
            return repr(rng.randint(-4000, 4000) / 8 + 0.0625)
        if kind == "text":
            if rng.random() < 0.3:
                return literal(rng.choice(TEXTS))
            return literal(" ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6))))
        if kind == "word":
            return literal(rng.choice(WORDS))
        if kind == "blob":
            return literal(rng.randbytes(rng.randint(0, 8)))
        if kind == "time":
            return literal(time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(rng.randint(946684800, 1893456000))))
        if kind == "ms":
            return str(rng.randint(946684800, 1893456000) * 1000 + rng.choice([0, 0, rng.randint(0, 999)]))
        if kind == "one":
            return rng.choice(argument.split("|"))
        if kind == "sql":
            row = conn.execute(argument).fetchone()
            return literal(row and row[0])
        if kind == "pick":
            return literal(self.pick(conn, *argument.split(".")))
        if kind == "fresh":
            table, column = argument.split(".")
            top = conn.execute(f'SELECT coalesce(max("{column}"), 0) FROM "{table}"').fetchone()[0]
            return str(top + rng.choice([1, 1, 1, rng.randint(2, 9)]))
        raise Failed(f"no placeholder is called {kind}")

    def pick(self, conn, table, column):
        if table not in self.without_rowid:
            try:
                low, high = conn.execute(f'SELECT min(rowid), max(rowid) FROM "{table}"').fetchone()
                if low is None:
                    return None
                row = conn.execute(
                    f'SELECT "{column}" FROM "{table}" WHERE rowid >= ? ORDER BY rowid LIMIT 1',
                    (self.rng.randint(low, high),)).fetchone()
                return row[0]
            except sqlite3.OperationalError as error:
                if "rowid" not in str(error):
                    raise
                self.without_rowid.add(table)
        count = conn.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        if count == 0:
            return None
        return conn.execute(
            f'SELECT "{column}" FROM "{table}" LIMIT 1 OFFSET ?', (self.rng.randrange(count),)).fetchone()[0]


class Program:
    """What both programs have in common: settings, choices, one connection."""

    def __init__(self, config):
        self.config = config
        self.rng = random.Random(f"{config['seed']} {config['writer']}")
        self.values = Values(self.rng)
        self.foreign_keys = config["seed"] & 1
        self.recursive_triggers = config["seed"] >> 1 & 1
        self.conn = None
        self.open()

    def open(self):
        if self.conn is not None:
            self.conn.close()
        self.conn = sqlite3.connect(
            self.config["db"], timeout=self.config["busy_timeout_ms"] / 1000, isolation_level=None)
        for pragma in self.pragmas():
            self.conn.execute(pragma)

    def pragmas(self):
        return [f"PRAGMA foreign_keys = {self.foreign_keys}",
                f"PRAGMA recursive_triggers = {self.recursive_triggers}",
                # Processes are killed, not machines: nothing is lost without syncs.
                "PRAGMA synchronous = OFF"]

    def side(self):
        side = self.config["side"]
        if side not in ("old", "new"):
            side = self.conn.execute(side).fetchone()[0]
        return side

    def plan(self, side):
        """Templates in groups: executed, executed in a savepoint that is released, or
        in one that is rolled back."""
        templates = self.config[side]
        if not templates:
            raise Failed(f"there is no workload for the {side} side")
        weights = [template["weight"] for template in templates]
        groups = []
        for _ in range(self.rng.choice([1, 1, 1, 1, 2, 3, 5])):
            fate = self.rng.choice(["run"] * 8 + ["kept", "undone"])
            count = 1 if fate == "run" else self.rng.randint(1, 3)
            groups.append((fate, self.rng.choices(templates, weights, k=count)))
        if all(fate == "undone" for fate, _ in groups):
            groups.append(("run", self.rng.choices(templates, weights)))
        return groups

    def is_refusal(self, message):
        return any(refusal in message for refusal in self.config["refusals"])


class PythonProgram(Program):
    """A long-lived connection of Python's sqlite3 module."""

    def transaction(self):
        if self.rng.random() < 0.03:
            self.open()
        self.sql = None
        try:
            self.conn.execute("BEGIN " + self.rng.choice(["IMMEDIATE", "IMMEDIATE", "DEFERRED"]))
            side = self.side()
            seqs = []
            for fate, templates in self.plan(side):
                seqs += self.group(fate, templates, side)
            time.sleep(self.config["hold_ms"] / 1000)
            self.sql = "COMMIT"
            self.conn.execute("COMMIT")
            return seqs
        except sqlite3.Error as error:
            message = f"{error} ({getattr(error, 'sqlite_errorname', None)})"
            code = getattr(error, "sqlite_errorcode", 1) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise Busy(message) from error
            if self.is_refusal(message):
                raise Refused(message) from error
            if code == sqlite3.SQLITE_CONSTRAINT:
                raise Rejected(message, self.sql) from error
            raise Failed(message, self.sql) from error
        finally:
            if self.conn.in_transaction:
                self.conn.execute("ROLLBACK")

    def group(self, fate, templates, side):
        if fate == "run":
            return self.template(templates[0], side)
        self.conn.execute("SAVEPOINT of_the_application")
        seqs = [seq for template in templates for seq in self.template(template, side)]
        if fate == "undone":
            self.conn.execute("ROLLBACK TO of_the_application")
            seqs = []
        self.conn.execute("RELEASE of_the_application")
        return seqs

    def template(self, template, side):
        bound = {}
        several = len(template["sql"]) > 1
        statements = [self.values.render(sql, self.conn, bound) for sql in template["sql"]]
        if several:
            self.conn.execute("SAVEPOINT several")
        try:
            for self.sql in statements:
                self.conn.execute(self.sql)
        except sqlite3.IntegrityError as error:
            # OR ROLLBACK has ended the transaction; a refusal ends it too.
            if self.is_refusal(str(error)) or not self.conn.in_transaction:
                raise
            if several:
                self.conn.execute("ROLLBACK TO several")
                self.conn.execute("RELEASE several")
                return []
            # The twin must refuse it as well, with what OR FAIL has done by then.
            return self.log(side, statements, None, error) if side == "old" else []
        if several:
            self.conn.execute("RELEASE several")
        twin = None
        if template["twin_sql"]:
            rowid = self.conn.execute("SELECT last_insert_rowid()").fetchone()[0]
            twin = [self.values.render(sql, self.conn, bound, rowid) for sql in template["twin_sql"]]
        return self.log(side, statements, twin, None)

    def log(self, side, statements, twin, error):
        self.conn.execute(
            "INSERT INTO workload_log (writer, side, sql, twin_sql, foreign_keys, recursive_triggers,"
            " error, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self.config["writer"], side, ";\n".join(statements), twin and ";\n".join(twin),
             self.foreign_keys, self.recursive_triggers,
             error and error.sqlite_errorcode, error and str(error)))
        return [self.conn.execute("SELECT last_insert_rowid()").fetchone()[0]]


class ShellProgram(Program):
    """The sqlite3 shell, a new process for each transaction. Our own connection only
    looks up values."""

    def transaction(self):
        side = self.side()
        lines = [f".timeout {self.config['busy_timeout_ms']}"]
        lines += [pragma + ";" for pragma in self.pragmas()] + ["BEGIN IMMEDIATE;"]
        for fate, templates in self.plan(side):
            if fate != "run":
                lines.append("SAVEPOINT of_the_application;")
            for template in templates:
                lines += self.template(template, side)
                if fate != "undone":
                    lines.append("SELECT last_insert_rowid();")
            if fate == "undone":
                lines.append("ROLLBACK TO of_the_application;")
            if fate != "run":
                lines.append("RELEASE of_the_application;")
        if self.config["hold_ms"]:
            lines.append(f".system sleep {self.config['hold_ms'] / 1000}")
        lines.append("COMMIT;")
        script = "\n".join(lines) + "\n"
        done = subprocess.run(
            ["sqlite3", "-batch", "-bail", "-init", os.devnull, self.config["db"]],
            input=script.encode(), capture_output=True)
        message = done.stderr.decode(errors="replace").strip()
        if done.returncode == 0 and not message:
            return [int(line) for line in done.stdout.split()]
        if "database is locked" in message or "(5)" in message:
            raise Busy(message)
        if self.is_refusal(message):
            raise Refused(message)
        if "constraint" in message or "(19)" in message:
            raise Rejected(message, script)
        raise Failed(message, script)

    def template(self, template, side):
        bound = {}
        statements = [self.values.render(sql, self.conn, bound) for sql in template["sql"]]
        twin = [self.values.render(sql, self.conn, bound, "\0") for sql in template["twin_sql"]]
        # The rowid is known only once the shell is at it.
        twin = " || last_insert_rowid() || ".join(literal(part) for part in ";\n".join(twin).split("\0"))
        row = [literal(self.config["writer"]), literal(side), literal(";\n".join(statements)),
               twin if template["twin_sql"] else "NULL",
               str(self.foreign_keys), str(self.recursive_triggers)]
        return [statement + ";" for statement in statements] + [
            "INSERT INTO workload_log (writer, side, sql, twin_sql, foreign_keys, recursive_triggers)"
            f" VALUES ({', '.join(row)});"]


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    program = {"python": PythonProgram, "shell": ShellProgram}[config["program"]](config)
    done = 0
    began = time.perf_counter()
    while done != config["transactions"] and not os.path.exists(config["stop_file"]):
        try:
            seqs = program.transaction()
            say(seqs=seqs, us=int((time.perf_counter() - began) * 1e6))
        except Busy as busy:
            say(busy=str(busy))
            time.sleep(program.rng.random() * 0.005)
            continue
        except Refused as refused:
            say(refused=str(refused))
            time.sleep(0.01)
            if config["side"] not in ("old", "new"):
                continue
        except Rejected as rejected:
            say(rejected=rejected.args[0], sql=rejected.args[1])
        except Failed as failed:
            say(failed=failed.args[0], sql=failed.args[-1])
        done += 1
        time.sleep(config["pause_ms"] / 1000)
        began = time.perf_counter()
    say(end=True)


main()
