//! Templates of program messages: text with `{parameters}`, and `[parts]` left out without theirs.

use super::argument::Arguments;

/// A program message with places for parameters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Place(String),
    /// Left out if one of its places has no argument.
    Part(Vec<Piece>),
}

/// A place in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// The parameter.
    pub(super) name: &'a str,
    /// Whether the part it is in is left out without it.
    pub(super) optional: bool,
}

impl Template {
    /// Reads a template; an error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(letter) = text.chars().find(|letter| !matches!(letter, ' '..='~')) {
            return Err(format!("a message may not contain {}", super::value::described(letter)));
        }
        if text.trim().is_empty() {
            return Err("a message may not be empty".to_owned());
        }
        let mut rest = text;
        let pieces = pieces(&mut rest, false)?;
        let template = Self(pieces);
        template.check_quotes(text)?;
        Ok(template)
    }

    /// Quotes are closed in the text as it stands, and no place is within them.
    fn check_quotes(&self, text: &str) -> Result<(), String> {
        let mut quote = None;
        for letter in text.chars() {
            match (quote, letter) {
                (None, '"' | '\'') => quote = Some(letter),
                (Some(open), _) if open == letter => quote = None,
                (Some(_), '{') => {
                    return Err(
                        "a parameter may not stand within quotes: texts bring their own".to_owned()
                    );
                }
                _ => {}
            }
        }
        match quote {
            None => Ok(()),
            Some(quote) => Err(format!("a quote {quote} is not closed")),
        }
    }

    /// The places in it.
    pub(super) fn places(&self) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        collect(&self.0, false, &mut places);
        places
    }

    /// The message, or nothing if all of it was left out. A place without an argument is empty; the
    /// reader of the file has refused such places outside of parts.
    pub(super) fn fill(&self, arguments: &Arguments) -> Option<String> {
        let mut message = String::new();
        put(&self.0, arguments, &mut message);
        let message = message.trim();
        (!message.is_empty()).then(|| message.to_owned())
    }

    /// The text, with places as they stand; what is searched for non-volatile headers.
    pub(super) fn outline(&self) -> String {
        let mut text = String::new();
        draw(&self.0, &mut text);
        text
    }
}

fn pieces(rest: &mut &str, within: bool) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    loop {
        let at = rest.find(['{', '}', '[', ']']).unwrap_or(rest.len());
        let (text, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        *rest = tail;
        let mut letters = tail.chars();
        let first = letters.next();
        *rest = letters.as_str();
        match first {
            None if within => return Err("a '[' has no ']'".to_owned()),
            None => return Ok(pieces),
            Some('{') => {
                let (name, tail) = rest.split_once('}').ok_or("a '{' has no '}'")?;
                if name.is_empty() || !name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
                {
                    return Err(format!("'{{{name}}}' does not name a parameter"));
                }
                pieces.push(Piece::Place(name.to_owned()));
                *rest = tail;
            }
            Some('[') if within => return Err("a '[' stands within another".to_owned()),
            Some('[') => {
                let part = self::pieces(rest, true)?;
                if !part.iter().any(|piece| matches!(piece, Piece::Place(_))) {
                    return Err("a part in '[ ]' has no parameter that it depends on".to_owned());
                }
                pieces.push(Piece::Part(part));
            }
            Some(']') if within => return Ok(pieces),
            Some(letter) => return Err(format!("a '{letter}' closes nothing")),
        }
    }
}

fn collect<'a>(pieces: &'a [Piece], optional: bool, places: &mut Vec<Place<'a>>) {
    for piece in pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Place(name) => places.push(Place { name, optional }),
            Piece::Part(part) => collect(part, true, places),
        }
    }
}

fn put(pieces: &[Piece], arguments: &Arguments, message: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => message.push_str(text),
            Piece::Place(name) => {
                if let Some(argument) = arguments.get(name) {
                    message.push_str(&argument.text);
                }
            }
            Piece::Part(part) => {
                let known = part.iter().all(|piece| match piece {
                    Piece::Place(name) => arguments.contains_key(name),
                    Piece::Text(_) | Piece::Part(_) => true,
                });
                if known {
                    put(part, arguments, message);
                }
            }
        }
    }
}

fn draw(pieces: &[Piece], text: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Place(_) => text.push('0'),
            Piece::Part(part) => draw(part, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::argument::{Argument, Arguments};
    use super::{Place, Template};

    fn arguments(given: &[(&str, &str)]) -> Arguments {
        let of = |text: &str| Argument {
            text: text.to_owned(),
            value: serde_json::Value::Null,
            number: None,
        };
        given.iter().map(|(name, text)| ((*name).to_owned(), of(text))).collect()
    }

    #[test]
    fn places_are_filled_and_parts_left_out() {
        let template = Template::parse("MEAS:VOLT? {range}[,{resolution}]").unwrap();
        assert_eq!(
            template.places(),
            [
                Place { name: "range", optional: false },
                Place { name: "resolution", optional: true }
            ]
        );
        let fill = |given: &[(&str, &str)]| template.fill(&arguments(given));
        assert_eq!(fill(&[("range", "10")]).unwrap(), "MEAS:VOLT? 10");
        assert_eq!(fill(&[("range", "10"), ("resolution", "1E-3")]).unwrap(), "MEAS:VOLT? 10,1E-3");
        let whole = Template::parse("[INST:NSEL {channel}]").unwrap();
        assert_eq!(whole.fill(&arguments(&[])), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, why) in [
            ("VOLT {x", "a '{' has no '}'"),
            ("VOLT x}", "a '}' closes nothing"),
            ("VOLT [{x}", "a '[' has no ']'"),
            ("VOLT {}", "'{}' does not name a parameter"),
            ("VOLT [5]", "a part in '[ ]' has no parameter that it depends on"),
            ("VOLT\n5", "a message may not contain a line end"),
            ("NAME \"{x}\"", "a parameter may not stand within quotes: texts bring their own"),
            ("NAME \"x", "a quote \" is not closed"),
            (" ", "a message may not be empty"),
        ] {
            assert_eq!(Template::parse(text).unwrap_err(), why, "{text}");
        }
    }
}
