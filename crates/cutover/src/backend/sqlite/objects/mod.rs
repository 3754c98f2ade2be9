//! Triggers, views and the tables that they use: created, removed and replaced.

mod replace;
#[cfg(test)]
mod tests;

pub(crate) use replace::{Standing, create, remove, replace, standing};
