//! Draws what a program printed, colours and all:
//!
//! ```sh
//! CLICOLOR_FORCE=1 cutover demo 2>&1 | cargo run -p book --bin picture -- 'cutover demo' > demo.svg
//! ```
#![expect(clippy::print_stdout, reason = "the picture is the result")]

use std::io;

fn main() -> io::Result<()> {
    let command = std::env::args().nth(1).unwrap_or_default();
    let printed = io::read_to_string(io::stdin())?;
    print!("{}", book::picture(&command, &printed));
    Ok(())
}
