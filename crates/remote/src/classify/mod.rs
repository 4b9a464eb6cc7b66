//! What `ssh` has written into its log, as a failure: its kind, and a sentence for people.

use crate::failure::{Failure, FailureKind};

/// Whom an `ssh` was to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Peer<'a> {
    /// The node itself, directly or by jump hosts of ssh_config(5).
    Node(&'a str),
    /// The relay on the way to a node.
    Relay {
        /// The relay.
        relay: &'a str,
        /// The node behind it.
        node: &'a str,
    },
}

/// What `ssh` says on the way when it gets through.
const AUTHENTICATED: &str = "Authenticated to ";

/// Whether it had got through.
pub(crate) fn is_up(log: &str) -> bool {
    log.contains(AUTHENTICATED)
}

/// Whether the host closed the connection before a word was said, as it does when too many want to
/// log in at once. It may be tried again.
pub(crate) fn was_dropped(log: &str) -> bool {
    let last_but_proxied = !log.contains("UNKNOWN port");
    last_but_proxied && log.lines().any(|line| line.starts_with("kex_exchange_identification:"))
}

/// Why the connection could not be made. `how`: how the process ended, for when it said nothing.
pub(crate) fn connecting(peer: Peer<'_>, log: &str, how: &str) -> Failure {
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| tells(line)).collect();
    let host = peer.host();
    if let Some(failure) = host_key(peer, log, &lines) {
        return failure;
    }
    let through = log.contains("UNKNOWN port") || log.contains("stdio forwarding failed");
    let Some(line) = lines.first().copied() else {
        let message = format!("{host} could not be reached: ssh said nothing and {how}");
        return peer.failure(FailureKind::Other, message);
    };
    let (kind, sentence) = reason(host, line);
    if !through {
        return peer.failure(kind, sentence);
    }
    proxied(host, line, kind)
}

/// Why a connection that was up is no more.
pub(crate) fn lost(peer: Peer<'_>, log: &str, how: &str) -> Failure {
    broken(peer, log).unwrap_or_else(|| {
        let host = peer.host();
        let message = format!("the connection to {host} was lost: its ssh process here {how}");
        peer.failure(FailureKind::Lost, message)
    })
}

/// What a log says of the end of a connection that was up; `None`: nothing.
fn broken(peer: Peer<'_>, log: &str) -> Option<Failure> {
    let host = peer.host();
    let after = log.rsplit_once(AUTHENTICATED).map_or(log, |(_, after)| after);
    let line = after.lines().skip(1).map(str::trim).filter(|line| ends(line)).last()?;
    let message = if line.starts_with("Timeout, server") {
        format!("{host} has stopped answering, so the connection to it was given up")
    } else if line.ends_with("closed by remote host.") {
        format!("{host} closed the connection: its sshd was stopped, or the machine went down")
    } else {
        format!("the connection to {host} was lost ({line})")
    };
    Some(peer.failure(FailureKind::Lost, message))
}

/// Whether the log of a command's own `ssh` tells that the host has reported the command's end.
pub(crate) fn has_ended(log: &str) -> bool {
    log.contains(" rtype exit-status ") || log.contains(" rtype exit-signal ")
}

/// The time is over before the connection was up.
pub(crate) fn timed_out(peer: Peer<'_>, log: &str, limit: std::time::Duration) -> Failure {
    let said = log.lines().map(str::trim).rfind(|line| tells(line));
    let said = said.map(|line| format!(" (ssh said: {line})")).unwrap_or_default();
    let message = format!(
        "{} did not answer, or did not let us in, within {} s{said}",
        peer.host(),
        limit.as_secs_f64()
    );
    peer.failure(FailureKind::Timeout, message)
}

impl<'a> Peer<'a> {
    /// Whom the `ssh` talks to.
    pub(crate) fn host(self) -> &'a str {
        match self {
            Self::Node(host) | Self::Relay { relay: host, .. } => host,
        }
    }

    /// A failure on the way to it; a relay's is not the node's.
    pub(crate) fn failure(self, kind: FailureKind, message: String) -> Failure {
        match self {
            Self::Node(_) => Failure::new(kind, message),
            Self::Relay { relay, node } => Failure::new(
                FailureKind::Relay,
                format!("the relay {relay}, on the way to {node}, is the trouble: {message}"),
            ),
        }
    }
}

/// Whether a line says something about a failure.
fn tells(line: &str) -> bool {
    let idle = [
        "debug1:",
        "OpenSSH_",
        "Transferred: sent",
        "Bytes per second:",
        AUTHENTICATED,
        "Warning: Permanently added",
    ];
    !line.is_empty() && !idle.iter().any(|start| line.starts_with(start))
}

/// Whether a line of a connection that was up is about its end: most are about single sessions.
fn ends(line: &str) -> bool {
    let ends = [
        "Timeout, server",
        "Connection to ",
        "Connection closed",
        "Connection reset",
        "Read from ",
        "client_loop:",
        "ssh_dispatch_run_fatal:",
        "Received disconnect",
        "Disconnected from",
        "Disconnecting",
        "Bad packet",
        "Corrupted MAC",
        "ssh_packet",
    ];
    ends.iter().any(|start| line.starts_with(start))
}

fn host_key(peer: Peer<'_>, log: &str, lines: &[&str]) -> Option<Failure> {
    let host = peer.host();
    if !log.contains("Host key verification failed.") {
        return None;
    }
    if log.contains("HOST IDENTIFICATION HAS CHANGED") {
        let offending = lines.iter().filter(|line| line.starts_with("Offending "));
        let place = offending.filter_map(|line| Some(line.split_once(" key in ")?.1)).next();
        let place = place.map_or_else(
            || "known_hosts knows another".to_owned(),
            |place| match place.rsplit_once(':') {
                Some((file, number)) => format!("line {number} of {file} knows another"),
                None => format!("{place} knows another"),
            },
        );
        let remove = lines.iter().find(|line| line.starts_with("ssh-keygen "));
        let remove = remove.map_or("ssh-keygen -R", |line| line);
        let message = format!(
            "the host key of {host} is another than before: {place}. If the host was set up anew, \
             remove the old key (`{remove}`); otherwise somebody may be between us and it"
        );
        return Some(peer.failure(FailureKind::HostKeyChanged, message));
    }
    let message = format!(
        "the host key of {host} is not known: log in once by hand (`ssh {host}`) and accept it, or \
         let new keys be remembered (host-key policy accept-new)"
    );
    Some(peer.failure(FailureKind::HostKeyUnknown, message))
}

/// The kind and the sentence for a line.
fn reason(host: &str, line: &str) -> (FailureKind, String) {
    let said = line.strip_prefix("ssh: ").unwrap_or(line);
    let has = |parts: &[&str]| parts.iter().any(|part| line.contains(part));
    if has(&["Could not resolve hostname", "Name or service not known"]) {
        let advice = "check its spelling, ssh_config and the name service";
        (FailureKind::Resolve, format!("the name of {host} is not known ({said}): {advice}"))
    } else if has(&["Connection refused"]) {
        let message = format!("{host} refuses connections ({said}): is its sshd running, there?");
        (FailureKind::Refused, message)
    } else if has(&["No route to host", "Network is unreachable"]) {
        (FailureKind::NoRoute, format!("there is no way to {host} ({said})"))
    } else if has(&["timed out", "Timeout, server", "Connection timeout"]) {
        (FailureKind::Timeout, format!("{host} did not answer in time ({said})"))
    } else if has(&["Permission denied (", "Too many authentication failures", "No more auth"]) {
        let advice = "check the user, and that our key is among its authorized_keys";
        (FailureKind::Auth, format!("{host} does not let us in ({said}): {advice}"))
    } else if line.starts_with("kex_exchange_identification:") {
        let message = format!(
            "{host} closed the connection before the login ({said}): too many logins at once \
             (MaxStartups of its sshd), or it has shut this address out for a while"
        );
        (FailureKind::Lost, message)
    } else if ends(line) {
        (FailureKind::Lost, format!("{host} ended the connection during the login ({said})"))
    } else {
        (FailureKind::Other, format!("{host} could not be reached ({said})"))
    }
}

/// A failure on a way through a jump host or a proxy command of ssh_config(5).
fn proxied(host: &str, line: &str, kind: FailureKind) -> Failure {
    if line.contains("open failed: connect failed") {
        // The jump host is there; it cannot reach the host itself.
        let message = format!("the jump host of {host} cannot reach it ({line})");
        return Failure::new(kind, message);
    }
    if kind == FailureKind::Timeout {
        let message = format!("{host}, or a jump host on the way to it, did not answer ({line})");
        return Failure::new(kind, message);
    }
    let said = line.strip_prefix("ssh: ").unwrap_or(line);
    let message = format!(
        "the way to {host} leads through a jump host or a proxy command, and that failed ({said})"
    );
    Failure::new(FailureKind::Relay, message)
}

#[cfg(test)]
mod tests;
