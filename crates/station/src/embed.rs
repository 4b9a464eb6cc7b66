//! The station inside a command line, for when no daemon runs: the same router on the same store.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use station_core::model::JobId;

use crate::client::{
    Answer, ClientError, Embedded, Event, Flow, InProcess, Interrupter, Transport, UnixTransport,
};
use crate::daemon::{self, Options, StartError, Station};
use crate::runtime::{LockError, Mode};
use crate::server::{self, Names};

/// How long another command line that holds the data directory is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the embedded station may take to end what it runs when the command line is over.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Opens stations inside this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Embedder;

impl Embedded for Embedder {
    fn open(&self, data_dir: &Path) -> Result<Box<dyn InProcess>, ClientError> {
        Ok(Box::new(Inside::open(data_dir)?))
    }
}

/// A station inside this process, spoken to over a pair of sockets.
struct Inside {
    transport: UnixTransport,
    router: Router,
    station: Station,
    /// The task that serves others, for as long as this station carries out a job.
    serving: Option<tokio::task::JoinHandle<()>>,
    // Dropped last: everything above lives on it.
    runtime: tokio::runtime::Runtime,
}

impl Inside {
    fn open(data_dir: &Path) -> Result<Self, ClientError> {
        let runtime = daemon::tokio_runtime().map_err(client_error)?;
        let station = runtime.block_on(open_station(data_dir))?;
        let router = station.router();
        let names = Arc::new(Names::default());
        let (spawner, served) = (runtime.handle().clone(), router.clone());
        let transport = UnixTransport::over(move || {
            let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
            theirs.set_nonblocking(true)?;
            let _inside = spawner.enter();
            let theirs = tokio::net::UnixStream::from_std(theirs)?;
            spawner.spawn(server::connection(theirs, served.clone(), Arc::clone(&names)));
            Ok(ours)
        })?;
        Ok(Self { transport, router, station, serving: None, runtime })
    }
}

/// Opens the station; another command line that holds the directory briefly is waited for.
async fn open_station(data_dir: &Path) -> Result<Station, ClientError> {
    let options = Options::load(data_dir.to_owned(), None).map_err(client_error)?;
    let started = Instant::now();
    loop {
        match Station::open(&options, Mode::Offline) {
            Ok(station) => return Ok(station),
            Err(StartError::Lock(LockError::Held { brief: true, .. }))
                if started.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => return Err(client_error(error)),
        }
    }
}

fn client_error(error: StartError) -> ClientError {
    match error {
        StartError::Lock(LockError::Held { path, what, pid, .. }) => {
            ClientError::Busy { path, holder: format!("{what} with pid {pid} holds it") }
        }
        error @ (StartError::Lock(_)
        | StartError::Config(_)
        | StartError::Driver(_)
        | StartError::Store(_)
        | StartError::System(_)) => ClientError::Store(error.to_string()),
    }
}

impl Transport for Inside {
    fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<Answer, ClientError> {
        self.transport.call(method, path, body)
    }

    fn stream(
        &mut self,
        path: &str,
        on_event: &mut dyn FnMut(Event) -> Flow,
    ) -> Result<(), ClientError> {
        self.transport.stream(path, on_event)
    }

    fn download(&mut self, path: &str, to: &mut dyn Write) -> Result<u64, ClientError> {
        self.transport.download(path, to)
    }

    fn interrupter(&mut self) -> Result<Interrupter, ClientError> {
        self.transport.interrupter()
    }
}

impl InProcess for Inside {
    fn adopt(&mut self, job_id: &str) -> Result<(), ClientError> {
        let id: JobId =
            job_id.parse().map_err(|error| ClientError::Protocol(format!("{error}")))?;
        let job = self
            .station
            .handle
            .reader()
            .job(id)
            .map_err(|error| ClientError::Store(error.to_string()))?
            .ok_or_else(|| ClientError::Protocol(format!("Job {id} not found")))?;
        if self.serving.is_none() {
            // Others can speak to this station for as long as it waits.
            let _inside = self.runtime.enter();
            self.station.describe(Mode::Embedded);
            let server = self.station.listen();
            let server = server.map_err(|error| ClientError::Store(error.to_string()))?;
            self.serving = Some(self.runtime.spawn(server.serve(self.router.clone())));
        }
        self.station.handle.adopt(job);
        Ok(())
    }
}

impl Drop for Inside {
    /// Ends what the adopted job still runs, and records it.
    fn drop(&mut self) {
        // Others that want the directory may wait for it now.
        self.station.describe(Mode::Offline);
        self.station.handle.shut_down(Duration::ZERO);
        let stopped = self.station.handle.stopped();
        // When even that does not end, the next start finds what is left.
        drop(self.runtime.block_on(async { tokio::time::timeout(LAST_WORDS, stopped).await }));
        // The socket's file goes before the lock does; after that it could be a daemon's.
        if let Some(serving) = self.serving.take() {
            serving.abort();
            drop(self.runtime.block_on(serving));
        }
    }
}
