//! What can be seen of a station over its API, against a real one: history, statistics, why,
//! alarms, tokens, nodes, metrics and events.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the report of a fault"
)]

mod observing {
    pub(crate) mod alarms;
    pub(crate) mod events;
    pub(crate) mod figures;
    pub(crate) mod nodes;
    pub(crate) mod site;
    pub(crate) mod tokens;
}
