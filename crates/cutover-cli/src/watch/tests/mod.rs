//! Tests of the parts that are pure, and of drawing on a buffer. The program in a terminal is
//! tested in `tests/watch`.

mod drawing;
mod keys;
mod panics;
mod sample;
