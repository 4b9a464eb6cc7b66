//! Values with their lines, whether they come from TOML or from JSON.

use std::ops::Range;

use serde_json::{Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Fault;

/// A value and the line it stands on.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// `None` in JSON, whose reader does not tell.
    pub(super) line: Option<u32>,
    pub(super) tree: Tree,
}

#[derive(Clone, Debug)]
pub(super) enum Tree {
    Table(Vec<(String, Node)>),
    List(Vec<Node>),
    /// A text, a number, a boolean or null.
    Leaf(Value),
    /// Something that points have no use for, and what it is.
    Odd(&'static str),
}

impl Node {
    /// Reads TOML.
    pub(super) fn of_toml(text: &str) -> Result<Self, Fault> {
        let lines = Lines::of(text);
        if let Some(at) = too_deep(text) {
            let message = format!("a key has more than {DEEPEST} parts; points need three");
            return Err(Fault { line: Some(lines.line(&(at..at))), message });
        }
        match DeTable::parse(text) {
            Ok(table) => Ok(lines.table(table.span(), table.get_ref())),
            Err(error) => Err(Fault {
                line: error.span().map(|span| lines.line(&span)),
                message: format!("this is not TOML: {}", error.message().trim_end()),
            }),
        }
    }

    /// Takes over JSON.
    pub(super) fn of_json(value: &Value) -> Self {
        let tree = match value {
            Value::Object(map) => Tree::Table(
                map.iter().map(|(key, value)| (key.clone(), Self::of_json(value))).collect(),
            ),
            Value::Array(list) => Tree::List(list.iter().map(Self::of_json).collect()),
            // As in TOML, whole numbers have 64 bits with a sign.
            Value::Number(number) if number.as_i64().is_none() && number.is_u64() => {
                let number = number.as_f64().and_then(Number::from_f64);
                Tree::Leaf(number.map_or(Value::Null, Value::Number))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Tree::Leaf(value.clone())
            }
        };
        Self { line: None, tree }
    }

    /// What it is, for sentences: `a text ("x")`, `a list`.
    pub(super) fn shown(&self) -> String {
        match &self.tree {
            Tree::Table(_) => "a table".to_owned(),
            Tree::List(_) => "a list".to_owned(),
            Tree::Leaf(value @ Value::String(_)) => {
                format!("the text {}", value.to_string().chars().take(60).collect::<String>())
            }
            Tree::Leaf(value) => value.to_string(),
            Tree::Odd(what) => (*what).to_owned(),
        }
    }
}

/// How many dots a key may have. Each is a table in another, which are read, and freed, by recursion.
const DEEPEST: u32 = 64;

/// Where a key of TOML has too many dots. Texts between quotes and comments may have as many as they like.
fn too_deep(text: &str) -> Option<usize> {
    let (mut quote, mut escaped, mut dots) = (None, false, 0);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (_, b'\n') => (quote, escaped, dots) = (None, false, 0),
            (Some(b'"'), b'\\') if !escaped => escaped = true,
            (Some(open), _) if open == byte && !escaped => quote = None,
            (Some(_), _) => escaped = false,
            (None, b'"' | b'\'' | b'#') => quote = Some(byte),
            (None, b'.') => dots += 1,
            (None, b'=' | b',' | b'[' | b']' | b'{' | b'}') => dots = 0,
            (None, _) => {}
        }
        if dots > DEEPEST {
            return Some(at);
        }
    }
    None
}

/// Where the lines of a text begin.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self { starts: ends.map(|(at, _)| at.saturating_add(1)).collect() }
    }

    fn line(&self, span: &Range<usize>) -> u32 {
        let before = self.starts.partition_point(|start| *start <= span.start);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let span = value.span();
        let tree = match value.get_ref() {
            DeValue::Table(table) => return self.table(span, table),
            DeValue::Array(list) => Tree::List(list.iter().map(|value| self.node(value)).collect()),
            DeValue::String(text) => Tree::Leaf(Value::from(text.as_ref())),
            DeValue::Boolean(flag) => Tree::Leaf(Value::Bool(*flag)),
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix());
                number.map_or(Tree::Odd("a number beyond 64 bits"), |number| {
                    Tree::Leaf(number.into())
                })
            }
            DeValue::Float(number) => {
                let number = number.as_str().parse().ok().and_then(Number::from_f64);
                number.map_or(Tree::Odd("no finite number"), |number| Tree::Leaf(number.into()))
            }
            DeValue::Datetime(_) => Tree::Odd("a date"),
        };
        Node { line: Some(self.line(&span)), tree }
    }

    fn table(&self, span: Range<usize>, table: &DeTable<'_>) -> Node {
        let entry = |(key, value): (&Spanned<_>, _)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            (key.clone().into_owned(), self.node(value))
        };
        let tree = Tree::Table(table.iter().map(entry).collect());
        Node { line: Some(self.line(&span)), tree }
    }
}
