//! Says what is wrong with a time expression, where, and what to write instead.

use std::fmt::Write as _;
use std::ops::Range;

/// How many columns of the text are shown on either side of the fault.
const SHOWN: usize = 60;

/// What sort of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WhenErrorKind {
    /// The expression is understood, but its instant is before the present.
    Past,
    /// The text is not a time expression.
    Syntax,
    /// A number is outside its range: an hour 25, a 30 February.
    Range,
    /// A time zone is not known.
    Zone,
    /// The instant is beyond the year 9999.
    TooFar,
}

/// Why a text was refused, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WhenError {
    kind: WhenErrorKind,
    span: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl WhenError {
    pub(super) fn new(kind: WhenErrorKind, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { kind, span, message: message.into(), hint: None }
    }

    pub(super) fn syntax(span: Range<usize>, message: impl Into<String>) -> Self {
        Self::new(WhenErrorKind::Syntax, span, message)
    }

    pub(super) fn range(span: Range<usize>, message: impl Into<String>) -> Self {
        Self::new(WhenErrorKind::Range, span, message)
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn with_hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// What sort of fault it is.
    #[must_use]
    pub const fn kind(&self) -> WhenErrorKind {
        self.kind
    }

    /// Where in the text the fault is, in bytes; always within the text and between characters.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// One sentence saying what is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, if that can be guessed.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Shows the text, carets under the fault, the message and the hint, each on its own line.
    ///
    /// Control characters are shown as `�` and each tab as one space, so that the carets stand
    /// under what they mean and the text cannot steer a terminal.
    #[must_use]
    pub fn render(&self, text: &str) -> String {
        let before = neutral(text.get(..self.span.start).unwrap_or(""));
        let fault = neutral(text.get(self.span.clone()).unwrap_or(""));
        let after = neutral(text.get(self.span.end..).unwrap_or(""));
        let before = last(&before, SHOWN);
        let fault = first(&fault, SHOWN);
        let after = first(&after, SHOWN);

        let mut shown = format!("  {before}{fault}{after}\n  ");
        shown.extend(std::iter::repeat_n(' ', columns(&before)));
        shown.extend(std::iter::repeat_n('^', columns(&fault).max(1)));
        shown.push('\n');
        shown.push_str(&self.message);
        if let Some(hint) = &self.hint {
            let _written: std::fmt::Result = write!(shown, "\nhint: {hint}");
        }
        shown
    }
}

/// The text without anything a terminal would act on.
fn neutral(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' | '\n' | '\r' => ' ',
            c if c.is_control() || is_invisible(c) => '\u{FFFD}',
            c => c,
        })
        .collect()
}

/// Characters without ink that change how their neighbours are shown (direction marks and such).
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The first `count` characters, and `…` if there are more.
fn first(text: &str, count: usize) -> String {
    match text.char_indices().nth(count) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or("")),
        None => text.to_owned(),
    }
}

/// The last `count` characters, and `…` before them if there are more.
fn last(text: &str, count: usize) -> String {
    match text.char_indices().rev().nth(count) {
        Some((cut, c)) => format!("…{}", text.get(cut + c.len_utf8()..).unwrap_or("")),
        None => text.to_owned(),
    }
}

/// How many columns a terminal gives the text (Unicode's East Asian Width, coarsely).
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

const fn width(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36F}'
        | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FE20}'..='\u{FE2F}' => 0,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{303E}'
        | '\u{3041}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1F64F}'
        | '\u{1F900}'..='\u{1F9FF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_fault_by_columns() {
        let text = "漢字\u{1b}x tomorow";
        let start = text.find("tomorow").unwrap();
        let error = WhenError::syntax(start..text.len(), "what?").with_hint("tomorrow");
        assert_eq!(
            error.render(text),
            "  漢字\u{FFFD}x tomorow\n         ^^^^^^^\nwhat?\nhint: tomorrow"
        );
    }

    #[test]
    fn a_long_text_is_shown_in_part() {
        let text = format!("{}?{}", "a".repeat(400), "b".repeat(400));
        let shown = WhenError::syntax(400..401, "what?").render(&text);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], format!("  …{}?{}…", "a".repeat(60), "b".repeat(60)));
        assert_eq!(lines[1], format!("  {}^", " ".repeat(61)));
    }

    #[test]
    fn an_empty_text_has_one_caret() {
        assert_eq!(WhenError::syntax(0..0, "nothing").render(""), "  \n  ^\nnothing");
    }
}
