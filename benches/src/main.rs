//! Figures beside the raw limit.
fn main() {}
