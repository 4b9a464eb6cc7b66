//! Finds and keeps records, and takes equipment for a request.

use std::time::Duration;

use station_core::engine::{Expect, Refusal, Reply, Request};
use station_core::model::{Equipment, Record, RecordKind, Role};
use station_instrument::bench::{Bench, Holder, Lease};

use super::caller::Asker;
use super::error::ApiError;
use super::{jobs, respond};
use crate::runtime::Handle;
use crate::store::RecordFilter;

/// How long somebody else who holds an instrument is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a request may hold an instrument.
const LEASE: Duration = Duration::from_secs(120);
/// The most equipment that is listed.
const MOST: usize = 100_000;

/// Equipment stands for machines in the world: it is never for callers without a name.
pub(super) fn allowed(asker: &Asker, role: Role) -> Result<(), ApiError> {
    asker.require_named("whatever has to do with equipment")?;
    asker.require(role)
}

/// The equipment of an id.
pub(super) async fn equipment(handle: &Handle, id: String) -> Result<Equipment, ApiError> {
    let found = record(handle, RecordKind::Equipment, id.clone()).await?;
    let Record::Equipment(equipment) = found else {
        return Err(unknown(RecordKind::Equipment, &id));
    };
    Ok(*equipment)
}

/// A record; refused when there is none.
pub(super) async fn record(
    handle: &Handle,
    kind: RecordKind,
    key: String,
) -> Result<Record, ApiError> {
    respond::blocking(handle, move |handle| {
        handle.reader().record(kind, &key)?.ok_or_else(|| unknown(kind, &key))
    })
    .await
}

pub(super) fn unknown(kind: RecordKind, key: &str) -> ApiError {
    let shown: String =
        key.chars().take(Equipment::LONGEST_ID).flat_map(char::escape_debug).collect();
    ApiError::Refused(Refusal::NoSuchRecord(kind, shown))
}

/// All equipment.
pub(super) fn all(handle: &Handle) -> Result<Vec<Equipment>, ApiError> {
    let filter = RecordFilter { kind: RecordKind::Equipment, equipment: None, limit: MOST };
    let records = handle.reader().records(&filter)?;
    let equipment =
        |record| if let Record::Equipment(equipment) = record { Some(*equipment) } else { None };
    Ok(records.into_iter().filter_map(equipment).collect())
}

/// Takes equipment for one request.
pub(super) async fn lease(
    bench: &Bench,
    equipment: &Equipment,
    asker: &Asker,
) -> Result<Lease, ApiError> {
    let label = format!("{} (by hand)", asker.principal().label());
    let holder = Holder { label, limit: Some(LEASE) };
    Ok(bench.lease(equipment, holder, PATIENCE).await?)
}

/// Takes equipment for as long as the caller's task goes on.
pub(super) async fn lease_without_limit(
    bench: &Bench,
    equipment: &Equipment,
    asker: &Asker,
) -> Result<Lease, ApiError> {
    let label = format!("{} (by hand)", asker.principal().label());
    Ok(bench.lease(equipment, Holder { label, limit: None }, PATIENCE).await?)
}

/// Gives equipment back, and tells what came of it; the first thing that went wrong counts.
pub(super) async fn finish<T>(
    lease: Lease,
    did: Result<T, station_instrument::Error>,
) -> Result<T, station_instrument::Error> {
    let released = lease.release().await;
    let did = did?;
    released.map(|()| did)
}

/// Keeps a record.
pub(super) async fn keep(
    handle: &Handle,
    asker: &Asker,
    record: Record,
    expect: Expect,
) -> Result<(), ApiError> {
    let request = Request::Keep { record: Box::new(record), expect, there: false };
    kept(handle.request_by(request, &asker.actor()).await?)
}

/// Removes a record.
pub(super) async fn forget(
    handle: &Handle,
    asker: &Asker,
    kind: RecordKind,
    key: String,
) -> Result<(), ApiError> {
    kept(handle.request_by(Request::Remove { kind, key, there: false }, &asker.actor()).await?)
}

fn kept(reply: Reply) -> Result<(), ApiError> {
    if reply == Reply::RecordKept { Ok(()) } else { Err(jobs::unexpected(reply)) }
}

/// What names something in a path.
pub(super) struct KeyPath(pub(super) String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for KeyPath {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        // A path that is not UTF-8 cannot be decoded; it names nothing either.
        Ok(Self(path.map_or_else(|_| "?".to_owned(), |path| path.0)))
    }
}
