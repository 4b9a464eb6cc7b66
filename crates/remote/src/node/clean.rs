//! Finds and ends consoles that were left on a node, by a mark in their environment.
//!
//! A mark is `HERE.PID.START`: which machine and boot, which process of it, and when that one was
//! started. A console is left over when its mark is from here and its owner is this program, or gone.

use std::fs;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{Node, Place};
use crate::failure::{Failure, FailureKind};
use crate::running::End;
use crate::session::{RexecOptions, Session, Timeouts, quote};

/// The variable that carries the mark.
const VARIABLE: &str = "STATION_CONSOLE";

/// Who has opened a console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// This machine, this boot, this set of process ids.
    here: String,
    pid: u32,
    start: u64,
}

impl Owner {
    /// What a console's shell says right before it becomes the console.
    pub(super) const HELLO: &'static str = "STATION_CONSOLE begins";

    /// This program.
    pub(super) fn own() -> Self {
        let pid = std::process::id();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let ids = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        let hash = Sha256::digest(format!("{boot}{}", ids.display()));
        let here = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { here, pid, start: started(pid).unwrap_or(0) }
    }

    /// A console's command, with the mark in its environment.
    pub(super) fn marked(&self, command: &str) -> String {
        let command = quote(command);
        format!(
            "{VARIABLE}={self}; export {VARIABLE}; echo '{}'; exec sh -c {command}",
            Self::HELLO
        )
    }

    fn parse(mark: &str) -> Option<Self> {
        let mut parts = mark.split('.');
        let owner = Self {
            here: parts.next()?.to_owned(),
            pid: parts.next()?.parse().ok()?,
            start: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(owner)
    }

    /// Whether a console with this mark is in nobody's use, seen from `own`.
    fn is_left_over(&self, own: &Self) -> bool {
        self.here == own.here && (self == own || started(self.pid) != Some(self.start))
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.here, self.pid, self.start)
    }
}

/// When a process was started, in the kernel's ticks since boot.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; the start is the 20th field after it.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Ends what is left over on a node, and counts it.
pub(super) async fn clean(place: &Arc<Place>) -> Result<usize, Failure> {
    let own = Owner::own();
    let listed = run(place, &list()).await?;
    let left: Vec<(i32, Owner)> = listed
        .lines()
        .filter_map(|line| {
            let (pid, mark) = line.split_once(' ')?;
            Some((pid.parse().ok()?, Owner::parse(mark)?))
        })
        .filter(|(_, owner)| owner.is_left_over(&own))
        .collect();
    if left.is_empty() {
        return Ok(0);
    }
    let ended = run(place, &end(&left)).await?;
    Ok(ended.lines().filter(|line| *line == "ended").count())
}

/// Lists the processes with a mark: `PID MARK`.
fn list() -> String {
    format!(
        "for e in $(grep -ls {VARIABLE}= /proc/[0-9]*/environ 2>/dev/null); do \
         m=$(tr '\\0' '\\n' 2>/dev/null <\"$e\" | sed -n 's/^{VARIABLE}=//p' | head -n 1); \
         [ -n \"$m\" ] && p=${{e#/proc/}} && echo \"${{p%/environ}} $m\"; done; :"
    )
}

/// Ends those that still carry their mark: SIGTERM and, if that is not heeded within two seconds,
/// SIGKILL; says `ended` for each.
fn end(left: &[(i32, Owner)]) -> String {
    let mut text = format!(
        "has() {{ tr '\\0' '\\n' 2>/dev/null <\"/proc/$1/environ\" | grep -qx \"{VARIABLE}=$2\"; }}; \
         end() {{ has \"$1\" \"$2\" || return; kill -s TERM \"$1\"; n=0; \
         while has \"$1\" \"$2\" && [ $n -lt 2 ]; do n=$((n+1)); sleep 1; done; \
         has \"$1\" \"$2\" && kill -s KILL \"$1\"; echo ended; }}; "
    );
    for (pid, owner) in left {
        text.push_str(&format!("end {pid} {owner}; "));
    }
    text + ":"
}

/// Runs a script of ours; what it says.
async fn run(place: &Arc<Place>, script: &str) -> Result<String, Failure> {
    let session = Session::new(Arc::new(Place {
        name: Arc::clone(&place.name),
        route: place.route.clone(),
        client: place.client.clone(),
        guard: place.guard,
        silent: true,
        sinks: Vec::new(),
    }));
    let limit = Some(Node::CONSOLE_TIMEOUT);
    let timeouts = Timeouts {
        connect: Node::CONSOLE_TIMEOUT,
        wall: limit,
        idle: limit,
        ..Timeouts::default()
    };
    let options = RexecOptions { timeouts, ..RexecOptions::default() };
    let outcome = session.post_cmd(format!("sh -c {}", quote(script)), options).await;
    if outcome.success() {
        return Ok(session.results().text());
    }
    Err(outcome.failure.clone().unwrap_or_else(|| {
        let text = session.results().text();
        let said = text.lines().last().unwrap_or_default();
        let kind = match outcome.end {
            // What ssh itself says when it gets nowhere.
            End::Exit(255) => FailureKind::Lost,
            End::Exit(_) | End::Signal(_) | End::NeverStarted | End::Unknown => FailureKind::Other,
        };
        Failure::new(kind, format!("cleaning up on {} {outcome}: {said}", place.name))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_tell_their_owner_and_whether_it_is_gone() {
        let own = Owner::own();
        assert_eq!(Owner::parse(&own.to_string()), Some(own.clone()));
        assert!(own.is_left_over(&own));
        // Process 1 runs, and was not started when we were.
        let init = Owner { pid: 1, start: started(1).unwrap(), ..own.clone() };
        assert!(!init.is_left_over(&own), "in use");
        assert!(Owner { start: own.start + 1, ..init.clone() }.is_left_over(&own), "reused id");
        let elsewhere = Owner { here: "0123456789abcdef".into(), ..own.clone() };
        assert!(!elsewhere.is_left_over(&own), "not ours");
        for bad in ["", "a.b.c", "a.1", "a.1.2.3", "a.1.-2"] {
            assert_eq!(Owner::parse(bad), None, "{bad}");
        }
    }
}
