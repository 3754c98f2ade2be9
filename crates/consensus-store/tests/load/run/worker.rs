//! One caller of the store: random calls, one after the other, each told to the history
//! before and after.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use consensus_store::{AsyncStore, Compact, Error, Options, Stage, Store};
use fastrand::Rng;

use super::children::Job;
use super::face::Face;
use super::history::{Call, Event, History, Sight, Why};
use super::known::Known;
use super::material;
use super::rows::{Bucket, Found, Kind, Row, Tag};

pub(crate) struct Worker {
    who: String,
    rng: Rng,
    face: Face,
    options: Options,
    history: History,
    known: Known,
    /// Buckets of rows that were there before anything began.
    sample: Vec<Bucket>,
    stop_file: PathBuf,
    parent: u32,
    pause: Duration,
    /// Whether it gives space back now and then: one program does.
    compacts: bool,
    /// Calls made so far.
    n: u64,
    /// The largest id of an artifact that this caller knows.
    last_id: i64,
    /// Where it wrote last.
    lately: Option<Bucket>,
}

/// A fault, in words.
type Outcome<T = ()> = Result<T, String>;

impl Worker {
    pub(crate) fn new(job: &Job, caller: usize, face: Face, sample: Vec<Bucket>) -> Self {
        let who = format!("{}.{caller}.{}", job.name, job.incarnation);
        let seed = who
            .bytes()
            .fold(job.seed, |seed, byte| seed.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
        Self {
            rng: Rng::with_seed(seed),
            options: job.options(),
            history: History::open(&job.history),
            known: Known::new(&who),
            stop_file: job.stop_file.clone(),
            parent: job.parent,
            pause: Duration::from_micros(job.pause_us),
            compacts: job.compacts,
            who,
            face,
            sample,
            n: 0,
            last_id: 0,
            lately: None,
        }
    }

    /// Goes on until it is told to stop, or finds a fault: then the whole process ends.
    pub(crate) async fn work(mut self) {
        while !self.stop_file.exists() && std::os::unix::process::parent_id() == self.parent {
            // Calls come in bursts: those who wait at the same time are what is interesting.
            for _ in 0..self.rng.u32(1..12) {
                if let Err(what) = self.step().await {
                    self.history.add(&Event::Trouble { who: self.who.clone(), what });
                    std::process::exit(1);
                }
            }
            let most = u64::try_from(self.pause.as_micros()).unwrap_or_default();
            let pause = Duration::from_micros(self.rng.u64(0..=most));
            self.face.pause(pause).await;
        }
    }

    async fn step(&mut self) -> Outcome {
        match self.rng.u32(..100) {
            0..26 => self.store(Kind::Artifact, false).await,
            26..36 => self.store(Kind::Artifact, true).await,
            36..44 => self.store(Kind::Synthesis, false).await,
            44..49 => self.store(Kind::Synthesis, true).await,
            49..53 => self.delete().await,
            53..67 => self.read(Kind::Artifact).await,
            67..73 => self.read(Kind::Synthesis).await,
            73..82 => self.latest().await,
            82..88 => self.count().await,
            88..90 => self.specs().await,
            90..92 => self.summaries().await,
            92..97 => self.read_sample().await,
            97 if self.compacts => self.compact().await,
            _ => self.read_anew().await,
        }
    }

    /// Gives space back, in small steps or by writing the whole file anew.
    async fn compact(&mut self) -> Outcome {
        let how = if self.rng.u8(..4) == 0 { Compact::Full } else { Compact::Incremental };
        let compacted = self.face.compact(how).await;
        self.n += 1;
        if self.unless_busy("compacting", compacted)?.is_some() {
            self.history.add(&Event::Compacted { who: self.who.clone() });
        }
        Ok(())
    }

    /// Stores a row, and looks for it half of the time.
    async fn store(&mut self, kind: Kind, own: bool) -> Outcome {
        let bucket = if own {
            let stage = material::stage(&mut self.rng);
            Bucket { kind, spec: self.known.own_spec().to_owned(), stage }
        } else {
            material::shared(&mut self.rng, kind, self.last_id)
        };
        self.n += 1;
        let tag = Tag::new(&self.who, self.n, self.known.last(&bucket));
        let row = material::row(&mut self.rng, kind, &tag);
        self.attempt(Call::Store { bucket: bucket.clone(), row: row.clone() });
        let write = async {
            match kind {
                Kind::Artifact => self.face.store_artifact(material::artifact(&bucket, &row)).await,
                Kind::Synthesis => {
                    self.face.store_synthesis(material::synthesis(&bucket, &row)).await
                }
            }
        };
        let stored = if matches!(self.face, Face::Tasks(_)) && !own && self.rng.u8(..30) == 0 {
            // A caller that goes away: its write may be stored all the same, sooner or later.
            let patience = Duration::from_micros(self.rng.u64(..1_500));
            match tokio::time::timeout(patience, write).await {
                Ok(stored) => stored,
                Err(_) => {
                    self.history.add(&Event::GaveUp { who: self.who.clone(), n: self.n });
                    return Ok(());
                }
            }
        } else {
            write.await
        };
        match stored {
            Ok(id) => {
                self.done(vec![id]);
                if kind == Kind::Artifact {
                    self.last_id = self.last_id.max(id);
                }
                self.known.stored(&bucket, self.n, row, id);
                self.lately = Some(bucket.clone());
                if self.rng.bool() { self.read_bucket(bucket).await } else { Ok(()) }
            }
            Err(error) => {
                self.came_to_nothing("storing", &error, Some(&row))?;
                self.known.not_stored(&bucket, self.n);
                Ok(())
            }
        }
    }

    /// Deletes from its own spec, where it knows how much that is.
    async fn delete(&mut self) -> Outcome {
        let spec = self.known.own_spec().to_owned();
        let (stage, syntheses) = match self.rng.u8(..3) {
            0 => (Some(material::stage(&mut self.rng)), false),
            1 => (None, false),
            _ => (None, true),
        };
        self.n += 1;
        self.attempt(Call::Delete {
            spec: spec.clone(),
            stage: stage.clone(),
            artifacts: true,
            syntheses,
        });
        let deleted = match &stage {
            Some(stage) => {
                let stage = Stage::from(stage.as_str());
                self.face.delete_stage_artifacts(&spec, &stage).await.map(|count| vec![count])
            }
            None if syntheses => {
                let deleted = self.face.delete_spec(&spec).await;
                deleted.map(|deleted| vec![deleted.artifacts, deleted.syntheses])
            }
            None => self.face.delete_spec_artifacts(&spec).await.map(|count| vec![count]),
        };
        match deleted {
            Ok(counts) => {
                let counts: Vec<i64> = counts.into_iter().map(u64::cast_signed).collect();
                self.done(counts.clone());
                let kinds = [Kind::Artifact, Kind::Synthesis];
                for (kind, count) in kinds.into_iter().zip(&counts) {
                    let expected = self.known.count_own(kind, stage.as_deref());
                    if usize::try_from(*count) != Ok(expected) {
                        return Err(format!(
                            "deleting from {spec:?} {stage:?}: {count} rows, not {expected}"
                        ));
                    }
                    self.known.deleted(kind, stage.as_deref());
                }
                Ok(())
            }
            Err(error) => self.came_to_nothing("deleting", &error, None),
        }
    }

    async fn read(&mut self, kind: Kind) -> Outcome {
        let bucket = self.somewhere(kind);
        self.read_bucket(bucket).await
    }

    /// A bucket of a kind: the one it wrote to last, its own, any.
    fn somewhere(&mut self, kind: Kind) -> Bucket {
        match (self.rng.u8(..4), self.lately.clone()) {
            (0 | 1, Some(bucket)) => Bucket { kind, ..bucket },
            (2, _) => {
                let stage = material::stage(&mut self.rng);
                Bucket { kind, spec: self.known.own_spec().to_owned(), stage }
            }
            _ => material::shared(&mut self.rng, kind, self.last_id),
        }
    }

    async fn read_sample(&mut self) -> Outcome {
        let bucket = self.sample[self.rng.usize(..self.sample.len())].clone();
        self.read_bucket(bucket).await
    }

    async fn read_bucket(&mut self, bucket: Bucket) -> Outcome {
        let face = self.face.clone();
        self.read_through(&face, bucket).await
    }

    /// Reads as a program that has just begun.
    async fn read_anew(&mut self) -> Outcome {
        let options = self.options.clone().read_only(self.rng.bool());
        let path = self.face.path().to_owned();
        let opened = match &self.face {
            Face::Blocking(_) => Store::open_with(path, options).map(Face::Blocking),
            Face::Tasks(_) => AsyncStore::open_with(path, options).await.map(Face::Tasks),
        };
        match opened {
            Ok(face) => {
                let bucket = self.somewhere(Kind::Artifact);
                self.read_through(&face, bucket).await
            }
            Err(Error::Busy { .. }) => Ok(()),
            Err(error) => Err(fault("opening", &error)),
        }
    }

    async fn read_through(&mut self, face: &Face, bucket: Bucket) -> Outcome {
        self.look();
        let stage = Stage::from(bucket.stage.as_str());
        let rows: Result<Vec<Found>, Error> = match bucket.kind {
            Kind::Artifact => face
                .query_artifacts(&bucket.spec, &stage)
                .await
                .map(|rows| rows.into_iter().map(Found::from).collect()),
            Kind::Synthesis => face
                .query_syntheses(&bucket.spec, &stage)
                .await
                .map(|rows| rows.into_iter().map(Found::from).collect()),
        };
        let Some(rows) = self.unless_busy("reading", rows)? else { return Ok(()) };
        if bucket.kind == Kind::Artifact && bucket.spec.starts_with(material::ALL) {
            self.last_id = self.last_id.max(rows.first().map_or(0, |row| row.id));
        }
        let sight = self.known.check(&bucket, &rows)?;
        self.saw(sight);
        Ok(())
    }

    async fn latest(&mut self) -> Outcome {
        let bucket = self.somewhere(Kind::Synthesis);
        self.look();
        let stage = Stage::from(bucket.stage.as_str());
        let latest = self.face.query_latest_synthesis(&bucket.spec, &stage).await;
        let Some(latest) = self.unless_busy("reading the latest", latest)? else { return Ok(()) };
        let sight = self.known.check_latest(&bucket, latest.map(Found::from).as_ref())?;
        self.saw(sight);
        Ok(())
    }

    async fn count(&mut self) -> Outcome {
        let Bucket { spec, .. } = self.somewhere(Kind::Artifact);
        self.look();
        let count = self.face.count_artifacts(&spec).await;
        let Some(count) = self.unless_busy("counting", count)? else { return Ok(()) };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if spec == self.known.own_spec() {
            let expected = self.known.count_own(Kind::Artifact, None);
            if count != expected {
                return Err(format!("{spec:?} has {count} artifacts, not {expected}"));
            }
            self.saw(None);
        } else {
            self.saw(Some(Sight::Count { spec, count }));
        }
        Ok(())
    }

    async fn specs(&mut self) -> Outcome {
        let specs = self.face.list_specs().await;
        if let Some(specs) = self.unless_busy("listing specs", specs)? {
            self.known.check_specs(&specs)?;
            self.saw(None);
        }
        Ok(())
    }

    async fn summaries(&mut self) -> Outcome {
        self.look();
        let summaries = self.face.summaries().await;
        let Some(summaries) = self.unless_busy("summing up", summaries)? else { return Ok(()) };
        let own = self.known.own_spec().to_owned();
        let mut counts = Vec::new();
        let mut own_counts = [0, 0];
        for summary in summaries {
            let both = [(Kind::Artifact, summary.artifacts), (Kind::Synthesis, summary.syntheses)];
            for (place, (kind, count)) in both.into_iter().enumerate() {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                if summary.spec_id == own {
                    own_counts[place] += count;
                } else if summary.spec_id.starts_with(material::ALL) {
                    counts
                        .push((Bucket::new(kind, &summary.spec_id, summary.stage.as_str()), count));
                }
            }
        }
        let expected =
            [Kind::Artifact, Kind::Synthesis].map(|kind| self.known.count_own(kind, None));
        if own_counts != expected {
            return Err(format!("{own:?} is summed up as {own_counts:?}, not {expected:?}"));
        }
        self.saw(Some(Sight::Summary { counts }));
        Ok(())
    }

    fn attempt(&self, call: Call) {
        self.history.add(&Event::Try { who: self.who.clone(), n: self.n, at: now_ms(), call });
    }

    fn done(&self, gave: Vec<i64>) {
        self.history.add(&Event::Done { who: self.who.clone(), n: self.n, at: now_ms(), gave });
    }

    fn look(&mut self) {
        self.n += 1;
        self.history.add(&Event::Look { who: self.who.clone(), n: self.n });
    }

    /// What others write to is judged at the end; the rest has been, and is counted.
    fn saw(&self, sight: Option<Sight>) {
        let who = self.who.clone();
        self.history.add(&match sight {
            Some(sight) => Event::Saw { who, n: self.n, sight },
            None => Event::Own { who },
        });
    }

    fn not(&self, why: Why) {
        self.history.add(&Event::Not { who: self.who.clone(), n: self.n, why });
    }

    /// The two errors that a write may come to: nothing was stored then.
    fn came_to_nothing(&self, doing: &str, error: &Error, row: Option<&Row>) -> Outcome {
        match error {
            Error::Busy { .. } => self.not(Why::Busy),
            Error::NoPlace { .. } if row.is_some_and(|row| row.model.is_some()) => {
                self.not(Why::NoPlace);
            }
            error => return Err(fault(doing, error)),
        }
        Ok(())
    }

    fn unless_busy<T>(&self, doing: &str, read: Result<T, Error>) -> Outcome<Option<T>> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(Error::Busy { .. }) => {
                self.not(Why::Busy);
                Ok(None)
            }
            Err(error) => Err(fault(doing, &error)),
        }
    }
}

/// An error with what caused it.
pub(crate) fn fault(doing: &str, error: &dyn std::error::Error) -> String {
    let mut what = format!("{doing}: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        what.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    what
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
