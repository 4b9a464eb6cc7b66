//! The writer: a thread that puts batches into the file, behind a bounded buffer.

use std::path::PathBuf;
use std::sync::Arc;

use station_core::model::FileFormat;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

use super::SampleBatch;
use super::file::Writing;
use crate::{Error, ErrorKind};

/// How many batches may wait: about six seconds of a slow disk.
const BUFFER: usize = 64;

/// A file that is being written.
pub(super) struct Writer {
    batches: mpsc::Sender<Arc<SampleBatch>>,
    thread: Option<JoinHandle<Written>>,
}

/// What is in the file, and why there is no more.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) rows: u64,
    pub(super) error: Option<Error>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    Taken,
    /// The buffer is full: the batch is lost.
    Full,
    /// The file cannot be written any more.
    Ended,
}

impl Writer {
    /// Makes the file, and begins to write it.
    pub(super) async fn start(
        path: PathBuf,
        format: FileFormat,
        columns: Vec<String>,
    ) -> Result<Self, Error> {
        let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let made = tokio::task::spawn_blocking(move || Writing::create(&path, format, &columns));
        let made = made.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let file = made.map_err(|error| {
            let message = format!("failed to make the file {shown} for the samples: {error}");
            Error::new(ErrorKind::Local, message)
        })?;
        let (batches, waiting) = mpsc::channel(BUFFER);
        let thread = tokio::task::spawn_blocking(move || write(file, waiting, &shown));
        Ok(Self { batches, thread: Some(thread) })
    }

    /// Without a thread: the batches come out at the other end.
    #[cfg(test)]
    pub(super) fn piped(buffer: usize) -> (Self, mpsc::Receiver<Arc<SampleBatch>>) {
        let (batches, waiting) = mpsc::channel(buffer);
        (Self { batches, thread: None }, waiting)
    }

    /// Gives it a batch, without waiting.
    pub(super) fn offer(&self, batch: Arc<SampleBatch>) -> Offered {
        match self.batches.try_send(batch) {
            Ok(()) => Offered::Taken,
            Err(TrySendError::Full(_)) => Offered::Full,
            Err(TrySendError::Closed(_)) => Offered::Ended,
        }
    }

    /// Gives it a batch, once there is room.
    pub(super) async fn give(&self, batch: Arc<SampleBatch>) -> Offered {
        if self.batches.send(batch).await.is_ok() { Offered::Taken } else { Offered::Ended }
    }

    /// Waits until all of it is on disk.
    pub(super) async fn finish(self) -> Written {
        drop(self.batches);
        match self.thread {
            None => Written::default(),
            Some(thread) => thread.await.unwrap_or_else(|error| Written {
                rows: 0,
                error: Some(Error::new(ErrorKind::Local, format!("the writer ended: {error}"))),
            }),
        }
    }
}

fn write(mut file: Writing, mut batches: mpsc::Receiver<Arc<SampleBatch>>, name: &str) -> Written {
    let mut done = Ok(());
    while let Some(batch) = batches.blocking_recv() {
        done = file.append(&batch);
        if done.is_err() {
            break;
        }
    }
    let rows = file.rows();
    let error = done.and_then(|()| file.finish()).err().map(|error| {
        let message =
            format!("failed to write to {name}: {error}; the first {rows} samples are in it");
        Error::new(ErrorKind::Local, message)
    });
    Written { rows, error }
}
