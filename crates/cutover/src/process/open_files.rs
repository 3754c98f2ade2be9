//! Which processes have a file open: told by `/proc/PID/fd`.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, StatxFlags, makedev, open, statx};
use rustix::io::Errno;
use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

use super::opener::{Opener, Openers};
use super::stat::stat;

/// Bytes of a command line that are told.
const LONGEST_COMMAND: u64 = 1024;

/// What is added to the name of a program whose file is gone, in `/proc/PID/exe`
/// (<https://man7.org/linux/man-pages/man5/proc_pid_exe.5.html>).
const DELETED: &[u8] = b" (deleted)";

/// The processes that have this file open, but for our own, the oldest first.
pub(crate) fn openers(device: u64, inode: u64) -> Openers {
    let mut all = Openers { found: Vec::new(), complete: sees_all() };
    let Ok(entries) = fs::read_dir("/proc") else { return Openers::default() };
    let pid = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let own = std::process::id();
    for pid in entries.flatten().filter_map(pid).filter(|pid| *pid != own) {
        match has_open(pid, device, inode) {
            Ok(true) => all.found.extend(described(pid)),
            Err(Errno::ACCESS | Errno::PERM) => all.complete &= has_no_files(pid),
            // Or it has ended.
            Ok(false) | Err(_) => {}
        }
    }
    all.found.sort_by_key(|opener| (opener.started_ms, opener.pid));
    all
}

/// Whether no process of this machine is hidden from us altogether: by a namespace of our
/// own, or by how `/proc` is mounted.
fn sees_all() -> bool {
    // PROC_PID_INIT_INO of include/linux/proc_ns.h.
    let outermost = Path::new("pid:[4026531836]");
    fs::read_link("/proc/self/ns/pid").is_ok_and(|namespace| namespace == outermost)
        && stat(1).is_some()
}

fn has_no_files(pid: u32) -> bool {
    stat(pid).is_none_or(|stat| stat.in_kernel || stat.ended)
}

fn has_open(pid: u32, device: u64, inode: u64) -> Result<bool, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fds = open(format!("/proc/{pid}/fd"), flags, Mode::empty())?;
    for entry in Dir::read_from(&fds)? {
        let entry = entry?;
        if !entry.file_name().to_bytes().first().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        // A file of a server that does not answer must not hold us up.
        let Ok(found) = statx(&fds, entry.file_name(), AtFlags::STATX_DONT_SYNC, StatxFlags::INO)
        else {
            continue;
        };
        let device_of = makedev(found.stx_dev_major, found.stx_dev_minor);
        if found.stx_ino == inode && device_of == device {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What there is to be said of a process; nothing if it has ended.
pub(crate) fn described(pid: u32) -> Option<Opener> {
    let stat = stat(pid)?;
    let exe = fs::read_link(format!("/proc/{pid}/exe"));
    let deleted = |exe: &Path| exe.as_os_str().as_encoded_bytes().ends_with(DELETED);
    Some(Opener {
        pid,
        command: command(pid),
        exe_deleted: exe.is_ok_and(|exe| deleted(&exe)),
        started_ms: since_1970(stat.started),
    })
}

/// The command line, in one line; the program's name where a process shows none.
fn command(pid: u32) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(format!("/proc/{pid}/cmdline")) {
        let _ = file.take(LONGEST_COMMAND).read_to_end(&mut bytes);
    }
    let words = String::from_utf8_lossy(&bytes);
    let words = words.trim_end_matches('\0').replace(|c: char| c.is_control(), " ");
    if !words.is_empty() {
        return words;
    }
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    format!("[{}]", name.trim_end())
}

/// A time in clock ticks since the boot, in milliseconds since 1970.
fn since_1970(ticks: u64) -> Option<i64> {
    let up = clock_gettime(ClockId::Boottime);
    let up_ms = up.tv_sec.checked_mul(1000)?.checked_add(up.tv_nsec / 1_000_000)?;
    let ticks_ms = i64::try_from(ticks.checked_mul(1000)? / clock_ticks_per_second()).ok()?;
    Some(Timestamp::now().as_millisecond() - up_ms + ticks_ms)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn who_has_a_file_open_is_found_under_every_name_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a file");
        fs::write(&path, "x").unwrap();
        let other_name = dir.path().join("b");
        fs::hard_link(&path, &other_name).unwrap();
        let file = fs::File::open(&other_name).unwrap();
        let mut child = Command::new("sleep").arg("600").stdin(Stdio::from(file)).spawn().unwrap();
        let meta = fs::metadata(&path).unwrap();
        let before = Timestamp::now().as_millisecond();
        let found = openers(meta.dev(), meta.ino()).found;
        child.kill().unwrap();
        child.wait().unwrap();
        let [one] = &found[..] else { panic!("{found:?}") };
        assert_eq!((one.pid, one.exe_deleted), (child.id(), false));
        assert_eq!(one.command, "sleep 600");
        // A tick is 10 ms, and the two clocks may be set apart by as much.
        assert!(one.started_ms.unwrap() <= before + 100, "{one:?} {before}");
        assert!(openers(meta.dev(), meta.ino()).found.is_empty(), "it has ended");
    }
}
