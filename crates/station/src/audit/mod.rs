//! Keeps the audit trail's proofs: signs its head, and has it written down where the store's owner
//! cannot change it. Writes it down in other forms, and verifies it.
//!
//! ```text
//!  records ─▶ 1000, or 10 s after the first ─▶ checkpoint, in the store ─▶ witness
//!     └──────────────────────────────────────────────┴─▶ syslog
//! ```

mod export;
mod keeper;
mod key;
mod pcap;
mod syslog;
mod verify;
mod witness;

pub use self::export::{Export, Format};
pub use self::keeper::{Alarm, Keeper};
pub use self::key::{Key, check};
pub use self::pcap::Capture;
pub use self::syslog::{Exporter, Sender, Syslog, Target, Transport};
pub use self::verify::{Report, verify_file, verify_store};
pub use self::witness::Witness;
