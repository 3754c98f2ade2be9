//! `cutover`, with faults where the environment orders them.

use std::process::ExitCode;

fn main() -> ExitCode {
    let orders = faults::armed::arm().expect("orders that can be carried out");
    let writer =
        orders.and_then(|orders| faults::writer::begin(&orders.db, orders.writing.as_ref()?));
    let code = cutover_cli::cutover();
    if let Some(writer) = writer {
        writer.end();
    }
    faults::armed::end();
    code
}
