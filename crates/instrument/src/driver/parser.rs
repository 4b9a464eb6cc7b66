//! Parsers of replies: response data (IEEE 488.2 clause 8.7) as JSON values.

use serde_json::{Map, Value};

use super::near::{self, shown};
use crate::{Error, ErrorKind};

/// What reads a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Parser {
    pub(super) form: Form,
    /// What a number is multiplied with.
    pub(super) scale: f64,
    /// What a number ends with, if it is not bare.
    pub(super) suffix: Option<String>,
    /// Replies that mean a refusal.
    pub(super) refusals: Vec<String>,
    /// Whether the instrument repeats headers in replies.
    pub(super) echoes: bool,
    /// The header of the query that is answered, without `?`.
    pub(super) header: String,
}

/// The form of a reply.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Number,
    Integer,
    Boolean,
    Text,
    Numbers,
    /// What is answered, and its name.
    Choice(Vec<(String, String)>),
    /// Named fields of a compound reply; those without a name are passed over.
    Fields(char, Vec<(String, Form)>),
    Ignored,
}

impl Parser {
    /// A parser of that form, without departures from the standard.
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            scale: 1.0,
            suffix: None,
            refusals: Vec::new(),
            echoes: false,
            header: String::new(),
        }
    }

    /// Takes a reply as it is.
    #[must_use]
    pub fn text() -> Self {
        Self::new(Form::Text)
    }

    /// The parser of the reply to that message.
    pub(super) fn answering(mut self, message: &str) -> Self {
        if self.echoes {
            let unit = message.rsplit(';').next().unwrap_or_default().trim();
            let header = unit.split_whitespace().next().unwrap_or_default();
            self.header = header.trim_end_matches('?').trim_start_matches(':').to_owned();
        }
        self
    }

    /// `number`, `integer`, `boolean`, `text`, `numbers`, `choice`, `fields` or `ignored`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.form {
            Form::Number => "number",
            Form::Integer => "integer",
            Form::Boolean => "boolean",
            Form::Text => "text",
            Form::Numbers => "numbers",
            Form::Choice(_) => "choice",
            Form::Fields(..) => "fields",
            Form::Ignored => "ignored",
        }
    }

    /// What a reply yields, by the keys of results: each field of a compound reply under its own
    /// name, nothing of one that is of no interest, anything else under the name of the question.
    ///
    /// # Errors
    /// As [`Parser::parse`].
    pub fn results(&self, name: &str, reply: &str) -> Result<Vec<(String, Value)>, Error> {
        let value = self.parse(reply)?;
        Ok(match (&self.form, value) {
            (Form::Ignored, _) => Vec::new(),
            (Form::Fields(..), Value::Object(fields)) => fields.into_iter().collect(),
            (_, value) => vec![(name.to_owned(), value)],
        })
    }

    /// Whether it is a choice of nothing.
    pub(super) fn is_unfinished(&self) -> bool {
        matches!(&self.form, Form::Choice(words) if words.is_empty())
    }

    /// Reads a reply without its terminator. A number that says it is none (NaN, 9.91E37, an infinity
    /// of 9.9E37, dots or dashes) is null.
    ///
    /// # Errors
    /// The reply is a refusal ([`ErrorKind::Instrument`]), or is not of this form ([`ErrorKind::Reply`]).
    pub fn parse(&self, reply: &str) -> Result<Value, Error> {
        let reply = self.bare(reply.trim());
        if self.refusals.iter().any(|refusal| refusal.eq_ignore_ascii_case(reply)) {
            let message = format!("the instrument refused the message: it answered '{reply}'");
            return Err(Error::new(ErrorKind::Instrument, message));
        }
        self.read(&self.form, reply)
    }

    /// A reply without the header of its query.
    fn bare<'a>(&self, reply: &'a str) -> &'a str {
        match reply.trim_start_matches(':').split_once(char::is_whitespace) {
            Some((header, rest))
                if !self.header.is_empty() && header.eq_ignore_ascii_case(&self.header) =>
            {
                rest.trim_start()
            }
            _ => reply,
        }
    }

    fn read(&self, form: &Form, reply: &str) -> Result<Value, Error> {
        match form {
            Form::Ignored => Ok(Value::Null),
            Form::Text => Ok(Value::from(unquoted(reply))),
            Form::Number => Ok(self.scaled(reply)?.map_or(Value::Null, Value::from)),
            Form::Integer => match self.scaled(reply)? {
                None => Ok(Value::Null),
                Some(number) if number.fract() == 0.0 && number.abs() < 9.0e15 => {
                    let whole = format!("{number:.0}").parse::<i64>();
                    whole.map(Value::from).map_err(|_| wrong(reply, "a whole number"))
                }
                Some(_) => Err(wrong(reply, "a whole number")),
            },
            Form::Boolean => match reply.to_ascii_uppercase().as_str() {
                "1" | "+1" | "ON" | "TRUE" | "YES" => Ok(Value::Bool(true)),
                "0" | "+0" | "-0" | "OFF" | "FALSE" | "NO" => Ok(Value::Bool(false)),
                _ => Err(wrong(reply, "1, 0, ON or OFF")),
            },
            Form::Numbers => {
                let list = unblocked(reply);
                let of = |item: &str| Ok(self.scaled(item)?.map_or(Value::Null, Value::from));
                let items = list.split(',').map(|item| of(item.trim()));
                items.collect::<Result<Vec<_>, Error>>().map(Value::Array)
            }
            Form::Choice(choices) => choice(choices, reply),
            Form::Fields(separator, fields) => self.fields(*separator, fields, reply),
        }
    }

    fn fields(
        &self,
        separator: char,
        fields: &[(String, Form)],
        reply: &str,
    ) -> Result<Value, Error> {
        let parts: Vec<&str> = reply.split(separator).map(str::trim).collect();
        let mut object = Map::new();
        for (at, (name, form)) in fields.iter().enumerate() {
            let part = parts.get(at).ok_or_else(|| {
                wrong(reply, &format!("{} fields separated by '{separator}'", fields.len()))
            })?;
            if !name.is_empty() {
                let value = self.read(form, part).map_err(|error| {
                    Error::new(error.kind, format!("in the field {name}, {}", error.message))
                })?;
                object.insert(name.clone(), value);
            }
        }
        Ok(Value::Object(object))
    }

    fn scaled(&self, reply: &str) -> Result<Option<f64>, Error> {
        let bare = self.suffix.as_deref().and_then(|suffix| without_suffix(reply, suffix));
        let read = number(bare.unwrap_or(reply)).map_err(|()| wrong(reply, "a number"))?;
        Ok(read.map(|number| number * self.scale).filter(|number| number.is_finite()))
    }
}

/// A number as instruments write them (NR1, NR2, NR3); `None` if it says that it is none.
///
/// # Errors
/// It is no number.
pub(super) fn number(text: &str) -> Result<Option<f64>, ()> {
    let text = text.trim();
    let marks = |c: char| matches!(c, '.' | '-' | '*');
    if text.len() > 1 && text.chars().all(marks) {
        return Ok(None);
    }
    let upper = text.to_ascii_uppercase();
    let unsigned = upper.trim_start_matches(['+', '-']);
    if matches!(
        unsigned,
        "NAN"
            | "INF"
            | "INFINITY"
            | "NINF"
            | "OL"
            | "OVLD"
            | "OVLOAD"
            | "OVERLOAD"
            | "O.L"
            | "O.L."
    ) {
        return Ok(None);
    }
    // NR3 may have a space before the exponent's sign nowhere; `E` it has to be.
    if !text.chars().all(|c| matches!(c, '0'..='9' | '+' | '-' | '.' | 'E' | 'e')) {
        return Err(());
    }
    let number: f64 = text.parse().map_err(|_| ())?;
    // 9.91E37 is not a number, 9.9E37 an infinity (SCPI-1999 clause 7.2.1.5): nothing is that great.
    Ok(Some(number).filter(|number| number.abs() < 9.8e37))
}

fn choice(choices: &[(String, String)], reply: &str) -> Result<Value, Error> {
    let word = unquoted(reply);
    let equal = |(answer, _): &&(String, String)| answer.eq_ignore_ascii_case(&word);
    // Some answer the long form of what was sent in the short one, or the other way round.
    let alike = |(answer, _): &&(String, String)| {
        let (answer, word) = (answer.to_ascii_uppercase(), word.to_ascii_uppercase());
        answer.len().min(word.len()) >= 3
            && (answer.starts_with(&word) || word.starts_with(&answer))
    };
    let found = choices.iter().find(equal).or_else(|| choices.iter().find(alike));
    found.map(|(_, name)| Value::from(name.as_str())).ok_or_else(|| {
        wrong(
            reply,
            &format!("one of {}", near::list(choices.iter().map(|(word, _)| word.as_str()))),
        )
    })
}

/// A text without its quotes (clause 8.7.8), doubled ones single.
fn unquoted(reply: &str) -> String {
    for quote in ['"', '\''] {
        let inner = reply.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.replace(&format!("{quote}{quote}"), &quote.to_string());
        }
    }
    reply.to_owned()
}

/// A list without the head of a block that it may come in (`#9000000012`).
fn unblocked(reply: &str) -> &str {
    let Some(rest) = reply.strip_prefix('#') else { return reply };
    let mut letters = rest.chars();
    let digits = letters.next().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
    for _ in 0..digits {
        letters.next();
    }
    letters.as_str()
}

fn without_suffix<'a>(reply: &'a str, suffix: &str) -> Option<&'a str> {
    let at = reply.len().checked_sub(suffix.len())?;
    let (number, end) = reply.split_at_checked(at)?;
    end.eq_ignore_ascii_case(suffix).then(|| number.trim_end())
}

fn wrong(reply: &str, wanted: &str) -> Error {
    Error::new(ErrorKind::Reply, format!("the reply '{}' is not {wanted}", shown(reply)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Form, Parser};

    fn read(form: &Form, reply: &str) -> Value {
        Parser::new(form.clone()).parse(reply).unwrap()
    }

    #[test]
    fn numbers_of_all_forms_are_read_and_none_is_null() {
        for (reply, number) in
            [("5", 5.0), ("+5.000", 5.0), ("-1.5E-03", -0.0015), (" .5 ", 0.5), ("1.2e+02", 120.0)]
        {
            assert_eq!(read(&Form::Number, reply), json!(number));
        }
        for none in
            ["9.91E37", "+9.910000E+37", "-9.9E37", "9.9E+37", ".......", "--", "NAN", "-INF", "OL"]
        {
            assert_eq!(read(&Form::Number, none), Value::Null, "{none}");
        }
        for bad in ["", "NACK", "5 V", "1.2.3", "0x10", "five"] {
            let error = Parser::new(Form::Number).parse(bad).unwrap_err();
            assert_eq!(error.message, format!("the reply '{bad}' is not a number"));
        }
    }

    #[test]
    fn other_forms_are_read() {
        assert_eq!(read(&Form::Integer, "+3"), json!(3));
        assert_eq!(read(&Form::Integer, "3.0E0"), json!(3));
        assert_eq!(read(&Form::Boolean, "ON"), json!(true));
        assert_eq!(read(&Form::Boolean, "0"), json!(false));
        assert_eq!(read(&Form::Text, "\"say \"\"hi\"\"\""), json!("say \"hi\""));
        assert_eq!(read(&Form::Numbers, "#9000000012+1,2.5,9.91E37"), json!([1.0, 2.5, null]));
        let fields = Form::Fields(
            ',',
            vec![
                ("voltage".to_owned(), Form::Number),
                (String::new(), Form::Text),
                ("on".to_owned(), Form::Boolean),
            ],
        );
        assert_eq!(read(&fields, "5.0, skipped ,1"), json!({"voltage": 5.0, "on": true}));
        assert_eq!(
            Parser::new(fields).parse("5.0").unwrap_err().message,
            "the reply '5.0' is not 3 fields separated by ','"
        );
    }

    #[test]
    fn choices_are_known_by_short_and_long_form() {
        let of = |answer: &str, name: &str| (answer.to_owned(), name.to_owned());
        let form = Form::Choice(vec![of("CURR", "current"), of("VOLT", "voltage"), of("CC", "c")]);
        assert_eq!(read(&form, "VOLT"), json!("voltage"));
        assert_eq!(read(&form, "\"voltage\""), json!("voltage"));
        assert_eq!(read(&form, "cc"), json!("c"));
        let error = Parser::new(form).parse("POW").unwrap_err();
        assert_eq!(error.message, "the reply 'POW' is not one of CURR, VOLT and CC");
    }

    #[test]
    fn refusals_units_and_echoed_headers_are_known() {
        let mut parser = Parser::new(Form::Number);
        parser.refusals = vec!["NACK".to_owned()];
        parser.suffix = Some("V".to_owned());
        parser.scale = 0.001;
        parser.echoes = true;
        let parser = parser.answering(":SENS1:PRES?");
        assert_eq!(parser.parse(":SENS1:PRES 2000 V").unwrap(), json!(2.0));
        assert_eq!(parser.parse("2000").unwrap(), json!(2.0));
        let error = parser.parse("NACK").unwrap_err();
        assert_eq!(error.kind, crate::ErrorKind::Instrument);
    }
}
