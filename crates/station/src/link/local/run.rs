//! Carries one run out: launches it, has it watched, reaps it and reports its end.

use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus};
use std::sync::Arc;

use station_core::model::{End, Stream, Usage};
use wait4::{ResUse, Wait4 as _};

use super::Shared;
use super::exit::Exit;
use super::launch::{Launched, launch};
use super::reader::Reader;
use super::watch::{Progress, Watch};
use crate::link::flow::{Flow, Limits};
use crate::link::lazy_timer::LazyTimer;
use crate::link::live::Live;
use crate::link::report::{Report, failed};
use crate::port::{RunEnd, RunRequest, StopSignal};

/// Carries a run out and reports it.
pub(super) async fn run(shared: Arc<Shared>, live: Arc<Live>, request: RunRequest) {
    let report = Report::new(Arc::clone(&shared.runs), Arc::clone(&live), request.execution);
    if live.abandon() {
        let sentence = "The run was stopped before its command was started.";
        return report.end(failed(End::NotStarted, sentence));
    }
    let limits =
        Limits::new(request.cap, request.idle_timeout, shared.settings.config.flush_interval);
    // Blocking: the working directory or a PATH entry may be on a file system that hangs.
    let settings = Arc::clone(&shared);
    let launching = tokio::task::spawn_blocking(move || launch(&settings.settings, &request));
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
            let flow = Flow::new(report, limits);
            let leak = shared.settings.config.leak_timeout;
            let (progress, timer) = (Progress::default(), LazyTimer::default());
            let watch = Watch { flow, live, child, pid, exit, out, err, leak, progress, timer };
            finish(&shared, watch).await;
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
async fn finish(shared: &Shared, mut watch: Watch) {
    if watch.until_over().await {
        watch.out.drain(&mut watch.flow);
        watch.err.drain(&mut watch.flow);
    }
    let leaked = !(watch.out.is_closed() && watch.err.is_closed());
    let Watch { flow, live, child, out, err, .. } = watch;
    for reader in [out, err] {
        if !reader.is_closed() {
            tokio::spawn(reader.discard());
        }
    }
    let (end, error, usage) = match live.over_by(|| child.wait4()) {
        Ok(used) => (end_of(used.status), None, usage_of(shared, &used)),
        Err(error) => {
            let sentence = format!("How the command ended could not be learned: {error}.");
            (End::Unknown, Some(sentence), Usage::default())
        }
    };
    let (report, chunks, output) = flow.finish().await;
    report.end(RunEnd {
        end,
        error,
        result: None,
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
    let reaping = tokio::task::spawn_blocking(move || live.over_by(|| child.wait4()));
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

fn usage_of(shared: &Shared, used: &ResUse) -> Usage {
    let micros = |span: std::time::Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    Usage {
        user_micros: micros(used.rusage.utime),
        system_micros: micros(used.rusage.stime),
        max_rss_bytes: shared.memory.of_run(used.rusage.maxrss),
    }
}
