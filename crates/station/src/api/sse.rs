//! Decides what a client that reads an execution's output is sent next, as server-sent events.
//!
//! ```text
//! Latest(job) ──an execution is found──▶ At(execution) ──all output sent, it has ended──▶ end
//!      ├──one of several on nodes──▶ all of them (sse_firing)      └──▶ wait for a change
//!      └──the job ends without one──▶ end
//! ```
//!
//! Pure: the driver looks at the store ([`Look`]) and hands what it saw to [`Follower::step`], which
//! appends frames and says what to do next. Each look must begin after the last was handled.
//!
//! Nothing is lost or sent twice: output is read by position, and the row is read before the
//! output, so that all output of an ended execution has been read once none follows.

use std::str;

use jiff::tz::TimeZone;
use serde::Serialize;
use station_core::model::{
    Execution, ExecutionId, ExecutionStatus, Job, JobId, Micros, OutputChunk, Stream,
};

use super::execution_view::ExecutionView;
use super::view::{Detail, Frame, JobView};
use super::{context, stamp};
use crate::store::{Firing, StoredOutput};

/// The position before the first stored output.
pub(super) const BEFORE_ALL: i64 = -1;

/// A comment that keeps proxies and dead peers from holding the connection in silence.
pub(super) const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// What is to be looked at in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// The job and its latest execution.
    Latest(JobId),
    /// The execution, then its output after a position, then its job.
    At(ExecutionId, i64),
}

/// What was seen there.
pub(super) struct Look {
    /// The job.
    pub(super) job: Option<Job>,
    /// The execution.
    pub(super) execution: Option<Execution>,
    /// Output after the position; some whenever there is any.
    pub(super) output: Vec<StoredOutput>,
}

/// What the driver does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send the frames and look again.
    Look,
    /// Read all executions of this firing instead, with a [`super::sse_firing::FiringFollower`].
    ReadAll(Firing),
    /// Send the frames and wait until something of the job changes.
    Wait,
    /// Send the frames and close.
    End,
}

/// One reader of one execution's output.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    position: Position,
    follow: bool,
    shown: Option<(ExecutionStatus, u32, Option<Micros>)>,
}

impl Follower {
    /// A reader that begins at a position; one that follows stays until the execution's final end.
    pub(super) fn new(position: Position, follow: bool) -> Self {
        Self { position, follow, shown: None }
    }

    /// Whether it stays until the end.
    pub(super) fn follows(&self) -> bool {
        self.follow
    }

    /// What to look at next.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Appends the frames that follow from what was seen.
    pub(super) fn step(&mut self, look: &Look, frame: &Frame<'_>, frames: &mut Vec<u8>) -> Next {
        match (self.position, &look.job) {
            (Position::Latest(_), Some(job)) => {
                self.find(job, look.execution.as_ref(), frame, frames)
            }
            (Position::At(..), Some(job)) => match &look.execution {
                Some(execution) => self.show(job, execution, &look.output, frame, frames),
                None => gone(frames),
            },
            (_, None) => gone(frames),
        }
    }

    /// Settles on the job's latest execution, once it has one that is not over while another is due.
    fn find(
        &mut self,
        job: &Job,
        execution: Option<&Execution>,
        frame: &Frame<'_>,
        frames: &mut Vec<u8>,
    ) -> Next {
        let over = execution.is_none_or(|execution| execution.status.is_final());
        let due = job.state.status == ExecutionStatus::Pending
            && (job.state.next_due.is_some() || execution.is_none());
        match execution {
            _ if self.follow && over && due => Next::Wait,
            Some(execution) => {
                self.position = Position::At(execution.id, BEFORE_ALL);
                Firing::of(execution).map_or(Next::Look, Next::ReadAll)
            }
            None if self.follow && job.state.status == ExecutionStatus::Running => Next::Wait,
            None => end(job, None, frame, frames),
        }
    }

    fn show(
        &mut self,
        job: &Job,
        execution: &Execution,
        output: &[StoredOutput],
        frame: &Frame<'_>,
        frames: &mut Vec<u8>,
    ) -> Next {
        // A start is told before its output, every other change after what came before it.
        if execution.status == ExecutionStatus::Running || output.is_empty() {
            self.tell(job, execution, &frame.zone_of(job), frames);
        }
        let mut last = None;
        for batch in output {
            last = Some(batch.seq);
            for chunk in &batch.chunks {
                put_chunk((execution.id, execution.node.as_deref()), batch.attempt, chunk, frames);
            }
        }
        if let Some(seq) = last {
            self.position = Position::At(execution.id, seq);
            return Next::Look;
        }
        if self.follow && !execution.status.is_final() {
            return Next::Wait;
        }
        end(job, Some(execution), frame, frames)
    }

    /// Tells a follower the execution's state if it has changed.
    fn tell(&mut self, job: &Job, execution: &Execution, zone: &TimeZone, frames: &mut Vec<u8>) {
        let state = (execution.status, execution.attempt, execution.retry_at);
        if self.follow && self.shown != Some(state) {
            self.shown = Some(state);
            let kind = Some(job.spec.trigger.kind());
            put("execution", &ExecutionView::new(execution, zone).triggered_by(kind), frames);
        }
    }
}

/// The row that was there is not any more; the stream ends with an error in place of `end`.
pub(super) fn gone(frames: &mut Vec<u8>) -> Next {
    put_error("the job or execution is not stored any more", frames);
    Next::End
}

/// Appends an `error` event: the stream ends without its `end`.
pub(super) fn put_error(detail: &str, frames: &mut Vec<u8>) {
    put("error", &serde_json::json!({ "detail": detail }), frames);
}

#[derive(Serialize)]
struct EndEvent<'a> {
    execution_id: Option<ExecutionId>,
    status: &'static str,
    execution: Option<ExecutionView<'a>>,
    job: JobView<'a>,
}

fn end(job: &Job, execution: Option<&Execution>, frame: &Frame<'_>, frames: &mut Vec<u8>) -> Next {
    let zone = frame.zone_of(job);
    let event = EndEvent {
        execution_id: execution.map(|execution| execution.id),
        status: execution.map_or(job.state.status, |execution| execution.status).name(),
        execution: execution
            .map(|one| ExecutionView::new(one, &zone).triggered_by(Some(job.spec.trigger.kind()))),
        job: JobView::new(job, frame, Detail::default()),
    };
    put("end", &event, frames);
    Next::End
}

#[derive(Serialize)]
struct OutputEvent<'a> {
    execution_id: ExecutionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    attempt: u32,
    stream: Stream,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

/// Appends a piece of output, of an execution and its node.
pub(super) fn put_chunk(
    (id, node): (ExecutionId, Option<&str>),
    attempt: u32,
    chunk: &OutputChunk,
    frames: &mut Vec<u8>,
) {
    let text = str::from_utf8(&chunk.bytes).ok();
    let event = OutputEvent {
        execution_id: id,
        node,
        attempt,
        stream: chunk.stream,
        time: stamp::utc(chunk.at),
        text,
        hex: text.is_none().then(|| context::hex(&chunk.bytes)),
    };
    put("output", &event, frames);
}

/// Appends one event. JSON has no raw line feeds, so its data is one line.
pub(super) fn put<T: Serialize>(event: &str, data: &T, frames: &mut Vec<u8>) {
    let begin = frames.len();
    frames.extend_from_slice(b"event: ");
    frames.extend_from_slice(event.as_bytes());
    frames.extend_from_slice(b"\ndata: ");
    match serde_json::to_writer(&mut *frames, data) {
        Ok(()) => frames.extend_from_slice(b"\n\n"),
        Err(error) => {
            tracing::error!(%error, event, "an event of an output stream could not be written");
            frames.truncate(begin);
        }
    }
}

#[cfg(test)]
#[path = "sse_tests.rs"]
pub(super) mod tests;
