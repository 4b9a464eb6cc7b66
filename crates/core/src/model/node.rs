//! Nodes: machines that are reached over SSH or ush, and what is known of them.

use serde::{Deserialize, Serialize};

use super::{Micros, Principal};

/// A machine that commands are run on from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What it is called here; see [`Node::is_name`].
    pub name: String,
    /// What `ssh` or `ush` is told: a host name, an address, or an alias of ssh_config(5).
    pub address: String,
    /// The user there; `None`: whom ssh_config(5) names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The TCP port; `None`: the one ssh_config(5) names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The program that reaches it.
    #[serde(default)]
    pub kind: NodeKind,
    /// A host on which that program is run, instead of here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
    /// The groups it belongs to, sorted, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Commands run under a guard, which ends them when they are stopped or nobody is left to.
    #[serde(default = "yes")]
    pub guard: bool,
    /// What happens with a host key that is not known.
    #[serde(default)]
    pub host_keys: HostKeys,
    /// How many runs it may have at once; `None`: as many as the station allows a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// When it was registered; set by the engine.
    pub created_at: Micros,
    /// By whom.
    pub created_by: Principal,
}

impl Node {
    /// The longest name.
    pub const LONGEST_NAME: usize = 128;

    /// Whether this can be a node's or a group's name: letters, digits, `.`, `_` and `-`, the first
    /// a letter or a digit; not `local`, which is this machine.
    #[must_use]
    pub fn is_name(text: &str) -> bool {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        first && rest && text.len() <= Self::LONGEST_NAME && text != "local"
    }
}

/// The program that reaches a node.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// OpenSSH's client.
    #[default]
    Ssh,
    /// `/usr/local/bin/ush`: a program that takes a host and a command, and prints its output.
    Ush,
}

impl NodeKind {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Ush => "ush",
        }
    }
}

/// What happens with the key of a host that is not known yet. A key that has changed is always
/// refused.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum HostKeys {
    /// What ssh_config(5) says; where it says `ask`, it is refused, since nobody is there to ask.
    #[default]
    Config,
    /// It is remembered.
    AcceptNew,
    /// It is refused.
    Strict,
}

impl HostKeys {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::AcceptNew => "accept_new",
            Self::Strict => "strict",
        }
    }
}

/// Whether a node could be reached the last time it was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeHealth {
    /// Since when that is so.
    pub since: Micros,
    /// Why it could not be reached; `None`: it could.
    pub unreachable: Option<String>,
}

/// What became of a run's processes on its node when the station told them to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kill {
    /// They were looked for afterwards, and none was left.
    Killed,
    /// Some of them are still there.
    KillFailed,
    /// It could not be learned: the node could not be reached any more.
    Unknown,
    /// The run had no guard that could end them.
    Unsupported,
}

impl Kill {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Killed, Self::KillFailed, Self::Unknown, Self::Unsupported];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::KillFailed => "kill-failed",
            Self::Unknown => "unknown",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What a killed daemon left of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Nothing was found.
    Nothing,
    /// Processes were found, and ended.
    Ended,
    /// Processes were found, and could not be ended.
    Left,
    /// It had no guard, so that there is nothing to look for it by.
    Unsupported,
    /// It could not be learned, for this reason.
    Unknown(String),
}

fn yes() -> bool {
    true
}
