//! The signals that ask a daemon to end.

use std::future::poll_fn;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::StartError;

/// The signals that ask for an end: SIGINT, SIGTERM and SIGHUP, but for those that were ignored when
/// the program was started (`nohup`, a shell's background job).
pub(super) struct Signals(Vec<Signal>);

impl Signals {
    /// From now on they do not end the process; needs a tokio runtime.
    pub(super) fn listen() -> Result<Self, StartError> {
        let ignored = ignored();
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let heard = kinds.into_iter().filter(|kind| ignored >> (kind.as_raw_value() - 1) & 1 == 0);
        let listening: Result<_, _> = heard.map(signal).collect();
        listening.map(Self).map_err(cannot_listen)
    }

    /// Resolves at the next one.
    pub(super) async fn next(&mut self) {
        poll_fn(|cx| {
            let come = self.0.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
            if come { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// The mask of the signals this process ignores; none where the system does not tell.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn cannot_listen(error: std::io::Error) -> StartError {
    StartError::System(format!("cannot listen for signals: {error}"))
}

/// From now on, SIGINT, SIGTERM and SIGHUP call this on a thread of its own, instead of ending the
/// process.
///
/// # Errors
/// When the system gives no thread or no signals.
pub fn on_signals(call: impl Fn() + Send + 'static) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(cannot_listen)?;
    let inside = runtime.enter();
    let mut signals = Signals::listen()?;
    drop(inside);
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            runtime.block_on(async {
                loop {
                    signals.next().await;
                    call();
                }
            });
        })
        .map_err(cannot_listen)?;
    Ok(())
}
