//! Writes refusals, and the headers that tell browsers to keep their hands off.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Entry,
    HeaderName, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, VARY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const CLOSED: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Why somebody is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The HTTP status.
    pub status: StatusCode,
    /// The sentence.
    pub detail: String,
    /// After how many seconds it is worth trying again.
    pub retry_after: Option<u64>,
}

impl Rejection {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after: None }
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// A request body that is larger than what is accepted.
    #[must_use]
    pub fn too_large(most: u64) -> Self {
        let detail = format!(
            "the request body is larger than {} MiB, the most the station accepts",
            most >> 20
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }
}

impl IntoResponse for Rejection {
    /// As the API's own errors are: `{"detail": "…"}`.
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "detail": self.detail }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Adds the headers of security to an answer. Where the answer has a policy or a rule for caches of
/// its own (a page, a picture), that stands. `api` tells answers of the API, which no cache may keep.
pub fn dress(headers: &mut HeaderMap, api: bool, tls: bool) {
    headers.reserve(8);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if let Entry::Vacant(policy) = headers.entry(CONTENT_SECURITY_POLICY) {
        policy.insert(CLOSED);
    }
    if api && let Entry::Vacant(caching) = headers.entry(CACHE_CONTROL) {
        caching.insert(NO_STORE);
    }
    if tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, YEAR);
    }
}

/// Lets the page of a listed origin read the answer.
pub fn allow_origin(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

/// Tells the browser of a listed origin's page what it may send.
#[must_use]
pub fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, PATCH, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, last-event-id"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_dressed_and_keep_what_they_have() {
        let mut headers = HeaderMap::new();
        dress(&mut headers, true, false);
        assert_eq!(headers.len(), 6);
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], CLOSED);

        let mut page = HeaderMap::new();
        page.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        dress(&mut page, false, true);
        assert_eq!(page[CONTENT_SECURITY_POLICY], "default-src 'self'");
        assert_eq!(page[STRICT_TRANSPORT_SECURITY], YEAR);
        assert!(!page.contains_key(CACHE_CONTROL));
    }

    #[test]
    fn refusals_say_how_to_come_back() {
        let mut refused = Rejection::new(StatusCode::TOO_MANY_REQUESTS, "slowly");
        refused.retry_after = Some(7);
        assert_eq!(refused.into_response().headers()[RETRY_AFTER], "7");
        let unknown = Rejection::unauthorized("who?").into_response();
        assert_eq!(unknown.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
