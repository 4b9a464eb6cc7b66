//! The program called as `at`, `atq`, `atrm` or `batch`: at(1)'s own options and habits.
//!
//! Jobs made here have no retries, no timeout and all the grace in the world, run as a script of
//! /bin/sh and are planned to the minute, as atd does it. Every error ends with exit status 1.

mod access;
mod options;
mod queue;
mod script;
mod submit;

use std::ffi::OsString;
use std::path::Path;

use options::{Mode, Options};

use super::Cx;
use super::error::CliError;

/// The names the program answers to besides its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// `at`.
    At,
    /// `atq`.
    Atq,
    /// `atrm`.
    Atrm,
    /// `batch`.
    Batch,
}

impl Program {
    /// The name it was called by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::At => "at",
            Self::Atq => "atq",
            Self::Atrm => "atrm",
            Self::Batch => "batch",
        }
    }
}

/// The program that the first argument names, if it is one of at's.
///
/// The at-station was called `at` too: its commands (`at list`, `at cancel 42`) stay station's.
pub(crate) fn personality(args: &[OsString]) -> Option<Program> {
    match Path::new(args.first()?).file_name()?.to_str()? {
        "at" if args.get(1).is_some_and(super::is_seed_command) => None,
        "at" => Some(Program::At),
        "atq" => Some(Program::Atq),
        "atrm" => Some(Program::Atrm),
        "batch" => Some(Program::Batch),
        _ => None,
    }
}

const USAGE: &str = "\
Usage: at [-V] [-q queue] [-f file] [-u user] [-mMlbv] timespec... [-- command...]
       at [-V] [-q queue] [-f file] [-u user] [-mMlbv] -t [[CC]YY]MMDDhhmm[.SS] [-- command...]
       at -c job...
       at [-V] -l [-o timeformat] [-q queue] [job...]
       atq [-V] [-q queue] [-o timeformat] [job...]
       at [-rd] job...
       atrm [-V] job...
       batch [-V] [-q queue] [-f file] [-u user] [-mMv] [timespec...]
       at list | show ID | cancel ID | schedule TIME COMMAND   (see station --help)
";

/// Carries out a command line of at's.
pub(crate) fn run(program: Program, args: Vec<OsString>, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let alone = args.len() == 2;
    let options = match Options::parse(program, args.into_iter().skip(1)) {
        Ok(options) => options,
        Err(mistake) => {
            let message = format!("{mistake}\n{USAGE}");
            return Err(CliError::usage(message));
        }
    };
    if options.help {
        return cx.world.screen.print(USAGE);
    }
    if options.version {
        let name = program.name();
        let version = env!("CARGO_PKG_VERSION");
        cx.world.screen.note(&format!("{name} (Stationmaster) version {version}"));
        if alone {
            return Ok(());
        }
    }
    access::check(&cx.world, program)?;
    match options.mode {
        Mode::Submit { batch } => submit::run(options, batch, cx),
        Mode::List => queue::list(&options, cx),
        Mode::Remove => queue::remove(&options, cx),
        Mode::Print => script::print(&options, cx),
    }
}
