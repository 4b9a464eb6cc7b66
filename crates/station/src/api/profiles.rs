//! Makes, lists, changes, applies and removes profiles: settings under a name.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use station_core::engine::Expect;
use station_core::model::{
    Call, EquipmentKind, Micros, Profile, ProfileSettings, Record, RecordKind, Role,
};
use station_instrument::bench::Bench;

use super::body_fields::BodyFields;
use super::by_hand::Intent;
use super::caller::Asker;
use super::equipment_fields::{LONGEST, kinds};
use super::error::ApiError;
use super::openapi::{about_equipment, answers, lab_requests, params, refusals};
use super::query::Arguments;
use super::records::{self, KeyPath, allowed, finish, lease};
use super::{call_fields, jobs, respond, stamp};
use crate::runtime::Handle;
use crate::store::RecordFilter;

/// The most profiles that are listed.
const MOST: usize = 100_000;

/// The most tags of a profile.
const TAGS: usize = 64;
/// What no profile is called: in the place of a name in a path it means something else.
const RESERVED: [&str; 4] = ["list", "create", ".", ".."];

/// Every field of a profile.
const FIELDS: [&str; 7] =
    ["name", "description", "equipment_type", "model", "settings", "commit", "tags"];

/// A profile on the wire.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct ProfileView<'a> {
    name: &'a str,
    description: &'a str,
    #[schema(schema_with = about_equipment::equipment_kinds)]
    equipment_type: &'static str,
    model: &'a str,
    /// Values by the driver's names of settings, or verbs in order.
    #[schema(value_type = Value)]
    settings: Value,
    /// What makes them last, once, at the end.
    #[schema(value_type = Value)]
    commit: Option<Value>,
    #[schema(value_type = answers::Instant)]
    created_at: String,
    #[schema(value_type = answers::Instant)]
    modified_at: String,
    tags: &'a [String],
}

impl<'a> ProfileView<'a> {
    fn new(profile: &'a Profile, handle: &Handle) -> Self {
        let show = |at: Micros| stamp::local(at, handle.zone());
        Self {
            name: &profile.name,
            description: &profile.description,
            equipment_type: profile.kind.name(),
            model: &profile.model,
            settings: match &profile.settings {
                ProfileSettings::Named(named) => json!(named),
                ProfileSettings::Calls(calls) => json!(calls),
            },
            commit: profile.commit.as_ref().map(|call| json!(call)),
            created_at: show(profile.created_at),
            modified_at: show(profile.modified_at),
            tags: &profile.tags,
        }
    }
}

/// Lists profiles by name.
#[utoipa::path(
    get, path = "/api/profiles/list",
    tag = "profiles", operation_id = "listProfiles",
    params(params::ProfileKinds),
    responses(
        (status = 200, description = "The profiles", body = about_equipment::Profiles),
        refusals::Usual, refusals::Invalid,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let kind = query.word("equipment_type", &kinds())?;
    respond::blocking(&handle, move |handle| {
        let filter = RecordFilter { kind: RecordKind::Profile, equipment: None, limit: MOST };
        let records = handle.reader().records(&filter)?;
        let profiles: Vec<ProfileView<'_>> = records
            .iter()
            .filter_map(
                |record| if let Record::Profile(profile) = record { Some(profile) } else { None },
            )
            .filter(|profile| kind.is_none_or(|kind| profile.kind == kind))
            .map(|profile| ProfileView::new(profile, handle))
            .collect();
        Ok(respond::ok(&json!({ "profiles": profiles, "count": profiles.len() })))
    })
    .await
}

/// Shows a profile.
#[utoipa::path(
    get, path = "/api/profiles/{name}",
    tag = "profiles", operation_id = "getProfile",
    params(params::ProfileName),
    responses(
        (status = 200, description = "The profile", body = ProfileView<'static>),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    asker: Asker,
    KeyPath(name): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let profile = find(&handle, name).await?;
    Ok(respond::ok(&ProfileView::new(&profile, &handle)))
}

/// Makes a profile.
#[utoipa::path(
    post, path = "/api/profiles/create",
    tag = "profiles", operation_id = "createProfile",
    request_body(content = lab_requests::ProfileRequest, content_type = "application/json"),
    responses(
        (status = 201, description = "It is made", body = about_equipment::ProfileKept),
        refusals::Usual, refusals::BadRequest, refusals::TooLarge, refusals::Invalid,
        refusals::Conflict,
    ),
)]
pub(super) async fn create(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let profile = read(&body, None, &bench, handle.now())?;
    drop(body);
    let record = Record::Profile(Box::new(profile.clone()));
    records::keep(&handle, &asker, record, Expect::New).await?;
    Ok(kept(StatusCode::CREATED, "created", &profile, &handle))
}

/// Replaces a profile.
#[utoipa::path(
    put, path = "/api/profiles/{name}",
    tag = "profiles", operation_id = "replaceProfile",
    params(params::ProfileName),
    request_body(content = lab_requests::ProfileChangeRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is replaced", body = about_equipment::ProfileKept),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid,
    ),
)]
pub(super) async fn replace(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(name): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let before = find(&handle, name).await?;
    let profile = read(&body, Some(before), &bench, handle.now())?;
    drop(body);
    let record = Record::Profile(Box::new(profile.clone()));
    records::keep(&handle, &asker, record, Expect::There).await?;
    Ok(kept(StatusCode::OK, "updated", &profile, &handle))
}

/// Removes a profile. Jobs that name it fail from then on.
#[utoipa::path(
    delete, path = "/api/profiles/{name}",
    tag = "profiles", operation_id = "removeProfile",
    params(params::ProfileName),
    responses(
        (status = 200, description = "It is gone", body = about_equipment::Done),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn remove(
    State(handle): State<Handle>,
    asker: Asker,
    KeyPath(name): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let profile = find(&handle, name).await?;
    records::forget(&handle, &asker, RecordKind::Profile, profile.name.clone()).await?;
    let message = format!("Profile '{}' deleted", profile.name);
    Ok(respond::ok(&json!({ "success": true, "message": message })))
}

/// Applies a profile to equipment, now.
#[utoipa::path(
    post, path = "/api/profiles/{name}/apply/{equipment_id}",
    tag = "profiles", operation_id = "applyProfile",
    params(params::ProfileAndEquipment),
    responses(
        (status = 200, description = "It is applied", body = about_equipment::Done),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn apply(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    path: Result<axum::extract::Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    // A path that is not UTF-8 names nothing.
    let (name, id) = path.map_or_else(|_| ("?".to_owned(), "?".to_owned()), |path| path.0);
    let profile = find(&handle, name).await?;
    let equipment = records::equipment(&handle, id).await?;
    check_kind(&profile, equipment.kind)?;
    let mut lease = lease(&bench, &equipment, &asker).await?;
    let what = json!({ "profile": profile.name });
    let intent = Intent::record(&handle, &asker, (&equipment.id, "apply_profile"), what).await?;
    let applied = lease.apply(&profile).await;
    intent.outcome(finish(lease, applied).await)?;
    let message = format!("Profile '{}' applied to {}", profile.name, equipment.id);
    Ok(respond::ok(&json!({ "success": true, "message": message })))
}

/// Refuses a profile that is for equipment of another kind.
pub(super) fn check_kind(profile: &Profile, kind: EquipmentKind) -> Result<(), ApiError> {
    if profile.kind == kind {
        return Ok(());
    }
    Err(ApiError::Bad(format!(
        "profile '{}' is for equipment of type {}, not {}",
        profile.name,
        profile.kind.name(),
        kind.name()
    )))
}

/// The profile of a name.
pub(super) async fn find(handle: &Handle, name: String) -> Result<Profile, ApiError> {
    let found = records::record(handle, RecordKind::Profile, name).await?;
    let Record::Profile(profile) = found else { return Err(ApiError::Internal) };
    Ok(*profile)
}

fn kept(status: StatusCode, done: &str, profile: &Profile, handle: &Handle) -> Response {
    let message = format!("Profile '{}' {done}", profile.name);
    let view = ProfileView::new(profile, handle);
    respond::json(status, &json!({ "success": true, "message": message, "profile": view }))
}

/// The profile a body describes; what it does not say stays as it was `before`.
fn read(
    body: &[u8],
    before: Option<Profile>,
    bench: &Bench,
    now: Micros,
) -> Result<Profile, ApiError> {
    let mut fields = BodyFields::read(body, &FIELDS)?;
    let is_new = before.is_none();
    let name =
        if is_new { fields.required_label("name", LONGEST) } else { fields.label("name", LONGEST) };
    let description = fields.text("description", 10_000);
    let kind = if is_new {
        fields.required_word("equipment_type", &kinds())
    } else {
        fields.word("equipment_type", &kinds())
    };
    let model = fields.text("model", LONGEST);
    let settings =
        if is_new { fields.required_value("settings") } else { fields.value("settings") };
    let drops_commit = fields.names("commit");
    let commit = fields.value("commit");
    let tags = fields.labels("tags", 100);
    if tags.as_ref().is_some_and(|tags| tags.len() > TAGS) {
        fields.refuse("tags", &format!("must be at most {TAGS}"));
    }
    if is_new && name.as_ref().is_some_and(|name| RESERVED.contains(&name.as_str())) {
        let words = RESERVED.join("', '");
        fields.refuse(
            "name",
            &format!("must not be one of '{words}', which mean something else in paths"),
        );
    }
    fields.finish()?;
    let settings = settings.map(settings_of).transpose()?;
    let commit = commit.map(|value| call_fields::call(value, "commit")).transpose()?;
    if let (Some(before), Some(name)) = (&before, &name)
        && before.name != *name
    {
        let text = "a profile's name stays; make another one under the new name";
        return Err(ApiError::Bad(text.to_owned()));
    }
    let profile = match before {
        Some(before) => Profile {
            name: before.name,
            description: description.unwrap_or(before.description),
            kind: kind.unwrap_or(before.kind),
            model: model.unwrap_or(before.model),
            settings: settings.unwrap_or(before.settings),
            commit: if drops_commit { commit } else { before.commit },
            tags: tags.unwrap_or(before.tags),
            created_at: before.created_at,
            modified_at: now,
        },
        None => {
            let (Some(name), Some(kind), Some(settings)) = (name, kind, settings) else {
                return Err(ApiError::Internal);
            };
            Profile {
                name,
                description: description.unwrap_or_default(),
                kind,
                model: model.unwrap_or_default(),
                settings,
                commit,
                tags: tags.unwrap_or_default(),
                created_at: now,
                modified_at: now,
            }
        }
    };
    check(&profile, bench)?;
    Ok(profile)
}

fn settings_of(value: Value) -> Result<ProfileSettings, ApiError> {
    if let Value::Object(map) = value {
        return Ok(ProfileSettings::Named(map.into_iter().collect()));
    }
    Ok(ProfileSettings::Calls(call_fields::calls(value, "settings")?))
}

/// Checks settings against the driver that fits the profile's model, else the one of its kind.
/// What can be applied is known for certain only when it is applied to an instrument.
fn check(profile: &Profile, bench: &Bench) -> Result<(), ApiError> {
    let driver = bench.drivers().find(profile.kind.name(), "", &profile.model, "");
    let Some(driver) = driver else { return Ok(()) };
    let plan = |call: &Call| driver.verb(&call.verb)?.plan(&call.parameters, &driver).map(drop);
    match &profile.settings {
        ProfileSettings::Named(named) => {
            driver.plan_settings(named)?;
        }
        ProfileSettings::Calls(calls) => calls.iter().try_for_each(plan)?,
    }
    if let Some(call) = &profile.commit {
        plan(call)?;
    }
    Ok(())
}
