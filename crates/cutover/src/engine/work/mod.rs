//! Long work cut into chunks: how large they are, what is between two of them, what they do.

pub(crate) mod chunked;
pub(crate) mod log;
pub(crate) mod pace;
pub(crate) mod pass;
pub(crate) mod reconcile;
pub(crate) mod refused_rows;
pub(crate) mod telemetry;
