"""A program that writes to PostgreSQL: python postgres_writer.py SOCKET_DIRECTORY STOP TIMES
A line for each write: when it began, how many milliseconds it took, whether it was made."""
import os, sys, time

import psycopg2

directory, stop, times = sys.argv[1:]
connection = psycopg2.connect(host=directory, user="postgres", dbname="postgres")
connection.autocommit = True
cursor = connection.cursor()
schemas = ["migration_1_create", "migration_2_not_null"]
cursor.execute(f"SET search_path TO {schemas[0]}")
lines, n, due = [], 0, time.monotonic()
while not os.path.exists(stop):
    n += 1
    at, began, made = time.time(), time.perf_counter(), 1
    for attempt in range(2):
        try:
            cursor.execute("INSERT INTO clients (name, email, city, bio, score) VALUES (%s, %s, 'York', %s, 7)", (f"name {n}", f"{n}", "new"))
            break
        except psycopg2.errors.UndefinedTable:
            # The old schema is gone: the program's next version has begun.
            cursor.execute(f"SET search_path TO {schemas[1]}")
    else:
        made = 0
    lines.append(f"{at} {(time.perf_counter() - began) * 1000:.3f} {made}")
    due += 0.005
    time.sleep(max(0, due - time.monotonic()))
with open(times, "w") as file:
    file.write("\n".join(lines))
