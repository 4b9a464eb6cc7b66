//! Keeps the audit trail's proofs: signs its head, and has it written down where the store's owner
//! cannot change it.
//!
//! ```text
//!  records ─▶ 1000, or 10 s after the first ─▶ checkpoint, in the store ─▶ witness
//! ```

mod keeper;
mod key;
mod witness;

pub use self::keeper::{Alarm, Keeper};
pub use self::key::{Key, check};
pub use self::witness::Witness;
