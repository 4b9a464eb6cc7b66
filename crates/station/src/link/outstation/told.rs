//! What is told of a run with an outstation: a line for people, a document, an end.

use serde_json::{Value, json};
use station_core::audit::{Sample, Status};
use station_core::model::{Control, End};
use station_outstation::desk::{Refused, Report};

use crate::port::CommandRequest;

/// What is told of a run.
pub(super) struct Told {
    pub(super) end: End,
    /// Its output.
    pub(super) line: String,
    /// Why it failed.
    pub(super) error: Option<String>,
    pub(super) result: Value,
}

/// What a run is about.
pub(super) struct Place {
    outstation: String,
    point: Option<String>,
    command: &'static str,
}

impl Place {
    fn shown(&self) -> String {
        match &self.point {
            Some(point) => format!("{}/{point}", self.outstation),
            None => format!("{} {}", self.outstation, self.command),
        }
    }

    /// The document of what did not come to a report.
    fn document(&self, class: &str, reason: &str, sentence: &str) -> Value {
        json!({
            "outstation": self.outstation,
            "point": self.point,
            "command": self.command,
            "class": class,
            "reason": reason,
            "sentence": sentence,
        })
    }
}

/// What a request is about.
pub(super) fn place(request: &CommandRequest) -> Place {
    let (command, point) = match &request.control {
        Control::Write(write) => ("write", Some(write.point.clone())),
        Control::Interrogate { .. } => ("interrogate", None),
        Control::Counters { .. } => ("counters", None),
        Control::Read { point } => ("read", Some(point.clone())),
        Control::SyncClock => ("sync_clock", None),
        Control::Test => ("test", None),
    };
    Place { outstation: request.outstation.clone(), point, command }
}

/// What came of it, once something was begun.
pub(super) fn of_report(place: &Place, report: &Report) -> Told {
    let done = report.status == Some(Status::Confirmed);
    let mut line = format!("{} {}", place.shown(), report.class);
    if let Some(new) = &report.new {
        let previous = report.previous.as_ref().map_or_else(|| "?".to_owned(), value);
        line.push_str(&format!(": {previous} → {}", value(new)));
    }
    if let Some(feedback) = &report.feedback {
        let what = if report.new.is_some() { ", feedback" } else { ":" };
        line.push_str(&format!("{what} {}", value(feedback)));
    }
    line.push_str(&format!("; {}\n", report.sentence));
    let error = match (&report.unrecorded, done) {
        (None, true) => None,
        (None, false) => Some(report.sentence.clone()),
        (Some(unrecorded), _) => Some(format!("{}; {unrecorded}", report.sentence)),
    };
    let result = serde_json::to_value(report)
        .unwrap_or_else(|_| place.document(report.class, report.reason, &report.sentence));
    let end = if done { End::Done } else { end(report.class) };
    Told { end, line, error, result }
}

/// Why nothing was sent.
pub(super) fn of_refusal(place: &Place, refused: &Refused) -> Told {
    let sentence = &refused.sentence;
    let mut result = place.document(Refused::CLASS, refused.reason, sentence);
    if let (Some(fields), Some(correlation)) = (result.as_object_mut(), &refused.correlation) {
        fields.insert("correlation".to_owned(), correlation.as_str().into());
    }
    Told {
        end: end(Refused::CLASS),
        line: format!("{} {}; {sentence}\n", place.shown(), Refused::CLASS),
        error: Some(sentence.clone()),
        result,
    }
}

/// What is known when nobody waits for the outcome any more.
pub(super) fn of_given_up(place: &Place, may_be_sent: bool) -> Told {
    let shown = place.shown();
    let (class, sentence) = if may_be_sent {
        let sentence = format!(
            "what was sent to {shown} goes on, and its outcome is not waited for any more; it will \
             stand in the audit trail"
        );
        ("unknown", sentence)
    } else {
        (Refused::CLASS, format!("{shown} was given up before anything was sent"))
    };
    Told {
        end: end(class),
        line: format!("{shown} {class}; {sentence}\n"),
        result: place.document(class, "cancelled", &sentence),
        error: Some(sentence),
    }
}

/// The end of what was not done: of what was never sent, too, nothing is half done.
fn end(class: &str) -> End {
    if class == Refused::CLASS { End::NotStarted } else { End::Failed }
}

/// A value as people write it, with what is wrong with it.
fn value(sample: &Sample) -> String {
    let value = sample.value.as_deref().unwrap_or("?");
    if sample.quality.is_empty() {
        value.to_owned()
    } else {
        format!("{value} ({})", sample.quality.join(" "))
    }
}
