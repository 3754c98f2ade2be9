"""A program as it was before the migration: it writes to the old tables and knows nothing of
any migration. It tells what it does, in lines as those of history.rs, to the history.

Where there is a live view of an old table, it reads that: the view promises the table's rows
in every phase.
"""

import json
import os
import random
import sqlite3
import sys
import time
import zlib

# As in material.rs.
EPOCH, SHARED = 500, 3
STAGES = ["spec-plan", "spec-audit", "spec-review"]
ODD = ["", "it's", '"quoted"', "007", "1e3", "NULL", "Ünïcödé 日本語", "👩🏽‍💻", "line\r\nline",
       "tab\t\x01\x1f", "back\\slash \\u0041", "{\"a\": 1.50}", "long " * 1200]

TABLES = {
    "artifact": ("consensus_artifacts", ["agent_name", "content_json", "response_text", "run_id"]),
    "synthesis": ("consensus_synthesis",
                  ["output_markdown", "output_path", "status", "artifacts_count", "agreements",
                   "conflicts", "degraded", "run_id"]),
}

# Milliseconds of a created_at, as the store's programs write it.
CREATED = ("strftime('%s', created_at) * 1000 + CASE WHEN length(created_at) > 19"
           " THEN CAST(substr(created_at, 21) AS INTEGER) ELSE 0 END")

job = json.loads(sys.argv[1])
who = f"{job['name']}.0.{job['incarnation']}"
rng = random.Random(f"{job['seed']} {who}")
history = os.open(job["history"], os.O_WRONLY | os.O_APPEND)
db = sqlite3.connect(job["db"], timeout=job["busy_timeout_ms"] / 1000, isolation_level=None)
n, last_id, last = 0, 0, {}


def tell(event, **fields):
    line = "\n" + json.dumps({"e": event, "who": who, **fields})
    assert os.write(history, line.encode()) == len(line)


def why_not(error):
    """Why a statement came to nothing, or None if that is a fault."""
    message = str(error)
    if "database is locked" in message:
        return "busy"
    if "is read-only: migration normalize-consensus" in message or "no such table" in message:
        return "refused"
    return None


def now():
    return time.time_ns() // 1_000_000


def write(call, *statements):
    """One transaction; gives the cursors of its statements, or None."""
    tell("try", n=n, at=now(), call=call)
    try:
        db.execute("BEGIN IMMEDIATE")
        cursors = [db.execute(*statement) for statement in statements]
        db.execute("COMMIT")
        return cursors
    except sqlite3.Error as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        why = why_not(error)
        if why is None:
            raise
        tell("not", n=n, why=why)
        return None


def text():
    return rng.choice(ODD) if rng.random() < 0.3 else "as it ever was"


def values(kind, tag):
    run = rng.choice([None, None, "run-0", "run-1", "run-2", "it's \"mine\""])
    content = f"{text()}{tag}{text()}"
    optional = lambda: text() if rng.random() < 0.7 else None
    if kind == "artifact":
        return [rng.choice(["gemini", "claude", "O'Agent"]), content, optional(), run]
    return [content, optional(), rng.choice(["ok", "degraded"]),
            rng.choice([None, "3"]), optional(), optional(), rng.choice(["0", "1"]), run]


def place():
    if rng.random() < 0.2:
        return f"OWN {who}"
    return f"ALL-{last_id // EPOCH}-{rng.randrange(SHARED)}"


def store(kind):
    global last_id
    table, columns = TABLES[kind]
    spec, stage = place(), rng.choice(STAGES)
    row = values(kind, f"[[{who} {n} {last.get((kind, spec, stage), 0)}]]")
    bucket = {"kind": kind, "spec": spec, "stage": stage}
    call = {"store": {"bucket": bucket, "row": {"values": row, "ms": None, "model": None}}}
    # Numbers as numbers: the column keeps what it is given.
    given = [int(value) if value is not None and name in ("artifacts_count", "degraded") else value
             for name, value in zip(columns, row)]
    marks = ", ".join("?" * (2 + len(columns)))
    sql = f"INSERT INTO {table} (spec_id, stage, {', '.join(columns)}) VALUES ({marks})"
    cursors = write(call, (sql, [spec, stage, *given]))
    if cursors:
        tell("done", n=n, at=now(), gave=[cursors[0].lastrowid])
        last[kind, spec, stage] = n
        if kind == "artifact":
            last_id = max(last_id, cursors[0].lastrowid)


def delete():
    """Deletes what is its own."""
    spec = f"OWN {who}"
    call = {"delete": {"spec": spec, "stage": None, "artifacts": True, "syntheses": True}}
    cursors = write(call, *((f"DELETE FROM {table} WHERE spec_id = ?", [spec])
                            for table, _ in TABLES.values()))
    if cursors:
        tell("done", n=n, at=now(), gave=[cursor.rowcount for cursor in cursors])
        for key in [key for key in last if key[1] == spec]:
            del last[key]


def read(kind):
    global last_id
    table, columns = TABLES[kind]
    epoch = last_id // EPOCH
    bucket = {"kind": kind, "spec": f"ALL-{epoch}-{rng.randrange(SHARED)}",
              "stage": rng.choice(STAGES)}
    tell("look", n=n)
    try:
        rows = db.execute(
            f"SELECT id, {', '.join(columns)}, {CREATED} FROM cutover_live_{table}"
            " WHERE spec_id = ? AND stage = ? ORDER BY id",
            [bucket["spec"], bucket["stage"]]).fetchall()
    except sqlite3.Error as error:
        why = why_not(error)
        if why is None:
            raise
        tell("not", n=n, why=why)
        return
    crc = 0
    for key, *fields, created in rows:
        fields = ["-" if field is None else f"+{field}" for field in fields]
        crc = zlib.crc32(f"{key}{''.join(field + chr(0) for field in fields)}{created}\n".encode(),
                         crc)
    top = rows[-1][0] if rows else 0
    tell("saw", n=n, sight={"rows": {"bucket": bucket, "count": len(rows), "top": top,
                                     "crc": crc}})
    if kind == "artifact":
        last_id = max(last_id, top)


try:
    while not os.path.exists(job["stop_file"]) and os.getppid() == job["parent"]:
        for _ in range(rng.randrange(1, 8)):
            n += 1
            chance = rng.random()
            kind = "artifact" if rng.random() < 0.7 else "synthesis"
            if chance < 0.6:
                store(kind)
            elif chance < 0.65:
                delete()
            else:
                read(kind)
        time.sleep(rng.random() * job["pause_us"] / 1e6)
except sqlite3.Error as error:
    tell("trouble", what=f"{type(error).__name__}: {error}")
    raise
