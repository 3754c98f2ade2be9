//! What is done to a scene.

/// A command, and from where to where it leads.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    /// What leads to the phase before it: commands, [`WRITES`] or [`DAMAGE`].
    pub(crate) steps: &'static [&'static str],
    /// The command; `FILE` stands for the migration's file.
    pub(crate) command: &'static str,
    /// The phases in which a crash may leave the database; the one it leads to first.
    pub(crate) phases: &'static [&'static str],
}

/// A step: programs write a round.
pub(crate) const WRITES: &str = "(programs write)";
/// A step: the mirror is broken.
pub(crate) const DAMAGE: &str = "(something breaks the mirror)";

impl Operation {
    pub(crate) fn done(&self) -> &'static str {
        self.phases[0]
    }

    /// Whether it begins with a mirror that is not what it should be.
    pub(crate) fn damaged(&self) -> bool {
        self.steps.contains(&DAMAGE)
    }

    /// Whether it begins without a migration, or ends without one.
    pub(crate) fn leaves(&self) -> bool {
        self.done() == "legacy"
    }
}

macro_rules! operations {
    ($($name:ident: $steps:expr, $command:expr => $phases:expr;)*) => {
        $(pub(crate) const $name: Operation =
            Operation { steps: &$steps, command: $command, phases: &$phases };)*
    };
}

operations! {
    CHECK: [], "check FILE" => ["legacy"];
    START: [], "start FILE" => ["dual-write", "legacy"];
    BACKFILL: ["start FILE --no-backfill", WRITES], "backfill" => ["dual-write"];
    VERIFY: ["start FILE"], "verify" => ["dual-write"];
    REPAIR: ["start FILE", DAMAGE], "repair" => ["dual-write"];
    TO_READ_NEW: ["start FILE"], "advance --to read-new" => ["read-new", "dual-write"];
    TO_WRITE_BOTH: ["start FILE", "advance --to read-new"],
        "advance --to write-both" => ["write-both", "read-new"];
    BACK_TO_WRITE_BOTH: ["start FILE", "advance --to write-new", WRITES],
        "rollback --to write-both" => ["write-both", "write-new"];
    OUT_OF_WRITE_BOTH: ["start FILE", "advance --to write-both"],
        "rollback --to read-new" => ["read-new", "write-both"];
    TO_WRITE_NEW: ["start FILE", "advance --to read-new"],
        "advance --to write-new" => ["write-new", "read-new"];
    TO_NEW_ONLY: ["start FILE", "advance --to write-new", WRITES],
        "advance --to new-only" => ["new-only", "write-new"];
    RETIRE: ["start FILE", "advance --to new-only"],
        "advance --to retired --yes" => ["retired", "new-only"];
    BACK_TO_WRITE_NEW: ["start FILE", "advance --to new-only", WRITES],
        "rollback --to write-new" => ["write-new", "new-only"];
    BACK_TO_READ_NEW: ["start FILE", "advance --to write-new", WRITES],
        "rollback --to read-new" => ["read-new", "write-new"];
    BACK_TO_DUAL_WRITE: ["start FILE", "advance --to read-new"],
        "rollback --to dual-write" => ["dual-write", "read-new"];
    BACK_TO_THE_START: ["start FILE", "advance --to new-only", WRITES],
        "rollback --to dual-write" => ["dual-write", "read-new", "write-new", "new-only"];
    ABORT: ["start FILE"], "abort" => ["legacy", "dual-write"];
    ABORT_FROM_READ_NEW: ["start FILE", "advance --to read-new"],
        "abort" => ["legacy", "read-new"];
}

/// Makes a test of each operation: a call of `$each` with the operation.
macro_rules! of_each_operation {
    ($each:expr) => {
        $crate::operations::of_each_operation! { $each;
            check CHECK, start START, backfill BACKFILL, verify VERIFY, repair REPAIR,
            to_read_new TO_READ_NEW, to_write_both TO_WRITE_BOTH,
            back_to_write_both BACK_TO_WRITE_BOTH, out_of_write_both OUT_OF_WRITE_BOTH, to_write_new TO_WRITE_NEW, to_new_only TO_NEW_ONLY, retire RETIRE,
            back_to_write_new BACK_TO_WRITE_NEW, back_to_read_new BACK_TO_READ_NEW,
            back_to_dual_write BACK_TO_DUAL_WRITE, back_to_the_start BACK_TO_THE_START,
            abort ABORT, abort_from_read_new ABORT_FROM_READ_NEW
        }
    };
    ($each:expr; $($test:ident $operation:ident),*) => {$(
        #[test]
        fn $test() {
            let each: fn($crate::operations::Operation) = $each;
            each($crate::operations::$operation);
        }
    )*};
}
pub(crate) use of_each_operation;
