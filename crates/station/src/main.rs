//! The `station` program: hands the command line what it needs of the other parts.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, Once, PoisonError};

use station::access::{self, Listen, TlsFiles};
use station::cli::{
    CliError, ExitKind, Externals, ListenArgs, ServeRequest, Verified, VerifyRequest,
};
use station::client::Interrupter;
use station::daemon::{Options, StartError};
use station::embed::Embedder;
use station::port::StoreErrorKind;
use station::runtime::LockError;
use station::{audit, cli, daemon, doctor, log, store};

fn main() -> ExitCode {
    let externals = Externals {
        embedded: Box::new(Embedder),
        serve,
        doctor: doctor::run,
        backup,
        verify,
        on_interrupt,
    };
    cli::run(std::env::args_os().collect(), &externals)
}

/// Runs the daemon until it is told to stop.
fn serve(request: ServeRequest) -> Result<(), CliError> {
    let configuration = request.config.as_deref();
    let mut options = Options::load(request.data_dir, configuration).map_err(start_error)?;
    options.metrics = request.metrics;
    options.store = request.store;
    options.audit_witness = request.audit_witness.or(options.audit_witness);
    options.listen = listen(request.listen, options.listen)
        .map_err(|error| CliError::new(ExitKind::Usage, error))?;
    options.listen.check().map_err(|error| CliError::new(ExitKind::Refused, error))?;
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

/// Reads what is asked for about TCP.
fn listen(asked: ListenArgs, defaults: Listen) -> Result<Listen, String> {
    fn all<T>(texts: &[String], read: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
        texts.iter().map(|text| read(text)).collect()
    }
    Ok(Listen {
        addresses: all(&asked.listen, access::parse_listen)?,
        tls: asked.tls_cert.zip(asked.tls_key).map(|(cert, key)| TlsFiles { cert, key }),
        anonymous: asked.allow_anonymous.as_deref().map(access::parse_anonymous).transpose()?,
        hosts: all(&asked.allow_host, access::parse_host)?,
        origins: all(&asked.allow_origin, access::parse_origin)?,
        insecure_plain_text: asked.insecure_plain_text,
        rate: match asked.rate_limit {
            Some(text) => access::parse_rate(&text)?,
            None => defaults.rate,
        },
        ..defaults
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

/// Verifies an audit trail, with or without a daemon at work on it.
fn verify(request: &VerifyRequest) -> Result<Verified, CliError> {
    let (witness, keys) = (request.witness.as_deref(), request.keys.as_slice());
    let report = match &request.file {
        Some(file) => audit::verify_file(file, witness, keys),
        None => {
            let database = request.data_dir.join("station.db");
            if !database.exists() {
                let message = format!("there is no trail: {} is missing", database.display());
                return Err(CliError::new(ExitKind::NotFound, message));
            }
            audit::verify_store(&request.data_dir, witness, keys)
        }
    };
    let report = report.map_err(|error| CliError::new(ExitKind::Station, error))?;
    Ok(Verified {
        records: report.records,
        head: (report.head.seq, report.head.hash),
        checkpoints: (report.checkpoints, report.signed),
        witnessed: report.witnessed,
        keys: report.keys,
        filter: report.filter,
        gaps: report.gaps,
        wrong: report.fault.map(|fault| (fault.seq, fault.to_string())),
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
