//! Failures of the transport: what kind, and in a sentence for people.

/// Why a command could not be carried out, or its end could not be learned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// The sentence; it names the host.
    pub message: String,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// What was asked for cannot be: a host name that begins with `-`, say.
    Invalid,
    /// The host's name is not known.
    Resolve,
    /// Nobody listens there.
    Refused,
    /// There is no way to it.
    NoRoute,
    /// It did not answer in time.
    Timeout,
    /// It does not let us in.
    Auth,
    /// Its key is not known.
    HostKeyUnknown,
    /// Its key is another than before.
    HostKeyChanged,
    /// It takes no further session on the connection.
    Sessions,
    /// The relay, not the node behind it, is the trouble.
    Relay,
    /// It ended the connection, or stopped answering.
    Lost,
    /// Something went wrong here: no `ssh`, no descriptors, a directory that cannot be written.
    Local,
    /// Anything else `ssh` reports.
    Other,
}

impl FailureKind {
    /// Its name in JSON and in summaries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Resolve => "resolve",
            Self::Refused => "refused",
            Self::NoRoute => "no-route",
            Self::Timeout => "timeout",
            Self::Auth => "auth",
            Self::HostKeyUnknown => "hostkey-unknown",
            Self::HostKeyChanged => "hostkey-changed",
            Self::Sessions => "sessions",
            Self::Relay => "relay",
            Self::Lost => "lost",
            Self::Local => "local",
            Self::Other => "other",
        }
    }
}

impl Failure {
    /// A failure of a kind.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
