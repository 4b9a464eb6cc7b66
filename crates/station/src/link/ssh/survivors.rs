//! Finds and ends what a killed daemon left behind on a node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use station_core::model::{ExecutionId, Node, ProcessRecord, Remains};
use station_remote::RemoteProcess;
use tokio::sync::Semaphore;

use super::search::{Places, search};
use super::{Shared, route};

/// How many are ended at once: as many as share a connection.
const AT_ONCE: usize = 8;

/// Ends what is left of each run on the node, and says what that was.
///
/// A run that is recorded is looked for where it ran, all others by one search through the processes
/// there: they were cut off while they were being started, most likely before they ran at all.
pub(super) async fn end(
    shared: &Arc<Shared>,
    node: &Node,
    runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
    grace: Duration,
) -> Vec<(ExecutionId, Remains)> {
    let mut remains = BTreeMap::new();
    let mut known = Vec::new();
    let mut unrecorded = Vec::new();
    for (execution, record) in runs {
        match record.and_then(recorded) {
            Some(process) => known.push((execution, process)),
            None => unrecorded.push(execution),
        }
    }
    if !node.guard {
        remains.extend(unrecorded.drain(..).map(|run| (run, Remains::Unsupported)));
    }
    if !unrecorded.is_empty() {
        match look(shared, node).await {
            Ok(mut found) => {
                for execution in unrecorded {
                    remains.insert(execution, Remains::Nothing);
                    let places = found.remove(&execution).unwrap_or_default();
                    known.extend(places.iter().map(|place| (execution, place.process())));
                }
            }
            Err(why) => {
                let all = unrecorded.into_iter();
                remains.extend(all.map(|run| (run, Remains::Unknown(why.clone()))));
            }
        }
    }
    end_known(shared, node, known, grace, &mut remains).await;
    remains.into_iter().collect()
}

/// Searches the node; the error says why nothing is known of runs that are not recorded.
async fn look(shared: &Shared, node: &Node) -> Result<Places, String> {
    let (config, route) = (&shared.config, route(node));
    search(shared.client(), &route, &config.instance, config.connect_timeout)
        .await
        .map_err(|why| format!("it is not recorded where it ran: {why}"))
}

/// Ends process groups, several at a time. Of a run with several the worst is told.
async fn end_known(
    shared: &Arc<Shared>,
    node: &Node,
    known: Vec<(ExecutionId, RemoteProcess)>,
    grace: Duration,
    remains: &mut BTreeMap<ExecutionId, Remains>,
) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let start = |(execution, process)| {
        let (shared, route, turns) = (Arc::clone(shared), route(node), Arc::clone(&turns));
        let task = tokio::spawn(async move {
            let _turn = turns.acquire().await;
            let timeout = shared.config.connect_timeout;
            shared.client().end(&route, &process, grace, timeout).await
        });
        (execution, task)
    };
    let tasks: Vec<_> = known.into_iter().map(start).collect();
    for (execution, task) in tasks {
        let failed = |error| Remains::Unknown(format!("the station failed to end it: {error}"));
        let found = task.await.unwrap_or_else(failed);
        let worst = remains.entry(execution).or_insert(Remains::Nothing);
        if weight(&found) > weight(worst) {
            *worst = found;
        }
    }
}

fn weight(remains: &Remains) -> u8 {
    match remains {
        Remains::Nothing => 0,
        Remains::Ended => 1,
        Remains::Unsupported => 2,
        Remains::Unknown(_) => 3,
        Remains::Left => 4,
    }
}

/// The process of a record that was made on a node.
fn recorded(record: ProcessRecord) -> Option<RemoteProcess> {
    Some(RemoteProcess { group: record.pid, mark: record.mark? })
}
