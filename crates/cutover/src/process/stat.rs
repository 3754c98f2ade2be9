//! What the system says of a process.

/// What the system says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// It has ended, and its parent has not asked for it yet.
    pub(super) ended: bool,
    /// It is a part of the kernel, and has no files.
    pub(super) in_kernel: bool,
    /// In clock ticks since the boot.
    pub(super) started: u64,
}

/// `PF_KTHREAD` of `include/linux/sched.h`.
const IN_KERNEL: u64 = 0x0020_0000;

/// Reads `/proc/PID/stat` (<https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>), where
/// there is one.
pub(super) fn stat(pid: u32) -> Option<Stat> {
    parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse(text: &str) -> Option<Stat> {
    // The name, the second field, is in parentheses and may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Stat {
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
        in_kernel: field(9)? & IN_KERNEL != 0,
        started: field(22)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_is_no_obstacle() {
        let fields: Vec<String> = (4..=52).map(|n| n.to_string()).collect();
        let stat = parse(&format!("12 (a) b (c)) S {}", fields.join(" "))).unwrap();
        assert_eq!(stat, Stat { ended: false, in_kernel: false, started: 22 });
        assert!(parse(&format!("12 (a) Z {}", fields.join(" "))).unwrap().ended);
        assert!(parse("12 (a) S 1").is_none());
    }

    #[test]
    fn threads_of_the_kernel_are_known() {
        let kernel = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 5 0 0 20 0 1 0 0 0";
        assert!(parse(kernel).unwrap().in_kernel);
    }
}
