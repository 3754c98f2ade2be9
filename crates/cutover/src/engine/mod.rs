//! The engine: the operations on a migration, and what they share. Each room has a list of its
//! files; what the crate makes public of them is here.

pub(crate) mod observe;
pub(crate) mod open;
pub(crate) mod operations;
pub(crate) mod options;
pub(crate) mod preflight;
pub(crate) mod transition;
pub(crate) mod work;

pub use self::observe::observer::Observer;
pub use self::open::Engine;
pub use self::operations::request::Request;
pub use self::options::{
    AbortOptions, AdvanceOptions, ForgetOptions, Options, StartOptions, Vacuum,
};
