//! `station install-links`: links that let the program be called as at(1) and its kin.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Cx;
use super::error::{CliError, ExitKind};
use super::plain;

/// The names.
const NAMES: [&str; 4] = ["at", "atq", "atrm", "batch"];

/// Options of `station install-links`.
#[derive(Args, Clone, Debug)]
pub struct LinksArgs {
    /// The directory, such as /usr/local/bin
    pub dir: PathBuf,
    /// Replace links that point elsewhere, and files
    #[arg(long)]
    pub force: bool,
}

/// Makes the links: all of them, or none when one is refused.
pub(crate) fn run(args: &LinksArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let program = std::env::current_exe().map_err(|e| {
        CliError::new(ExitKind::Failed, format!("the program's own file is not known: {e}"))
    })?;
    let mut missing = Vec::new();
    for name in NAMES {
        let link = args.dir.join(name);
        if !present(&link, &program, args.force)? {
            missing.push(link);
        }
    }
    for link in missing {
        make(&link, &program).map_err(|e| failed(&link, &e))?;
        let shown = plain(&link.display().to_string());
        cx.world.screen.line(&format!("{shown} -> {}", plain(&program.display().to_string())))?;
    }
    Ok(())
}

/// Whether the link is there and ours; refuses what is not ours unless it may be replaced.
fn present(link: &Path, program: &Path, force: bool) -> Result<bool, CliError> {
    match std::fs::symlink_metadata(link) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(failed(link, &e)),
        Ok(_) if std::fs::canonicalize(link).is_ok_and(|to| to == program) => Ok(true),
        Ok(found) if found.is_dir() => Err(in_the_way(link, "is a directory")),
        Ok(_) if force => Ok(false),
        Ok(_) => Err(in_the_way(link, "is there already and is not a link to this program")
            .hint("--force replaces it")),
    }
}

/// Puts the link in place in one step, so that the name is never without a program.
fn make(link: &Path, program: &Path) -> io::Result<()> {
    let mut name = link.file_name().unwrap_or_default().to_owned();
    name.push(format!(".station-{}", std::process::id()));
    let fresh = link.with_file_name(name);
    symlink(program, &fresh)?;
    std::fs::rename(&fresh, link).inspect_err(|_| {
        std::fs::remove_file(&fresh).ok();
    })
}

fn in_the_way(link: &Path, what: &str) -> CliError {
    CliError::new(ExitKind::Refused, format!("{} {what}", plain(&link.display().to_string())))
}

fn failed(link: &Path, error: &io::Error) -> CliError {
    let link = plain(&link.display().to_string());
    CliError::new(ExitKind::Failed, format!("the link {link} cannot be made: {error}"))
}
