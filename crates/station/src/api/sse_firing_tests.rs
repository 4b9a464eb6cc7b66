//! Tests of the streams of firings on nodes: order, nothing lost, nothing twice.

use serde_json::{Value, json};
use station_core::model::{Cause, JobId, OutputChunk, Stream};

use super::super::sse::tests::{events, names};
use super::super::view::tests::{at, framed, job};
use super::*;

const STATION: &str = "2027-07-01T10:00:00Z";

fn id(n: u32) -> ExecutionId {
    ExecutionId { job: JobId(42), n }
}

fn run(n: u32, status: ExecutionStatus) -> Execution {
    let mut execution = Execution::new(id(n), Cause::Scheduled, at(STATION));
    execution.node = Some(format!("rack{n}"));
    execution.status = status;
    execution.attempt = u32::from(status != ExecutionStatus::Pending);
    execution
}

fn batch(n: u32, seq: i64, bytes: &[u8]) -> (ExecutionId, StoredOutput) {
    let at = at("2027-07-01T10:00:01Z");
    let chunk = OutputChunk { stream: Stream::Stdout, at, bytes: bytes.to_vec() };
    (id(n), StoredOutput { seq, attempt: 1, chunks: vec![chunk] })
}

/// What a store with these rows and this output answers, as the driver asks it.
struct Rows {
    executions: Vec<Execution>,
    output: Vec<(ExecutionId, StoredOutput)>,
    /// How many rows of output are read in one go.
    most: usize,
}

impl Rows {
    fn look(&self, follower: &FiringFollower) -> FiringLook {
        let open = self.executions.iter().filter(|row| row.id.n >= follower.from());
        let runs: Vec<NodeRun> = open
            .map(|row| NodeRun {
                n: row.id.n,
                status: row.status,
                attempt: row.attempt,
                retry_at: row.retry_at,
            })
            .collect();
        let news = follower.news(&runs);
        let rows = self.executions.iter().filter(|row| news.contains(&row.id)).cloned().collect();
        let last = self.output.last().map_or(0, |(_, batch)| batch.seq);
        let begin = self.output.first().map_or(0, |(_, batch)| batch.seq - 1);
        let after = |only: Option<ExecutionId>, seq: i64| {
            let fits = move |(id, batch): &&(ExecutionId, StoredOutput)| {
                batch.seq > seq && only.is_none_or(|only| *id == only)
            };
            self.output.iter().filter(fits).take(self.most).cloned().collect::<Vec<_>>()
        };
        let (output, seen) = match follower.wanted() {
            Wanted::Begin => (vec![], begin),
            Wanted::Of(id, seq) => (after(Some(id), seq), seq),
            Wanted::OfAll(seq) => {
                let found = after(None, seq);
                let seen = found.last().map_or(seq.max(last), |(_, batch)| batch.seq);
                (found, seen)
            }
        };
        FiringLook { job: Some(job()), runs, rows, output, seen, more: seen < last }
    }

    /// Goes on until there is nothing to be done at once; all events meanwhile.
    fn turns(&self, follower: &mut FiringFollower) -> (Next, Vec<(String, Value)>) {
        let mut frames = Vec::new();
        for _ in 0..100 {
            let look = self.look(follower);
            let next = framed("2027-07-01T10:00:05Z", None, |frame| {
                follower.step(&look, frame, &mut frames)
            });
            if next != Next::Look {
                return (next, events(&frames));
            }
        }
        panic!("it never comes to an end");
    }
}

fn follower(follow: bool) -> FiringFollower {
    FiringFollower::new(Firing::of(&run(1, ExecutionStatus::Pending)).unwrap(), follow)
}

/// An event in short: of an execution its node and status, of output its node and text.
fn short(events: &[(String, Value)]) -> Vec<String> {
    let one = |(name, data): &(String, Value)| match name.as_str() {
        "execution" => {
            format!("{} {}", data["node"].as_str().unwrap(), data["status"].as_str().unwrap())
        }
        "output" => {
            format!("{}: {}", data["node"].as_str().unwrap(), data["text"].as_str().unwrap())
        }
        _ => name.clone(),
    };
    events.iter().map(one).collect()
}

#[test]
fn all_executions_are_followed_until_the_last_has_ended() {
    use ExecutionStatus::{Completed, Failed, Pending, Running};
    let mut rows = Rows {
        executions: vec![run(3, Pending), run(4, Running), run(5, Pending)],
        output: vec![batch(4, 7, b"a"), batch(4, 9, b"b")],
        most: 1,
    };
    let mut follower = follower(true);
    let (next, seen) = rows.turns(&mut follower);
    let expected = ["rack4 running", "rack4: a", "rack4: b", "rack3 pending", "rack5 pending"];
    assert_eq!((next, short(&seen)), (Next::Wait, expected.map(str::to_owned).to_vec()));
    assert_eq!(rows.turns(&mut follower), (Next::Wait, vec![]));

    rows.executions = vec![run(3, Running), run(4, Completed), run(5, Failed)];
    rows.output.extend([batch(5, 10, b"c"), batch(3, 11, b"d"), batch(4, 12, b"e")]);
    let (next, seen) = rows.turns(&mut follower);
    let expected =
        ["rack3 running", "rack5: c", "rack3: d", "rack4: e", "rack4 completed", "rack5 failed"];
    assert_eq!((next, short(&seen)), (Next::Wait, expected.map(str::to_owned).to_vec()));
    assert_eq!(follower.from(), 3);

    rows.executions = vec![run(3, Completed), run(4, Completed), run(5, Failed)];
    rows.output.push(batch(3, 20, b"f"));
    let (next, seen) = rows.turns(&mut follower);
    assert_eq!(next, Next::End);
    assert_eq!(short(&seen), ["rack3: f", "rack3 completed", "end"]);
    let end = &seen[2].1;
    assert_eq!(end["status"], "failed");
    assert_eq!((&end["execution_id"], &end["execution"]), (&Value::Null, &Value::Null));
    assert_eq!(end["firing"]["executions"], 3);
    assert_eq!(end["firing"]["counts"], json!({"completed": 2, "failed": 1}));
    assert_eq!(end["job"]["job_id"], "42");
}

#[test]
fn what_is_over_is_read_node_by_node() {
    use ExecutionStatus::{Cancelled, Completed};
    let rows = Rows {
        executions: vec![run(1, Completed), run(2, Cancelled)],
        output: vec![batch(2, 1, b"x"), batch(1, 2, b"y"), batch(2, 3, b"z")],
        most: 1,
    };
    let (next, seen) = rows.turns(&mut follower(false));
    assert_eq!((next, names(&seen)), (Next::End, vec!["output", "output", "output", "end"]));
    assert_eq!(short(&seen)[..3], ["rack1: y", "rack2: x", "rack2: z"]);
    assert_eq!(seen[3].1["status"], "cancelled");
    let (_, seen) = rows.turns(&mut follower(true));
    let expected =
        ["rack1: y", "rack2: x", "rack2: z", "rack1 completed", "rack2 cancelled", "end"];
    assert_eq!(short(&seen), expected);
}

#[test]
fn without_following_it_ends_while_they_run() {
    use ExecutionStatus::{Completed, Running};
    let rows = Rows {
        executions: vec![run(1, Completed), run(2, Running)],
        output: vec![batch(2, 1, b"x")],
        most: 9,
    };
    let (next, seen) = rows.turns(&mut follower(false));
    assert_eq!((next, names(&seen)), (Next::End, vec!["output", "end"]));
    assert_eq!(seen[1].1["status"], "running");
}

#[test]
fn a_retry_is_told_each_time() {
    use ExecutionStatus::{Completed, Pending, Running};
    let mut rows = Rows { executions: vec![run(1, Running)], output: vec![], most: 9 };
    let mut follower = follower(true);
    rows.turns(&mut follower);
    rows.executions[0].status = Pending;
    rows.executions[0].retry_at = Some(at("2027-07-01T10:00:15Z"));
    let (_, seen) = rows.turns(&mut follower);
    assert_eq!(short(&seen), ["rack1 pending"]);
    rows.executions[0] = Execution { attempt: 2, ..run(1, Running) };
    let (_, seen) = rows.turns(&mut follower);
    assert_eq!(
        (short(&seen), &seen[0].1["attempt"]),
        (vec!["rack1 running".to_owned()], &json!(2))
    );
    rows.executions[0] = Execution { attempt: 2, ..run(1, Completed) };
    assert_eq!(short(&rows.turns(&mut follower).1), ["rack1 completed", "end"]);
}

#[test]
fn rows_that_are_gone_end_the_stream_with_an_error() {
    let rows = Rows { executions: vec![], output: vec![], most: 9 };
    let (next, seen) = rows.turns(&mut follower(true));
    assert_eq!((next, names(&seen)), (Next::End, vec!["error"]));
}
