//! Carries one run out: launches it, has it watched, reaps it and reports its end.

use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::sync::Arc;

use station_core::model::{End, Stream, Usage};
use wait4::ResUse;

use super::Shared;
use super::capture::Capture;
use super::exit::Exit;
use super::launch::{Launched, launch};
use super::lazy_timer::LazyTimer;
use super::live::Live;
use super::reader::Reader;
use super::report::{Report, failed};
use super::watch::{Limits, Progress, Watch};
use crate::port::{RunEnd, RunRequest, StopSignal};

/// Carries a run out and reports it.
pub(super) async fn run(shared: Arc<Shared>, live: Arc<Live>, request: RunRequest) {
    let report = Report::new(Arc::clone(&shared), Arc::clone(&live), request.execution);
    if live.abandon() {
        let sentence = "The run was stopped before its command was started.";
        return report.end(failed(End::NotStarted, sentence));
    }
    let cap = request.cap;
    let limits = Limits {
        idle: request.idle_timeout,
        leak: shared.settings.config.leak_timeout,
        flush: shared.settings.config.flush_interval,
    };
    // Blocking: the working directory or a PATH entry may be on a file system that hangs.
    let launching = tokio::task::spawn_blocking(move || launch(&shared.settings, &request));
    let launched = match launching.await {
        Ok(Ok(launched)) => launched,
        Ok(Err(sentence)) => return report.end(failed(End::NotStarted, sentence)),
        Err(error) => {
            let sentence = format!("The station failed while starting the command: {error}.");
            return report.end(failed(End::Unknown, sentence));
        }
    };
    live.started(launched.pid);
    let Launched { child, pid, pidfd, stdout, stderr } = launched;
    match register(pidfd, stdout, stderr) {
        Ok((exit, out, err)) => {
            let capture = Capture::new(cap);
            let (progress, timer) = (Progress::new(), LazyTimer::default());
            let watch = Watch {
                report,
                live,
                child,
                pid,
                exit,
                out,
                err,
                capture,
                limits,
                progress,
                timer,
            };
            finish(watch).await;
        }
        Err(error) => give_up(report, live, child, &error).await,
    }
}

type Registered = (Exit, Reader, Reader);

fn register(
    pidfd: std::io::Result<OwnedFd>,
    stdout: OwnedFd,
    stderr: OwnedFd,
) -> std::io::Result<Registered> {
    let exit = Exit::new(pidfd?)?;
    Ok((exit, Reader::new(stdout, Stream::Stdout)?, Reader::new(stderr, Stream::Stderr)?))
}

/// Watches the run to its end and reports it.
async fn finish(mut watch: Watch) {
    if watch.until_over().await {
        watch.out.drain(&mut watch.capture);
        watch.err.drain(&mut watch.capture);
    }
    let leaked = !(watch.out.is_closed() && watch.err.is_closed());
    let Watch { report, live, child, out, err, capture, progress, .. } = watch;
    for reader in [out, err] {
        if !reader.is_closed() {
            tokio::spawn(reader.discard());
        }
    }
    let (end, error, usage) = match live.reap(child) {
        Ok(used) => (end_of(used.status), None, usage_of(&report, &used)),
        Err(error) => {
            let sentence = format!("How the command ended could not be learned: {error}.");
            (End::Unknown, Some(sentence), Usage::default())
        }
    };
    let (chunks, output) = capture.finish();
    if let Some(stored) = progress.in_flight
        && !chunks.is_empty()
        && stored.await.is_err()
    {
        tracing::debug!("a batch of output was given up by the store");
    }
    report.end(RunEnd {
        end,
        error,
        usage,
        output,
        chunks,
        leaked,
        kill: None,
        unreachable: false,
    });
}

/// Ends a process that cannot be watched; it may have done something, so its end is not known.
async fn give_up(report: Report, live: Arc<Live>, child: Child, error: &std::io::Error) {
    live.signal(StopSignal::Kill);
    let reaping = tokio::task::spawn_blocking(move || live.reap(child));
    let reaped = reaping.await.is_ok_and(|result| result.is_ok());
    tracing::debug!(reaped, "a process that could not be watched was killed");
    let sentence = format!("The command was killed since the station could not watch it: {error}.");
    report.end(failed(End::Unknown, sentence));
}

fn end_of(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exit(code),
        (None, Some(signal)) => End::Signal(signal),
        (None, None) => End::Unknown,
    }
}

fn usage_of(report: &Report, used: &ResUse) -> Usage {
    let micros = |span: std::time::Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    Usage {
        user_micros: micros(used.rusage.utime),
        system_micros: micros(used.rusage.stime),
        max_rss_bytes: report.shared().memory.of_run(used.rusage.maxrss),
    }
}
