//! Finds and ends what a killed daemon left behind on a node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use station_core::model::{ExecutionId, Node, ProcessRecord, Remains};
use station_remote::RemoteProcess;
use tokio::task::JoinSet;

use super::{Shared, route};

/// How many are looked for at once: as many as share a connection.
const AT_ONCE: usize = 8;

/// Ends what is left of each run on the node, and says what that was.
pub(super) async fn end(
    shared: &Arc<Shared>,
    node: &Node,
    runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
    grace: Duration,
) -> Vec<(ExecutionId, Remains)> {
    let mut remains = BTreeMap::new();
    let mut tasks = JoinSet::new();
    for (execution, record) in runs {
        let Some(process) = record.and_then(recorded) else {
            remains.insert(execution, unknown("it is not recorded where it ran"));
            continue;
        };
        // Unless the task tells better.
        remains.insert(execution, unknown("the search for it failed"));
        if tasks.len() >= AT_ONCE {
            remains.extend(tasks.join_next().await.and_then(Result::ok));
        }
        let (shared, route) = (Arc::clone(shared), route(node));
        tasks.spawn(async move {
            let timeout = shared.config.connect_timeout;
            (execution, shared.client().end(&route, &process, grace, timeout).await)
        });
    }
    while let Some(found) = tasks.join_next().await {
        remains.extend(found.ok());
    }
    remains.into_iter().collect()
}

fn unknown(why: &str) -> Remains {
    Remains::Unknown(why.to_owned())
}

/// The process of a record that was made on a node.
fn recorded(record: ProcessRecord) -> Option<RemoteProcess> {
    Some(RemoteProcess { group: record.pid, mark: record.mark? })
}
