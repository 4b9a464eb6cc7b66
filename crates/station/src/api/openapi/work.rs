//! The parameters of work with equipment, with what is accepted in each.

use station_core::model::FileFormat;

use super::kind::{self, Kind, boolean, list, number, object, seconds, text, words};
use super::requests::LEAST;
use crate::api::instrument_fields::WorkKind;

/// The parameters of work with equipment.
pub(super) fn work_fields(kind: WorkKind) -> Vec<(&'static str, Kind)> {
    let field = |name: &'static str| (name, work_field(name));
    kind.fields().iter().copied().map(field).collect()
}

fn work_field(name: &str) -> Kind {
    match name {
        "duration" => seconds(LEAST).or_null().says("In seconds; else until it is stopped."),
        "duration_seconds" => seconds(LEAST).or_null().says("Another name for duration."),
        "sample_rate" => number(0.0, Some(1e12)).or_null().says("Samples a second."),
        "channels" => {
            let channel = text().or_whole().says("n, or CHn.");
            list(channel, Some(64)).or_null().says("Else the first.")
        }
        "format" => words(FileFormat::ALL.map(FileFormat::name)).or_null().default("csv"),
        "export_format" => {
            words(FileFormat::ALL.map(FileFormat::name)).or_null().says("Another name for format.")
        }
        "verb" => text().or_null().says("What reads a sample; else the driver's own."),
        "wait" => boolean()
            .or_null()
            .default(true)
            .says("False: the execution ends as soon as the acquisition has begun."),
        "command" => text().or_null().says("A verb of the equipment's driver, or scpi."),
        "parameters" => verb_parameters(),
        "test_name" => words(["connection", "self_test"]).or_null(),
        "tick_ms" => number(0.0, None).or_null().default(16).says("The grid of the offsets."),
        "steps" => list(object(Vec::new(), &[]), None).or_null().says("See docs/sequences.md."),
        "toml" => text().or_null().says("The text of a file of `station sequence`."),
        _ => list(kind::named("CallRequest"), Some(64))
            .or_null()
            .says("What is done after the work, however it ended."),
    }
}

/// The parameters of a verb.
pub(super) fn verb_parameters() -> Kind {
    object(Vec::new(), &[]).or_null().says("By the driver's names; value is the first.")
}
