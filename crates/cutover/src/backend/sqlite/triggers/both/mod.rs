//! The triggers of the phase in which programs write both sides.
//!
//! - **A write to a new table** makes the old tables what the way back gives, as in `write-new`:
//!   the old side holds nothing that the new one lacks.
//! - **A write to an old table** changes in the new ones only what it changed: what the mapping
//!   gave before it (`delta`) is compared with what it gives now. What can't come back as it was
//!   written is refused (`check`).
//!
//! A flag tells the two apart: while one side's triggers write the other side, those of the other
//! side do nothing. Between statements it is down.

mod acted_on;
mod check;
mod context;
mod delta;
mod gone;
mod moving;
mod noting;
mod old_table;
mod put;
mod row;
mod row_wise;
mod sides;
#[cfg(test)]
mod tests;

pub(crate) use self::sides::objects;
