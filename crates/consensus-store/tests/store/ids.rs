//! Ids that were given out are never given out again, in whichever phase their rows went:
//! the old tables promised that (AUTOINCREMENT), and callers may have noted them.

use consensus_store::{NewArtifact, NewSynthesis, Stage, Store};
use cutover::Phase;

use crate::store::support::{Files, go};

/// Where a migration goes: through every step, and to each end without the steps between
/// having left a trace.
const WAYS: &[&[Phase]] = &[
    &[
        Phase::DualWrite,
        Phase::ReadNew,
        Phase::WriteNew,
        Phase::ReadNew,
        Phase::NewOnly,
        Phase::DualWrite,
        Phase::NewOnly,
        Phase::Retired,
    ],
    &[Phase::Retired],
    &[Phase::NewOnly, Phase::WriteNew, Phase::DualWrite, Phase::Retired],
    &[Phase::WriteNew, Phase::ReadNew],
];

/// Stores a row of each kind and deletes it; gives their ids.
fn give_and_take(store: &Store) -> [i64; 2] {
    let artifact = NewArtifact::new("SPEC-IDS", Stage::Plan, "claude", "{}");
    let artifact = store.store_artifact(&artifact).unwrap();
    store.store_synthesis(&NewSynthesis::new("SPEC-IDS", Stage::Plan, "# Plan", "ok")).unwrap();
    let synthesis = store.query_latest_synthesis("SPEC-IDS", &Stage::Plan).unwrap().unwrap().id;
    store.delete_stage("SPEC-IDS", &Stage::Plan).unwrap();
    [artifact, synthesis]
}

#[test]
fn no_id_comes_twice() {
    for way in WAYS {
        let files = Files::new();
        let path = files.legacy("store.db", 20);
        let store = Store::open(&path).unwrap();
        let mut last = give_and_take(&store);
        for phase in *way {
            go(&path, *phase);
            let ids = give_and_take(&store);
            assert!(
                ids[0] > last[0] && ids[1] > last[1],
                "{phase} of {way:?}: {ids:?} after {last:?}"
            );
            last = ids;
        }
    }
}
