//! Eight programs write to one database while an operator does anything the commands can do,
//! in any order: forwards, back, and out of the migration again. Programs and commands are
//! killed. Nothing that was acknowledged may be lost.
//!
//! | file | what it is |
//! |---|---|
//! | `scene` | the database, the migration, where everything lies |
//! | `program.py`, `programs` | a program that keeps a diary; the eight of them |
//! | `operator` | which command comes next, and what may come of it |
//! | `verdict` | what the diaries say that the database must hold |
//!
//! A run of a million writes:
//! `CUTOVER_WALK_WRITES=1000000 cargo test --release -p cutover-cli --test main walk::nothing -- --nocapture`
#![expect(clippy::print_stderr, reason = "a long run tells how far it is")]

mod operator;
mod programs;
mod scene;
mod verdict;

use std::time::{Duration, Instant};

use fastrand::Rng;

use operator::{Finish, Operator};
use programs::Programs;
use scene::Scene;

fn number(variable: &str, default: u32) -> u32 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn nothing_that_was_acknowledged_is_lost() {
    let writes = i64::from(number("CUTOVER_WALK_WRITES", 4_000));
    let seed = u64::from(number("CUTOVER_WALK_SEED", 1));
    let scene = Scene::new(seed);
    match walk(&scene, writes, seed) {
        Ok(account) => eprintln!("seed {seed}\n{account}"),
        Err(fault) => {
            let kept = scene.keep();
            panic!("seed {seed}, files in {}\n{fault}", kept.display());
        }
    }
}

/// Walks until so many writes were acknowledged; gives an account of it, or what is wrong.
fn walk(scene: &Scene, writes: i64, seed: u64) -> Result<String, String> {
    let mut rng = Rng::with_seed(seed);
    let mut programs = Programs::start(scene, seed);
    let mut operator = Operator::new(scene, seed);
    let (mut told, began) = (0, Instant::now());
    loop {
        programs.look()?;
        let acknowledged = scene.written();
        if acknowledged >= writes && operator.was_everywhere() {
            break;
        }
        if acknowledged > told + writes / 20 {
            told = acknowledged;
            eprintln!(
                "{:>6.0} s: {acknowledged} writes, {operator}",
                began.elapsed().as_secs_f64()
            );
        }
        if rng.u8(..12) == 0 {
            programs.kill_one(scene, &mut rng);
        }
        operator.step()?;
        if began.elapsed() > Duration::from_secs(300 + writes.unsigned_abs() / 100) {
            return Err(format!("it comes to no end: {acknowledged} writes, {operator:#}"));
        }
        if rng.u8(..3) == 0 {
            // Programs write in every phase, for some time.
            std::thread::sleep(Duration::from_millis(rng.u64(..200)));
        }
    }
    let killed = programs.stop()?;
    let verdict = verdict::judge(scene)?;
    // Once more with nobody there, in the phase at hand and at the end of a way out of it.
    let finish = if seed.is_multiple_of(2) { Finish::Left } else { Finish::Retired };
    operator.finish(finish)?;
    verdict::judge(scene)?;
    operator.forget()?;
    verdict::judge(scene)?;
    verdict::no_trace(scene)?;
    Ok(format!(
        "{verdict}\n{operator:#}\n{killed} programs were killed\n{:.0} s, {finish:?}, 0 lost",
        began.elapsed().as_secs_f64()
    ))
}

/// A verdict that can't say no proves nothing: what is taken away behind everybody's back is
/// missed, and so is what is changed.
#[test]
fn what_is_lost_is_found() {
    for harm in [
        "DELETE FROM clients WHERE id = (SELECT max(id) FROM clients)",
        "UPDATE clients SET city = city || '!' WHERE id = (SELECT max(id) FROM clients WHERE city IS NOT NULL)",
        "INSERT INTO clients VALUES (16000001, 1, 'nobody', NULL, 1, 999999)",
        "UPDATE progress SET seq = seq - 1 WHERE owner = 1",
    ] {
        let scene = Scene::new(3);
        let mut programs = Programs::start(&scene, 3);
        while scene.written() < 300 {
            programs.look().unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        programs.stop().unwrap();
        verdict::judge(&scene).unwrap();
        scene.open().execute_batch(harm).unwrap();
        assert!(verdict::judge(&scene).is_err(), "{harm}");
    }
}
