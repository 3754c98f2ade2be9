//! A process that uses the library: one store, shared by its threads or tasks.

use std::time::Duration;

use consensus_store::{AsyncStore, Error, Store};

use super::children::{Job, Role};
use super::face::{Face, at_once};
use super::history::{Event, History};
use super::rows::Bucket;
use super::worker::{Worker, fault};

pub(crate) fn run(job: &Job) {
    let sample = std::fs::read(&job.sample).expect("the sample's buckets");
    let sample: Vec<Bucket> = serde_json::from_slice(&sample).expect("buckets");
    let store = open(job);
    match job.role {
        Role::Tasks(callers) => tasks(job, store, callers, &sample),
        Role::Threads(callers) => std::thread::scope(|scope| {
            for caller in 0..callers {
                let face = Face::Blocking(store.clone());
                let worker = Worker::new(job, caller, face, sample.clone());
                scope.spawn(move || at_once(worker.work()));
            }
        }),
        Role::OldProgram | Role::Operator => unreachable!("no client"),
    }
}

fn tasks(job: &Job, store: Store, callers: usize, sample: &[Bucket]) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    let store = AsyncStore::from(store);
    runtime.block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|caller| {
                let face = Face::Tasks(store.clone());
                tokio::spawn(Worker::new(job, caller, face, sample.to_vec()).work())
            })
            .collect();
        for task in tasks {
            task.await.expect("a task that ends by itself");
        }
    });
}

/// Opening waits for locks no longer than a call does; a program that needs its store tries
/// again.
fn open(job: &Job) -> Store {
    loop {
        match Store::open_with(&job.db, job.options()) {
            Ok(store) => return store,
            Err(Error::Busy { .. }) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => {
                let what = fault("opening", &error);
                History::open(&job.history)
                    .add(&Event::Trouble { who: job.name.clone(), what: what.clone() });
                panic!("{what}");
            }
        }
    }
}
