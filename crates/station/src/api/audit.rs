//! Lists, shows and exports the audit trail. Nothing here writes to it, and no route does.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use station_core::audit::{Kind, Status, to_hex};
use station_core::model::Role;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::caller::Asker;
use super::error::ApiError;
use super::instant::Clock;
use super::openapi::{about_audit, params, refusals};
use super::query::{self, Arguments};
use super::{respond, stamp};
use crate::audit::{Export, Format};
use crate::port::{StoreError, StoreErrorKind};
use crate::runtime::Handle;
use crate::store::{AuditFilter, AuditRecord};

/// The classes of outcomes.
const CLASSES: [&str; 6] = ["not_sent", "refused", "confirmed", "completed", "verified", "unknown"];

/// Lists records of the audit trail, newest first, without the frames.
#[utoipa::path(
    get, path = "/api/audit",
    tag = "audit", operation_id = "listAudit",
    params(params::Audit),
    responses(
        (status = 200, description = "A page of records", body = about_audit::AuditPage),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker)?;
    let (limit, cursor) = (query.limit()?, query.cursor()?);
    let filter = AuditFilter { limit, cursor, ..filter(&query, &handle)? };
    respond::blocking(&handle, move |handle| {
        let page = handle.reader().audit(&filter)?;
        let records: Result<Vec<Value>, ApiError> = page.items.iter().map(in_brief).collect();
        let records = records?;
        Ok(respond::ok(&json!({
            "success": true, "count": records.len(), "records": records,
            "next_cursor": page.next_cursor,
        })))
    })
    .await
}

/// Shows a record of the audit trail, with the frames.
#[utoipa::path(
    get, path = "/api/audit/{seq}",
    tag = "audit", operation_id = "getAuditRecord",
    params(params::AuditSeq),
    responses(
        (status = 200, description = "The record", body = about_audit::OneAuditRecord),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    asker: Asker,
    SeqPath(seq): SeqPath,
) -> Result<Response, ApiError> {
    allowed(&asker)?;
    respond::blocking(&handle, move |handle| {
        let record = handle.reader().audit_record(seq)?.ok_or_else(|| unknown(&seq.to_string()))?;
        Ok(respond::ok(&json!({ "success": true, "record": whole(&record)? })))
    })
    .await
}

/// Tells where the audit trail ends and up to where it is signed.
#[utoipa::path(
    get, path = "/api/audit/head",
    tag = "audit", operation_id = "getAuditHead",
    responses(
        (status = 200, description = "The head", body = about_audit::AuditHead),
        refusals::Usual,
    ),
)]
pub(super) async fn head(State(handle): State<Handle>, asker: Asker) -> Result<Response, ApiError> {
    allowed(&asker)?;
    respond::blocking(&handle, move |handle| {
        // The checkpoint first: the head is never behind it.
        let checkpoint = handle.reader().last_checkpoint()?;
        let head = handle.reader().audit_head()?;
        let signed = checkpoint.map_or(0, |checkpoint| checkpoint.seq);
        Ok(respond::ok(&json!({
            "success": true,
            "seq": head.seq,
            "hash": to_hex(&head.hash),
            "unsigned": head.seq.saturating_sub(signed),
            "public_key": checkpoint.map(|checkpoint| to_hex(&checkpoint.key)),
            "checkpoint": checkpoint.map(|checkpoint| json!({
                "seq": checkpoint.seq,
                "hash": to_hex(&checkpoint.hash),
                "at": stamp::local(checkpoint.at, handle.zone()),
                "signature": to_hex(&checkpoint.signature),
                "line": checkpoint.line(),
            })),
        })))
    })
    .await
}

/// Exports the audit trail in its order, as a stream.
#[utoipa::path(
    get, path = "/api/audit/export",
    tag = "audit", operation_id = "exportAudit",
    params(params::AuditExport),
    responses(
        (
            status = 200, description = "The records, one on each line; a table; or a capture file",
            content(
                (String = "application/jsonl"), (String = "text/csv"),
                (Vec<u8> = "application/vnd.tcpdump.pcap"),
            ),
        ),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn export(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker)?;
    let formats = Format::ALL.map(|format| (format.name(), format));
    let format = query.word("format", &formats)?.unwrap_or(Format::Jsonl);
    let export = Export::new(handle.reader(), filter(&query, &handle)?, format);
    // What begins well is likely to end well: trouble with the store is told as such.
    let (export, first) = portion(&handle, export).await?;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut whole = false;
        asker.while_good(&handle, feed(&handle, export, first, (&sender, &mut whole))).await;
        if !whole {
            // What was cut off, as by a token that is no longer good, must not pass for all there is.
            sender.send(Err(io::Error::other("the export was cut off"))).await.ok();
        }
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let named = format!("attachment; filename=\"audit.{}\"", format.name());
    if let Ok(named) = HeaderValue::from_str(&named) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    Ok(response)
}

type Portions = mpsc::Sender<io::Result<Bytes>>;

/// Sends an export; tells whether all of it was sent.
async fn feed(
    handle: &Handle,
    mut export: Export,
    first: Option<Vec<u8>>,
    (to, whole): (&Portions, &mut bool),
) {
    let mut next = first;
    while let Some(octets) = next {
        if !octets.is_empty() && to.send(Ok(octets.into())).await.is_err() {
            return;
        }
        (export, next) = match portion(handle, export).await {
            Ok(read) => read,
            Err(error) => {
                tracing::error!(error = %error.body(), "an export of the audit trail was cut off");
                return;
            }
        };
    }
    *whole = true;
}

async fn portion(
    handle: &Handle,
    mut export: Export,
) -> Result<(Export, Option<Vec<u8>>), ApiError> {
    respond::blocking(handle, move |_| {
        let octets = export.portion()?;
        Ok((export, octets))
    })
    .await
}

/// Who did what stands in the trail: it is never for callers without a name.
fn allowed(asker: &Asker) -> Result<(), ApiError> {
    asker.require_named("the audit trail")?;
    asker.require(Role::Viewer)
}

fn filter(query: &Arguments, handle: &Handle) -> Result<AuditFilter, ApiError> {
    let text = |name: &str| query.text(name).map(ToOwned::to_owned);
    let job = match query.text("job") {
        Some(text) => {
            Some(text.parse().map_err(|_| ApiError::NotFound(query::not_found("Job", text)))?)
        }
        None => None,
    };
    let clock = Clock { now: handle.now(), zone: handle.zone(), zones: handle.zones() };
    let classes = CLASSES.map(|class| (class, class));
    Ok(AuditFilter {
        subject: text("subject"),
        outstation: text("outstation"),
        point: text("point"),
        job,
        class: query.word("class", &classes)?.map(ToOwned::to_owned),
        operator: text("operator"),
        correlation: text("correlation"),
        action: text("action"),
        kinds: query.words("kind", &Kind::ALL.map(|kind| (kind.name(), kind)))?,
        statuses: query.words("status", &Status::ALL.map(|status| (status.name(), status)))?,
        since: query.instant("since", clock)?,
        until: query.instant("until", clock)?,
        limit: 0,
        cursor: None,
    })
}

/// A record as JSON, with its hash.
fn whole(record: &AuditRecord) -> Result<Value, ApiError> {
    let mut value: Value = serde_json::from_str(&record.text).map_err(|error| {
        let message = format!("record {} of the audit trail is not a record: {error}", record.seq);
        StoreError { kind: StoreErrorKind::Damaged, message }
    })?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("hash".to_owned(), to_hex(&record.hash).into());
    }
    Ok(value)
}

/// The same with the number of its frames in their place.
fn in_brief(record: &AuditRecord) -> Result<Value, ApiError> {
    let mut value = whole(record)?;
    if let Some(Value::Object(told)) = value.get_mut("telecontrol") {
        let frames = told.remove("frames");
        let count = frames.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
        told.insert("frame_count".to_owned(), count.into());
    }
    Ok(value)
}

fn unknown(text: &str) -> ApiError {
    ApiError::NotFound(query::not_found("Record", text))
}

/// The record a path names; a text that is no number names none.
pub(super) struct SeqPath(u64);

impl<S: Send + Sync> FromRequestParts<S> for SeqPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A path that is not UTF-8 cannot be decoded; it names no record either.
        let text = match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => text,
            Err(_) => "?".to_owned(),
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).map(Self).ok_or_else(|| unknown(&text))
    }
}
