"""A program that knows the binary and SQL, and nothing of Rust.

Called with the binary, the store, and the table that artifacts are in.
"""

import json, sqlite3, subprocess, sys

binary, db = sys.argv[1:3]

def consensus(*arguments, stdin=""):
    ran = subprocess.run([binary, *arguments, "--db", db], input=stdin, text=True,
                         capture_output=True, check=True)
    return json.loads(ran.stdout)

run = "run of 🐍 'python'"
ids = []
for agent in ["claude", "gemini", "gpt"]:
    answer = {"agent": agent, "vote": "yes", "why": "it's \"quoted\"\n"}
    ids.append(consensus("put", "artifact", "--spec", "PY-1", "--stage", "spec-implement",
                         "--agent", agent, "--run-id", run, "--response-text", "said " + agent,
                         stdin=json.dumps(answer)))
consensus("put", "synthesis", "--spec", "PY-1", "--stage", "spec-implement", "--status", "ok",
          "--run-id", run, "--artifacts-count", "3", "--json", stdin="# Plan\n")

specs = [row for row in consensus("specs") if row["spec_id"] == "PY-1"]
[row] = specs
assert (row["artifacts"], row["syntheses"], row["runs"]) == (3, 1, 1), row

shown = consensus("show", "--spec", "PY-1", "--stage", "spec-implement")
assert [a["id"] for a in shown["artifacts"]] == ids[::-1], (shown, ids)
for artifact, agent in zip(shown["artifacts"], ["gpt", "gemini", "claude"]):
    assert json.loads(artifact["content_json"])["agent"] == agent
    assert artifact["response_text"] == "said " + agent and artifact["run_id"] == run
assert shown["synthesis"]["output_markdown"] == "# Plan\n" and shown["synthesis"]["run_id"] == run

conn = sqlite3.connect(db)
found = [row[0] for row in conn.execute(
    "SELECT id FROM %s WHERE id IN (?, ?, ?) ORDER BY id" % sys.argv[3], ids)]
assert found == ids, (found, ids)

failed = subprocess.run([binary, "show", "--spec", "PY-1", "--stage", "s", "--db", db + ".no"],
                        capture_output=True, text=True)
assert failed.returncode == 5 and failed.stdout == "", failed
assert consensus("delete", "--spec", "PY-1", "--yes", "--json") == {"artifacts": 3, "syntheses": 1}
