//! Registers, lists, changes and removes nodes, and tries whether they can be reached.
//!
//! What stands for `{name}` in a path may be a set of nodes, `rack[1-3]` or `@lab`, but where one node
//! is shown. What is asked of several nodes becomes of all of them or of none.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::json;
use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{Node, NodeHealth, NodeSet, Role};

use super::caller::Asker;
use super::changes::Changing;
use super::error::ApiError;
use super::node_fields;
use super::node_view::NodeView;
use super::openapi::{about_nodes, params, refusals, requests};
use super::query::Arguments;
use super::{jobs, node_test, respond};
use crate::runtime::Handle;

/// A node and what is known of it.
type Known = (Node, Option<NodeHealth>);

/// Lists nodes by name.
#[utoipa::path(
    get, path = "/api/nodes",
    tag = "nodes", operation_id = "listNodes",
    params(params::Nodes),
    responses(
        (status = 200, description = "The nodes", body = about_nodes::Nodes),
        refusals::Usual, refusals::BadRequest, refusals::NotFound,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let set = query.text("nodes").map(ToOwned::to_owned);
    respond::blocking(&handle, move |handle| {
        let nodes = match set {
            Some(set) => find(handle, &set)?,
            None => handle.reader().nodes()?,
        };
        Ok(shown(handle, None, &nodes))
    })
    .await
}

/// Shows a node.
#[utoipa::path(
    get, path = "/api/nodes/{name}",
    tag = "nodes", operation_id = "getNode",
    params(params::NodeName),
    responses(
        (status = 200, description = "The node", body = about_nodes::OneNode),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    asker: Asker,
    NodePath(name): NodePath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        let nodes = handle.reader().nodes()?;
        let found = nodes.into_iter().find(|(node, _)| node.name == name);
        let (node, health) = found.ok_or_else(|| unknown(&name))?;
        let view = NodeView::new(&node, health.as_ref(), handle.zone());
        Ok(respond::ok(&json!({ "success": true, "node": view })))
    })
    .await
}

/// Registers nodes, all of them or none.
#[utoipa::path(
    post, path = "/api/nodes",
    tag = "nodes", operation_id = "createNodes",
    request_body(content = requests::NodeRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The nodes", body = about_nodes::NodesKept),
        refusals::Usual, refusals::BadRequest, refusals::TooLarge, refusals::Invalid,
        refusals::Conflict,
    ),
)]
pub(super) async fn create(
    State(handle): State<Handle>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let body = body.map_err(jobs::refused_body)?;
    let nodes = node_fields::created(&body, asker.principal(), handle.now())?;
    drop(body);
    keep(&handle, &asker, nodes.clone(), false).await?;
    let nodes: Vec<Known> = nodes.into_iter().map(|node| (node, None)).collect();
    Ok(shown(&handle, Some("registered"), &nodes))
}

/// Changes nodes in part, all of them or none: a null makes a field the default again.
#[utoipa::path(
    patch, path = "/api/nodes/{name}",
    tag = "nodes", operation_id = "changeNodes",
    params(params::NodeNames),
    request_body(content = requests::NodeChangeRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The nodes", body = about_nodes::NodesKept),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid,
    ),
)]
pub(super) async fn change(
    State(handle): State<Handle>,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    NodePath(set): NodePath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let body = body.map_err(jobs::refused_body)?;
    let change = node_fields::changed(&body)?;
    drop(body);
    let _alone = changing.alone().await;
    let nodes = respond::blocking(&handle, move |handle| {
        let mut nodes = find(handle, &set)?;
        for (node, _) in &mut nodes {
            change.apply(node)?;
        }
        Ok(nodes)
    })
    .await?;
    keep(&handle, &asker, nodes.iter().map(|(node, _)| node.clone()).collect(), true).await?;
    Ok(shown(&handle, Some("changed"), &nodes))
}

/// Removes nodes, all of them or none. What runs on them goes on.
#[utoipa::path(
    delete, path = "/api/nodes/{name}",
    tag = "nodes", operation_id = "removeNodes",
    params(params::NodeNames),
    responses(
        (status = 200, description = "They are gone", body = about_nodes::NodesRemoved),
        refusals::Usual, refusals::BadRequest, refusals::NotFound,
    ),
)]
pub(super) async fn remove(
    State(handle): State<Handle>,
    asker: Asker,
    NodePath(set): NodePath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let found = respond::blocking(&handle, move |handle| find(handle, &set)).await?;
    let names: Vec<String> = found.into_iter().map(|(node, _)| node.name).collect();
    let reply =
        handle.request_by(Request::RemoveNodes { names: names.clone() }, &asker.actor()).await?;
    let Reply::NodesKept = reply else { return Err(jobs::unexpected(reply)) };
    let message = counted(names.len(), "removed");
    let count = names.len();
    Ok(respond::ok(&json!({ "success": true, "message": message, "count": count, "nodes": names })))
}

/// Runs `true` on nodes and tells, when all have answered or failed, how it went on each.
#[utoipa::path(
    post, path = "/api/nodes/{name}/test",
    tag = "nodes", operation_id = "testNodes",
    params(params::NodeNames),
    responses(
        (status = 200, description = "How it went on each", body = about_nodes::NodeTests),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn test(
    State(handle): State<Handle>,
    asker: Asker,
    NodePath(set): NodePath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let (looked, wanted) = (handle.clone(), set.clone());
    let nodes = respond::blocking(&looked, move |handle| find(handle, &wanted)).await?;
    let results = node_test::run(handle, asker, set, nodes.len()).await?;
    let reachable = results.iter().filter(|result| result.is_reachable()).count();
    Ok(respond::ok(&json!({
        "success": true, "count": results.len(), "reachable": reachable, "results": results,
    })))
}

/// Nodes tell addresses and users of other machines: they are never for callers without a name.
fn allowed(asker: &Asker, role: Role) -> Result<(), ApiError> {
    asker.require_named("whatever has to do with nodes")?;
    asker.require(role)
}

/// The nodes a set names.
fn find(handle: &Handle, set: &str) -> Result<Vec<Known>, ApiError> {
    let set = NodeSet::parse(set).map_err(|error| ApiError::Bad(error.to_string()))?;
    let nodes = handle.reader().nodes()?;
    let mut nodes: BTreeMap<String, Known> =
        nodes.into_iter().map(|known| (known.0.name.clone(), known)).collect();
    let names = set.expand(&nodes).map_err(|error| Refusal::NoSuchTarget(error.to_string()))?;
    Ok(names.iter().filter_map(|name| nodes.remove(name)).collect())
}

async fn keep(
    handle: &Handle,
    asker: &Asker,
    nodes: Vec<Node>,
    change: bool,
) -> Result<(), ApiError> {
    let reply = handle.request_by(Request::KeepNodes { nodes, change }, &asker.actor()).await?;
    if reply == Reply::NodesKept { Ok(()) } else { Err(jobs::unexpected(reply)) }
}

fn unknown(name: &str) -> ApiError {
    let shown: String =
        name.chars().take(Node::LONGEST_NAME).flat_map(char::escape_debug).collect();
    ApiError::Refused(Refusal::NoSuchNode(shown))
}

/// The nodes, and what was done to them, if anything was.
fn shown(handle: &Handle, done: Option<&str>, nodes: &[Known]) -> Response {
    let zone = handle.zone();
    let views: Vec<NodeView<'_>> =
        nodes.iter().map(|(node, health)| NodeView::new(node, health.as_ref(), zone)).collect();
    let mut answer = json!({ "success": true, "count": views.len(), "nodes": views });
    if let (Some(done), Some(fields)) = (done, answer.as_object_mut()) {
        fields.insert("message".to_owned(), counted(views.len(), done).into());
    }
    respond::ok(&answer)
}

fn counted(count: usize, done: &str) -> String {
    if count == 1 { format!("1 node {done}") } else { format!("{count} nodes {done}") }
}

/// What names a node, or several, in a path.
pub(super) struct NodePath(String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for NodePath {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        // A path that is not UTF-8 cannot be decoded; it names no node either.
        Ok(Self(path.map_or_else(|_| "?".to_owned(), |path| path.0)))
    }
}
