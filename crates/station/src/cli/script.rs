//! Reads the script of a job from a file or from standard input.

use std::io::Read;
use std::path::Path;

use super::error::{CliError, ExitKind};
use super::{Cx, plain};

/// The longest script, or input, that is read before it is refused: a station takes no more.
const MAX_SCRIPT: u64 = 4 << 20;

/// Reads a file with a script.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |e: std::io::Error| {
        let shown = plain(&path.display().to_string());
        CliError::usage(format!("the file {shown} cannot be read: {e}"))
    };
    read_bounded(&mut std::fs::File::open(path).map_err(failed)?).map_err(failed)
}

/// Reads a command from standard input, which must not be a terminal.
pub(crate) fn read_stdin(cx: &mut Cx<'_>) -> Result<Vec<u8>, CliError> {
    if cx.world.stdin_is_terminal {
        return Err(CliError::usage("there is no command")
            .hint("give it after --, with -f FILE, or on standard input"));
    }
    read_script(&mut *cx.world.stdin)
}

/// Reads a script from standard input.
pub(crate) fn read_script(stdin: &mut dyn Read) -> Result<Vec<u8>, CliError> {
    read_bounded(stdin).map_err(|error| {
        let too_long = error.kind() == std::io::ErrorKind::FileTooLarge;
        let kind = if too_long { ExitKind::Usage } else { ExitKind::Failed };
        CliError::new(kind, format!("standard input cannot be read: {error}"))
    })
}

fn read_bounded(reader: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_SCRIPT + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_SCRIPT {
        return Err(std::io::Error::new(
            std::io::ErrorKind::FileTooLarge,
            "it is longer than 4 MiB, the most a station accepts",
        ));
    }
    Ok(bytes)
}

/// A script as the text of a command, without the line ends at its end.
pub(crate) fn text(script: Vec<u8>) -> Result<String, CliError> {
    let mut text =
        String::from_utf8(script).map_err(|_| CliError::usage("the command is not UTF-8"))?;
    text.truncate(text.trim_end_matches('\n').len());
    Ok(text)
}
