//! The `cutover` program. All of it is in the library beside it, which other programs
//! share parts of.

fn main() -> std::process::ExitCode {
    cutover_cli::cutover()
}
