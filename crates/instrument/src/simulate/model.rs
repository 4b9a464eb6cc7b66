//! The instruments there are to simulate, by name.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind};

/// An instrument that can be simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// A power supply with three channels: 30 V 3 A, 30 V 3 A and 5 V 3 A.
    #[default]
    Psu,
    /// A digital multimeter.
    Dmm,
    /// An oscilloscope with four channels.
    Scope,
    /// An electronic load: 150 V, 30 A, 300 W.
    Load,
    /// A function generator with two channels.
    Generator,
}

impl Model {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Psu, Self::Dmm, Self::Scope, Self::Load, Self::Generator];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Psu => "psu",
            Self::Dmm => "dmm",
            Self::Scope => "scope",
            Self::Load => "load",
            Self::Generator => "generator",
        }
    }

    /// The second field of its `*IDN?`.
    #[must_use]
    pub fn identity(self) -> &'static str {
        match self {
            Self::Psu => "SIM-PSU3",
            Self::Dmm => "SIM-DMM6",
            Self::Scope => "SIM-SCOPE4",
            Self::Load => "SIM-LOAD1",
            Self::Generator => "SIM-GEN2",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Model {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|model| model.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::new(
                ErrorKind::Invalid,
                format!("there is no simulated instrument {text:?}; there are: {names}"),
            )
        })
    }
}
