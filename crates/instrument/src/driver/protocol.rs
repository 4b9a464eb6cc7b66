//! The protocol of an instrument family where it departs from IEEE 488.2 and SCPI-1999.

use std::time::Duration;

/// How a family departs from the standard. `None` of a time or a terminator means the session's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// What ends a message sent, instead of a newline.
    pub terminator: Option<String>,
    /// What reads and removes the oldest error (SCPI-1999 clause 21.8.8); `None` if it has no queue.
    pub error_query: Option<String>,
    /// Whether `*OPC?` is answered (IEEE 488.2 clause 10.19).
    pub has_opc: bool,
    /// What runs the self-test and is answered by 0 if it passed (IEEE 488.2 clause 10.38); `None`
    /// if it has none.
    pub self_test: Option<String>,
    /// A pattern of the self-test's answer if it passed; `None`: the number 0.
    pub self_test_pass: Option<String>,
    /// How long the connection may take.
    pub connect_timeout: Option<Duration>,
    /// How long a reply may take.
    pub io_timeout: Option<Duration>,
    /// How long `*OPC?` may take.
    pub opc_timeout: Option<Duration>,
    /// How long the self-test may take.
    pub self_test_timeout: Option<Duration>,
    /// Sent after connecting, before anything else: `SYST:REM`.
    pub on_connect: Vec<String>,
    /// Sent before disconnecting: `SYST:LOC`.
    pub on_disconnect: Vec<String>,
    /// Replies that mean that a command was refused: `NACK`.
    pub refusals: Vec<String>,
    /// Whether replies begin with the header of their query.
    pub echoes_headers: bool,
}

impl Protocol {
    /// Whether an answer to the self-test says that it passed. By a pattern, it may not speak of a
    /// failure either: `TopBoard:PASS,Fan:FAIL` did not pass.
    #[must_use]
    pub fn self_test_passed(&self, reply: &str) -> bool {
        match &self.self_test_pass {
            None => matches!(super::parser::number(reply), Ok(Some(0.0))),
            Some(pattern) => {
                super::fit::glob(pattern, reply.trim())
                    && !reply.to_ascii_uppercase().contains("FAIL")
            }
        }
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            terminator: None,
            error_query: Some("SYST:ERR?".to_owned()),
            has_opc: true,
            self_test: Some("*TST?".to_owned()),
            self_test_pass: None,
            connect_timeout: None,
            io_timeout: None,
            opc_timeout: None,
            self_test_timeout: None,
            on_connect: Vec::new(),
            on_disconnect: Vec::new(),
            refusals: Vec::new(),
            echoes_headers: false,
        }
    }
}
