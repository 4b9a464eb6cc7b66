//! The tracing sink: each line an event of the program's log.

use station_core::model::Stream;

use super::{LineSink, Source};
use crate::lines::Line;

/// Tells lines to `tracing` under the target `station_remote::line`: standard output at the level
/// INFO, standard error at WARN. It is what a node's lines go to unless the node is silent.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSink;

impl LineSink for TracingSink {
    fn line(&self, from: &Source, line: &Line<'_>) {
        let node = &*from.node;
        match line.stream {
            Stream::Stderr => {
                tracing::warn!(target: "station_remote::line", node, "{}", line.text());
            }
            Stream::Stdout | Stream::Station => {
                tracing::info!(target: "station_remote::line", node, "{}", line.text());
            }
        }
    }
}
