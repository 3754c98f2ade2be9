//! `cutover plan`: every statement each step would run.

use cli_kit::exit::{Exit, Failure};
use cli_kit::render::{BOLD, line};
use cutover::Plan;

use super::Call;
use crate::target::Definition;

pub(crate) fn run(call: &Call<Definition>) -> Result<Exit, Failure> {
    let migration = call.migration.read()?;
    let plan = call.open()?.plan(&migration).map_err(|error| call.migration.failure(error))?;
    call.output.result(&plan, |_| render(&plan))?;
    Ok(Exit::Done)
}

/// SQL that can be read, saved and compared: headings are comments.
fn render(plan: &Plan) -> String {
    let mut out = String::new();
    for (i, step) in plan.steps.iter().enumerate() {
        if i > 0 {
            line!(out);
        }
        line!(out, "{BOLD}-- {}: {}{BOLD:#}", plan.migration, step.step);
        for statement in &step.statements {
            let statement = statement.trim_end().trim_end_matches(';');
            line!(out, "{statement};");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use cutover::PlanStep;

    #[test]
    fn every_statement_ends_with_one_semicolon() {
        let step = |name: &str, statements: &[&str]| PlanStep {
            step: name.into(),
            statements: statements.iter().map(|&s| s.into()).collect(),
        };
        let plan = Plan {
            migration: "split".into(),
            steps: vec![step("a to b", &["SELECT 1", "SELECT 2;\n"]), step("b to c", &[])],
        };
        let text = anstream::adapter::strip_str(&render(&plan)).to_string();
        assert_eq!(text, "-- split: a to b\nSELECT 1;\nSELECT 2;\n\n-- split: b to c\n");
    }
}
