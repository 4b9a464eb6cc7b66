//! Tells when something happens to files of a directory, without asking again and again.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Watches a directory until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    files: Files,
    task: AbortHandle,
}

/// Who waits for which file.
type Files = Arc<Mutex<HashMap<OsString, Arc<Notify>>>>;

/// Waits for what happens to one file.
#[derive(Debug)]
pub(crate) struct Watched {
    files: Files,
    name: OsString,
    notify: Arc<Notify>,
}

impl Watch {
    /// Watches a directory.
    pub(super) fn start(directory: &Path) -> io::Result<Self> {
        let descriptor = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        inotify::add_watch(&descriptor, directory, WatchFlags::CREATE | WatchFlags::MODIFY)?;
        // It is no pipe, but is read like one; `AsyncFd` would need unsafe code.
        let descriptor = Receiver::from_owned_fd_unchecked(descriptor)?;
        let files = Files::default();
        let task = tokio::spawn(run(descriptor, files.clone())).abort_handle();
        Ok(Self { files, task })
    }

    /// Waits from now on for a file to be made or written.
    pub(super) fn file(&self, path: &Path) -> Watched {
        let name = path.file_name().unwrap_or_default().to_owned();
        let notify = Arc::<Notify>::default();
        self.files
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone(), notify.clone());
        Watched { files: self.files.clone(), name, notify }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watched {
    /// Waits until something has happened since the last time.
    pub(crate) async fn changed(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

async fn run(mut events: Receiver, files: Files) {
    let mut buffer = [0; 4096];
    while let Ok(count) = events.read(&mut buffer).await
        && count > 0
    {
        let mut left = buffer.get(..count).unwrap_or_default();
        let files = files.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(name) = next(&mut left) {
            match name {
                Some(name) => files.get(name).into_iter().for_each(|notify| notify.notify_one()),
                // Some were lost; or it is about the directory, which does not happen often.
                None => files.values().for_each(|notify| notify.notify_one()),
            }
        }
    }
}

/// Takes one event: the name it is about; `None` within: it is about no file.
fn next<'a>(events: &mut &'a [u8]) -> Option<Option<&'a OsStr>> {
    // As in inotify(7): watch descriptor, mask, cookie, length of the name, name with NULs.
    let (_, rest) = events.split_at_checked(12)?;
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_ne_bytes(*length)).ok()?;
    let (name, rest) = rest.split_at_checked(length)?;
    *events = rest;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Some((!name.is_empty()).then(|| OsStr::from_bytes(name)))
}
