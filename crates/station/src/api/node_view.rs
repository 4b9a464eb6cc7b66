//! Shows a node as the JSON object clients see.

use jiff::tz::TimeZone;
use serde::Serialize;
use station_core::model::{Micros, Node, NodeHealth};

use super::openapi::answers;
use super::stamp;

/// A node on the wire.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct NodeView<'a> {
    name: &'a str,
    /// What ssh or ush is told.
    address: &'a str,
    /// Null: whom ssh_config(5) names.
    user: Option<&'a str>,
    /// Null: the one ssh_config(5) names.
    port: Option<u16>,
    #[serde(rename = "type")]
    #[schema(schema_with = answers::node_kinds)]
    kind: &'static str,
    /// The host on which ssh or ush is run, instead of here.
    relay: Option<&'a str>,
    groups: &'a [String],
    /// Whether commands run under a guard that ends them.
    guard: bool,
    #[schema(schema_with = answers::host_keys)]
    host_keys: &'static str,
    /// How many runs it may have at once; null: as many as the station allows a node.
    limit: Option<u32>,
    /// Whether it could be reached the last time; null: it was never tried.
    reachable: Option<bool>,
    /// Since when that is so.
    #[schema(value_type = Option<answers::Instant>)]
    since: Option<String>,
    /// Why it could not be reached.
    error: Option<&'a str>,
    #[schema(value_type = answers::Instant)]
    created_at: String,
    created_by: String,
}

impl<'a> NodeView<'a> {
    /// Shows a node with its times on the clock of the station's zone.
    pub(super) fn new(node: &'a Node, health: Option<&'a NodeHealth>, zone: &TimeZone) -> Self {
        let show = |at: Micros| stamp::local(at, zone);
        Self {
            name: &node.name,
            address: &node.address,
            user: node.user.as_deref(),
            port: node.port,
            kind: node.kind.name(),
            relay: node.relay.as_deref(),
            groups: &node.groups,
            guard: node.guard,
            host_keys: node.host_keys.name(),
            limit: node.limit,
            reachable: health.map(|health| health.unreachable.is_none()),
            since: health.map(|health| show(health.since)),
            error: health.and_then(|health| health.unreachable.as_deref()),
            created_at: show(node.created_at),
            created_by: node.created_by.label(),
        }
    }
}
