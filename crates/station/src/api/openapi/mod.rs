//! Describes the API as an OpenAPI document, which the station serves and `openapi.json` holds.
//!
//! ```text
//! #[utoipa::path] at each handler ─▶ paths     params, requests, refusals, answers ─▶ schemas
//! ```
//!
//! What is asked is read by hand, so its schemas are tables here ([`requests`]) of what is accepted;
//! what is answered is described by the types that are written, or by types of the same form. The
//! proof is `tools/schemathesis`, which asks a station whatever the document allows and forbids.

pub(super) mod about_audit;
pub(super) mod about_equipment;
pub(super) mod about_nodes;
pub(super) mod about_outstations;
pub(super) mod answers;
mod examples;
pub(super) mod happenings;
mod kind;
pub(super) mod lab_requests;
mod node_requests;
pub(super) mod outstation_requests;
pub(super) mod params;
pub(super) mod refusals;
pub(super) mod requests;
pub(super) mod simulation;
mod work;

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::response::Response;
use station_core::model::Role;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{Modify, OpenApi as _};

use super::caller::Asker;
use super::error::ApiError;
use super::{
    acquisitions, alarms, approvals, audit, changes, equipment, equipment_ask, executions, figures,
    health, jobs, nodes, outstation_command, outstation_look, outstation_points, outstations,
    profiles, respond, samples, schedule, simulate, states, stream, tags, tokens, why,
};

/// The document as it is served.
static SERVED: LazyLock<Bytes> = LazyLock::new(|| document().into());

/// The description of the API, as JSON.
#[must_use]
pub fn document() -> String {
    let text = Document::openapi().to_pretty_json();
    text.map(|text| text + "\n").unwrap_or_else(|error| {
        tracing::error!(%error, "the description of the API could not be written as JSON");
        String::new()
    })
}

/// Describes this API.
#[utoipa::path(
    get, path = "/api/openapi.json",
    tag = "station", operation_id = "describe",
    responses(
        (status = 200, description = "An OpenAPI document", body = Object),
        refusals::Usual,
    ),
)]
pub(super) async fn serve(asker: Asker) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    Ok(respond::stored(SERVED.clone()))
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Stationmaster",
        description = "One durable scheduler for every command a station has to give. Times are \
                       RFC 3339 instants, spans are numbers of seconds. Over the Unix socket the \
                       kernel says who asks, and no token is needed.",
    ),
    paths(
        health::about, health::health, serve,
        jobs::list, jobs::create, jobs::show, changes::replace, changes::merge, changes::delete,
        jobs::cancel, jobs::run, changes::pause, changes::resume,
        schedule::fires, schedule::explain, schedule::preview, simulate::simulate,
        stream::of_job, stream::of_execution,
        executions::list, executions::show, executions::cancel, executions::running,
        figures::history, figures::statistics, figures::prune, why::why,
        alarms::list, alarms::active, alarms::show, alarms::acknowledge, alarms::clear,
        alarms::statistics,
        audit::list, audit::show, audit::head, audit::export,
        tokens::list, tokens::create, tokens::revoke,
        nodes::list, nodes::create, nodes::show, nodes::change, nodes::remove, nodes::test,
        equipment::list, equipment::show, equipment::connect, equipment::change,
        equipment::disconnect, equipment::remove, equipment_ask::status, equipment_ask::readings,
        equipment_ask::command, equipment_ask::test, equipment_ask::identify, equipment_ask::discover,
        profiles::list, profiles::show, profiles::create, profiles::replace, profiles::remove,
        profiles::apply,
        states::capture, states::show, states::list, states::compare, states::restore,
        states::remove,
        acquisitions::create, acquisitions::start, acquisitions::pause, acquisitions::resume,
        acquisitions::stop, acquisitions::status, acquisitions::list, samples::data,
        samples::stream, samples::export, samples::remove,
        outstations::list, outstations::create, outstations::show, outstations::change,
        outstations::remove, outstation_points::show, outstation_points::replace,
        outstation_look::status, outstation_look::values, outstation_look::watch,
        outstation_command::write, outstation_command::interrogate, outstation_command::counters,
        outstation_command::read, outstation_command::sync_clock, outstation_command::test,
        approvals::list, approvals::show, approvals::approve, approvals::reject,
        tags::list, tags::put, tags::remove, tags::switch, tags::stop, tags::start,
        super::events::stream, super::events::socket,
    ),
    components(schemas(
        requests::ScriptParameters, requests::WorkRequest, requests::AcquisitionRequest,
        requests::VerbRequest, requests::TestRequest, requests::SequenceRequest,
        requests::StateCaptureRequest, requests::CallRequest, outstation_requests::ControlRequest, requests::OneNodeRequest,
        super::view::ParametersView<'static>, super::execution_view::ResultView, happenings::Event,
        refusals::Problem, refusals::Faults, refusals::StoreProblem, refusals::ExpressionProblem,
        refusals::InstrumentProblem, refusals::DeskProblem, refusals::PointsProblem,
    )),
    security(("bearer" = [])),
    modifiers(&Security, &Presence),
)]
struct Document;

/// How callers show who they are.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of `station token create`"));
        let query = ApiKeyValue::with_description(
            "access_token",
            "The same token, where a browser cannot send headers",
        );
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        components.add_security_scheme("query", SecurityScheme::ApiKey(ApiKey::Query(query)));
    }
}

/// In answers, what may be null is always there; what may be absent is never null.
struct Presence;

impl Modify for Presence {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, schema) in &mut components.schemas {
            let asked =
                name.ends_with("Request") || name == "JobChange" || name == "ScriptParameters";
            if let RefOr::T(schema) = schema
                && !asked
            {
                require(schema);
            }
        }
    }
}

fn require(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => {
            let null = object.properties.iter().filter(|(_, schema)| may_be_null(schema));
            let null: Vec<String> = null.map(|(name, _)| name.clone()).collect();
            for name in null {
                if !object.required.contains(&name) {
                    object.required.push(name);
                }
            }
            for inner in object.properties.values_mut() {
                if let RefOr::T(inner) = inner {
                    require(inner);
                }
            }
        }
        Schema::OneOf(one) => {
            for item in &mut one.items {
                if let RefOr::T(item) = item {
                    require(item);
                }
            }
        }
        Schema::Array(_) | Schema::AllOf(_) | Schema::AnyOf(_) | _ => {}
    }
}

fn may_be_null(schema: &RefOr<Schema>) -> bool {
    let null = |kind: &SchemaType| match kind {
        SchemaType::Type(one) => *one == Type::Null,
        SchemaType::Array(several) => several.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => null(&array.schema_type),
        RefOr::T(Schema::OneOf(one)) => one.items.iter().any(may_be_null),
        RefOr::T(Schema::AnyOf(any)) => any.items.iter().any(may_be_null),
        RefOr::T(_) | RefOr::Ref(_) => false,
    }
}
