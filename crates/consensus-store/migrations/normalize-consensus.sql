-- One row per run and one per agent's output, in place of artifacts that repeat
-- their run and syntheses that stand beside them.
--
-- A run is what the caller said it is: all artifacts and syntheses with the same
-- spec_id, stage and run_id. Those without a run_id make one run per spec and
-- stage. Timestamps decide nothing.

CREATE TABLE new.consensus_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    spec_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    -- The caller's run id. NULL: the caller gave none.
    run_label TEXT,
    -- Milliseconds since 1970: the earliest of the run's rows.
    run_timestamp INTEGER,
    -- Of the latest synthesis: whether its status is 'ok', and its degraded.
    -- NULL: no synthesis yet.
    consensus_ok INTEGER,
    degraded BOOLEAN,
    -- The id of the latest synthesis, which is the largest. NULL: no synthesis yet.
    latest_synthesis_id INTEGER,
    -- Every synthesis of the run, in the order of their ids: a JSON array of
    -- objects with the columns of consensus_synthesis, except those that name the
    -- run. NULL: none. A created_at that is a number with a fraction is written as
    -- [whole, fraction * 2^62], because how many digits JSON gives such a number
    -- depends on the version of SQLite.
    synthesis_json TEXT,
    UNIQUE (spec_id, stage, run_label)
);

-- UNIQUE takes NULLs for different, so the run without a label needs its own.
CREATE UNIQUE INDEX new.idx_consensus_runs_unlabelled
    ON consensus_runs (spec_id, stage) WHERE run_label IS NULL;

-- For max(latest_synthesis_id), after which the next synthesis gets its id. A partial
-- index without the NULLs would not serve it: max() alone doesn't ask for them to be left out.
CREATE INDEX new.idx_consensus_runs_latest_synthesis ON consensus_runs (latest_synthesis_id);

CREATE TABLE new.agent_outputs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES consensus_runs (id) ON DELETE CASCADE,
    agent_name TEXT NOT NULL,
    model_version TEXT,
    content TEXT NOT NULL,
    response_text TEXT,
    -- Milliseconds since 1970. NULL: no time was given, or none that could be read.
    output_timestamp INTEGER CHECK (typeof(output_timestamp) IN ('integer', 'null')),
    -- The old created_at as it was, where it was no time. It has no declared type,
    -- so that every value stays what it was.
    created_at_raw,
    CHECK (output_timestamp IS NULL OR created_at_raw IS NULL)
);

CREATE INDEX new.idx_agent_outputs_run ON agent_outputs (run_id);

-- forward

-- The window gives every synthesis of a run the whole array, in the order of id,
-- so that max() takes it from any of them: the text is the same whatever order
-- SQLite reads the rows in.
--
-- run_timestamp is a plain min() of a value of each row, so that an artifact which
-- is not the run's earliest is known not to change the run without looking at the others.
INSERT INTO new.consensus_runs
    (spec_id, stage, run_label, run_timestamp, consensus_ok, degraded, latest_synthesis_id,
     synthesis_json)
SELECT spec_id, stage, run_id,
    min(milliseconds),
    max(consensus_ok), max(degraded), max(synthesis_id), max(synthesis_json)
FROM (
    SELECT spec_id, stage, run_id,
        CASE
            WHEN created_at GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]'
                THEN strftime('%s', created_at) * 1000
            WHEN created_at GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]'
                THEN strftime('%s', created_at) * 1000 + substr(created_at, 21)
        END AS milliseconds,
        NULL AS consensus_ok, NULL AS degraded, NULL AS synthesis_id, NULL AS synthesis_json
    FROM old.consensus_artifacts
    UNION ALL
    SELECT spec_id, stage, run_id,
        CASE
            WHEN created_at GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]'
                THEN strftime('%s', created_at) * 1000
            WHEN created_at GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]'
                THEN strftime('%s', created_at) * 1000 + substr(created_at, 21)
        END,
        last_value(status = 'ok') OVER syntheses,
        last_value(degraded) OVER syntheses,
        id,
        json_group_array(json_object(
            'id', id,
            'output_markdown', output_markdown,
            'output_path', output_path,
            'status', status,
            'artifacts_count', artifacts_count,
            'agreements', agreements,
            'conflicts', conflicts,
            'degraded', degraded,
            'created_at', CASE typeof(created_at)
                WHEN 'real' THEN json_array(
                    CAST(created_at AS INTEGER),
                    CAST((created_at - CAST(created_at AS INTEGER)) * (1 << 62) AS INTEGER)
                )
                ELSE created_at
            END
        )) OVER syntheses
    FROM old.consensus_synthesis
    WINDOW syntheses AS (
        PARTITION BY spec_id, stage, run_id ORDER BY id
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)
GROUP BY spec_id, stage, run_id;

-- created_at becomes milliseconds where they give back the very same text: where it
-- is the text of its second, followed by nothing or by a fraction of three digits
-- that is not .000. A whole number beyond the milliseconds of the years 0000 to 9999
-- is taken for milliseconds too, because so the way back writes those that no text
-- can hold. All else is kept as it was.
INSERT INTO new.agent_outputs
    (id, run_id, agent_name, content, response_text, output_timestamp, created_at_raw)
SELECT a.id, r.id, a.agent_name, a.content_json, a.response_text,
    CASE
        WHEN datetime(strftime('%s', a.created_at), 'unixepoch') IS a.created_at AND length(a.created_at) = 19
            THEN strftime('%s', a.created_at) * 1000
        WHEN substr(a.created_at, 20) GLOB '.[0-9][0-9][0-9]' AND substr(a.created_at, 20) > '.000'
            AND a.created_at IS datetime(strftime('%s', a.created_at), 'unixepoch') || substr(a.created_at, 20)
            THEN strftime('%s', a.created_at) * 1000 + substr(a.created_at, 21)
        WHEN typeof(a.created_at) = 'integer'
            AND a.created_at NOT BETWEEN -62167219200000 AND 253402300799999
            THEN a.created_at
    END,
    CASE
        WHEN datetime(strftime('%s', a.created_at), 'unixepoch') IS a.created_at AND length(a.created_at) = 19
            THEN NULL
        WHEN substr(a.created_at, 20) GLOB '.[0-9][0-9][0-9]' AND substr(a.created_at, 20) > '.000'
            AND a.created_at IS datetime(strftime('%s', a.created_at), 'unixepoch') || substr(a.created_at, 20)
            THEN NULL
        WHEN typeof(a.created_at) = 'integer'
            AND a.created_at NOT BETWEEN -62167219200000 AND 253402300799999
            THEN NULL
        ELSE a.created_at
    END
FROM old.consensus_artifacts a
JOIN new.consensus_runs r
    ON r.spec_id = a.spec_id AND r.stage = a.stage AND r.run_label IS a.run_id;

-- backward

INSERT INTO old.consensus_artifacts
    (id, spec_id, stage, agent_name, content_json, response_text, run_id, created_at)
SELECT o.id, r.spec_id, r.stage, o.agent_name, o.content, o.response_text, r.run_label,
    CASE
        WHEN o.output_timestamp IS NULL THEN o.created_at_raw
        WHEN o.output_timestamp NOT BETWEEN -62167219200000 AND 253402300799999 THEN o.output_timestamp
        WHEN o.output_timestamp % 1000 = 0 THEN datetime(o.output_timestamp / 1000, 'unixepoch')
        ELSE strftime('%Y-%m-%d %H:%M:%f', o.output_timestamp / 1000.0, 'unixepoch')
    END
FROM new.agent_outputs o
JOIN new.consensus_runs r ON r.id = o.run_id;

-- scope: spec_id, stage, run_id
INSERT INTO old.consensus_synthesis
    (id, spec_id, stage, output_markdown, output_path, status, artifacts_count,
     agreements, conflicts, degraded, run_id, created_at)
SELECT s.value ->> '$.id', r.spec_id, r.stage,
    s.value ->> '$.output_markdown', s.value ->> '$.output_path', s.value ->> '$.status',
    s.value ->> '$.artifacts_count', s.value ->> '$.agreements', s.value ->> '$.conflicts',
    s.value ->> '$.degraded', r.run_label,
    CASE json_type(s.value, '$.created_at')
        WHEN 'array'
            THEN (s.value ->> '$.created_at[0]') + (s.value ->> '$.created_at[1]') * 1.0 / (1 << 62)
        ELSE s.value ->> '$.created_at'
    END
FROM new.consensus_runs r, json_each(r.synthesis_json) s;
