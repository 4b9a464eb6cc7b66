//! What a stopped run tells of the equipment it held.

use station_core::engine::{EndReport, Input, Request};
use station_core::model::{End, ExecutionStatus, JobId, OutputSummary, Usage};

use crate::rig::{Rig, at, capture, first};

#[test]
fn a_cancelled_run_says_how_it_left_its_equipment() {
    let mut rig = Rig::with(vec![capture(10, &["psu"])], 10);
    let row = rig.jobs.get(&JobId(1)).cloned().map(Box::new);
    rig.ask(12, Request::Cancel { job: JobId(1), row });
    let left = "psu is in its safe state".to_owned();
    let report = Box::new(EndReport {
        end: End::Unknown,
        error: Some(left.clone()),
        kill: None,
        unreachable: false,
        result: None,
        usage: Usage::default(),
        output: OutputSummary::default(),
        chunks: Vec::new(),
    });
    let execution = first(1);
    rig.handle(13, Input::Ended { execution, report });
    assert_eq!(rig.statuses(), [(execution, ExecutionStatus::Cancelled)]);
    assert_eq!(rig.error(execution), format!("cancelled after 3s; {left}"));
    assert_eq!(rig.executions[&execution].ended, Some(at(13).wall));
}
