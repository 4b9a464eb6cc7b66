//! Outstations and their points as others are told of them.

use serde::Serialize;
use station_core::audit::Sample;
use station_core::model::Micros;

/// How an outstation stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusView {
    /// Its name.
    pub outstation: String,
    /// `up`, `down`, `off` (there is no session).
    pub link: &'static str,
    /// Since when.
    pub since: Micros,
    /// Why it is not up, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Where it is reached, the preferred first.
    pub endpoints: Vec<EndpointView>,
    /// The connection over which data is transferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionView>,
    /// Its points are not fit to be commanded: why, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// How many points are configured.
    pub points: usize,
    /// How many of them have a value now.
    pub known: usize,
    /// How many commands are under way.
    pub in_flight: usize,
    /// The last general interrogation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interrogated: Option<UpkeepView>,
    /// The last setting of its clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_set: Option<UpkeepView>,
    /// When it said last that it was restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<Micros>,
    /// What passed by since its session was opened.
    pub counters: CountersView,
}

/// An address of an outstation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndpointView {
    /// As it was written.
    pub endpoint: String,
    /// `active`, `standby`, `down`.
    pub state: &'static str,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionView {
    /// Its name, which is unique.
    pub id: String,
    /// Our address.
    pub local: String,
    /// The outstation's.
    pub peer: String,
    /// `version cipher sha256-of-its-certificate`, under TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// Since when.
    pub since: Micros,
}

/// Something that was done last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpkeepView {
    /// When.
    pub at: Micros,
    /// `complete`, `incomplete`, `refused`, `unanswered`, `not_sent`.
    pub class: &'static str,
    /// Why, as a sentence.
    pub sentence: String,
    /// How many values came.
    pub values: u64,
}

/// What passed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CountersView {
    /// APDUs from the outstation.
    pub frames_received: u64,
    /// APDUs to it.
    pub frames_sent: u64,
    /// Octets from it.
    pub octets_received: u64,
    /// Octets to it.
    pub octets_sent: u64,
    /// ASDUs of unknown types, or of a wrong length.
    pub asdus_ignored: u64,
    /// Connections that were made.
    pub connections: u64,
    /// Values that found no place, since too many are not configured.
    pub values_dropped: u64,
}

/// A point with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueView {
    /// Its name; `None`: it is not configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// Its common address.
    pub ca: u16,
    /// Its object address.
    pub ioa: u32,
    /// Its type: as configured, or as it was told where it is not.
    #[serde(rename = "type")]
    pub type_id: &'static str,
    /// What its values are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The point that shows what came of commands to it, which the value is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    /// Why the value does not count: `the link was lost since it was told`. `None`: it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<&'static str>,
    /// The value, its quality, source and age.
    #[serde(flatten)]
    pub sample: Sample,
}
