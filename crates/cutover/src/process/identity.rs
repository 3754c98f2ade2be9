//! Telling a process from any other that has, or had, its number.
//!
//! A number alone is not enough: it is used again after its process has ended, another
//! container on the same machine counts its own, and a killed process whose parent has not
//! asked for it still answers to signals.

use rustix::process::{Pid, test_kill_process};

use super::stat::{Stat, stat};

/// Whether a process is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Runs,
    Gone,
    /// It counts its processes apart from ours, so its number says nothing here.
    OutOfSight,
}

/// What tells a process from all others: where its number counts, and when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    /// The boot, and the namespace in which numbers are given out.
    realm: String,
    /// In clock ticks since the boot.
    started: u64,
}

impl Identity {
    fn parse(text: &str) -> Option<Self> {
        let (realm, started) = text.rsplit_once('.')?;
        Some(Self { realm: realm.to_owned(), started: started.parse().ok()? })
    }
}

/// What tells this process from all others, to be asked for with [`fate`]; empty where the
/// system does not say.
pub(crate) fn identity() -> String {
    match (realm(), stat(std::process::id())) {
        (Some(realm), Some(Stat { started, .. })) => format!("{realm}.{started}"),
        _ => String::new(),
    }
}

/// What became of a process of this machine that had this number and this identity.
pub(crate) fn fate(pid: u32, identity: &str) -> Fate {
    let identity = Identity::parse(identity);
    if let Some(identity) = &identity
        && realm().is_some_and(|realm| realm != identity.realm)
    {
        return Fate::OutOfSight;
    }
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Fate::Gone;
    };
    // One of another user refuses the signal, and so is there.
    if test_kill_process(number) == Err(rustix::io::Errno::SRCH) {
        return Fate::Gone;
    }
    match (stat(pid), identity) {
        (Some(stat), _) if stat.ended => Fate::Gone,
        (Some(stat), Some(identity)) if stat.started != identity.started => Fate::Gone,
        _ => Fate::Runs,
    }
}

/// Where the numbers of processes that we see are given out.
fn realm() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let number: String = namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    Some(format!("{}-{number}", boot.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs() {
        assert_eq!(fate(std::process::id(), &identity()), Fate::Runs);
        assert_eq!(fate(std::process::id(), ""), Fate::Runs);
    }

    #[test]
    fn a_process_that_was_killed_is_gone_before_its_parent_asks_for_it() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        assert_eq!(fate(child.id(), ""), Fate::Runs);
        child.kill().unwrap();
        while fate(child.id(), "") == Fate::Runs {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(fate(child.id(), ""), Fate::Gone);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn another_process_of_the_same_number_is_another() {
        let own = Identity::parse(&identity()).unwrap();
        let earlier = format!("{}.{}", own.realm, 1);
        assert_eq!(fate(std::process::id(), &earlier), Fate::Gone);
        let elsewhere = format!("another-boot-1.{}", own.started);
        assert_eq!(fate(std::process::id(), &elsewhere), Fate::OutOfSight);
    }
}
