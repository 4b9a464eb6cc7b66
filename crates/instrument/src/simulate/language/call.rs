//! One command being carried out: its parameters going in, its response data coming out.

use super::complaint::Complaint;
use super::value::{self, Range, is_word};
use crate::simulate::noise::Noise;
use crate::simulate::reply;

/// What carrying out a command comes to.
pub(crate) type Outcome = Result<(), Complaint>;

/// A command or query being carried out.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Whether it is the query.
    pub(crate) query: bool,
    /// The numeric suffixes of its header.
    pub(crate) suffixes: [Option<u32>; 3],
    /// The parameters not yet taken.
    pub(crate) parameters: Vec<&'a [u8]>,
    /// Seconds since the instrument was switched on.
    pub(crate) now: f64,
    pub(crate) noise: &'a mut Noise,
    /// The response message so far.
    pub(crate) reply: &'a mut Vec<u8>,
    /// Whether response data of this unit is in it already.
    pub(crate) answered: bool,
}

impl Call<'_> {
    /// The place, from 0, that a numeric suffix names; the first when none was written.
    pub(crate) fn suffix(&self, which: usize, count: u32) -> Result<usize, Complaint> {
        let number = self.suffixes.get(which).copied().flatten().unwrap_or(1);
        place(number, count).ok_or(Complaint::HEADER_SUFFIX)
    }

    /// The next parameter.
    pub(crate) fn take(&mut self) -> Result<&[u8], Complaint> {
        if self.parameters.is_empty() {
            return Err(Complaint::MISSING);
        }
        Ok(self.parameters.remove(0))
    }

    /// Refuses parameters that are left.
    pub(crate) fn end(&self) -> Outcome {
        if self.parameters.is_empty() { Ok(()) } else { Err(Complaint::NOT_ALLOWED) }
    }

    /// The channels meant: by the header's suffix, a list such as `(@1,2)` at the end, a word such
    /// as `CH2` at the start, else the selected one. Takes that parameter.
    pub(crate) fn channels(
        &mut self,
        selected: usize,
        count: u32,
    ) -> Result<Vec<usize>, Complaint> {
        if self.parameters.last().is_some_and(|last| last.starts_with(b"(@")) {
            let list = self.parameters.pop().unwrap_or_default();
            let numbers = value::channel_list(list, count)?;
            return Ok(numbers.into_iter().filter_map(|number| place(number, count)).collect());
        }
        if let Some([b'c' | b'C', b'h' | b'H', number @ ..]) = self.parameters.first().copied() {
            let number = value::integer(number, 1, count).map_err(|_| Complaint::RANGE)?;
            self.parameters.remove(0);
            return Ok(place(number, count).into_iter().collect());
        }
        match self.suffixes.iter().flatten().next() {
            Some(number) => {
                let place = place(*number, count).ok_or(Complaint::HEADER_SUFFIX)?;
                Ok(vec![place])
            }
            None => Ok(vec![selected]),
        }
    }

    /// A number: sets it, or answers it (`VOLT? MAX` answers the limit).
    pub(crate) fn setting(&mut self, value: &mut f64, range: &Range) -> Outcome {
        if self.query {
            let told = match self.parameters.pop() {
                None => *value,
                Some(word) => range.word(word).ok_or(Complaint::ILLEGAL_VALUE)?,
            };
            self.end()?;
            self.real(told);
            return Ok(());
        }
        let wanted = range.read(self.take()?)?;
        self.end()?;
        *value = wanted;
        Ok(())
    }

    /// A whole number: sets it, or answers it.
    pub(crate) fn whole(&mut self, value: &mut u32, min: u32, max: u32) -> Outcome {
        if self.query {
            self.end()?;
            self.word(&value.to_string());
            return Ok(());
        }
        let wanted = value::integer(self.take()?, min, max)?;
        self.end()?;
        *value = wanted;
        Ok(())
    }

    /// A switch, `ON` or `OFF`: sets it, or answers 1 or 0.
    pub(crate) fn switch(&mut self, value: &mut bool) -> Outcome {
        if self.query {
            self.end()?;
            self.word(if *value { "1" } else { "0" });
            return Ok(());
        }
        let wanted = self.take_switch()?;
        self.end()?;
        *value = wanted;
        Ok(())
    }

    /// The next parameter as a switch.
    pub(crate) fn take_switch(&mut self) -> Result<bool, Complaint> {
        let text = self.take()?;
        match () {
            () if is_word(text, "ON") => Ok(true),
            () if is_word(text, "OFF") => Ok(false),
            () if text.first().is_some_and(u8::is_ascii_alphabetic) => {
                Err(Complaint::ILLEGAL_VALUE)
            }
            () => Ok(value::integer(text, 0, u32::MAX)? != 0),
        }
    }

    /// One of some words: sets it, or answers its short form.
    pub(crate) fn choice<T: Copy + PartialEq>(
        &mut self,
        value: &mut T,
        words: &[(&'static str, T)],
    ) -> Outcome {
        if self.query {
            self.end()?;
            let word = words.iter().find(|(_, one)| one == value).map_or("", |(word, _)| word);
            self.short(word);
            return Ok(());
        }
        let wanted = self.take_word(words)?;
        self.end()?;
        *value = wanted;
        Ok(())
    }

    /// The next parameter as one of some words; in quotes too, as `FUNC "VOLT"` has it.
    pub(crate) fn take_word<T: Copy>(
        &mut self,
        words: &[(&'static str, T)],
    ) -> Result<T, Complaint> {
        let text = self.take()?;
        let bare =
            text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
        if bare.first().is_some_and(|byte| !byte.is_ascii_alphanumeric()) {
            return Err(Complaint::DATA_TYPE);
        }
        let found = words.iter().find(|(word, _)| is_word(bare, word));
        found.map(|(_, value)| *value).ok_or(Complaint::ILLEGAL_VALUE)
    }

    fn next(&mut self) {
        if std::mem::replace(&mut self.answered, true) {
            self.reply.push(b',');
        }
    }

    /// Answers a number.
    pub(crate) fn real(&mut self, value: f64) {
        self.next();
        reply::real(self.reply, value);
    }

    /// Answers a word or an integer.
    pub(crate) fn word(&mut self, word: &str) {
        self.next();
        reply::text(self.reply, word);
    }

    /// Answers the short form of a word such as `SINusoid`.
    pub(crate) fn short(&mut self, word: &str) {
        self.next();
        self.reply.extend(word.bytes().filter(|byte| !byte.is_ascii_lowercase()));
    }

    /// Answers a string in quotes.
    pub(crate) fn quoted(&mut self, words: &str) {
        self.next();
        reply::quoted(self.reply, words);
    }
}

/// The place, from 0, of a number from 1.
fn place(number: u32, count: u32) -> Option<usize> {
    (1..=count).contains(&number).then(|| usize::try_from(number - 1).ok()).flatten()
}
