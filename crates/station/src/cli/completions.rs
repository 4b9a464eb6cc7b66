//! `station completions` and `station man`: what shells and readers get from the grammar.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cx;
use super::args::Cli;
use super::error::{CliError, ExitKind};

/// Options of `station completions`.
#[derive(Args, Clone, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Options of `station man`.
#[derive(Args, Clone, Debug)]
pub struct ManArgs {
    /// Where the pages go; without it station(1) goes to standard output
    pub dir: Option<PathBuf>,
}

/// Prints a completion script.
pub(crate) fn completions(args: &CompletionsArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "station", &mut script);
    cx.world.screen.bytes(&script)
}

/// Prints or writes manual pages.
pub(crate) fn man(args: &ManArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let mut command = Cli::command();
    command.build();
    let Some(dir) = &args.dir else {
        return cx.world.screen.bytes(&page(command)?);
    };
    let write = |name: &str, page: &[u8]| {
        let path = dir.join(format!("{name}.1"));
        std::fs::write(&path, page).map_err(|e| cannot_write(&path, &e))
    };
    std::fs::create_dir_all(dir).map_err(|e| cannot_write(dir, &e))?;
    for (name, sub) in below("station", &command) {
        write(&name, &page(sub.clone())?)?;
    }
    write("station", &page(command)?)
}

/// All commands below one, with the names of their pages: `station-alarm`, `station-alarm-list`.
fn below<'a>(name: &str, command: &'a clap::Command) -> Vec<(String, &'a clap::Command)> {
    let mut all = Vec::new();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let name = format!("{name}-{}", sub.get_name());
        all.extend(below(&name, sub));
        all.push((name, sub));
    }
    all
}

fn page(command: clap::Command) -> Result<Vec<u8>, CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|e| CliError::output(&e))?;
    Ok(page)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CliError {
    let path = super::plain(&path.display().to_string());
    CliError::new(ExitKind::Failed, format!("{path} cannot be written: {error}"))
}
