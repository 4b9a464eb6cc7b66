//! Makes, lists and revokes the tokens that let clients in over the network.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::{Value, json};
use station_core::engine::{Reply, Request};
use station_core::model::{Micros, Role, Token};

use super::caller::Asker;
use super::error::ApiError;
use super::field::{self, Faults, Place};
use super::instant::{self, Clock};
use super::openapi::{answers, params, refusals, requests};
use super::query;
use super::{body, jobs, respond, stamp};
use crate::access;
use crate::runtime::Handle;

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

/// Lists tokens, without their secrets.
#[utoipa::path(
    get, path = "/api/tokens",
    tag = "tokens", operation_id = "listTokens",
    responses(
        (status = 200, description = "The tokens", body = answers::Tokens),
        refusals::Usual,
    ),
)]
pub(super) async fn list(State(handle): State<Handle>, asker: Asker) -> Result<Response, ApiError> {
    allowed(&asker)?;
    respond::blocking(&handle, move |handle| {
        let tokens = handle.reader().tokens()?;
        let tokens: Vec<Value> = tokens.iter().map(|token| shown(handle, token)).collect();
        Ok(respond::ok(&json!({ "success": true, "count": tokens.len(), "tokens": tokens })))
    })
    .await
}

/// Makes a token; its secret is told this once.
#[utoipa::path(
    post, path = "/api/tokens",
    tag = "tokens", operation_id = "createToken",
    request_body(content = requests::TokenRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The token", body = answers::TokenCreated),
        refusals::Usual, refusals::BadRequest, refusals::TooLarge, refusals::Invalid,
    ),
)]
pub(super) async fn create(
    State(handle): State<Handle>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker)?;
    let body = body.map_err(jobs::refused_body)?;
    let clock = Clock { now: handle.now(), zone: handle.zone(), zones: handle.zones() };
    let Wanted { name, role, expires_at } = read(&body, clock)?;
    drop(body);
    let issued = access::issue(&name, role, asker.principal().clone(), handle.now(), expires_at);
    let (secret, token) = issued.map_err(|error| {
        tracing::error!(error, "no token could be made");
        ApiError::Internal
    })?;
    keep(&handle, &asker, token.clone()).await?;
    let mut answer = json!({
        "success": true,
        "message": "Token created; it is not shown again",
        "token": secret.reveal(),
    });
    if let (Value::Object(answer), Value::Object(shown)) = (&mut answer, shown(&handle, &token)) {
        answer.extend(shown);
    }
    Ok(respond::ok(&answer))
}

/// Revokes a token for good.
#[utoipa::path(
    delete, path = "/api/tokens/{id}",
    tag = "tokens", operation_id = "revokeToken",
    params(params::TokenId),
    responses(
        (status = 200, description = "It is revoked", body = answers::Done),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn revoke(
    State(handle): State<Handle>,
    asker: Asker,
    TokenPath(id): TokenPath,
) -> Result<Response, ApiError> {
    allowed(&asker)?;
    let named = id.clone();
    let found = respond::blocking(&handle, move |handle| Ok(handle.reader().token(&id)?)).await?;
    let unknown = || ApiError::NotFound(query::not_found("Token", &named));
    let mut token = found.ok_or_else(unknown)?;
    // Twice is as good as once; the first time stays.
    if token.revoked_at.is_none() {
        token.revoked_at = Some(handle.now());
        keep(&handle, &asker, token).await?;
    }
    Ok(respond::ok(&json!({ "success": true, "message": "Token revoked" })))
}

async fn keep(handle: &Handle, asker: &Asker, token: Token) -> Result<(), ApiError> {
    let reply = handle.request_by(Request::KeepToken(Box::new(token)), &asker.actor()).await?;
    if reply == Reply::TokenKept { Ok(()) } else { Err(jobs::unexpected(reply)) }
}

/// Tokens are an administrator's business, and never one without a name.
fn allowed(asker: &Asker) -> Result<(), ApiError> {
    asker.require_named("whatever has to do with tokens")?;
    asker.require(Role::Admin)
}

/// A token without its hash.
fn shown(handle: &Handle, token: &Token) -> Value {
    let show = |at: Micros| stamp::local(at, handle.zone());
    json!({
        "id": token.id,
        "name": token.name,
        "role": token.role.name(),
        "created_at": show(token.created_at),
        "created_by": token.created_by.label(),
        "expires_at": token.expires_at.map(show),
        "revoked_at": token.revoked_at.map(show),
        "valid": token.is_valid(handle.now()),
    })
}

/// What names a token in a path.
pub(super) struct TokenPath(String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for TokenPath {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        // A path that is not UTF-8 cannot be decoded; it names no token either.
        Ok(Self(path.map_or_else(|_| "?".to_owned(), |path| path.0)))
    }
}

/// The token that is asked for.
#[derive(Debug, PartialEq)]
struct Wanted {
    name: String,
    role: Role,
    expires_at: Option<Micros>,
}

fn read(text: &[u8], clock: Clock<'_>) -> Result<Wanted, ApiError> {
    let known = ["name", "role", "expires_in_seconds", "expires_at"];
    let (mut faults, at) = (Faults::default(), Place::BODY);
    let (mut name, mut role, mut span, mut end) = (None, None, None::<Duration>, None);
    let roles = Role::ALL.map(|role| (role.name(), role));
    for (field, value) in body::object(text, &known)? {
        let at = at.field(&field);
        match field.as_ref() {
            "name" => name = Some(field::label(value, LONGEST_NAME, at, &mut faults)),
            "role" => role = Some(field::word(&value, &roles, at, &mut faults)),
            "expires_in_seconds" => span = field::seconds(&value, false, at, &mut faults),
            "expires_at" => end = field::text(value, at, &mut faults),
            _ => {}
        }
    }
    for (absent, field) in [(name.is_none(), "name"), (role.is_none(), "role")] {
        if absent {
            faults.missing(at.field(field));
        }
    }
    faults.into_result()?;
    let expires_at = match (span, end) {
        (Some(_), Some(_)) => {
            let text = "give one of 'expires_in_seconds' and 'expires_at', not both";
            return Err(ApiError::Bad(text.to_owned()));
        }
        (Some(span), None) => Some(clock.now.plus(span)),
        (None, Some(end)) => Some(Micros::from(instant::read((at, "expires_at"), &end, clock)?.at)),
        (None, None) => None,
    };
    if expires_at.is_some_and(|end| end <= clock.now) {
        return Err(ApiError::Bad("expires_at is in the past".to_owned()));
    }
    let (Some(Some(name)), Some(Some(role))) = (name, role) else {
        return Err(ApiError::Internal);
    };
    Ok(Wanted { name, role, expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn run(body: &str) -> Result<Wanted, ApiError> {
        let now = Micros(1_800_000_000_000_000);
        read(body.as_bytes(), Clock { now, zone: &TimeZone::UTC, zones: jiff::tz::db() })
    }

    #[test]
    fn wishes_are_read() {
        let plain = run(r#"{"name":"ci","role":"operator"}"#).unwrap();
        assert_eq!(plain, Wanted { name: "ci".into(), role: Role::Operator, expires_at: None });
        let soon = run(r#"{"name":"ci","role":"viewer","expires_in_seconds":60}"#).unwrap();
        assert_eq!(soon.expires_at, Some(Micros(1_800_000_060_000_000)));
        let then = run(r#"{"name":"ci","role":"viewer","expires_at":"2030-01-01T00:00:00+01:00"}"#);
        let at: jiff::Timestamp = "2029-12-31T23:00:00Z".parse().unwrap();
        assert_eq!(then.unwrap().expires_at, Some(Micros::from(at)));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (body, status, said) in [
            ("{}", 422, "Field required"),
            (r#"{"name":"","role":"viewer"}"#, 422, "must not be empty"),
            (r#"{"name":"ci","role":"root"}"#, 422, "'viewer', 'operator' or 'admin'"),
            (r#"{"name":"ci","role":"viewer","expires_in_seconds":0}"#, 422, "more than 0"),
            (r#"{"name":"ci","role":"viewer","expires_in_seconds":-5}"#, 422, "negative"),
            (r#"{"name":"ci","role":"viewer","expires_at":"2001-01-01T00:00:00Z"}"#, 400, "past"),
            (r#"{"name":"ci","role":"viewer","expires_at":"soon"}"#, 422, "valid datetime"),
            (
                r#"{"name":"ci","role":"viewer","expires_in_seconds":5,"expires_at":"2030-01-01"}"#,
                400,
                "not both",
            ),
            (r#"{"nmae":"ci","role":"viewer"}"#, 400, "did you mean 'name'?"),
        ] {
            let error = run(body).unwrap_err();
            assert_eq!(error.status().as_u16(), status, "{body}");
            assert!(error.body().to_string().contains(said), "{body}: {}", error.body());
        }
    }
}
