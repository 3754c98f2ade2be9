//! What an import writes is what the migration derives.

use consensus_store::sample::Shape;

use crate::transfer::support::{Files, assert_same_new_tables, export, import, lines, raw};

#[test]
fn an_import_into_a_new_file_is_the_migration() {
    for (seed, artifacts, shape) in
        [(1, 2_000, Shape::Small), (2, 1_000, Shape::Realistic), (3, 30, Shape::Small)]
    {
        let files = Files::new();
        let old = files.sample("old.db", artifacts, seed, shape);
        let new = files.path("new.db");
        import(&new, export(&old));
        assert_same_new_tables(&files.derive(&old, "derived.db"), &new);
    }
}

/// In as many pieces as there are lines, and in no order.
#[test]
fn piece_by_piece_is_as_good_as_at_once() {
    let files = Files::new();
    let old = files.sample("old.db", 120, 4, Shape::Small);
    let new = files.path("new.db");
    let mut all = lines(&export(&old));
    fastrand::Rng::with_seed(2).shuffle(&mut all);
    for line in &all {
        import(&new, line);
    }
    assert_same_new_tables(&files.derive(&old, "derived.db"), &new);
}

/// A run that has many syntheses is written once, not once for each: the work grows with
/// the rows.
#[test]
fn a_run_of_many_syntheses() {
    let files = Files::new();
    let old = files.legacy("old.db");
    raw(&old)
        .execute_batch(
            "WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 3000) \
             INSERT INTO consensus_synthesis (spec_id, stage, output_markdown, status, degraded, created_at) \
             SELECT 's', 'spec-plan', hex(zeroblob(1000)), iif(n % 2, 'ok', 'conflict'), n % 3, '2025-01-01 10:00:00' FROM n",
        )
        .unwrap();
    let new = files.path("new.db");
    import(&new, export(&old));
    let kept: i64 = raw(&new)
        .query_row("SELECT json_array_length(synthesis_json) FROM consensus_runs", (), |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(kept, 3000);
    assert_eq!(export(&new), export(&old));
}
