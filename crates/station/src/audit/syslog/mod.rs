//! Sends the audit trail to a syslog receiver: each record and each checkpoint as one message of
//! RFC 5424, in their order, over UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425).
//!
//! ```text
//!  off ── connected ──▶ sending ⇄ waiting for news
//!   ▲                      │          │
//!   └── 1 s, 2 s, … 60 s ──┴── lost ──┘      what is in doubt is sent again
//! ```

mod exporter;
mod line;
mod message;
mod place;
mod target;
mod tls;

pub use self::exporter::Exporter;
pub(in crate::audit) use self::message::CHECKPOINT;
pub use self::message::Sender;
pub use self::target::{Syslog, Target, Transport};
