//! Output, in one place.

/// A section of the results, as a Markdown table.
#[expect(clippy::print_stdout, reason = "printing is what this program is for")]
pub fn table(title: &str, columns: &[&str], rows: &[Vec<String>]) {
    println!("\n### {title}\n");
    println!("| {} |", columns.join(" | "));
    println!("|{}", "---|".repeat(columns.len()));
    for row in rows {
        println!("| {} |", row.join(" | "));
    }
}
