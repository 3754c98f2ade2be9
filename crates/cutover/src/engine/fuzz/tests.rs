//! The fuzzer itself.
