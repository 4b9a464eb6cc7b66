//! `station audit export`: the trail in other forms, written as it comes.

use std::fs::OpenOptions;
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::FilterArgs;
use crate::cli::error::{CliError, ExitKind};
use crate::cli::{Cx, plain, shown};

/// Options of `station audit export`.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("form").required(true))]
pub struct ExportArgs {
    /// Lines of JSON, which `station audit verify --file` verifies
    #[arg(long, group = "form")]
    pub jsonl: bool,
    /// A table, one row for each record
    #[arg(long, group = "form")]
    pub csv: bool,
    /// The frames of commands as packets, for Wireshark
    #[arg(long, group = "form")]
    pub pcap: bool,
    /// Write a new file [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Which records.
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// Writes it.
pub(super) fn run(args: &ExportArgs, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let format = match (args.csv, args.pcap) {
        (true, _) => "csv",
        (_, true) => "pcap",
        (false, false) => "jsonl",
    };
    let path = format!("/api/audit/export?format={format}{}", args.filter.query());
    let mut station = cx.connect()?;
    let Some(file) = &args.output else {
        if args.pcap && cx.world.screen.out_is_terminal {
            let text = "packets are nothing to be read on a terminal";
            return Err(CliError::usage(text).hint("name a file with -o FILE"));
        }
        station.transport().download(&path, &mut *cx.world.screen.out)?;
        return Ok(());
    };
    let mut out = BufWriter::new(create(file)?);
    let written = station.transport().download(&path, &mut out).map_err(CliError::from);
    let written = written.and_then(|length| {
        let kept = out.flush().and_then(|()| out.get_ref().sync_all());
        kept.map_err(|error| CliError::output(&error)).map(|()| length)
    });
    let length = written.inspect_err(|_| {
        // Half an export would pass for a whole one.
        std::fs::remove_file(file).ok();
    })?;
    let name = plain(&file.display().to_string());
    cx.world.screen.line(&format!("{} written to {name}", shown::size(length)))
}

fn create(file: &Path) -> Result<std::fs::File, CliError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    made.map_err(|error| {
        let name = plain(&file.display().to_string());
        if error.kind() == ErrorKind::AlreadyExists {
            let text = format!("{name} exists already, and is not written over");
            CliError::new(ExitKind::Refused, text).hint("name another file")
        } else {
            CliError::new(ExitKind::Failed, format!("{name} cannot be written: {error}"))
        }
    })
}
