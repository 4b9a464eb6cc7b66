//! The settings of outstations: which there are, and what each may be.

use std::net::IpAddr;
use std::path::Path;

use serde_json::{Map, Value};
use station_core::model::{OutstationSettings, OutstationTls};
use station_core::near::{hint, shown};
use station_outstation::session::params;

use super::error::ApiError;

/// The port of IEC 60870-5-104 in clear, and under TLS.
const PORTS: (u16, u16) = (2404, 19_998);

/// The most addresses: the one of a redundant pair, and the other.
const MOST_ENDPOINTS: usize = 2;

/// A second, and the spans that are made of it, in milliseconds.
const SECOND: u64 = 1_000;
const DAY: u64 = 86_400 * SECOND;

/// Every setting, with its least and its greatest value. The limits of t0 to w are those of
/// IEC 60870-5-104, 9.6.
pub(super) const NUMBERS: [(&str, u64, u64); 16] = [
    ("t0", SECOND, 255 * SECOND),
    ("t1", SECOND, 255 * SECOND),
    ("t2", SECOND, 255 * SECOND),
    ("t3", SECOND, 2 * DAY),
    ("k", 1, 32_767),
    ("w", 1, 32_767),
    ("originator", 0, 255),
    ("clock_every", 0, 365 * DAY),
    ("interrogate_every", 0, 365 * DAY),
    ("select_timeout", 1, 600 * SECOND),
    ("execute_timeout", 1, 600 * SECOND),
    ("term_timeout", 1, DAY),
    ("select_window", 1, 600 * SECOND),
    ("feedback_timeout", 0, 600 * SECOND),
    ("expiry", 1, 60 * SECOND - 1),
    ("parallel", 1, 1_000),
];

/// The settings with what is given in their place; a null makes one, or all of them, the default again.
pub(super) fn settings(
    stored: &OutstationSettings,
    given: Option<Value>,
) -> Result<OutstationSettings, ApiError> {
    let given = match given {
        None => return Ok(OutstationSettings::default()),
        Some(Value::Object(given)) => given,
        Some(_) => {
            return Err(ApiError::Bad("settings is an object of settings by name".to_owned()));
        }
    };
    let usual = fields(&OutstationSettings::default());
    let mut fields = fields(stored);
    for (name, value) in given {
        let Some(default) = usual.get(&name) else {
            let near = hint(&name, usual.keys().map(String::as_str));
            return Err(ApiError::Bad(format!("unknown field 'settings.{}'{near}", shown(&name))));
        };
        let value = if value.is_null() { default.clone() } else { value };
        check(&name, &value)?;
        fields.insert(name, value);
    }
    let bad = |error: serde_json::Error| ApiError::Bad(format!("settings: {error}"));
    let settings: OutstationSettings =
        serde_json::from_value(Value::Object(fields)).map_err(bad)?;
    check_together(&settings).map_err(ApiError::Bad)?;
    Ok(settings)
}

fn fields(settings: &OutstationSettings) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        // They are a map of numbers and flags, and so come out as one.
        Ok(_) | Err(_) => Map::new(),
    }
}

fn check(name: &str, value: &Value) -> Result<(), ApiError> {
    let bad = |text: String| Err(ApiError::Bad(format!("settings.{name} {text}")));
    if let Some((_, least, most)) = NUMBERS.iter().find(|(known, ..)| *known == name) {
        let unit = if matches!(name, "k" | "w" | "originator" | "parallel") {
            ""
        } else {
            " milliseconds"
        };
        return match value.as_u64() {
            Some(given) if (*least..=*most).contains(&given) => Ok(()),
            _ => {
                bad(format!("is a whole number from {least} to {most}{unit}, not {}", told(value)))
            }
        };
    }
    match (name, value) {
        ("zone", Value::Null) => Ok(()),
        ("zone", Value::String(zone)) => match jiff::tz::db().get(zone) {
            Ok(_) => Ok(()),
            Err(_) => bad(format!("'{}' is no time zone of the IANA database", shown(zone))),
        },
        ("zone", _) => bad(format!("is the name of a time zone, not {}", told(value))),
        ("fresh", _) if value.as_u64().is_some() => Ok(()),
        ("fresh", _) => bad(format!("is a number of milliseconds, not {}", told(value))),
        (_, Value::Bool(_)) => Ok(()),
        _ => bad(format!("is true or false, not {}", told(value))),
    }
}

fn told(value: &Value) -> String {
    shown(&value.to_string())
}

fn check_together(settings: &OutstationSettings) -> Result<(), String> {
    let OutstationSettings { t1, t2, .. } = settings;
    if t2 >= t1 {
        return Err(format!(
            "settings.t2 is less than t1, so that acknowledgements come in time: {t2} is not less than \
             {t1}"
        ));
    }
    // What the link refuses would take the outstation off.
    params(settings).check().map_err(|error| format!("settings: {error}"))
}

/// Addresses, each with the usual port if it names none.
pub(super) fn endpoints(given: &[String], tls: bool) -> Result<Vec<String>, ApiError> {
    if given.is_empty() || given.len() > MOST_ENDPOINTS {
        let text =
            format!("endpoints has one address, or two of a redundant pair, not {}", given.len());
        return Err(ApiError::Bad(text));
    }
    let port = if tls { PORTS.1 } else { PORTS.0 };
    let all: Result<Vec<String>, ApiError> =
        given.iter().map(|text| endpoint(text.trim(), port)).collect();
    let all = all?;
    match all.as_slice() {
        [one, other] if one == other => {
            Err(ApiError::Bad(format!("endpoints names {} twice", shown(one))))
        }
        _ => Ok(all),
    }
}

fn endpoint(text: &str, port: u16) -> Result<String, ApiError> {
    let bad = || {
        ApiError::Bad(format!(
            "'{}' is no address of an outstation: host, host:port, 192.0.2.7:{port} or \
             [2001:db8::7]:{port} is meant",
            shown(text)
        ))
    };
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(match ip {
            IpAddr::V4(ip) => format!("{ip}:{port}"),
            IpAddr::V6(ip) => format!("[{ip}]:{port}"),
        });
    }
    let (host, given) = match text.rsplit_once(':') {
        Some((host, digits)) if !host.is_empty() => {
            let given = digits.parse::<u16>().ok().filter(|port| *port > 0);
            (host, given.ok_or_else(bad)?)
        }
        Some(_) => return Err(bad()),
        None => (text, port),
    };
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let good = match inner {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            !host.is_empty() && host.chars().all(letter)
        }
    };
    if good { Ok(format!("{host}:{given}")) } else { Err(bad()) }
}

/// The local address of connections.
pub(super) fn bind(text: &str) -> Result<String, ApiError> {
    let ip: Result<IpAddr, _> = text.trim().parse();
    ip.map(|ip| ip.to_string()).map_err(|_| {
        ApiError::Bad(format!("bind '{}' is no IP address of this machine", shown(text)))
    })
}

/// Refuses files that depend on where the station was started, and pins that are none.
pub(super) fn check_tls(tls: &OutstationTls) -> Result<(), String> {
    let files = [
        ("authority", Some(&tls.authority)),
        ("certificate", Some(&tls.certificate)),
        ("key", Some(&tls.key)),
        ("revoked", tls.revoked.as_ref()),
    ];
    for (name, file) in files {
        let Some(file) = file else { continue };
        if !Path::new(file).is_absolute() || file.contains('\0') {
            return Err(format!(
                "tls.{name} is the absolute path of a file, not '{}'",
                shown(file)
            ));
        }
    }
    let is_pin =
        |pin: &&String| pin.len() == 64 && pin.bytes().all(|byte| byte.is_ascii_hexdigit());
    match tls.pins.iter().find(|pin| !is_pin(pin)) {
        Some(pin) => Err(format!(
            "tls.pins has the SHA-256 of certificates, 64 hexadecimal digits each, not '{}'",
            shown(pin)
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_get_the_usual_port() {
        for (given, tls, wanted) in [
            ("10.0.0.7", false, Some("10.0.0.7:2404")),
            ("10.0.0.7", true, Some("10.0.0.7:19998")),
            ("ss1.example:2405", false, Some("ss1.example:2405")),
            ("::1", false, Some("[::1]:2404")),
            ("[::1]:7", false, Some("[::1]:7")),
            ("ss1:", false, None),
            (":2404", false, None),
            ("ss1:0", false, None),
            ("ss1:70000", false, None),
            ("a b:1", false, None),
            ("[x]:1", false, None),
        ] {
            let read = endpoints(&[given.to_owned()], tls).ok();
            assert_eq!(read, wanted.map(|one| vec![one.to_owned()]), "{given}");
        }
        let pair = |one: &str, other: &str| endpoints(&[one.to_owned(), other.to_owned()], false);
        assert!(pair("a", "b").is_ok());
        assert!(pair("a", "a:2404").is_err());
    }

    #[test]
    fn settings_are_checked_one_by_one_and_together() {
        let usual = OutstationSettings::default();
        for (given, part) in [
            (json!({ "expiri": 1 }), "unknown field 'settings.expiri' (did you mean 'expiry'?)"),
            (
                json!({ "t1": "15s" }),
                "settings.t1 is a whole number from 1000 to 255000 milliseconds",
            ),
            (json!({ "expiry": 60_000 }), "settings.expiry is a whole number from 1 to 59999"),
            (json!({ "t1": 5000 }), "settings.t2 is less than t1"),
            (json!({ "w": 9 }), "w must not exceed two thirds of k, here 8"),
            (json!({ "zone": "Mars/Base" }), "no time zone"),
            (json!({ "time_tagged": "yes" }), "is true or false"),
            (json!(7), "settings is an object"),
        ] {
            let error = settings(&usual, Some(given.clone())).unwrap_err();
            let text = error.body()["detail"].to_string();
            assert!(text.contains(part), "{given}: {text}");
        }
        let changed = settings(&usual, Some(json!({ "k": 20, "zone": "UTC" }))).unwrap();
        assert_eq!((changed.k, changed.w, changed.zone.as_deref()), (20, 8, Some("UTC")));
        let again = settings(&changed, Some(json!({ "k": null }))).unwrap();
        assert_eq!((again.k, again.zone.as_deref()), (12, Some("UTC")));
        assert_eq!(settings(&changed, None).unwrap(), usual);
    }

    #[test]
    fn every_number_is_a_setting() {
        let known = fields(&OutstationSettings::default());
        for (name, least, most) in NUMBERS {
            let default = known.get(name).and_then(Value::as_u64).unwrap();
            assert!((least..=most).contains(&default), "{name}");
        }
    }
}
