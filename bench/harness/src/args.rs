//! The command line: words, `--flags` and `--name value`; and where results go.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Result;

/// A command line, read.
#[derive(Debug, Default)]
pub(crate) struct Args {
    words: Vec<String>,
    options: BTreeMap<String, String>,
}

impl Args {
    /// Reads the arguments behind the program's name.
    pub(crate) fn read(given: impl Iterator<Item = String>) -> Result<Self> {
        let mut args = Self::default();
        let mut given = given.peekable();
        while let Some(word) = given.next() {
            match word.strip_prefix("--") {
                Some("stamped") => drop(args.options.insert("stamped".into(), String::new())),
                Some(name) => {
                    let value = given.next().ok_or(format!("--{name} wants a value"))?;
                    args.options.insert(name.to_owned(), value);
                }
                None => args.words.push(word),
            }
        }
        Ok(args)
    }

    /// The n-th word.
    pub(crate) fn word(&self, n: usize) -> Option<&str> {
        self.words.get(n).map(String::as_str)
    }

    /// An option's text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// A path that must be given.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf> {
        Ok(self.text(name).ok_or(format!("--{name} is missing"))?.into())
    }

    /// An option's number, or what it is without it.
    pub(crate) fn number<T: FromStr>(&self, name: &str, without: T) -> Result<T> {
        match self.text(name) {
            None => Ok(without),
            Some(text) => text.parse().map_err(|_| format!("--{name} {text}: not a number").into()),
        }
    }

    /// Prints a result and appends it to the results' file as `part TAB key TAB value`.
    pub(crate) fn result(&self, key: &str, value: f64) -> Result<()> {
        println!("    {key:<36} {value:>14.3}");
        if let Some(file) = self.text("results") {
            let part = self.text("part").unwrap_or("-");
            let mut file = OpenOptions::new().create(true).append(true).open(file)?;
            writeln!(file, "{part}\t{key}\t{value}")?;
        }
        Ok(())
    }
}
