//! `cutover man`: one manual page, with every command's options.

use clap::Command;
use clap_mangen::Man;
use cli_kit::exit::{Doing, Exit, Failure};
use cli_kit::output;

/// Prints the manual page of a program of this definition.
///
/// # Errors
///
/// If standard output can't be written.
pub fn run(program: Command) -> Result<Exit, Failure> {
    output::data(&page(program).doing(|| "writing the manual page".into())?)?;
    Ok(Exit::Done)
}

/// clap_mangen writes a page a command; users look for one page.
fn page(mut command: Command) -> std::io::Result<String> {
    command.build();
    let mut page = Vec::new();
    let main = Man::new(command.clone());
    main.render_title(&mut page)?;
    main.render_name_section(&mut page)?;
    main.render_synopsis_section(&mut page)?;
    main.render_description_section(&mut page)?;
    page.extend(examples(&main)?.bytes());
    sections(&command, "", &mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// A section for each command below this one, at every depth.
fn sections(command: &Command, path: &str, page: &mut Vec<u8>) -> std::io::Result<()> {
    for subcommand in command.get_subcommands() {
        let mut sections = Vec::new();
        let man = Man::new(subcommand.clone());
        man.render_synopsis_section(&mut sections)?;
        man.render_description_section(&mut sections)?;
        man.render_options_section(&mut sections)?;
        sections.extend(examples(&man)?.bytes());
        let name = format!("{path}{}", subcommand.get_name().to_uppercase());
        page.extend(format!(".SH \"{name}\"\n").bytes());
        // The subcommand's sections become subsections of its own.
        page.extend(String::from_utf8_lossy(&sections).replace(".SH ", ".SS ").bytes());
        self::sections(subcommand, &format!("{name} "), page)?;
    }
    Ok(())
}

/// What help shows after the options, line by line as it was written.
fn examples(man: &Man) -> std::io::Result<String> {
    let mut section = Vec::new();
    man.render_extra_section(&mut section)?;
    let section = String::from_utf8_lossy(&section);
    Ok(section.replace(".SH EXTRA\n", ".SH EXAMPLES\n.nf\n") + ".fi\n")
}

#[cfg(test)]
mod tests {
    use crate::cli::definition;

    #[test]
    fn the_page_describes_every_command() {
        let page = super::page(definition()).unwrap();
        for command in definition().get_subcommands() {
            let heading = format!(".SH \"{}\"", command.get_name().to_uppercase());
            assert!(page.contains(&heading), "{heading}");
        }
    }
}
