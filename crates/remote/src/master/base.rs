//! What a client's `ssh` processes need: a private directory, an eye on it, and the keeper.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::directory::{self, Directory};
use super::keeper::Keeper;
use super::watch::{Watch, Watched};
use crate::client::ClientConfig;
use crate::failure::{Failure, FailureKind};
use crate::route::Route;

/// What a client's `ssh` processes need. Dropped, they end and nothing is left of it.
#[derive(Debug)]
pub(crate) struct Base {
    // In this order: at the end of its pipe, the keeper ends them.
    keeper: Mutex<Arc<Keeper>>,
    watch: Watch,
    directory: Directory,
}

/// A file into which an `ssh` writes what it has to say; removed with this value.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
}

impl Base {
    /// Makes all of it.
    pub(crate) fn start(config: &ClientConfig) -> Result<Self, Failure> {
        let directory = Directory::make(config.directory.as_deref())?;
        let watch = Watch::start(directory.path())
            .map_err(|error| local("the directory of ssh cannot be watched", &error))?;
        let keeper = start_keeper(&directory)?;
        Ok(Self { keeper: Mutex::new(keeper), watch, directory })
    }

    /// Whether its directory is still there; something may have tidied up `/tmp`.
    pub(crate) fn is_there(&self) -> bool {
        self.directory.path().is_dir()
    }

    /// The keeper; a new one if it has been killed.
    pub(crate) fn keeper(&self) -> Result<Arc<Keeper>, Failure> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if !keeper.is_alive() {
            *keeper = start_keeper(&self.directory)?;
        }
        Ok(keeper.clone())
    }

    /// The socket of the so-manieth master, which is for this route.
    pub(super) fn socket(&self, route: &Route, number: u64) -> PathBuf {
        self.directory.socket(route, number)
    }

    /// Waits from now on for a file of the directory to be made or written.
    pub(crate) fn watch(&self, path: &std::path::Path) -> Watched {
        self.watch.file(path)
    }

    /// The path of a log for the so-manieth process.
    pub(crate) fn log(&self, route: &Route, number: u64) -> Log {
        Log { path: directory::log_of(&self.directory.socket(route, number)) }
    }
}

impl Log {
    /// The last 64 KiB of it.
    pub(crate) fn read(&self) -> String {
        const MOST: usize = 64 << 10;
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        let tail = bytes.get(bytes.len().saturating_sub(MOST)..).unwrap_or_default();
        String::from_utf8_lossy(tail).into_owned()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // Not there when ssh had nothing to say, or when the directory has already been removed.
        drop(std::fs::remove_file(&self.path));
    }
}

fn start_keeper(directory: &Directory) -> Result<Arc<Keeper>, Failure> {
    let started = Keeper::start(directory.path());
    started.map(Arc::new).map_err(|error| local("the keeper of ssh cannot be started", &error))
}

fn local(what: &str, error: &io::Error) -> Failure {
    Failure::new(FailureKind::Local, format!("{what}: {error}"))
}
