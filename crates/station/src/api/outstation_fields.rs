//! Reads what requests say of outstations. Nothing that is not known is let pass: what is dropped in
//! silence here would be missing when a point is commanded.

use serde_json::{Map, Value};
use station_core::model::{
    Micros, Node, Outstation, OutstationSettings, OutstationTls, Point, Principal,
};
use station_core::near::{hint, shown};
use station_outstation::points::{self, Format};

use super::body_fields::BodyFields;
use super::create;
use super::error::ApiError;
use super::outstation_settings as settings;

/// Every field of an outstation that is registered.
pub(super) const FIELDS: [&str; 10] = [
    "name",
    "address",
    "endpoints",
    "ca",
    "originator",
    "bind",
    "tls",
    "settings",
    "points",
    "points_toml",
];

/// The longest address, in characters.
const LONGEST_ADDRESS: usize = 300;

/// The greatest common address of a station (IEC 60870-5-101, 7.2.4).
pub(super) const LARGEST_CA: i64 = 65_534;

/// The outstation that a body registers.
pub(super) fn created(
    body: &[u8],
    (by, now): (&Principal, Micros),
) -> Result<Outstation, ApiError> {
    let mut fields = read(body, &FIELDS)?;
    let name = fields.required_label("name", Node::LONGEST_NAME);
    let has_ca =
        fields.required_integer("ca", (1, LARGEST_CA)).and_then(|ca| u16::try_from(ca).ok());
    let mut outstation = Outstation {
        name: name.unwrap_or_default(),
        endpoints: Vec::new(),
        bind: None,
        ca: has_ca.unwrap_or_default(),
        tls: None,
        settings: OutstationSettings::default(),
        points: Vec::new(),
        created_at: now,
        created_by: by.clone(),
        modified_at: now,
    };
    let named = take(&mut fields, &mut outstation)?;
    let points = take_points(&mut fields)?;
    fields.finish()?;
    if !Node::is_name(&outstation.name) {
        return Err(ApiError::Bad(format!(
            "'{}' cannot be the name of an outstation: it is made of letters, digits, '.', '_' and '-', \
             begins with a letter or a digit, and has at most {} of them; 'local' is taken",
            shown(&outstation.name),
            Node::LONGEST_NAME
        )));
    }
    if !named {
        let text = "it is not said where the outstation is: give `address`, as host:2404, or \
                    `endpoints` for a redundant pair";
        return Err(ApiError::Bad(text.to_owned()));
    }
    points::check(&points, outstation.ca)?;
    outstation.points = points;
    Ok(outstation)
}

/// Changes an outstation as a body asks; a null makes a field the default again.
pub(super) fn change(body: &[u8], outstation: &mut Outstation) -> Result<(), ApiError> {
    let known: Vec<&'static str> = FIELDS.into_iter().filter(|name| *name != "name").collect();
    let mut fields = read(body, &known)?;
    if !known.iter().any(|name| fields.names(name)) {
        return Err(ApiError::Bad("there is nothing to change".to_owned()));
    }
    if fields.names("ca") {
        let ca = fields.required_integer("ca", (1, LARGEST_CA));
        outstation.ca = ca.and_then(|ca| u16::try_from(ca).ok()).unwrap_or(outstation.ca);
    }
    take(&mut fields, outstation)?;
    if fields.names("points") || fields.names("points_toml") {
        outstation.points = take_points(&mut fields)?;
    }
    fields.finish()?;
    Ok(points::check(&outstation.points, outstation.ca)?)
}

/// The fields of a body, none of which may be unknown.
fn read<'a>(body: &'a [u8], known: &[&'static str]) -> Result<BodyFields<'a>, ApiError> {
    for (name, _) in create::object(body)? {
        if !known.contains(&name.as_ref()) {
            let near = hint(&name, known.iter().copied());
            let text = format!("unknown field '{}'{near}", shown(&name));
            return Err(ApiError::Bad(text));
        }
    }
    BodyFields::read(body, known)
}

/// Takes what both requests may say; whether they say where it is.
fn take(fields: &mut BodyFields<'_>, outstation: &mut Outstation) -> Result<bool, ApiError> {
    if fields.names("tls") {
        let given = fields.value("tls");
        outstation.tls = tls(outstation.tls.take(), given)?;
    }
    let given = match (
        fields.label("address", LONGEST_ADDRESS),
        fields.labels("endpoints", LONGEST_ADDRESS),
    ) {
        (Some(_), Some(_)) => {
            let text = "give `address` or `endpoints`, not both";
            return Err(ApiError::Bad(text.to_owned()));
        }
        (Some(address), None) => Some(vec![address]),
        (None, Some(several)) => Some(several),
        (None, None) => None,
    };
    let named = given.is_some();
    if let Some(given) = given {
        outstation.endpoints = settings::endpoints(&given, outstation.tls.is_some())?;
    }
    if fields.names("bind") {
        let bind = fields.label("bind", LONGEST_ADDRESS);
        outstation.bind = bind.map(|bind| settings::bind(&bind)).transpose()?;
    }
    if fields.names("settings") {
        outstation.settings = settings::settings(&outstation.settings, fields.value("settings"))?;
    }
    if fields.names("originator") {
        let originator = fields.integer("originator", (0, 255)).unwrap_or_default();
        outstation.settings.originator = u8::try_from(originator).unwrap_or_default();
    }
    Ok(named)
}

fn take_points(fields: &mut BodyFields<'_>) -> Result<Vec<Point>, ApiError> {
    match (fields.value("points"), fields.value("points_toml")) {
        (Some(_), Some(_)) => {
            let text = "give `points` or `points_toml`, not both";
            Err(ApiError::Bad(text.to_owned()))
        }
        (Some(value), None) => Ok(points::from_value(&value)?),
        (None, Some(Value::String(text))) => Ok(points::read(&text, Format::Toml)?),
        (None, Some(_)) => Err(ApiError::Bad("points_toml is a text".to_owned())),
        (None, None) => Ok(Vec::new()),
    }
}

/// The keys of TLS.
const TLS_FIELDS: [&str; 6] = ["authority", "certificate", "key", "server_name", "pins", "revoked"];

/// How TLS is spoken, by what is stored and what is given; a null: not at all.
fn tls(
    stored: Option<OutstationTls>,
    given: Option<Value>,
) -> Result<Option<OutstationTls>, ApiError> {
    let Some(given) = given else { return Ok(None) };
    let Value::Object(given) = given else {
        return Err(ApiError::Bad(
            "tls is an object with authority, certificate and key".to_owned(),
        ));
    };
    let mut fields = match stored.map(serde_json::to_value) {
        Some(Ok(Value::Object(fields))) => fields,
        _ => Map::new(),
    };
    for (name, value) in given {
        if !TLS_FIELDS.contains(&name.as_str()) {
            let near = hint(&name, TLS_FIELDS.into_iter());
            return Err(ApiError::Bad(format!("unknown field 'tls.{}'{near}", shown(&name))));
        }
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
    let bad = |error: serde_json::Error| ApiError::Bad(format!("tls: {error}"));
    let tls: OutstationTls = serde_json::from_value(Value::Object(fields)).map_err(bad)?;
    settings::check_tls(&tls).map_err(ApiError::Bad)?;
    Ok(Some(tls))
}
