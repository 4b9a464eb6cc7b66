//! What is simulated, and what can be wrong with it.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use station_core::model::Point;
use station_wire::iec104::link::{BadParams, Params};
use tokio::sync::mpsc::UnboundedSender;

use super::Operated;

/// An outstation to be simulated.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its common address, 1 to 65534; points may have others.
    pub ca: u16,
    /// Its points; empty: the [built-in substation](super::built_in).
    pub points: Vec<Point>,
    /// How many more measurements it has, at 20001 and on.
    pub values: u32,
    /// Whether it has the [points with faults](super::fault_points) as well.
    pub faults: bool,
    /// What is wrong with its links.
    pub link_fault: Option<LinkFault>,
    /// How many values change by themselves in a second; 0: none.
    pub spontaneous: f64,
    /// How long a selection is kept.
    pub select_window: Duration,
    /// Whether it says when a command is finished.
    pub termination: bool,
    /// How late the points that are late answer.
    pub late: Duration,
    /// Time limits and windows of its links.
    pub link: Params,
    /// TLS, with certificates of both sides; `None`: in clear.
    pub tls: Option<TlsFiles>,
    /// Is told of each command that is carried out; whoever passes it must read it.
    pub journal: Option<UnboundedSender<Operated>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ca: 1,
            points: Vec::new(),
            values: 0,
            faults: false,
            link_fault: None,
            spontaneous: 0.0,
            select_window: Duration::from_secs(10),
            termination: true,
            late: Duration::from_secs(2),
            link: Params::default(),
            tls: None,
            journal: None,
        }
    }
}

/// The files of TLS, all in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificates that sign those of controlling stations.
    pub authority: PathBuf,
    /// The outstation's certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// `ca.pem`, `outstation.pem` and `outstation.key` there.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            authority: directory.join("ca.pem"),
            certificate: directory.join("outstation.pem"),
            key: directory.join("outstation.key"),
        }
    }
}

/// What is wrong with every link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFault {
    /// Connections are taken, and nothing is ever said on them.
    Silent,
    /// TESTFR is not confirmed.
    NoTestFr,
    /// From the answer to the first command on, N(S) is one too high.
    BadSequence,
}

impl LinkFault {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Silent, Self::NoTestFr, Self::BadSequence];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::NoTestFr => "no-testfr",
            Self::BadSequence => "bad-sequence",
        }
    }
}

impl FromStr for LinkFault {
    type Err = SimulateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|fault| fault.name() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            SimulateError::Config(format!("'{text}' is no fault of a link: there are {names}"))
        })
    }
}

/// Why nothing is simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// What is to be simulated cannot be.
    #[error("{0}")]
    Config(String),
    /// The time limits or windows of the links are not what they may be.
    #[error("the links cannot have such parameters: {0}")]
    Params(#[from] BadParams),
    /// It cannot be reached where it should be.
    #[error("the simulator cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        error: std::io::Error,
    },
}
