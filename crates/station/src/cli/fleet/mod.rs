//! What a command prints while it runs on many nodes at once.
//!
//! ```text
//! events ─▶ watch ─▶ roll: where each node stands ─▶ progress, summary, exit status
//!             ├────▶ lines ─▶ paint: `node: line`, live
//!             └────▶ gather: a digest for each node ─▶ equal outputs under one header, at the end
//! ```

mod gather;
mod lines;
mod paint;
mod progress;
mod retry;
mod roll;
mod script;
mod summary;
mod watch;

pub(crate) use gather::print as print_gathered;
pub(crate) use lines::Lines;
pub(crate) use paint::Paint;
pub(crate) use retry::{Again, Whose, whose};
pub(crate) use script::interpreter;
pub(crate) use watch::{FleetWatch, Showing};
