"""An application that writes to a SQLite database and knows nothing of cutover.

Started by writer.rs with the path of a JSON file. Every transaction logs in itself
what it does (table workload_log), so that the log is the order of commits. Prints
one JSON object a line:

    {"seqs": [...], "us": n}            a transaction was committed, with these log entries
    {"busy": message, "sql": s}         it is tried again
    {"refused": message, "sql": s}      the table takes no writes from this side now
    {"rejected": message, "sql": s}     a constraint refused it as a whole
    {"failed": message, "sql": s}       anything else: never right
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


class Refused(Exception):
    """The statement or the transaction came to nothing."""

    def __init__(self, code, message, sql):
        super().__init__(message)
        self.code, self.message, self.sql = code, message, sql


class PythonConnection:
    """Python's sqlite3 module."""

    def __init__(self, config):
        self.conn = sqlite3.connect(
            config["db"], timeout=config["busy_timeout_ms"] / 1000, isolation_level=None)

    def run(self, sql):
        try:
            return self.conn.execute(sql).fetchone()
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            raise Refused(code, str(error), sql) from error

    def value(self, sql):
        row = self.run(sql)
        return literal(row and row[0])

    def in_transaction(self):
        return self.conn.in_transaction

    def close(self):
        self.conn.close()


class ShellConnection:
    """A process of the sqlite3 shell, spoken to statement by statement."""

    ERROR = re.compile(r"^(?:Runtime|Parse) error.*?: (.*?)(?: \((\d+)\))?$", re.MULTILINE)
    END = "-- end of answer"

    def __init__(self, config):
        self.shell = subprocess.Popen(
            ["sqlite3", "-batch", "-init", os.devnull, config["db"]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.inside = False
        self.ask(f".timeout {config['busy_timeout_ms']}")
        self.ask(".mode quote")

    def ask(self, line):
        self.shell.stdin.write(f"{line}\n.print {self.END}\n".encode())
        self.shell.stdin.flush()
        answer = b""
        while not answer.endswith(f"{self.END}\n".encode()):
            read = self.shell.stdout.readline()
            if not read:
                raise Refused(sqlite3.SQLITE_ERROR, f"the shell has ended: {answer}", line)
            answer += read
        return answer.decode()[:-len(self.END) - 1]

    def run(self, sql):
        answer = self.ask(sql + ";")
        error = self.ERROR.match(answer)
        if error:
            # Which of them end the transaction, the shell does not tell.
            self.inside = self.inside and "OR ROLLBACK" not in sql
            raise Refused(int(error.group(2) or sqlite3.SQLITE_ERROR), error.group(1), sql)
        if sql.startswith("BEGIN"):
            self.inside = True
        if sql in ("COMMIT", "ROLLBACK"):
            self.inside = False
        return answer

    def value(self, sql):
        return self.run(sql).rstrip("\n") or "NULL"

    def in_transaction(self):
        return self.inside

    def close(self):
        self.shell.stdin.close()
        self.shell.wait()
        self.shell.stdout.close()


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bytes):
        return "x'" + value.hex() + "'"
    return repr(value)


class Values:
    """Fills in the placeholders of a template with literals."""

    def __init__(self, rng):
        self.rng = rng
        self.without_rowid = set()

    def render(self, sql, conn, bound, rowid=None):
        def replace(match):
            name, kind, argument, nullable = match.groups()
            if kind is None:
                return match.group()[0]
            if kind == "rowid" and rowid is not None:
                return rowid
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
            return conn.value(argument)
        if kind == "pick":
            return self.pick(conn, *argument.split("."))
        if kind == "fresh":
            table, column = argument.split(".")
            top = int(conn.value(f'SELECT coalesce(max("{column}"), 0) FROM "{table}"'))
            return str(top + rng.choice([1, 1, 1, rng.randint(2, 9)]))
        raise ValueError(f"no placeholder is called {kind}")

    def pick(self, conn, table, column):
        if table not in self.without_rowid:
            try:
                low = conn.value(f'SELECT min(rowid) FROM "{table}"')
                if low == "NULL":
                    return low
                at = self.rng.randint(int(low), int(conn.value(f'SELECT max(rowid) FROM "{table}"')))
                return conn.value(f'SELECT "{column}" FROM "{table}" WHERE rowid >= {at} ORDER BY rowid LIMIT 1')
            except Refused as error:
                if "no such column: rowid" not in error.message:
                    raise
                self.without_rowid.add(table)
        count = int(conn.value(f'SELECT count(*) FROM "{table}"'))
        if count == 0:
            return "NULL"
        return conn.value(f'SELECT "{column}" FROM "{table}" LIMIT 1 OFFSET {self.rng.randrange(count)}')


class Program:
    def __init__(self, config):
        self.config = config
        self.rng = random.Random(f"{config['seed']} {config['writer']}")
        self.values = Values(self.rng)
        self.foreign_keys = config["seed"] & 1
        self.recursive_triggers = config["seed"] >> 1 & 1
        self.conn = None

    def connect(self):
        """The shell is a new process each time; Python's connection lives for long."""
        if self.config["program"] == "shell" or self.conn is None or self.rng.random() < 0.03:
            self.close()
            self.conn = {"python": PythonConnection, "shell": ShellConnection}[self.config["program"]](self.config)
            self.conn.run(f"PRAGMA foreign_keys = {self.foreign_keys}")
            self.conn.run(f"PRAGMA recursive_triggers = {self.recursive_triggers}")
            # Processes are killed, not machines: nothing is lost without syncs.
            self.conn.run("PRAGMA synchronous = OFF")

    def close(self):
        if self.conn is not None:
            self.conn.close()
            self.conn = None

    def transaction(self):
        """Does one, and gives its log entries."""
        self.connect()
        try:
            self.conn.run("BEGIN " + self.rng.choice(["IMMEDIATE", "IMMEDIATE", "DEFERRED"]))
            side = self.config["side"]
            if side not in ("old", "new"):
                side = self.conn.value(side).strip("'")
            seqs = [seq for fate, templates in self.plan(side) for seq in self.group(fate, templates, side)]
            time.sleep(self.config["hold_ms"] / 1000)
            self.conn.run("COMMIT")
            return seqs
        finally:
            if self.conn.in_transaction():
                self.conn.run("ROLLBACK")

    def plan(self, side):
        """Templates in groups: executed, executed in a savepoint that is released, or
        in one that is rolled back."""
        templates = self.config[side]
        if not templates:
            raise ValueError(f"there is no workload for the {side} side")
        weights = [template["weight"] for template in templates]
        groups = []
        for _ in range(self.rng.choice([1, 1, 1, 1, 2, 3, 5])):
            fate = self.rng.choice(["run"] * 8 + ["kept", "undone"])
            count = 1 if fate == "run" else self.rng.randint(1, 3)
            groups.append((fate, self.rng.choices(templates, weights, k=count)))
        return groups

    def group(self, fate, templates, side):
        if fate == "run":
            return self.template(templates[0], side)
        self.conn.run("SAVEPOINT of_the_application")
        seqs = [seq for template in templates for seq in self.template(template, side)]
        if fate == "undone":
            self.conn.run("ROLLBACK TO of_the_application")
            seqs = []
        self.conn.run("RELEASE of_the_application")
        return seqs

    def template(self, template, side):
        bound = {}
        several = len(template["sql"]) > 1
        statements = [self.values.render(sql, self.conn, bound) for sql in template["sql"]]
        if several:
            self.conn.run("SAVEPOINT several")
        try:
            for statement in statements:
                self.conn.run(statement)
        except Refused as error:
            # A lock, a frozen table or OR ROLLBACK is the end of the transaction.
            if self.kind(error) != "rejected" or not self.conn.in_transaction():
                raise
            if several:
                self.conn.run("ROLLBACK TO several")
                self.conn.run("RELEASE several")
                return []
            # The twin must refuse it as well, with what OR FAIL has done by then.
            return self.log(side, statements, None, error) if side == "old" else []
        if several:
            self.conn.run("RELEASE several")
        twin = None
        if template["twin_sql"]:
            rowid = self.conn.value("SELECT last_insert_rowid()")
            twin = [self.values.render(sql, self.conn, bound, rowid) for sql in template["twin_sql"]]
        return self.log(side, statements, twin, None)

    def log(self, side, statements, twin, error):
        row = [self.config["writer"], side, ";\n".join(statements), twin and ";\n".join(twin),
               self.foreign_keys, self.recursive_triggers, error and error.code, error and error.message]
        self.conn.run(
            "INSERT INTO workload_log (writer, side, sql, twin_sql, foreign_keys, recursive_triggers,"
            f" error, message) VALUES ({', '.join(map(literal, row))})")
        return [int(self.conn.value("SELECT last_insert_rowid()"))]

    def kind(self, error):
        """What a refusal means: one of the lines that are printed."""
        if error.code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return "busy"
        if any(refusal in error.message for refusal in self.config["refusals"]):
            return "refused"
        if error.code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
            return "rejected"
        return "failed"


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    program = Program(config)
    done = 0
    began = time.perf_counter()
    while done != config["transactions"] and not os.path.exists(config["stop_file"]):
        try:
            seqs = program.transaction()
            say(seqs=seqs, us=int((time.perf_counter() - began) * 1e6))
        except Refused as error:
            kind = program.kind(error)
            say(**{kind: error.message, "sql": error.sql})
            if kind == "busy":
                time.sleep(program.rng.random() * 0.005)
                continue
            if kind == "refused":
                time.sleep(0.01)
                if config["side"] not in ("old", "new"):
                    continue
        done += 1
        time.sleep(config["pause_ms"] / 1000)
        began = time.perf_counter()
    program.close()
    say(end=True)


main()
