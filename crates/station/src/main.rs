//! The `station` program: hands the command line what it needs of the other parts.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, Once, PoisonError};

use station::cli::{CliError, ExitKind, Externals, ServeRequest};
use station::client::Interrupter;
use station::daemon::{Options, StartError};
use station::embed::Embedder;
use station::port::StoreErrorKind;
use station::runtime::LockError;
use station::{cli, daemon, doctor, log, store};

fn main() -> ExitCode {
    let externals = Externals {
        embedded: Box::new(Embedder),
        serve,
        doctor: doctor::run,
        backup,
        on_interrupt,
    };
    cli::run(std::env::args_os().collect(), &externals)
}

/// Runs the daemon until it is told to stop.
fn serve(request: ServeRequest) -> Result<(), CliError> {
    let mut options = Options::new(request.data_dir);
    options.store = request.store;
    if let Some(n) = request.max_running {
        options.max_running = usize::try_from(n).unwrap_or(usize::MAX);
    }
    options.shutdown_limit = request.shutdown_limit.unwrap_or(options.shutdown_limit);
    // The log's place is made here, so that what goes wrong at the start is in it.
    daemon::prepare(&options).map_err(start_error)?;
    log::start(&options.data_dir);
    daemon::serve(&options).map_err(|error| {
        tracing::error!(%error, "cannot start");
        start_error(error)
    })
}

fn start_error(error: StartError) -> CliError {
    let held = matches!(error, StartError::Lock(LockError::Held { .. }));
    let error = error.to_string();
    if held {
        CliError::new(ExitKind::Refused, error)
            .hint("one daemon serves a data directory; use --data-dir for another station")
    } else {
        CliError::new(ExitKind::Station, error).hint("`station doctor` checks what it needs")
    }
}

/// Copies the store, with or without a daemon at work on it.
fn backup(data_dir: &Path, to: &Path) -> Result<u64, CliError> {
    let database = data_dir.join("station.db");
    if !database.exists() {
        let message = format!("there is no store to back up: {} is missing", database.display());
        return Err(CliError::new(ExitKind::NotFound, message));
    }
    store::reader(&database).backup(to).map_err(|error| {
        let kind = match error.kind {
            StoreErrorKind::Invalid => ExitKind::Refused,
            StoreErrorKind::Full
            | StoreErrorKind::ReadOnly
            | StoreErrorKind::Foreign
            | StoreErrorKind::Newer
            | StoreErrorKind::Damaged
            | StoreErrorKind::Busy
            | StoreErrorKind::Io => ExitKind::Station,
        };
        CliError::new(kind, error.message)
    })
}

/// Calls the interrupter given last when a signal asks to end, instead of ending at once.
fn on_interrupt(interrupter: Interrupter) -> Result<(), CliError> {
    static CURRENT: Mutex<Option<Interrupter>> = Mutex::new(None);
    static LISTENING: Once = Once::new();
    let current = || CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    *current() = Some(interrupter);
    let mut heard = Ok(());
    LISTENING.call_once(|| {
        heard = daemon::on_signals(move || {
            if let Some(interrupt) = current().take() {
                interrupt();
            }
        });
    });
    heard.map_err(start_error)
}
