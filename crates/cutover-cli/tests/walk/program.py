"""A program of the walk: writes to the tables of one side and knows nothing of cutover.

Started by programs.rs with the path of a JSON file. Its rows are its own: no other program
writes them, so that it knows what each of them holds, whoever else writes meanwhile. Its diary
has two lines for each transaction: what the transaction does, before the COMMIT, and that it
was acknowledged, after it:

    {"seq": 7, "writes": 3, "rows": {"33": ["Ada", "Oslo", 4, 2], "49": null}}
    {"ack": 7}

Begun again after it was killed, it asks the database whether the last one was committed, by the
number that every transaction writes with its rows. What it finds otherwise than it left it, or
is told that it should not be, it prints, and ends with 9.
"""

import json
import os
import random
import sqlite3
import sys
import time

CITIES = [f"city {n}" for n in range(40)] + ["Oslo", "oslo", "", "O'Hare", "北京"]
NAMES = ["Ada", "ada", "Ben", "it's", "", "007", "Ünï", "long " * 5]
MOST = 1500

# What tables say that take no writes from this side now.
CLOSED = ("is read-only", "is about to be dropped", "is the mirror of", "no such table", "was retired", "has no column named")


class Lost(Exception):
    """Something is not as this program left it."""


class Program:
    def __init__(self, config):
        self.config = config
        self.owner = config["owner"]
        self.old = config["side"] == "old"
        self.rng = random.Random(f"{config['seed']} {self.owner} {config['incarnation']}")
        self.rows, self.seq, self.doubt = {}, 0, None
        self.read_diary()
        self.diary = open(config["diary"], "a", encoding="utf-8")
        self.next_id = max([id // 16 for id in self.rows] + [self.seq * 32]) + 64
        self.connect()

    def read_diary(self):
        if not os.path.exists(self.config["diary"]):
            return
        with open(self.config["diary"], encoding="utf-8") as file:
            for line in file:
                try:
                    entry = json.loads(line)
                except json.JSONDecodeError:
                    continue  # half a line: it was killed while it wrote it
                if "ack" in entry:
                    self.apply(self.doubt)
                    self.seq, self.doubt = entry["ack"], None
                elif "rows" in entry:
                    self.doubt = entry

    def apply(self, entry):
        for id, row in entry["rows"].items():
            if row is None:
                self.rows.pop(int(id), None)
            else:
                self.rows[int(id)] = row

    def connect(self):
        self.conn = sqlite3.connect(self.config["db"], timeout=20, isolation_level=None)
        self.conn.execute(f"PRAGMA foreign_keys = {self.owner & 1}")
        self.conn.execute(f"PRAGMA recursive_triggers = {self.owner >> 1 & 1}")
        # Processes are killed, not machines: nothing is lost without syncs.
        self.conn.execute("PRAGMA synchronous = OFF")

    def settle_doubt(self):
        """Whether what was about to be committed when the last incarnation was killed was."""
        self.conn.execute("BEGIN IMMEDIATE")
        (seq,) = self.conn.execute("SELECT seq FROM progress WHERE owner = ?", [self.owner]).fetchone()
        self.conn.execute("COMMIT")
        if seq == self.seq:
            # A half line before this one must not swallow it.
            print(file=self.diary, flush=True)
            return
        if self.doubt is None or seq != self.doubt["seq"]:
            raise Lost(f"the last transaction here is {seq}, and {self.seq} was acknowledged")
        self.apply(self.doubt)
        self.seq = seq
        print(f'\n{{"ack": {seq}}}', file=self.diary, flush=True)

    def run(self, sql, *values):
        return self.conn.execute(sql, values)

    def wrote(self, cursor, expected):
        if cursor.rowcount != expected:
            self.takes_writes()
            raise Lost(f"{cursor.rowcount} rows instead of {expected}")

    def takes_writes(self):
        """Fails as a write does where this side takes none: what its tables hold then, they hold for
        somebody else, and it may be the past, or not all there yet."""
        id, row = self.fresh(), ["probe", None, 0, -2]
        self.put_row(id, row, "INSERT")
        self.delete_row(id)

    # What the statements do, as this program knows it.

    def any_id(self):
        return self.rng.choice(list(self.now)) if self.now else None

    def fresh(self):
        self.next_id += 1
        return self.next_id * 16 + self.owner

    def free_place(self):
        taken = {row[3] for row in self.now.values()}
        place = self.rng.randrange(2 * MOST)
        while place in taken:
            place = (place + 1) % (4 * MOST)
        return place

    def row(self, place):
        rng = self.rng
        name = rng.choice(NAMES)
        if not self.old and rng.random() < 0.01:
            # The old table can't hold this one.
            name, self.unholdable = None, True
        return [name, rng.choice(CITIES) if rng.random() < 0.9 else None, rng.randrange(30), place]

    def put(self, id, row):
        self.now[id] = self.changed[id] = row

    def remove(self, id):
        del self.now[id]
        self.changed[id] = None

    def look(self, id):
        """What the table holds, against what this program knows."""
        sql = "SELECT name, city, n, place FROM clients WHERE id = ?" if self.old else (
            "SELECT u.name, t.name, u.n, u.place FROM customers u LEFT JOIN addresses a ON a.customer = u.id"
            " LEFT JOIN cities t ON t.id = a.city_id WHERE u.id = ?")
        found = self.run(sql, id).fetchone()
        if found is None or list(found) != self.now[id]:
            self.takes_writes()
        if self.now[id][0] is None and (found is None or list(found) != self.now[id]):
            # A rollback may have set it aside: the verdict looks for it there. What the old table
            # last held of it, it may hold still.
            self.aside.append(id)
            if found is None:
                self.remove(id)
            else:
                self.put(id, list(found))
            return False
        if found is None or list(found) != self.now[id]:
            raise Lost(f"row {id} is {found} instead of {self.now[id]}")
        return True

    def write(self):
        """One write or a few; gives how many."""
        rng, id = self.rng, self.any_id()
        if id is not None and not self.look(id):
            return 0
        full = len(self.now) > rng.randrange(MOST // 2, MOST)
        kind = rng.randrange(14)
        if id is None or (kind < 4 and not full):
            return self.insert(self.fresh(), self.row(self.free_place()), "INSERT")
        if kind < 4 and full:
            return self.delete(id)
        return [self.replace, self.replace_other, self.city, self.city, self.name, self.number, self.exchange,
                self.take_over, self.move, self.ignore][kind - 4](id)

    def insert(self, id, row, verb):
        self.put_row(id, row, verb)
        self.put(id, row)
        return 1

    def replace(self, id):
        return self.insert(id, self.row(self.now[id][3]), "INSERT OR REPLACE")

    def replace_other(self, id):
        """A new row in the place of another, by the other unique key."""
        row = self.row(self.now[id][3])
        if not self.old:
            # What hangs on the row that goes would stay behind.
            self.delete(id)
        elif id in self.now:
            self.remove(id)
        return self.insert(self.fresh(), row, "INSERT OR REPLACE")

    def exchange(self, id):
        other = self.any_id()
        if other == id or not self.look(other):
            return 0
        table = "clients" if self.old else "customers"
        one, two = self.now[id][3], self.now[other][3]
        for at, place in [(id, -1), (other, one), (id, two)]:
            self.wrote(self.run(f"UPDATE {table} SET place = ? WHERE id = ?", place, at), 1)
        self.put(id, self.now[id][:3] + [two])
        self.put(other, self.now[other][:3] + [one])
        return 3

    def take_over(self, id):
        other = self.any_id()
        if other == id or not self.look(other):
            return 0
        table, place = ("clients" if self.old else "customers"), self.now[other][3]
        if not self.old:
            self.run("DELETE FROM addresses WHERE customer = ?", other)
        self.wrote(self.run(f"UPDATE OR REPLACE {table} SET place = ? WHERE id = ?", place, id), 1)
        self.remove(other)
        self.put(id, self.now[id][:3] + [place])
        return 1

    def number(self, id):
        table, n = ("clients" if self.old else "customers"), self.now[id][2]
        meant = [other for other, row in self.now.items() if row[2] == n]
        self.wrote(self.run(f"UPDATE {table} SET n = n + 1 WHERE owner = ? AND n = ?", self.owner, n), len(meant))
        for other in meant:
            row = self.now[other]
            self.put(other, row[:2] + [n + 1] + row[3:])
        return 1

    def name(self, id):
        table, name = ("clients" if self.old else "customers"), self.rng.choice(NAMES)
        self.wrote(self.run(f"UPDATE {table} SET name = ? WHERE id = ?", name, id), 1)
        self.put(id, [name] + self.now[id][1:])
        return 1

    # What differs from side to side.

    def city_id(self, city):
        if city is None:
            return None
        self.run("INSERT OR IGNORE INTO cities (name) VALUES (?)", city)
        return self.run("SELECT id FROM cities WHERE name = ?", city).fetchone()[0]

    def put_row(self, id, row, verb):
        name, city, n, place = row
        if self.old:
            values = (id, self.owner, name, city, n, place)
            self.wrote(self.run(f"{verb} INTO clients (id, owner, name, city, n, place) VALUES (?, ?, ?, ?, ?, ?)", *values), 1)
            return
        values = (id, self.owner, name, n, place)
        self.wrote(self.run(f"{verb} INTO customers (id, owner, name, n, place) VALUES (?, ?, ?, ?, ?)", *values), 1)
        self.wrote(self.run(f"{verb} INTO addresses (customer, city_id) VALUES (?, ?)", id, self.city_id(city)), 1)

    def delete_row(self, id):
        if self.old:
            self.wrote(self.run("DELETE FROM clients WHERE id = ?", id), 1)
        else:
            self.wrote(self.run("DELETE FROM addresses WHERE customer = ?", id), 1)
            self.wrote(self.run("DELETE FROM customers WHERE id = ?", id), 1)

    def delete(self, id):
        self.delete_row(id)
        self.remove(id)
        return 1

    def city(self, id):
        city = self.rng.choice(CITIES)
        if self.old:
            self.wrote(self.run("UPDATE clients SET city = ? WHERE id = ?", city, id), 1)
        else:
            at = self.city_id(city)
            self.wrote(self.run("UPDATE addresses SET city_id = ? WHERE customer = ?", at, id), 1)
        self.put(id, [self.now[id][0], city] + self.now[id][2:])
        return 1

    def move(self, id):
        """Another id, by any name of the rowid."""
        to, column = self.fresh(), self.rng.choice(["id", "rowid", "_rowid_", "oid"])
        if self.old:
            self.wrote(self.run(f"UPDATE clients SET {column} = ? WHERE id = ?", to, id), 1)
        else:
            self.wrote(self.run(f"UPDATE customers SET {column} = ? WHERE id = ?", to, id), 1)
            self.wrote(self.run(f"UPDATE addresses SET customer = ? WHERE customer = ?", to, id), 1)
        row = self.now[id]
        self.remove(id)
        self.put(to, row)
        return 1

    def ignore(self, id):
        """A row that is there already: nothing comes of it."""
        verb, (name, city, n, place) = "INSERT OR IGNORE", self.row(self.now[id][3])
        self.unholdable = False
        if self.old:
            sql = f"{verb} INTO clients (id, owner, name, city, n, place) VALUES (?, ?, ?, ?, ?, ?)"
            self.wrote(self.run(sql, id, self.owner, name or "", city, n, place), 0)
        else:
            sql = f"{verb} INTO customers (id, owner, name, n, place) VALUES (?, ?, ?, ?, ?)"
            self.wrote(self.run(sql, id, self.owner, name or "", n, place), 0)
        return 1

    def transaction(self):
        self.now, self.changed, self.aside, self.unholdable = dict(self.rows), {}, [], False
        self.run("BEGIN " + self.rng.choice(["IMMEDIATE", "IMMEDIATE", "IMMEDIATE", "DEFERRED"]))
        for id in [id for id, row in self.now.items() if row[0] is None]:
            self.look(id)
        writes = sum(self.write() for _ in range(self.rng.choice([1, 1, 1, 2, 4, 8, 16])))
        if self.rng.random() < 0.04:
            self.run("ROLLBACK")
            return
        seq = self.seq + 1
        self.wrote(self.run("UPDATE progress SET seq = ?, writes = writes + ? WHERE owner = ?", seq, writes, self.owner), 1)
        entry = {"seq": seq, "writes": writes, "rows": self.changed}
        if self.aside:
            entry["aside"] = self.aside
        print(json.dumps(entry), file=self.diary, flush=True)
        self.run("COMMIT")
        print(f'{{"ack": {seq}}}', file=self.diary, flush=True)
        self.seq, self.rows = seq, self.now

    def has_unholdable(self):
        """Whether a row is written that the old table can't hold. One from before a rollback is there
        still, and set aside: to change it is refused until it has a name."""
        return self.unholdable or any(row[0] is None for row in self.now.values())

    def work(self):
        self.settle_doubt()
        while not os.path.exists(self.config["stop_file"]):
            try:
                self.transaction()
            except sqlite3.Error as error:
                if self.conn.in_transaction:
                    self.conn.execute("ROLLBACK")
                said = str(error)
                if any(part in said for part in CLOSED):
                    time.sleep(0.02)
                elif "locked" in said:
                    time.sleep(self.rng.random() * 0.01)
                elif isinstance(error, sqlite3.IntegrityError) and "NULL in name" in said and self.has_unholdable():
                    pass
                else:
                    raise Lost(f"{type(error).__name__}: {said}") from error
            time.sleep(self.config["pause_ms"] / 1000)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    try:
        Program(config).work()
    except Lost as lost:
        print(f"program {config['owner']} ({config['side']}): {lost}", file=sys.stderr)
        if lost.__cause__:
            import traceback
            traceback.print_exception(lost.__cause__)
        sys.exit(9)


main()
