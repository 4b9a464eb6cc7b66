//! What carries the libraries that are measured: a runtime of one thread, or one as the daemon has.

use tokio::runtime::Builder;

use crate::Result;

/// A runtime of tokio.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Runtime {
    /// One thread, as a program of one purpose has it.
    One,
    /// A task among two workers, as in the daemon.
    Two,
}

impl Runtime {
    /// Its name in the keys of results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Two => "two",
        }
    }

    /// Waits for work that is done on it.
    pub(crate) fn run<T: Send + 'static>(
        self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let mut builder = match self {
            Self::One => Builder::new_current_thread(),
            Self::Two => Builder::new_multi_thread(),
        };
        let runtime = builder.worker_threads(2).enable_all().build()?;
        // As a task also on one thread: there a future that is waited for costs another look at the sockets.
        runtime.block_on(async { tokio::spawn(work).await? })
    }
}
