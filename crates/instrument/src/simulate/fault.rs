//! The faults an instrument can be given: what `--fault NAME[=VALUE][*TIMES]` may say.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{Error, ErrorKind};

/// What is wrong with the instrument or its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// `silent[=N]`: no reply from the N-th query on (default 1).
    Silent(u64),
    /// `late=MS`: replies come that many milliseconds late. Raw TCP and serial only.
    Late(Duration),
    /// `half-block`: half of a block reply, then nothing. Raw TCP and serial only.
    HalfBlock,
    /// `drop`: half of the reply, then the connection is closed. Raw TCP only.
    Drop,
    /// `wrong-identity`: from the next reconnect on, another serial number. Raw TCP only.
    WrongIdentity,
    /// `busy[=second|all]`: refuses clients beside the first (default), or all. Raw TCP only.
    Busy {
        /// Whether the first client is refused as well.
        all: bool,
    },
    /// `power-cycle[=N]`: switched off and on before the N-th message (default 1): settings and
    /// status lost, PON set. The link stays, as behind a gateway.
    PowerCycle(u64),
    /// `error-flood`: each command queues more errors than the error queue holds.
    ErrorFlood,
    /// `echo-header`: replies begin with the query's own header.
    EchoHeader,
    /// `no-opc`: `*OPC?` answers `NACK`.
    NoOpc,
    /// `crlf`: replies end in `\r\n`. Raw TCP and serial only.
    Crlf,
    /// `chunked`: replies come byte by byte. Raw TCP and serial only.
    Chunked,
    /// `unasked`: after each message, a line nobody asked for. Raw TCP and serial only.
    Unasked,
}

/// A fault, and how often it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// How many times it strikes before it is gone; `None`: it stays.
    pub times: Option<u64>,
}

impl FaultKind {
    /// The names there are.
    pub const NAMES: [&'static str; 13] = [
        "silent",
        "late",
        "half-block",
        "drop",
        "wrong-identity",
        "busy",
        "power-cycle",
        "error-flood",
        "echo-header",
        "no-opc",
        "crlf",
        "chunked",
        "unasked",
    ];

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Silent(_) => "silent",
            Self::Late(_) => "late",
            Self::HalfBlock => "half-block",
            Self::Drop => "drop",
            Self::WrongIdentity => "wrong-identity",
            Self::Busy { .. } => "busy",
            Self::PowerCycle(_) => "power-cycle",
            Self::ErrorFlood => "error-flood",
            Self::EchoHeader => "echo-header",
            Self::NoOpc => "no-opc",
            Self::Crlf => "crlf",
            Self::Chunked => "chunked",
            Self::Unasked => "unasked",
        }
    }

    /// A fault of that name; the value as given.
    ///
    /// # Errors
    /// No such name, or a value it cannot have.
    pub fn named(name: &str, value: Option<&str>) -> Result<Self, Error> {
        let lower = name.to_ascii_lowercase();
        let number = |what: &str, default: Option<u64>| match (value, default) {
            (Some(text), _) => text.parse::<u64>().map_err(|_| {
                invalid(format!("fault {lower}={text}: {text:?} is not {what}, such as {lower}=3"))
            }),
            (None, Some(default)) => Ok(default),
            (None, None) => {
                Err(invalid(format!("fault {lower} needs {what}, such as {lower}=300")))
            }
        };
        let kind = match lower.as_str() {
            "silent" => Self::Silent(number("the number of a query", Some(1))?.max(1)),
            "late" => Self::Late(Duration::from_millis(number("milliseconds", None)?)),
            "power-cycle" => Self::PowerCycle(number("the number of a message", Some(1))?.max(1)),
            "busy" => match value {
                None | Some("second") => Self::Busy { all: false },
                Some("all") => Self::Busy { all: true },
                Some(other) => {
                    return Err(invalid(format!(
                        "fault busy={other}: {other:?} is neither `second` nor `all`"
                    )));
                }
            },
            "half-block" => Self::HalfBlock,
            "drop" => Self::Drop,
            "wrong-identity" => Self::WrongIdentity,
            "error-flood" => Self::ErrorFlood,
            "echo-header" => Self::EchoHeader,
            "no-opc" => Self::NoOpc,
            "crlf" => Self::Crlf,
            "chunked" => Self::Chunked,
            "unasked" => Self::Unasked,
            _ => {
                let names = Self::NAMES.join(", ");
                return Err(invalid(format!("there is no fault {name:?}; there are: {names}")));
            }
        };
        match (kind, value) {
            (Self::Silent(_) | Self::Late(_) | Self::PowerCycle(_) | Self::Busy { .. }, _)
            | (_, None) => Ok(kind),
            (_, Some(value)) => {
                Err(invalid(format!("fault {lower} takes no value, not {value:?}")))
            }
        }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, times: None }
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (text, times) = match text.split_once('*') {
            None => (text, None),
            Some((text, times)) => {
                let count =
                    times.parse::<u64>().ok().filter(|count| *count > 0).ok_or_else(|| {
                        invalid(format!(
                            "fault {text}*{times}: {times:?} is not how often, such as *1"
                        ))
                    })?;
                (text, Some(count))
            }
        };
        let (name, value) = match text.split_once('=') {
            None => (text, None),
            Some((name, value)) => (name, Some(value)),
        };
        Ok(Self { kind: FaultKind::named(name, value)?, times })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match self.kind {
            FaultKind::Silent(number) | FaultKind::PowerCycle(number) => write!(f, "={number}")?,
            FaultKind::Late(time) => write!(f, "={}", time.as_millis())?,
            FaultKind::Busy { all } => f.write_str(if all { "=all" } else { "=second" })?,
            FaultKind::HalfBlock
            | FaultKind::Drop
            | FaultKind::WrongIdentity
            | FaultKind::ErrorFlood
            | FaultKind::EchoHeader
            | FaultKind::NoOpc
            | FaultKind::Crlf
            | FaultKind::Chunked
            | FaultKind::Unasked => {}
        }
        self.times.map_or(Ok(()), |times| write!(f, "*{times}"))
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_shows_every_fault() {
        for name in FaultKind::NAMES {
            let text = if name == "late" { "late=250".to_owned() } else { name.to_owned() };
            let fault: Fault = text.parse().unwrap();
            assert_eq!(fault.kind.name(), name);
            assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault);
        }
        let once: Fault = "drop*1".parse().unwrap();
        assert_eq!((once.kind, once.times), (FaultKind::Drop, Some(1)));
        let late: Fault = "late=40*2".parse().unwrap();
        assert_eq!(late.kind, FaultKind::Late(Duration::from_millis(40)));
    }

    #[test]
    fn names_what_is_wrong_and_what_would_be_right() {
        let refused = |text: &str| text.parse::<Fault>().unwrap_err().message;
        assert!(
            refused("silence").starts_with("there is no fault \"silence\"; there are: silent, ")
        );
        assert_eq!(refused("late"), "fault late needs milliseconds, such as late=300");
        assert!(refused("late=soon").contains("\"soon\" is not milliseconds"));
        assert!(refused("busy=3").contains("neither `second` nor `all`"));
        assert!(refused("crlf=1").contains("takes no value"));
        assert!(refused("drop*0").contains("not how often"));
    }
}
