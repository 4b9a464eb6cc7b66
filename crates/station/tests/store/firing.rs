//! One firing of a job on nodes: which executions it has, and their output in the order of storing.

use station::port::Store;
use station::store::{Firing, NodeRun, Reader, SqliteStore};
use station_core::engine::Change;
use station_core::model::{
    Cause, Execution, ExecutionId, ExecutionStatus, JobId, Micros, OutputChunk, Stream,
};

use crate::samples::{created, execution, job, recorded, surroundings};

fn on(node: Option<&str>, n: u32, planned: i64, status: ExecutionStatus) -> Execution {
    let planned = Micros(planned);
    Execution { node: node.map(str::to_owned), planned, ..execution(1, n, status) }
}

fn output(n: u32, text: &str) -> Change {
    let chunks = vec![OutputChunk { stream: Stream::Stdout, at: Micros(1), bytes: text.into() }];
    Change::OutputStored { execution: ExecutionId { job: JobId(1), n }, attempt: 1, chunks }
}

/// All output from a place on, in steps of so many bytes; and where that ends.
fn texts(reader: &Reader, mut after: i64, room: usize) -> (Vec<(u32, String)>, i64) {
    let mut texts = Vec::new();
    loop {
        let found = reader.output_of_all(JobId(1), 2..=4, after, room).unwrap();
        for (id, row) in found.rows {
            let text = String::from_utf8(row.chunks[0].bytes.clone()).unwrap();
            texts.push((id.n, text));
        }
        after = found.seen;
        if !found.more {
            return (texts, after);
        }
    }
}

#[test]
fn a_firing_is_read_as_one() {
    use ExecutionStatus::{Completed, Missed, Pending, Running};
    let dir = tempfile::tempdir().unwrap();
    let (mut store, reader) = SqliteStore::open(&dir.path().join("station.db")).unwrap();
    let manual = Execution { cause: Cause::Manual, firings: 0, ..on(Some("b"), 6, 50, Running) };
    store
        .apply(&[
            surroundings(),
            created(job(1, 1)),
            recorded(on(None, 1, 50, Missed)),
            recorded(on(Some("a"), 2, 50, Running)),
            recorded(on(Some("b"), 3, 50, Pending)),
            recorded(on(Some("c"), 4, 50, Completed)),
            recorded(on(Some("a"), 5, 60, Pending)),
            recorded(manual),
        ])
        .unwrap();
    store.commit().unwrap();
    let first = reader.execution(ExecutionId { job: JobId(1), n: 2 }).unwrap().unwrap();
    let firing = Firing::of(&first).unwrap();
    assert_eq!(Firing::of(&on(None, 1, 50, Missed)), None);
    let is = |n, status| NodeRun { n, status, attempt: 0, retry_at: None };
    let all = [is(2, Running), is(3, Pending), is(4, Completed)];
    assert_eq!(reader.firing(&firing, 0).unwrap(), all);
    assert_eq!(reader.firing(&firing, 3).unwrap(), all[1..]);

    // Before there is any output, it begins at the present end.
    store.apply(&[output(5, "other")]).unwrap();
    store.commit().unwrap();
    let begin = reader.output_begin(JobId(1), 2..=4).unwrap();
    assert_eq!(texts(&reader, begin, 100).0, []);
    store
        .apply(&[
            output(3, "one"),
            output(5, "x"),
            output(2, "two"),
            output(6, "x"),
            output(4, "3"),
        ])
        .unwrap();
    store.commit().unwrap();
    let expected = [(3, "one"), (2, "two"), (4, "3")].map(|(n, text)| (n, text.to_owned()));
    for room in [1, 6, 100] {
        let (found, end) = texts(&reader, begin, room);
        assert_eq!(found, expected);
        assert_eq!(texts(&reader, end, room), (vec![], end));
    }
    assert_eq!(texts(&reader, reader.output_begin(JobId(1), 2..=4).unwrap(), 100).0, expected);
}
