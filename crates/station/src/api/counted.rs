//! Counts answered requests by route, method and status.

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

use crate::runtime::Handle;

/// Answers a request and counts it.
pub(super) async fn count(State(handle): State<Handle>, request: Request, next: Next) -> Response {
    let method = name(request.method());
    // Routes, not paths: there are few of them whatever clients ask for.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    handle.metrics().answered(method, route, response.status().as_u16());
    response
}

fn name(method: &Method) -> &'static str {
    let known = [
        (Method::GET, "GET"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::HEAD, "HEAD"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    known.iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}
