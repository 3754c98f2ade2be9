//! Expressions that both sides share with the migration's mappings.

use crate::time::TEXT_MS;

/// The milliseconds of a `created_at`, as the migration reads it for a run's timestamp;
/// NULL where it is no such text.
pub(super) fn milliseconds(created_at: &str) -> String {
    const SECOND: &str =
        "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]";
    format!(
        "CASE WHEN {created_at} GLOB '{SECOND}' THEN strftime('%s', {created_at}) * 1000 \
         WHEN {created_at} GLOB '{SECOND}.[0-9][0-9][0-9]' \
         THEN strftime('%s', {created_at}) * 1000 + substr({created_at}, 21) END"
    )
}

/// The milliseconds of an output, as the migration reads them for its run's timestamp.
pub(super) fn output_milliseconds(output: &str) -> String {
    format!(
        "CASE WHEN {output}.output_timestamp BETWEEN {} AND {} THEN {output}.output_timestamp \
         WHEN {output}.output_timestamp IS NULL THEN {} END",
        TEXT_MS.start(),
        TEXT_MS.end(),
        milliseconds(&format!("{output}.created_at_raw"))
    )
}

/// The earliest time of a run's rows: what `run_timestamp` is.
pub(super) fn earliest() -> String {
    format!(
        "(SELECT min(ms) FROM (\
           SELECT {} AS ms FROM agent_outputs AS o WHERE o.run_id = consensus_runs.id \
           UNION ALL \
           SELECT {} FROM (SELECT value ->> '$.created_at' AS at \
             FROM json_each(consensus_runs.synthesis_json)) AS s))",
        output_milliseconds("o"),
        milliseconds("s.at")
    )
}
