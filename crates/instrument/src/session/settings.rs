//! How an instrument is to be spoken to: time limits, terminators, serial parameters, what it knows.

use std::time::Duration;

/// How an instrument is to be spoken to. The defaults suit instruments that keep to SCPI-1999.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long sending a message may take, how long until its reply begins, and how long the reply
    /// may then pause.
    pub io_timeout: Duration,
    /// The same for the reply to `*OPC?`, which comes when all operations have ended.
    pub opc_timeout: Duration,
    /// For how long nothing may come before a link is taken to be quiet.
    pub quiet: Duration,
    /// What is sent after every message.
    pub terminator: Vec<u8>,
    /// The byte that ends a reply on links that mark no ends; a carriage return before it goes too.
    pub reply_end: u8,
    /// The bytes of the longest reply that is read.
    pub max_block: usize,
    /// How it is asked who it is; None if it cannot be asked.
    pub identity_query: Option<String>,
    /// How its error queue is read; None if it has none.
    pub error_query: Option<String>,
    /// Whether it answers `*OPC?`.
    pub has_opc: bool,
    /// The speed of a serial link, in bits per second.
    pub baud: u32,
    /// The data bits of a serial link, 5 to 8.
    pub data_bits: u8,
    /// The parity of a serial link.
    pub parity: Parity,
    /// The stop bits of a serial link, 1 or 2.
    pub stop_bits: u8,
    /// How the two sides of a serial link hold each other back.
    pub flow_control: FlowControl,
}

/// The parity bit of a serial link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parity {
    /// There is none.
    #[default]
    None,
    /// It makes the number of ones odd.
    Odd,
    /// It makes the number of ones even.
    Even,
}

/// How the two sides of a serial link hold each other back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlowControl {
    /// Not at all.
    #[default]
    None,
    /// By XON and XOFF. Blocks cannot be read then, since they may contain these.
    Software,
    /// By the lines RTS and CTS.
    Hardware,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            io_timeout: Duration::from_secs(5),
            opc_timeout: Duration::from_secs(30),
            quiet: Duration::from_millis(100),
            terminator: b"\n".to_vec(),
            reply_end: b'\n',
            max_block: 64 << 20,
            identity_query: Some("*IDN?".to_owned()),
            error_query: Some("SYST:ERR?".to_owned()),
            has_opc: true,
            baud: 9600,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 1,
            flow_control: FlowControl::None,
        }
    }
}
