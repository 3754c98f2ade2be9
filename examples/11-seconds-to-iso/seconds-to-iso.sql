-- seconds-to-iso.sql: the table keeps its name; its times become readable text that sorts
CREATE TABLE new.sessions (
    id INTEGER PRIMARY KEY, user_name TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT);
CREATE INDEX new.sessions_started ON sessions (started_at);

-- forward: a value that is not a whole second of the years 0 to 9999 stays that number, as text
INSERT INTO new.sessions (id, user_name, started_at, ended_at)
SELECT id, user_name,
       CASE WHEN unixepoch(started_iso) IS started_at THEN started_iso ELSE started_at END,
       CASE WHEN unixepoch(ended_iso) IS ended_at THEN ended_iso ELSE ended_at END
FROM (SELECT id, user_name, started_at, ended_at,
             strftime('%Y-%m-%dT%H:%M:%SZ', started_at, 'unixepoch') AS started_iso,
             strftime('%Y-%m-%dT%H:%M:%SZ', ended_at, 'unixepoch') AS ended_iso
      FROM old.sessions);

-- backward: and is made a number again
INSERT INTO old.sessions (id, user_name, started_at, ended_at)
SELECT id, user_name,
       CASE WHEN started_at GLOB '????-??-??T??:??:??Z' THEN unixepoch(started_at) ELSE CAST(started_at AS NUMERIC) END,
       CASE WHEN ended_at GLOB '????-??-??T??:??:??Z' THEN unixepoch(ended_at) ELSE CAST(ended_at AS NUMERIC) END
FROM new.sessions;
