"""Replays on the twin what the log of the live database holds beyond the last replay.

Started by twin.rs with both paths. By the same SQLite as the writers': versions differ
in what they refuse (foreign keys with rows that were orphans before, for one), and a
twin must be refused what its sibling was refused. Prints the number of statements.
"""

import itertools
import sqlite3
import sys

TWIN, LIVE = sys.argv[1:]


def statements(sql):
    """The log separates statements by semicolons; texts may hold some too."""
    statement = ""
    for piece in sql.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def execute(conn, sql):
    try:
        for statement in statements(sql):
            conn.execute(statement)
    except sqlite3.IntegrityError as error:
        return error.sqlite_errorcode, str(error)
    return None, None


def outcome(code, message):
    return "did this" if code is None else f"was refused this ({code}: {message})"


def main():
    twin = sqlite3.connect(TWIN, isolation_level=None)
    twin.execute("PRAGMA synchronous = OFF")
    live = sqlite3.connect(LIVE, timeout=60)
    (cursor,) = twin.execute("SELECT seq FROM twin_cursor").fetchone()
    entries = live.execute(
        "SELECT foreign_keys, recursive_triggers, seq, writer, coalesce(twin_sql, sql), error, message"
        " FROM workload_log WHERE seq > ? ORDER BY seq", (cursor,)).fetchall()
    # Entries next to each other with the same pragmas are whole transactions, because a
    # writer never changes its pragmas: so one transaction may hold them all, and
    # deferred constraints are settled at its end as they were.
    for (foreign_keys, recursive_triggers), group in itertools.groupby(entries, lambda row: row[:2]):
        twin.execute(f"PRAGMA foreign_keys = {foreign_keys}")
        twin.execute(f"PRAGMA recursive_triggers = {recursive_triggers}")
        twin.execute("BEGIN")
        for *_, seq, writer, sql, error, message in group:
            found, found_message = execute(twin, sql)
            # The shell tells the primary code only.
            if found != error and (found is None or found & 0xFF != error):
                sys.exit(f"log entry {seq}: {writer} {outcome(error, message)},"
                         f" and the twin {outcome(found, found_message)}:\n{sql}")
        twin.execute("UPDATE twin_cursor SET seq = ?", (seq,))
        twin.execute("COMMIT")
    print(len(entries))


main()
