//! Reads the options of at, atq, atrm and batch, which may stand among the other words.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::Program;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Take a job.
    Submit {
        /// When the load allows it.
        batch: bool,
    },
    /// `-l`, atq.
    List,
    /// `-d`, `-r`, atrm.
    Remove,
    /// `-c`.
    Print,
}

/// When the output is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mail {
    /// When there is any.
    Output,
    /// `-m`.
    Always,
    /// `-M`.
    Never,
}

/// A command line of at's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) mode: Mode,
    pub(super) help: bool,
    pub(super) version: bool,
    pub(super) verbose: bool,
    pub(super) mail: Mail,
    pub(super) user: Option<String>,
    pub(super) queue: Option<char>,
    pub(super) file: Option<OsString>,
    /// The argument of `-t`.
    pub(super) touch: Option<String>,
    pub(super) format: Option<String>,
    /// The timespec's words, or job numbers.
    pub(super) words: Vec<String>,
    /// What stands after `--`, once there is a time.
    pub(super) command: Option<Vec<OsString>>,
}

/// The options a program takes, as for getopt(3).
fn grammar(program: Program) -> &'static str {
    match program {
        Program::At => "hVq:f:u:mMbvlrdct:o:",
        Program::Atq => "hVvq:o:",
        Program::Atrm => "hV",
        Program::Batch => "hVq:f:u:mMv",
    }
}

impl Options {
    /// Reads the words after the program's name.
    pub(super) fn parse(
        program: Program,
        args: impl Iterator<Item = OsString>,
    ) -> Result<Self, String> {
        let mode = match program {
            Program::At => Mode::Submit { batch: false },
            Program::Atq => Mode::List,
            Program::Atrm => Mode::Remove,
            Program::Batch => Mode::Submit { batch: true },
        };
        let mut options = Self {
            mode,
            help: false,
            version: false,
            verbose: false,
            mail: Mail::Output,
            user: None,
            queue: None,
            file: None,
            touch: None,
            format: None,
            words: Vec::new(),
            command: None,
        };
        let mut args = args;
        let mut ended = false;
        while let Some(arg) = args.next() {
            let has_time = !options.words.is_empty() || options.touch.is_some();
            if arg == "--" && has_time && matches!(options.mode, Mode::Submit { .. }) {
                let words: Vec<OsString> = args.collect();
                options.command = (!words.is_empty()).then_some(words);
                break;
            }
            if arg == "--" && !ended {
                ended = true;
                continue;
            }
            if arg == "--help" && !ended {
                options.help = true;
            } else if !ended && is_option(&arg) {
                options.cluster(grammar(program), arg, &mut args)?;
            } else {
                options.words.push(text(arg)?);
            }
        }
        if !options.help {
            options.check(program)?;
        }
        Ok(options)
    }

    /// Reads one word of options, such as `-mq` with `b` following.
    fn cluster(
        &mut self,
        grammar: &str,
        arg: OsString,
        args: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), String> {
        let mut letters = arg.as_bytes().iter().skip(1).copied();
        while let Some(letter) = letters.next() {
            let name = char::from(letter);
            let place = grammar.find(name).filter(|_| name != ':');
            let Some(place) = place else {
                return Err(format!("there is no option -{}", name.escape_default()));
            };
            if grammar.as_bytes().get(place + 1) != Some(&b':') {
                self.flag(name);
                continue;
            }
            let rest: Vec<u8> = letters.collect();
            let value = if rest.is_empty() {
                args.next().ok_or_else(|| format!("option -{name} needs a value"))?
            } else {
                OsString::from_vec(rest)
            };
            return self.value(name, value);
        }
        Ok(())
    }

    fn flag(&mut self, name: char) {
        match name {
            'h' => self.help = true,
            'V' => self.version = true,
            'v' => self.verbose = true,
            'm' => self.mail = Mail::Always,
            'M' => self.mail = Mail::Never,
            'b' => self.mode = Mode::Submit { batch: true },
            'l' => self.mode = Mode::List,
            'r' | 'd' => self.mode = Mode::Remove,
            'c' => self.mode = Mode::Print,
            _ => {}
        }
    }

    fn value(&mut self, name: char, value: OsString) -> Result<(), String> {
        match name {
            'f' => self.file = Some(value),
            'q' => self.queue = Some(queue(&text(value)?)?),
            'u' => self.user = Some(user(text(value)?)?),
            't' => self.touch = Some(text(value)?),
            'o' => self.format = Some(text(value)?),
            _ => {}
        }
        Ok(())
    }

    fn check(&self, program: Program) -> Result<(), String> {
        match self.mode {
            Mode::Submit { batch } => {
                if self.queue == Some('=') {
                    return Err("queue = holds running jobs: none can be put there".to_owned());
                }
                if self.touch.is_some() && !self.words.is_empty() {
                    return Err("-t and a timespec cannot be given together".to_owned());
                }
                let has_time = self.touch.is_some() || !self.words.is_empty();
                if !batch && !has_time && !self.version {
                    return Err("there is no time".to_owned());
                }
            }
            Mode::Remove | Mode::Print if self.words.is_empty() && !self.version => {
                return Err(format!("{} needs the numbers of jobs", program.name()));
            }
            Mode::Remove | Mode::Print | Mode::List => {}
        }
        Ok(())
    }
}

/// A lone `-` and negative numbers belong to timespecs.
fn is_option(arg: &OsStr) -> bool {
    match arg.as_bytes() {
        [b'-', next, ..] => !next.is_ascii_digit(),
        _ => false,
    }
}

fn text(arg: OsString) -> Result<String, String> {
    arg.into_string()
        .map_err(|arg| format!("'{}' is not UTF-8", super::super::plain(&arg.to_string_lossy())))
}

fn queue(value: &str) -> Result<char, String> {
    let mut letters = value.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() || letter == '=' => Ok(letter),
        _ => Err("a queue is one letter from a to z or A to Z".to_owned()),
    }
}

/// The name becomes an argument of sendmail: nothing that could be an option there.
fn user(name: String) -> Result<String, String> {
    let fine = |c: char| c.is_alphanumeric() || "._-+@".contains(c);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(fine) {
        return Err(format!("'{}' is not a user's name", super::super::plain(&name)));
    }
    Ok(name)
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
