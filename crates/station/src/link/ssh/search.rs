//! Looks through the processes of a node for runs of which it is not recorded where they ran.

use std::collections::{BTreeMap, BTreeSet};

use station_core::model::ExecutionId;
use station_remote::{Client, End, Read, RemoteProcess, Request, Route};
use tokio::time::{Duration, timeout};

use super::plan::quote;
use crate::link::marks::{EXECUTION, INSTANCE};

/// How long the search may take once it runs.
const SEARCH: Duration = Duration::from_secs(20);
/// The longest answer: a process of ours says about 150 bytes, each other one ten.
const LONGEST: usize = 16 << 20;

/// Tells of each process its group, after a `=` since no variable lacks a name, and what of its environment names a run; then that it is done.
///
/// A line that was made up inside a variable misleads nobody: a group is ended only if the mark is
/// found in it again.
const SCRIPT: &str = r#"[ -r /proc/self/environ ] || exit 1
cd /proc || exit 1
for p in [0-9]*; do
  IFS= read -r s <$p/stat || continue
  s=${s##*) }
  case $s in [ZX]*) continue ;; esac
  set -- $s
  printf '=%s\n' "$3"
  cat $p/environ
  echo
done 2>/dev/null | tr '\000' '\n' |
  grep -e '^=' -e '^STATION_INSTANCE=' -e '^STATION_EXECUTION=' -e '^STATION_MARK='
echo DONE"#;

/// Where the processes of runs are, by execution.
pub(super) type Places = BTreeMap<ExecutionId, BTreeSet<Place>>;

/// Looks for the processes of a store's runs on a node.
///
/// # Errors
/// Why that cannot be done.
pub(super) async fn search(
    client: &Client,
    route: &Route,
    instance: &str,
    connect: Duration,
) -> Result<Places, String> {
    // By a shell of its own: the user's may be of another kind.
    let mut request = Request::new(format!("exec /bin/sh -c {}", quote(SCRIPT)));
    request.connect_timeout = connect;
    let answer = timeout(SEARCH + connect, ask(client, route, request)).await;
    let answer = answer.unwrap_or_else(|_| Err("the search took too long".to_owned()))?;
    let lines = String::from_utf8_lossy(&answer);
    if lines.lines().last() != Some("DONE") {
        return Err("its processes cannot be listed".to_owned());
    }
    Ok(found(&lines, instance))
}

async fn ask(client: &Client, route: &Route, request: Request) -> Result<Vec<u8>, String> {
    let mut running = client.start(route, request).await.map_err(|failure| failure.message)?;
    let mut answer = Vec::new();
    let mut buffer = Vec::with_capacity(64 << 10);
    loop {
        buffer.clear();
        match running.read(&mut buffer).await {
            Read::Stdout(_) if answer.len() < LONGEST => answer.extend_from_slice(&buffer),
            Read::Stdout(_) => return Err("the search found too much".to_owned()),
            Read::Stderr(_) => {}
            Read::Ended(ended) => {
                return match (ended.end, ended.failure) {
                    (End::Exit(_) | End::Signal(_), _) => Ok(answer),
                    (End::NeverStarted | End::Unknown, Some(failure)) => Err(failure.message),
                    (End::NeverStarted | End::Unknown, None) => Err("the search failed".to_owned()),
                };
            }
        }
    }
}

/// Where processes of a run are: what [`RemoteProcess`] says, in an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    group: i32,
    mark: String,
}

impl Place {
    /// As the library names it.
    pub(super) fn process(&self) -> RemoteProcess {
        RemoteProcess { group: self.group, mark: self.mark.clone() }
    }
}

/// Reads the script's answer.
fn found(lines: &str, instance: &str) -> Places {
    let mut all = Places::new();
    for process in format!("\n{lines}").split("\n=").skip(1) {
        let mut values = process.lines();
        let group = values.next().and_then(|digits| digits.parse().ok());
        let pairs: BTreeMap<&str, &str> = values.filter_map(|line| line.split_once('=')).collect();
        let ours = pairs.get(INSTANCE) == Some(&instance);
        let execution = pairs.get(EXECUTION).and_then(|text| text.parse().ok());
        if let (true, Some(execution), Some(group), Some(mark)) =
            (ours, execution, group, pairs.get("STATION_MARK"))
        {
            let place = Place { group, mark: (*mark).to_owned() };
            all.entry(execution).or_default().insert(place);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::found;

    #[test]
    fn only_marked_processes_of_the_store_count() {
        let lines = "=1\n=7\nSTATION_INSTANCE=a\nSTATION_EXECUTION=3.1\nSTATION_MARK=m\n\
                     =7\nSTATION_MARK=m\nGROUP=users\nSTATION_EXECUTION=3.1\nSTATION_INSTANCE=a\n\
                     =8\nSTATION_INSTANCE=b\nSTATION_EXECUTION=3.2\nSTATION_MARK=m\n\
                     =9\nSTATION_INSTANCE=a\nSTATION_EXECUTION=3.3\n\
                     =x\nSTATION_INSTANCE=a\nSTATION_EXECUTION=3.4\nSTATION_MARK=n\nDONE\n";
        let all = found(lines, "a");
        let places: Vec<_> = all.values().flatten().map(|p| (p.group, p.mark.as_str())).collect();
        assert_eq!((all.len(), places), (1, vec![(7, "m")]));
        assert!(found("DONE\n", "a").is_empty());
    }
}
