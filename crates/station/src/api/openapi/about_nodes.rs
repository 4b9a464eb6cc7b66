//! The answers about nodes.

#![expect(dead_code, reason = "described here, never made: the handlers write the JSON themselves")]

use utoipa::ToSchema;

use super::answers::success;
use crate::api::node_test::NodeResult;
use crate::api::node_view::NodeView;

/// Some nodes.
#[derive(ToSchema)]
pub(in crate::api) struct Nodes {
    #[schema(schema_with = success)]
    success: bool,
    count: u64,
    #[schema(value_type = Vec<NodeView<'static>>)]
    nodes: (),
}

/// A node.
#[derive(ToSchema)]
pub(in crate::api) struct OneNode {
    #[schema(schema_with = success)]
    success: bool,
    #[schema(value_type = NodeView<'static>)]
    node: (),
}

/// Nodes that were registered or changed.
#[derive(ToSchema)]
pub(in crate::api) struct NodesKept {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
    count: u64,
    #[schema(value_type = Vec<NodeView<'static>>)]
    nodes: (),
}

/// Nodes that were removed.
#[derive(ToSchema)]
pub(in crate::api) struct NodesRemoved {
    #[schema(schema_with = success)]
    success: bool,
    message: String,
    count: u64,
    /// Their names.
    nodes: Vec<String>,
}

/// How the test of nodes went.
#[derive(ToSchema)]
pub(in crate::api) struct NodeTests {
    #[schema(schema_with = success)]
    success: bool,
    count: u64,
    /// How many of them were reached.
    reachable: u64,
    results: Vec<NodeResult>,
}
