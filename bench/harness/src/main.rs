//! Measures a station and the limits it is held against; `bench/run` calls it part by part.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is its product")]
#![expect(clippy::disallowed_methods, reason = "it stands outside and watches by polling")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and durations of a benchmark are far from the ends of their types"
)]
#![expect(clippy::indexing_slicing, reason = "of JSON, where what is not there reads as null")]

mod args;
mod at_peer;
mod body;
mod commits;
mod due;
mod feeder;
mod history;
mod http;
mod instruments;
mod load;
mod noop;
mod output;
mod outstations;
mod pending;
mod process;
mod raw_durable;
mod raw_spawn;
mod raw_sqlite;
mod remote;
mod report;
mod rows;
mod runtime;
mod stamp;
mod station;
mod stats;
mod steady;
mod submit;
mod ticks;
mod tree;
mod triggers;
mod web;

use std::process::ExitCode;

use args::Args;

/// What every part ends in.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "station-bench PART [--option value]…
  sqlite-raw    --base DIR [--clients N] [--seconds S]
  spawn-raw     [--seconds S]
  durable-raw   --base DIR [--jobs N] [--rate only]
  submit        --socket PATH | --station BIN --base DIR  [--connections C] [--seconds S]
  due           --station BIN --base DIR [--jobs N] [--stamped]
  steady        --station BIN --base DIR [--rate N] [--seconds S] [--stamped]
  noop          --station BIN --base DIR [--jobs N] [--command true|argv|sh|bash|shell]
  pending       --station BIN --base DIR [--count N] [--idle S]
  output        --station BIN --base DIR [--bytes N]
  process       --station BIN --base DIR [--count N]
  at-due        --base DIR [--jobs N]
  ticks         --station BIN --base DIR [--jobs N] [--seconds S] [--spread yes]
  creates       --station BIN --base DIR [--connections C] [--seconds S]
  pages         --station BIN --base DIR [--jobs N] [--seconds S]
  history       --station BIN --base DIR [--count N]
  triggers
  empty         --station BIN --base DIR
  remote-warm|-together|-cold|-lines|-nodes
                --station BIN --base DIR --lab DIR --python BIN --peers DIR [--rounds N]
  remote-client --engine ours|bare --work commands|cold|lines --config FILE --lab DIR
                [--guard on] [--count N] [--at-once N] [--command TEXT]
  instruments-idn|-block
                --station BIN --python BIN --peers DIR [--rounds N]
  instruments-sequence|-acquisition|-polled
                --station BIN --base DIR [--steps N] [--jobs N] [--seconds S]
  outstations-decode|-direct|-interrogation|-spontaneous|-verify|-audited
                --base DIR --python BIN --peers DIR [--rounds N] [--seconds S] [--count N]
  outstations-peer
                [--count N] [--rate N]
  stamp FILE
  report        --results FILE --machine FILE [--out FILE]
All but stamp and report take --results FILE --part NAME and append what they measured.";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("station-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let args = Args::read(std::env::args().skip(1))?;
    match args.word(0) {
        Some("sqlite-raw") => raw_sqlite::run(&args),
        Some("spawn-raw") => raw_spawn::run(&args),
        Some("durable-raw") => raw_durable::run(&args),
        Some("submit") => submit::run(&args),
        Some("due") => due::run(&args),
        Some("steady") => steady::run(&args),
        Some("noop") => noop::run(&args),
        Some("pending") => pending::run(&args),
        Some("output") => output::run(&args),
        Some("process") => process::run(&args),
        Some("at-due") => at_peer::run(&args),
        Some("ticks") => ticks::run(&args),
        Some("creates") => web::creates(&args),
        Some("pages") => web::pages(&args),
        Some("history") => history::run(&args),
        Some("triggers") => triggers::run(&args),
        Some("empty") => pending::empty(&args),
        Some("stamp") => stamp::run(&args),
        Some("report") => report::run(&args),
        Some(other) if let Some(name) = other.strip_prefix("remote-") => remote::run(name, &args),
        Some(other) if let Some(name) = other.strip_prefix("instruments-") => {
            instruments::run(name, &args)
        }
        Some(other) if let Some(name) = other.strip_prefix("outstations-") => {
            outstations::run(name, &args)
        }
        _ => Err(USAGE.into()),
    }
}
