//! The one place where errors meet people: what to print, and with which exit status to end.

use std::io;

use crate::client::{Answer, ClientError};

/// The exit statuses of the program. Scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitKind {
    /// 0: done.
    Done,
    /// 1: the job or command failed.
    Failed,
    /// 2: the command line, or something in it, makes no sense.
    Usage,
    /// 3: there is no such job, execution or target.
    NotFound,
    /// 4: refused by a policy, a permission or a conflict; already ended.
    Refused,
    /// 5: the station cannot work: store, disk, connection.
    Station,
    /// 130: interrupted by the user.
    Interrupted,
}

impl ExitKind {
    /// The exit status.
    #[must_use]
    pub fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::Station => 5,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command line could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    /// Decides the exit status.
    pub kind: ExitKind,
    /// A sentence that names the thing; empty when all has been said. May have further lines.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

impl CliError {
    /// An error of that kind.
    #[must_use]
    pub fn new(kind: ExitKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// A mistake in the command line.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitKind::Usage, message)
    }

    /// An end with that status and without a further word.
    #[must_use]
    pub fn silent(kind: ExitKind) -> Self {
        Self::new(kind, "")
    }

    /// The same with the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Output that cannot be written; silent when nobody reads any more.
    #[must_use]
    pub fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::silent(ExitKind::Failed);
        }
        Self::new(ExitKind::Failed, format!("the output cannot be written: {error}"))
    }

    /// What people see on standard error; empty when there is nothing to say.
    #[must_use]
    pub fn render(&self, program: &str) -> String {
        if self.message.is_empty() {
            return String::new();
        }
        let mut text = format!("{program}: {}\n", self.message.trim_end());
        if let Some(hint) = &self.hint {
            text.push_str(&format!("hint: {hint}\n"));
        }
        text
    }

    /// Reads a refusal of the station's API.
    #[must_use]
    pub(crate) fn from_answer(answer: &Answer) -> Self {
        let kind = match answer.status {
            400 | 405 | 413 | 422 => ExitKind::Usage,
            404 => ExitKind::NotFound,
            401 | 403 | 409 => ExitKind::Refused,
            _ => ExitKind::Station,
        };
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let trouble = body.get("instrument_error").and_then(serde_json::Value::as_str);
        let kind = trouble.map_or(kind, Self::of_instrument);
        let reason = body.get("reason").and_then(serde_json::Value::as_str);
        let kind = reason.filter(|_| kind == ExitKind::Refused).map_or(kind, Self::of_outstation);
        let detail = body.get("detail").and_then(describe);
        let message = match (detail, answer.status) {
            (Some(text), _) if body.get("expression_error").is_some() => time_refused(&text),
            (Some(text), _) => text,
            (None, 413) => "the job is too large for the station".to_owned(),
            (None, status) => format!("the station answered with HTTP status {status}"),
        };
        let hint = match answer.status {
            401 => Some("give the station's token in STATION_TOKEN".to_owned()),
            413 => Some(
                "put what is long, a script or standard input, into a file where it runs"
                    .to_owned(),
            ),
            _ => body.get("correlation").and_then(serde_json::Value::as_str).map(|correlation| {
                let correlation = super::plain(correlation);
                format!("`station audit list --correlation {correlation}` shows what was recorded")
            }),
        };
        Self { kind, message: super::plain::plain_lines(&message), hint }
    }
}

impl CliError {
    /// The kind of a refusal to command an outstation: most stand in the way, some only happened.
    fn of_outstation(reason: &str) -> ExitKind {
        match reason {
            "link_down" | "expired" | "interrupted" | "cancelled" => ExitKind::Failed,
            _ => ExitKind::Refused,
        }
    }

    /// The kind of a trouble with an instrument.
    pub(crate) fn of_instrument(trouble: &str) -> ExitKind {
        match trouble {
            "invalid" => ExitKind::Usage,
            "refused" | "busy" => ExitKind::Refused,
            _ => ExitKind::Failed,
        }
    }
}

/// A time expression's own error, several lines with a caret, set below a heading.
pub(crate) fn time_refused(rendered: &str) -> String {
    let mut message = "this is not a time that can be used:".to_owned();
    for line in rendered.trim_end().lines() {
        message.push_str("\n  ");
        message.push_str(line);
    }
    message
}

/// The `detail` of an error: a text, or a list of what is wrong with each field.
fn describe(detail: &serde_json::Value) -> Option<String> {
    if let Some(text) = detail.as_str() {
        return Some(text.to_owned());
    }
    let one = |item: &serde_json::Value| {
        let message = item.get("msg")?.as_str()?;
        // The contract's own word for it, which tells people nothing.
        let message = message.strip_prefix("Value error, ").unwrap_or(message);
        let place = item.get("loc").and_then(|loc| loc.as_array()).map(|parts| {
            let name = |part: &serde_json::Value| match part.as_str() {
                Some(text) => text.to_owned(),
                None => part.to_string(),
            };
            parts.iter().skip(1).map(name).collect::<Vec<_>>().join(".")
        });
        Some(match place {
            Some(place) if !place.is_empty() => format!("{place}: {message}"),
            Some(_) | None => message.to_owned(),
        })
    };
    let all: Vec<String> = detail.as_array()?.iter().filter_map(one).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        match error {
            ClientError::Written(error) => Self::output(&error),
            ClientError::NotOurs { .. } => Self::new(ExitKind::Refused, message)
                .hint("name a data directory of your own with --data-dir or STATION_DATA_DIR"),
            ClientError::Refused(answer) => Self::from_answer(&answer),
            ClientError::Interrupted => Self::new(ExitKind::Interrupted, message),
            ClientError::Place(_) | ClientError::Unsupported(_) => Self::usage(message),
            ClientError::Connect { source, .. }
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                Self::new(ExitKind::Refused, message)
            }
            ClientError::Connect { .. }
            | ClientError::Io { .. }
            | ClientError::Timeout { .. }
            | ClientError::Protocol(_)
            | ClientError::Busy { .. }
            | ClientError::Store(_) => Self::new(ExitKind::Station, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> CliError {
        CliError::from_answer(&Answer { status, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn refusals_become_sentences() {
        let unknown = refusal(404, r#"{"detail":"Job 42 not found"}"#);
        assert_eq!(unknown.kind.status(), 3);
        assert_eq!(unknown.render("station"), "station: Job 42 not found\n");
        let fields = refusal(
            422,
            r#"{"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":null}]}"#,
        );
        assert_eq!(
            (fields.kind, fields.message.as_str()),
            (ExitKind::Usage, "name: Field required")
        );
        let odd = refusal(502, "<html>");
        assert_eq!(odd.render("station"), "station: the station answered with HTTP status 502\n");
        let hostile = refusal(400, r#"{"detail":"a\u001b[2Jb"}"#);
        assert_eq!(hostile.message, "a\\x1b[2Jb");
        let time = refusal(
            400,
            r#"{"detail":"nwo\n^^^ not a word of time","expression_error":{"start":0,"end":3}}"#,
        );
        assert_eq!(
            time.render("station"),
            "station: this is not a time that can be used:\n  nwo\n  ^^^ not a word of time\n"
        );
    }
}
