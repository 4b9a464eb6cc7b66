//! Builds JSON responses and runs blocking store reads for the handlers.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::error::ApiError;
use crate::runtime::Handle;

/// A response with a JSON body.
pub(super) fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(bytes) => raw(status, bytes),
        Err(error) => {
            tracing::error!(%error, "an answer of the API could not be written as JSON");
            raw(
                StatusCode::INTERNAL_SERVER_ERROR,
                br#"{"detail":"Internal Server Error"}"#.to_vec(),
            )
        }
    }
}

/// A 200 response with a JSON body.
pub(super) fn ok<T: Serialize + ?Sized>(value: &T) -> Response<Body> {
    json(StatusCode::OK, value)
}

/// The bytes of a JSON body.
pub(super) fn body<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, ApiError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| {
        tracing::error!(%error, "an answer of the API could not be written as JSON");
        ApiError::Internal
    })
}

/// A 200 response with a JSON body that is written already.
pub(super) fn stored(body: Bytes) -> Response<Body> {
    raw(StatusCode::OK, body)
}

fn raw(status: StatusCode, bytes: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Runs a closure that reads the store off the async threads.
pub(super) async fn blocking<T, F>(handle: &Handle, read: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: FnOnce(&Handle) -> Result<T, ApiError> + Send + 'static,
{
    let handle = handle.clone();
    match tokio::task::spawn_blocking(move || read(&handle)).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a read of the store for the API did not end");
            Err(ApiError::Internal)
        }
    }
}
