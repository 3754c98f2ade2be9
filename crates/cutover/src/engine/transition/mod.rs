//! From one phase to the next: what must hold before, the gates, and the switch itself.

pub(crate) mod approval;
pub(crate) mod catch_up;
pub(crate) mod clean_up;
pub(crate) mod dirty_log;
pub(crate) mod frozen;
pub(crate) mod gate;
pub(crate) mod handover;
pub(crate) mod hold;
pub(crate) mod old_programs;
pub(crate) mod only_new;
pub(crate) mod other_migrations;
pub(crate) mod partial_repair;
pub(crate) mod permission;
pub(crate) mod recover;
pub(crate) mod references;
pub(crate) mod renew;
pub(crate) mod set_aside;
pub(crate) mod switch;
pub(crate) mod tombstones;
