//! The command line: reads arguments, calls the station, shows its answers.
//!
//! Each command is a file with its options and a `run`; `args.rs` lists them, `dispatch` below
//! calls them. Errors end in `error.rs`. Nothing here decides anything about jobs.

mod acquisition;
mod alarm;
mod api;
mod args;
mod at;
mod audit;
mod backup;
mod cadence;
mod cancel;
mod capture;
mod completions;
mod create;
mod cron;
mod daily;
mod delete;
mod doctor;
mod each;
mod edit;
mod equipment;
mod error;
mod every;
mod exec;
mod explain;
mod fires;
mod fleet;
mod follow;
mod history;
mod import;
mod job;
mod links;
mod list;
mod logs;
mod monthly;
mod next;
mod node;
mod outstation;
mod pause;
mod piece;
mod plain;
mod plan;
mod posix;
mod printer;
mod profile;
mod recurring;
mod run_now;
mod schedule;
mod script;
mod sequence;
mod serve;
mod sheet;
mod show;
mod shown;
mod simulate;
mod simulate_instrument;
mod simulate_outstation;
mod stats;
mod table;
mod time;
mod token;
mod weekly;
mod when;
mod why;
mod window;
mod world;
mod zone;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};

pub use args::{Cli, Command};
pub use audit::{Verified, VerifyRequest};
pub use error::{CliError, ExitKind};
pub use plain::{plain, plain_lines};
pub use serve::{ListenArgs, ServeRequest};
pub use world::{Screen, World};

use crate::client::{self, Embedded, Place, Station};
use args::{AtAlone, PlaceArgs};
use at::CalledAs;

/// What the command line needs from the rest of the program.
pub struct Externals {
    /// Opens the station in this process, for when no daemon runs.
    pub embedded: Box<dyn Embedded>,
    /// Runs the daemon until it is told to stop.
    pub serve: fn(ServeRequest) -> Result<(), CliError>,
    /// Checks a data directory and writes the findings (as JSON if asked); whether all is well.
    pub doctor: fn(&Path, bool, &mut dyn Write) -> Result<bool, CliError>,
    /// Copies the store of a data directory into a file; the size of the copy.
    pub backup: fn(&Path, &Path) -> Result<u64, CliError>,
    /// Verifies an audit trail.
    pub verify: fn(&VerifyRequest) -> Result<Verified, CliError>,
    /// From now on, SIGINT, SIGTERM and SIGHUP call this, once each, on a thread of their own,
    /// instead of ending the process. The latest one given is the one called.
    pub on_interrupt: fn(client::Interrupter) -> Result<(), CliError>,
}

/// What a command works with.
pub(crate) struct Cx<'a> {
    pub(crate) world: World<'a>,
    pub(crate) externals: &'a Externals,
    pub(crate) place: PlaceArgs,
}

impl Cx<'_> {
    /// The station that options and environment name.
    pub(crate) fn connect(&self) -> Result<Station, CliError> {
        let env = |name: &str| self.world.var(name).map(ToOwned::to_owned);
        let place = Place::find(self.place.data_dir.as_deref(), &env)?;
        Ok(client::open(&place, &*self.externals.embedded)?)
    }

    /// The data directory of this machine.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, CliError> {
        let env = |name: &str| self.world.var(name).map(ToOwned::to_owned);
        Ok(client::data_dir(self.place.data_dir.as_deref(), &env)?)
    }
}

/// Carries out a command line: the whole program but for `main`.
#[must_use]
pub fn run(args: Vec<OsString>, externals: &Externals) -> ExitCode {
    ExitCode::from(run_in(args, World::real(), externals))
}

/// As [`run`], in a given world; answers the exit status.
pub fn run_in(args: Vec<OsString>, world: World<'_>, externals: &Externals) -> u8 {
    let mut cx = Cx { world, externals, place: PlaceArgs::default() };
    let personality = posix::personality(&args);
    let result = match personality {
        Some(program) => posix::run(program, args, &mut cx),
        None => station(args, &mut cx),
    };
    let result = result.and_then(|()| cx.world.screen.flush());
    let Err(error) = result else { return 0 };
    // What was printed before the error belongs before it.
    cx.world.screen.flush().ok();
    cx.world.screen.err_bytes(error.render(personality.map_or("station", |p| p.name())).as_bytes());
    match personality {
        Some(_) if error.kind != ExitKind::Interrupted => 1,
        Some(_) | None => error.kind.status(),
    }
}

/// The program under its own name.
fn station(mut args: Vec<OsString>, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let second = args.get(1).and_then(|word| at::called_as(word));
    let Some(called) = second else { return whole(args, cx) };
    // The at-station's own lines, with `at` as the program's name: `at list`, `at cancel 42`.
    if called == CalledAs::At && args.get(2).is_some_and(is_seed_command) {
        args.remove(1);
        return station(args, cx);
    }
    args.remove(0);
    match AtAlone::try_parse_from(args) {
        Ok(alone) => {
            cx.place = alone.place;
            at::run(alone.at, called, cx)
        }
        Err(error) => clap_says(&error, cx),
    }
}

/// The at-station's commands besides scheduling: none of these words begins a time.
pub(crate) fn is_seed_command(word: &OsString) -> bool {
    word.to_str().is_some_and(|word| {
        matches!(
            word,
            "list" | "ls" | "cancel" | "rm" | "show" | "schedule" | "add" | "run" | "daemon"
        )
    })
}

fn whole(args: Vec<OsString>, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let words: Vec<OsString> = args.iter().skip(1).cloned().collect();
    let parsed = Cli::command()
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => {
            cx.place = cli.place;
            dispatch(cli.command, &words, cx)
        }
        Err(error) => clap_says(&error, cx),
    }
}

fn dispatch(command: Command, words: &[OsString], cx: &mut Cx<'_>) -> Result<(), CliError> {
    match command {
        Command::At(args) => {
            // Options may stand before the command's name here, such as --data-dir.
            let called = words.iter().find_map(|word| at::called_as(word));
            at::run(args, called.unwrap_or(CalledAs::At), cx)
        }
        Command::Every(args) => every::run(args, cx),
        Command::Cron(args) => cron::run(args, cx),
        Command::Daily(args) => daily::run(args, cx),
        Command::Weekly(args) => weekly::run(args, cx),
        Command::Monthly(args) => monthly::run(args, cx),
        Command::List(args) => list::run(&args, cx),
        Command::Show(args) => show::run(&args, cx),
        Command::Cancel(args) => cancel::run(&args, cx),
        Command::Delete(args) => delete::run(&args, cx),
        Command::Edit(args) => edit::run(*args, cx),
        Command::Pause(args) => pause::pause(&args, cx),
        Command::Resume(args) => pause::resume(&args, cx),
        Command::Next(args) => next::run(&args, cx),
        Command::Why(args) => why::run(&args, cx),
        Command::Explain(args) => explain::run(&args, cx),
        Command::Fires(args) => fires::run(&args, cx),
        Command::Logs(args) => logs::run(&args, cx),
        Command::History(args) => history::run(&args, cx),
        Command::Stats(args) => stats::run(&args, cx),
        Command::Alarm(args) => alarm::run(&args, cx),
        Command::Audit(args) => audit::run(&args, cx),
        Command::Node(args) => node::run(&args, cx),
        Command::Equipment(args) => equipment::run(&args, cx),
        Command::Outstation(args) => outstation::run(&args, cx),
        Command::Profile(args) => profile::run(&args, cx),
        Command::Acquisition(args) => acquisition::run(&args, cx),
        Command::Token(args) => token::run(&args, cx),
        Command::RunNow(args) => run_now::run(&args, cx),
        Command::Exec(args) => exec::run(args, cx),
        Command::Sequence(args) => sequence::run(&args, cx),
        Command::Time(args) => time::run(&args, cx),
        Command::Serve(args) => serve::run(args, cx),
        Command::Import(args) => import::run(&args, cx),
        Command::Simulate(args) => simulate::run(&args, cx),
        Command::Backup(args) => backup::run(&args, cx),
        Command::Doctor(args) => doctor::run(&args, cx),
        Command::Completions(args) => completions::completions(&args, cx),
        Command::Man(args) => completions::man(&args, cx),
        Command::InstallLinks(args) => links::run(&args, cx),
    }
}

/// Help and version go to standard output; mistakes read like every other error.
fn clap_says(error: &clap::Error, cx: &mut Cx<'_>) -> Result<(), CliError> {
    let rendered = error.render();
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        cx.world.screen.err_bytes(rendered.to_string().as_bytes());
        return Err(CliError::silent(ExitKind::Usage));
    }
    if !error.use_stderr() {
        let text =
            if cx.world.screen.colour { rendered.ansi().to_string() } else { rendered.to_string() };
        return cx.world.screen.print(&text);
    }
    let text = rendered.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    Err(CliError::usage(plain_lines(text)))
}
