//! The points of an outstation: shown and replaced as a whole, as TOML or JSON.

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde_json::json;
use station_core::engine::Expect;
use station_core::model::{Record, Role};
use station_outstation::points::{self, Format};

use super::caller::Asker;
use super::changes::Changing;
use super::error::ApiError;
use super::openapi::{about_outstations, outstation_requests, params, refusals};
use super::outstation_records::{Desk, allowed, find};
use super::records;
use super::records::KeyPath;
use super::{jobs, respond};
use crate::runtime::Handle;

const TOML: &str = "application/toml";

/// Shows the points of an outstation, as JSON or, where that is accepted, as the TOML they can be kept by.
#[utoipa::path(
    get, path = "/api/outstations/{name}/points",
    tag = "outstations", operation_id = "getPoints",
    params(params::OutstationName),
    responses(
        (
            status = 200, description = "The points",
            content(
                (about_outstations::Points = "application/json"), (String = "application/toml"),
            ),
        ),
        refusals::Usual, refusals::NotAtDesk,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let outstation = find(&handle, &desk, name).await?;
    if says(&headers, header::ACCEPT, "toml") {
        let mut response = Response::new(Body::from(points::write(&outstation.points)));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(TOML));
        return Ok(response);
    }
    Ok(respond::ok(&json!({
        "outstation": outstation.name, "count": outstation.points.len(),
        "points": outstation.points,
    })))
}

/// Replaces all points of an outstation: what is not among them any more can be commanded no more.
#[utoipa::path(
    put, path = "/api/outstations/{name}/points",
    tag = "outstations", operation_id = "replacePoints",
    params(params::OutstationName),
    request_body(content(
        (outstation_requests::PointsRequest = "application/json"), (String = "application/toml"),
    )),
    responses(
        (status = 200, description = "They are kept", body = about_outstations::PointsKept),
        refusals::Usual, refusals::BadPoints, refusals::NotAtDesk, refusals::TooLarge,
    ),
)]
pub(super) async fn replace(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    KeyPath(name): KeyPath,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let body = body.map_err(jobs::refused_body)?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| ApiError::Bad("the points are no text in UTF-8".to_owned()))?;
    let points = points::read(text, format(&headers, text))?;
    drop(body);
    let _alone = changing.alone().await;
    let mut outstation = find(&handle, &desk, name).await?;
    // Only now is it known which address the points without one of their own have.
    points::check(&points, outstation.ca)?;
    outstation.points = points;
    outstation.modified_at = handle.now();
    let (name, count) = (outstation.name.clone(), outstation.points.len());
    let record = Record::Outstation(Box::new(outstation));
    records::keep(&handle, &asker, record, Expect::There).await?;
    Ok(respond::ok(&json!({
        "success": true, "message": "Points kept", "outstation": name, "count": count,
    })))
}

/// What the points are written in: as the request says, or as they begin.
fn format(headers: &HeaderMap, text: &str) -> Format {
    if says(headers, header::CONTENT_TYPE, "toml") {
        return Format::Toml;
    }
    if says(headers, header::CONTENT_TYPE, "json") {
        return Format::Json;
    }
    let text = text.trim_start();
    let is_json = text.starts_with('{') || (text.starts_with('[') && !text.starts_with("[["));
    if is_json { Format::Json } else { Format::Toml }
}

fn says(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.to_ascii_lowercase().contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_points_is_what_is_said_or_what_they_look_like() {
        for (said, text, wanted) in [
            (None, "[[point]]\n", Format::Toml),
            (None, "# points\n[[point]]\n", Format::Toml),
            (None, " [{\"name\": \"a\"}]", Format::Json),
            (None, "{\"points\": []}", Format::Json),
            (Some("application/json"), "[[point]]", Format::Json),
            (Some("application/toml; charset=utf-8"), "{}", Format::Toml),
            (Some("text/plain"), "{}", Format::Json),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(said) = said {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(said));
            }
            assert_eq!(format(&headers, text), wanted, "{said:?} {text}");
        }
    }
}
