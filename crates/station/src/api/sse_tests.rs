//! Tests of output streams: framing, order, nothing lost, nothing twice.

use serde_json::{Value, json};
use station_core::model::{Micros, Stream};

use super::super::view::tests::{at, execution, framed, job};
use super::*;

fn batch(seq: i64, attempt: u32, bytes: &[u8]) -> StoredOutput {
    let at = at("2027-07-01T10:00:01Z");
    let chunk = OutputChunk { stream: Stream::Stdout, at, bytes: bytes.to_vec() };
    StoredOutput { seq, attempt, chunks: vec![chunk] }
}

fn step(follower: &mut Follower, look: &Look) -> (Next, Vec<(String, Value)>) {
    let mut frames = Vec::new();
    let next =
        framed("2027-07-01T10:00:05Z", None, |frame| follower.step(look, frame, &mut frames));
    (next, events(&frames))
}

/// Reads frames as a client does.
pub(in super::super) fn events(frames: &[u8]) -> Vec<(String, Value)> {
    let text = str::from_utf8(frames).unwrap();
    let mut events = Vec::new();
    for frame in text.split_terminator("\n\n") {
        let lines: Vec<&str> = frame.split('\n').collect();
        let [event, data] = lines.as_slice() else { panic!("not two lines: {frame}") };
        let event = event.strip_prefix("event: ").unwrap().to_owned();
        events.push((event, serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap()));
    }
    events
}

pub(in super::super) fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

fn look(job: Job, execution: Option<Execution>, output: Vec<StoredOutput>) -> Look {
    Look { job: Some(job), execution, output }
}

fn done() -> (Job, Execution) {
    let (mut job, mut execution) = (job(), execution());
    job.state.status = ExecutionStatus::Completed;
    job.state.next_due = None;
    job.state.executions = 1;
    execution.status = ExecutionStatus::Completed;
    execution.ended = Some(at("2027-07-01T10:00:02Z"));
    (job, execution)
}

#[test]
fn frames_are_one_event_and_one_line_of_data() {
    let mut frames = Vec::new();
    let chunk = OutputChunk {
        stream: Stream::Stderr,
        at: Micros(1),
        bytes: "a\r\nb\n\nevent: end\u{2028}ü".as_bytes().to_vec(),
    };
    put_chunk((execution().id, None), 1, &chunk, &mut frames);
    let expected = "event: output\ndata: {\"execution_id\":\"42.1\",\"attempt\":1,\
        \"stream\":\"stderr\",\"time\":\"1970-01-01T00:00:00.000001Z\",\
        \"text\":\"a\\r\\nb\\n\\nevent: end\u{2028}ü\"}\n\n";
    assert_eq!(str::from_utf8(&frames).unwrap(), expected);
    frames.clear();
    put_chunk(
        (execution().id, None),
        1,
        &OutputChunk { bytes: vec![0xff, 0], ..chunk },
        &mut frames,
    );
    let (_, data) = events(&frames).remove(0);
    assert_eq!((&data["hex"], data.get("text")), (&json!("ff00"), None));
}

#[test]
fn a_follower_of_a_job_waits_for_its_start_and_goes_on_to_its_end() {
    let mut follower = Follower::new(Position::Latest(JobId(42)), true);
    assert_eq!(step(&mut follower, &look(job(), None, vec![])), (Next::Wait, vec![]));
    let mut running = job();
    running.state.status = ExecutionStatus::Running;
    running.state.next_due = None;
    running.state.executions = 1;
    let seen = look(running.clone(), Some(execution()), vec![]);
    assert_eq!(step(&mut follower, &seen), (Next::Look, vec![]));
    let id = execution().id;
    assert_eq!(follower.position(), Position::At(id, BEFORE_ALL));

    let output = vec![batch(3, 1, b"one\n"), batch(9, 1, b"two\n")];
    let (next, seen) = step(&mut follower, &look(running.clone(), Some(execution()), output));
    assert_eq!((next, names(&seen)), (Next::Look, vec!["execution", "output", "output"]));
    assert_eq!(follower.position(), Position::At(id, 9));
    assert_eq!(step(&mut follower, &look(running, Some(execution()), vec![])).0, Next::Wait);

    let (job, execution) = done();
    let output = vec![batch(10, 1, b"three")];
    let (next, seen) = step(&mut follower, &look(job.clone(), Some(execution.clone()), output));
    assert_eq!((next, names(&seen)), (Next::Look, vec!["output"]));
    let (next, seen) = step(&mut follower, &look(job, Some(execution), vec![]));
    assert_eq!((next, names(&seen)), (Next::End, vec!["execution", "end"]));
    let (_, end) = &seen[1];
    assert_eq!((&end["execution_id"], &end["status"]), (&json!("42.1"), &json!("completed")));
    assert_eq!(end["execution"]["execution_id"], "42.1");
    assert_eq!(end["job"]["job_id"], "42");
}

#[test]
fn a_retry_is_told_and_followed() {
    let mut follower = Follower::new(Position::At(execution().id, BEFORE_ALL), true);
    let mut job = job();
    job.state.next_due = None;
    job.state.executions = 1;
    let mut one = execution();
    assert_eq!(step(&mut follower, &look(job.clone(), Some(one.clone()), vec![])).0, Next::Wait);
    one.status = ExecutionStatus::Pending;
    one.retry_at = Some(at("2027-07-01T10:00:15Z"));
    let output = vec![batch(1, 1, b"last words")];
    let (next, seen) = step(&mut follower, &look(job.clone(), Some(one.clone()), output));
    assert_eq!((next, names(&seen)), (Next::Look, vec!["output"]));
    let (next, seen) = step(&mut follower, &look(job.clone(), Some(one.clone()), vec![]));
    assert_eq!((next, names(&seen)), (Next::Wait, vec!["execution"]));
    one.status = ExecutionStatus::Running;
    one.retry_at = None;
    one.attempt = 2;
    let output = vec![batch(2, 2, b"again")];
    let (_, seen) = step(&mut follower, &look(job, Some(one), output));
    assert_eq!(names(&seen), ["execution", "output"]);
    assert_eq!(seen[1].1["attempt"], 2);
}

#[test]
fn a_job_cancelled_before_its_start_ends_without_an_execution() {
    let mut follower = Follower::new(Position::Latest(JobId(42)), true);
    assert_eq!(step(&mut follower, &look(job(), None, vec![])).0, Next::Wait);
    let mut cancelled = job();
    cancelled.state.status = ExecutionStatus::Cancelled;
    cancelled.state.next_due = None;
    let (next, seen) = step(&mut follower, &look(cancelled, None, vec![]));
    assert_eq!((next, names(&seen)), (Next::End, vec!["end"]));
    assert_eq!(seen[0].1["execution_id"], Value::Null);
    assert_eq!(seen[0].1["execution"], Value::Null);
    assert_eq!(seen[0].1["status"], "cancelled");
}

#[test]
fn a_run_besides_the_trigger_does_not_end_the_wait_for_it() {
    let (_, over) = done();
    let mut pending = job();
    pending.state.executions = 1;
    let mut follower = Follower::new(Position::Latest(JobId(42)), true);
    let seen = look(pending.clone(), Some(over.clone()), vec![]);
    assert_eq!(step(&mut follower, &seen).0, Next::Wait);
    let mut reader = Follower::new(Position::Latest(JobId(42)), false);
    assert_eq!(step(&mut reader, &look(pending, Some(over.clone()), vec![])).0, Next::Look);
    assert_eq!(reader.position(), Position::At(over.id, BEFORE_ALL));
}

#[test]
fn a_job_on_nodes_is_read_whole() {
    let mut follower = Follower::new(Position::Latest(JobId(42)), true);
    let (job, mut one) = done();
    one.node = Some("rack1".to_owned());
    let firing = Firing { job: one.id.job, planned: one.planned, cause: one.cause };
    let (next, seen) = step(&mut follower, &look(job, Some(one), vec![]));
    assert_eq!((next, seen), (Next::ReadAll(firing), vec![]));
}

#[test]
fn without_following_there_is_stored_output_and_the_end() {
    let mut follower = Follower::new(Position::At(execution().id, BEFORE_ALL), false);
    let output = vec![batch(1, 1, b"so far")];
    let (next, seen) = step(&mut follower, &look(job(), Some(execution()), output));
    assert_eq!((next, names(&seen)), (Next::Look, vec!["output"]));
    let (next, seen) = step(&mut follower, &look(job(), Some(execution()), vec![]));
    assert_eq!((next, names(&seen)), (Next::End, vec!["end"]));
    assert_eq!(seen[0].1["status"], "running");

    let mut follower = Follower::new(Position::Latest(JobId(42)), false);
    let (next, seen) = step(&mut follower, &look(job(), None, vec![]));
    assert_eq!((next, names(&seen)), (Next::End, vec!["end"]));
    assert_eq!(seen[0].1["status"], "pending");
}

#[test]
fn rows_that_are_gone_end_the_stream_with_an_error() {
    let mut follower = Follower::new(Position::At(execution().id, 5), true);
    let (next, seen) = step(&mut follower, &look(job(), None, vec![]));
    assert_eq!((next, names(&seen)), (Next::End, vec!["error"]));
}
