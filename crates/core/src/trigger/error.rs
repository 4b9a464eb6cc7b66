//! Says what is wrong with a trigger, where, and what would be right.

/// What sort of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScheduleErrorKind {
    /// A time zone is not known.
    Zone,
    /// A cron expression is not one.
    Expression,
    /// A cron expression names only days that no calendar has.
    Impossible,
    /// A day of the week or month is out of range.
    Day,
    /// An interval is too short, too long or too fine.
    Interval,
    /// The start lies after the end.
    Bounds,
    /// An exclusion, or a list of them, cannot be understood.
    Exclusion,
}

/// Why a trigger was refused, and what was probably meant; displayed as one or two sentences.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}{}", if hint.is_some() { " " } else { "" }, hint.as_deref().unwrap_or(""))]
pub struct ScheduleError {
    kind: ScheduleErrorKind,
    message: String,
    hint: Option<String>,
}

impl ScheduleError {
    pub(super) fn new(kind: ScheduleErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    pub(super) fn expression(message: impl Into<String>) -> Self {
        Self::new(ScheduleErrorKind::Expression, message)
    }

    pub(super) fn exclusion(message: impl Into<String>) -> Self {
        Self::new(ScheduleErrorKind::Exclusion, message)
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, told of a line of a list.
    pub(super) fn at_line(mut self, line: usize) -> Self {
        self.message = format!("Line {line}: {}", self.message);
        self
    }

    /// What sort of fault it is.
    #[must_use]
    pub const fn kind(&self) -> ScheduleErrorKind {
        self.kind
    }

    /// One sentence saying what is wrong, and where.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A sentence saying what would be right, if that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// A piece of somebody's text, fit for a sentence: short, and without anything a terminal acts on.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().take(40).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}
