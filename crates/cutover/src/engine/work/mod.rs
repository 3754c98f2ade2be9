//! Work on the rows, under the lease and in chunks: how large they are, what is between two of
//! them, what they do.

pub(crate) mod busy_handler;
pub(crate) mod chunk_size;
pub(crate) mod chunked;
pub(crate) mod compare;
pub(crate) mod disk;
pub(crate) mod fill;
pub(crate) mod log;
pub(crate) mod pace;
pub(crate) mod pass;
pub(crate) mod reconcile;
pub(crate) mod refused_rows;
pub(crate) mod session;
pub(crate) mod set_aside;
pub(crate) mod telemetry;
pub(crate) mod yielding;
