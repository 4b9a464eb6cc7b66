//! Reads the text into its parts: which words there are, in which order they may stand.
//!
//! ```text
//! now                        ┐
//! time  date  zone           ├─▶ (+|- N unit | next unit | in N unit)…  zone?
//! date  time  zone           ┘
//! ```
//! A `+` or `-` closes the expression: only further increments and a zone may follow. `at` before
//! a time and `on` before a date may be said or left out.

use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::cursor::{Cursor, Digits};
use super::error::{WhenError, WhenErrorKind};
use super::parts::{ClockTime, DateSpec, MAX_STEPS, Parts, Span, Step, Unit, ZoneSpec};
use super::words::{Word, lookup};
use super::{MAX_TEXT, hint, number};

/// The state while reading.
pub(super) struct Parser<'t, 'z> {
    pub(super) cursor: Cursor<'t>,
    pub(super) parts: Parts,
    /// A date of the form YYYY-MM-DD was read: an offset may follow its time.
    pub(super) iso: bool,
    zones: &'z TimeZoneDatabase,
    /// An `at` or `on` that waits for what it announces.
    announced: Option<Span>,
}

/// Reads a whole expression.
pub(super) fn parse(text: &str, zones: &TimeZoneDatabase) -> Result<Parts, WhenError> {
    if text.len() > MAX_TEXT {
        let message = format!("The time expression is longer than {MAX_TEXT} bytes.");
        return Err(WhenError::syntax(0..0, message));
    }
    if let Some(error) = hint::not_a_time(text) {
        return Err(error);
    }
    let cursor = Cursor::new(text);
    let mut parser = Parser { cursor, parts: Parts::default(), iso: false, zones, announced: None };
    loop {
        parser.cursor.skip_space();
        match parser.cursor.peek(0) {
            None => break,
            Some(b'0'..=b'9') => number::read(&mut parser)?,
            Some(b'+' | b'-') => parser.increment()?,
            Some(byte) if byte.is_ascii_alphabetic() => parser.word()?,
            Some(_) => return Err(hint::unexpected(&parser.cursor)),
        }
    }
    parser.finish()
}

impl<'t> Parser<'t, '_> {
    fn finish(self) -> Result<Parts, WhenError> {
        if let Some(span) = self.announced {
            let word = self.cursor.shown(&span);
            return Err(WhenError::syntax(span, format!("After \"{word}\" a time is missing.")));
        }
        let parts = self.parts;
        let nothing = parts.now.is_none() && parts.time.is_none() && parts.date.is_none();
        if let (true, true, Some((_, span))) = (nothing, parts.steps.is_empty(), &parts.zone) {
            let zone = self.cursor.shown(span);
            let message = format!("\"{zone}\" is a time zone; a time is missing.");
            let hint = format!("write, for example, 14:30 {zone}");
            return Err(WhenError::syntax(span.clone(), message).with_hint(hint));
        }
        Ok(parts)
    }

    fn word(&mut self) -> Result<(), WhenError> {
        let mut ahead = self.cursor.clone();
        let (word, span) = ahead.word();
        let Some(meaning) = lookup(word) else {
            return self.zone();
        };
        self.cursor = ahead;
        match meaning {
            Word::Now => self.set_now(span),
            Word::Hour(hour) => self.set_time(ClockTime::hour(hour), span),
            Word::Today => self.set_date(DateSpec::Today, span),
            Word::Tomorrow => self.set_date(DateSpec::Tomorrow, span),
            Word::Weekday(day) => self.set_weekday(day, span),
            Word::Month(month) => number::month_first(self, month, span),
            Word::Next => self.next(span),
            Word::In => self.elapse(&span),
            Word::At | Word::On => self.announce(span),
            Word::Zulu => self.set_zone(ZoneSpec::Fixed(jiff::tz::Offset::UTC), span),
            Word::Utc => self.set_zone(ZoneSpec::Named(TimeZone::UTC), span),
            Word::Unit(_) | Word::Am | Word::Pm | Word::Ago => {
                Err(hint::misplaced(word, meaning, span))
            }
        }
    }

    fn announce(&mut self, span: Span) -> Result<(), WhenError> {
        match self.announced.replace(span.clone()) {
            None => Ok(()),
            Some(first) => {
                let (one, two) = (self.cursor.shown(&first), self.cursor.shown(&span));
                let message = format!("After \"{one}\" a time is expected, not \"{two}\".");
                Err(WhenError::syntax(span, message))
            }
        }
    }

    /// Reads a zone's name; the longest one that is known wins (`GMT+0`, but `UTC` of `UTC+3`).
    fn zone(&mut self) -> Result<(), WhenError> {
        let whole = self.cursor.zone_run();
        let name = self.cursor.slice(&whole);
        let shorter = [name.find('+'), name.rfind('-'), name.find(|c: char| c.is_ascii_digit())];
        let ends = std::iter::once(name.len()).chain(shorter.into_iter().flatten());
        for end in ends {
            let span = whole.start..whole.start + end;
            let name = self.cursor.slice(&span);
            let found = match lookup(name) {
                Some(Word::Utc) => Some(TimeZone::UTC),
                Some(_) => None,
                None => self.zones.get(name).ok().filter(|zone| !is_placeholder(zone)),
            };
            if let Some(zone) = found {
                self.cursor.at = span.end;
                return self.set_zone(ZoneSpec::Named(zone), span);
            }
        }
        Err(hint::unknown_word(&self.cursor, self.zones))
    }

    fn next(&mut self, span: Span) -> Result<(), WhenError> {
        self.cursor.skip_space();
        let (word, at) = self.cursor.word();
        let all = span.start..at.end;
        match lookup(word) {
            Some(Word::Unit(unit)) => self.push_step(1, unit, all),
            Some(Word::Weekday(day)) => self.set_weekday(day, all),
            _ => {
                let message = "After \"next\" a unit or a weekday is missing.";
                let hint = "write, for example, next week or next friday";
                let suggestion = hint::near(word).map(|word| format!("did you mean \"{word}\"?"));
                let place = if at.is_empty() { span } else { at };
                Err(WhenError::syntax(place, message).with_hint(hint).with_hint_if(suggestion))
            }
        }
    }

    /// Reads `+ N unit` and `- N unit`.
    fn increment(&mut self) -> Result<(), WhenError> {
        let start = self.cursor.at;
        let negative = self.cursor.peek(0) == Some(b'-');
        self.cursor.at += 1;
        let sign = start..self.cursor.at;
        let parts = &self.parts;
        let first = parts.steps.is_empty();
        if parts.now.is_none() && parts.time.is_none() && parts.date.is_none() && first {
            let rest = self.cursor.shown(&(start..self.cursor.text.len()));
            let plain = rest.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
            let hint = plain.then(|| format!("write now {rest}"));
            let message = "An increment needs a time that it is added to.";
            return Err(WhenError::syntax(sign, message).with_hint_if(hint));
        }
        self.cursor.skip_space();
        let Some(count) = self.cursor.digits() else {
            let shown = if negative { '-' } else { '+' };
            let message = format!("After \"{shown}\" a whole number is missing.");
            return Err(
                WhenError::syntax(sign, message).with_hint("write, for example, + 5 minutes")
            );
        };
        let unit = self.unit(&count)?;
        self.parts.closed = true;
        let value = if negative { -count.value() } else { count.value() };
        self.push_step(value, unit, start..self.cursor.at)
    }

    /// Reads what follows `in`: `5 minutes`, `1 hour 30 minutes`, `an hour and 5 minutes`.
    fn elapse(&mut self, word: &Span) -> Result<(), WhenError> {
        self.cursor.skip_space();
        let start = self.cursor.at;
        if let Some(count) = self.cursor.digits() {
            let unit = self.unit(&count)?;
            self.push_step(count.value(), unit, start..self.cursor.at)?;
        } else if matches!(self.cursor.word().0.to_ascii_lowercase().as_str(), "a" | "an") {
            let one = Digits { text: "1", span: start..self.cursor.at };
            let unit = self.unit(&one)?;
            self.push_step(1, unit, start..self.cursor.at)?;
        } else {
            let message = "After \"in\" a whole number is missing.";
            let hint = "write, for example, in 5 minutes";
            return Err(WhenError::syntax(word.clone(), message).with_hint(hint));
        }
        while let Some(ahead) = self.another_amount() {
            self.cursor = ahead;
            let start = self.cursor.at;
            if let Some(count) = self.cursor.digits() {
                let unit = self.unit(&count)?;
                self.push_step(count.value(), unit, start..self.cursor.at)?;
            }
        }
        Ok(())
    }

    /// The place of a further `N unit`, if one stands here, perhaps behind `and`.
    fn another_amount(&self) -> Option<Cursor<'t>> {
        let mut ahead = self.cursor.clone();
        ahead.skip_space();
        let mut behind = ahead.clone();
        if behind.word().0.eq_ignore_ascii_case("and") {
            behind.skip_space();
            ahead = behind;
        }
        let mut look = ahead.clone();
        look.digits()?;
        look.skip_space();
        matches!(lookup(look.word().0), Some(Word::Unit(_))).then_some(ahead)
    }

    fn unit(&mut self, count: &Digits<'_>) -> Result<Unit, WhenError> {
        if let Some(b'.' | b',') = self.cursor.peek(0)
            && self.cursor.digit(1)
        {
            let span = count.span.start..self.cursor.blank_delimited().end;
            let message = "An increment is a whole number.";
            let hint = "use a smaller unit: 90 minutes, not 1.5 hours";
            return Err(WhenError::syntax(span, message).with_hint(hint));
        }
        self.cursor.skip_space();
        let (word, span) = self.cursor.word();
        match lookup(word) {
            Some(Word::Unit(unit)) => Ok(unit),
            _ => Err(hint::no_unit(&self.cursor, count, word, span)),
        }
    }

    fn push_step(&mut self, count: i64, unit: Unit, span: Span) -> Result<(), WhenError> {
        if self.parts.steps.len() >= MAX_STEPS {
            let message = format!("There are more than {MAX_STEPS} increments.");
            return Err(WhenError::syntax(span, message).with_hint("add them up"));
        }
        self.parts.steps.push(Step { count, unit, span });
        self.announced = None;
        Ok(())
    }

    fn set_now(&mut self, span: Span) -> Result<(), WhenError> {
        let before = [&self.parts.now, &self.parts.time.as_ref().map(|(_, at)| at.clone())]
            .into_iter()
            .flatten()
            .chain(self.parts.date.as_ref().map(|(_, at)| at))
            .chain(self.parts.steps.first().map(|step| &step.span))
            .next()
            .cloned();
        if let Some(before) = before {
            return Err(self.clash(&before, span));
        }
        self.announced = None;
        self.parts.now = Some(span);
        Ok(())
    }

    pub(super) fn set_time(&mut self, time: ClockTime, span: Span) -> Result<(), WhenError> {
        let taken = self.parts.time.as_ref().map(|(_, at)| at.clone());
        if let Some(before) = taken.or_else(|| self.parts.now.clone()) {
            return Err(self.clash(&before, span));
        }
        self.check_open(&span)?;
        self.announced = None;
        self.parts.time = Some((time, span));
        Ok(())
    }

    pub(super) fn set_date(&mut self, date: DateSpec, span: Span) -> Result<(), WhenError> {
        let taken = self.parts.date.as_ref().map(|(_, at)| at.clone());
        if let Some(before) = taken.or_else(|| self.parts.now.clone()) {
            return Err(self.clash(&before, span));
        }
        self.check_open(&span)?;
        self.announced = None;
        self.parts.date = Some((date, span));
        Ok(())
    }

    fn set_weekday(&mut self, day: Weekday, span: Span) -> Result<(), WhenError> {
        self.set_date(DateSpec::Weekday(day), span)
    }

    pub(super) fn set_zone(&mut self, zone: ZoneSpec, span: Span) -> Result<(), WhenError> {
        if let Some((_, before)) = &self.parts.zone {
            let (one, two) = (self.cursor.shown(before), self.cursor.shown(&span));
            let message = format!("There are two time zones, \"{one}\" and \"{two}\".");
            return Err(WhenError::new(WhenErrorKind::Syntax, span, message));
        }
        self.parts.zone = Some((zone, span));
        Ok(())
    }

    fn check_open(&self, span: &Span) -> Result<(), WhenError> {
        if !self.parts.closed {
            return Ok(());
        }
        let word = self.cursor.shown(span);
        let message = format!("\"{word}\" stands after an increment.");
        let hint = "write the time and the date first, then + and -";
        Err(WhenError::syntax(span.clone(), message).with_hint(hint))
    }

    fn clash(&self, before: &Span, span: Span) -> WhenError {
        let (one, two) = (self.cursor.shown(before), self.cursor.shown(&span));
        let message = format!("\"{one}\" and \"{two}\" cannot both be meant.");
        WhenError::syntax(span, message).with_hint("leave one of them out")
    }
}

/// Whether the zone stands for "no zone": the database has two such names.
fn is_placeholder(zone: &TimeZone) -> bool {
    zone.is_unknown() || zone.iana_name() == Some("Factory")
}
