//! Simulates instruments: a demo for those who have none, and a test double for faults.
//!
//! ```text
//!  socket, pty, hislip, vxi11        bytes in and out, faults of the link
//!        └─▶ device                  IEEE 488.2 status and common commands, faults of the instrument
//!              ├─▶ language          program messages, the header tree, parameters, error queue
//!              └─▶ psu, load, dmm, scope, generator      what they do: pure, time comes in as a value
//! ```

mod device;
mod dmm;
mod fault;
mod generator;
pub mod hislip;
mod language;
mod load;
mod lock;
mod machine;
mod model;
mod noise;
mod psu;
mod pty;
mod reply;
mod rounding;
mod scope;
mod simulator;
mod socket;
mod surroundings;
pub mod vxi11;

use std::sync::Arc;
use std::time::Duration;

pub use fault::{Fault, FaultKind};
pub use model::Model;
pub use simulator::{Simulator, SimulatorOptions};

/// What a link needs of an instrument: program messages in, response messages out.
pub trait Instrument: Send {
    /// Takes one program message, with or without its terminator, and carries it out; the response
    /// message without terminator or END, `None` when it has nothing to say.
    fn message(&mut self, message: &[u8]) -> Option<Vec<u8>>;

    /// Device clear (IEEE 488.2, 5.8): forgets what it was about to say; settings and status stay.
    fn clear(&mut self);

    /// The status byte as a serial poll reads it (IEEE 488.2, 11.2).
    fn status_byte(&mut self) -> u8;
}

/// One instrument behind several links and clients.
pub type SharedInstrument = Arc<tokio::sync::Mutex<dyn Instrument>>;

/// The time since the instrument was switched on; the only clock the instruments know.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The message without the newline that may stand before the END of its link.
fn without_terminator(message: &[u8]) -> &[u8] {
    let message = message.strip_suffix(b"\n").unwrap_or(message);
    message.strip_suffix(b"\r").unwrap_or(message)
}
