//! The kinds of values requests are made of, as schemas that allow exactly what is accepted.
//!
//! Numbers and booleans may be given as text, and a null counts as an absent field: each schema
//! lists all the types it takes, and every keyword holds for its own type only.

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, AnyOfBuilder, Array};
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};

/// A schema or the name of one.
pub(super) type Node = RefOr<Schema>;

/// A whole number as text.
pub(super) const WHOLE: &str = r"^\s*[+-]?[0-9]+\s*$";
/// A number as text.
const NUMBER: &str = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$";
/// A boolean as text.
const BOOLEAN: &str = "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|[Oo][Nn]|[Oo][Ff][Ff]|[TtYyFfNn01])$";
/// A text on one line that is not blank.
const LABEL: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// The name of a node or a group.
pub(super) const NODE: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$";
/// Ten years, the longest span, in seconds.
const TEN_YEARS: f64 = 315_360_000.0;

/// A value under construction.
pub(super) struct Kind {
    object: ObjectBuilder,
    types: Vec<Type>,
    /// What a text must match.
    pattern: Option<String>,
    /// The only values there are.
    values: Vec<Value>,
    /// What the elements of a list are, and how many there may be.
    list: Option<(Node, Option<usize>)>,
    /// The name of a schema that says it all.
    named: Option<&'static str>,
    description: Option<&'static str>,
    default: Option<Value>,
}

fn kind(types: &[Type]) -> Kind {
    Kind {
        object: ObjectBuilder::new(),
        types: types.to_vec(),
        pattern: None,
        values: Vec::new(),
        list: None,
        named: None,
        description: None,
        default: None,
    }
}

/// A whole number between two limits, or its text.
pub(super) fn whole(least: i64, most: i64) -> Kind {
    let mut whole = kind(&[Type::Integer, Type::String]).pattern(WHOLE);
    whole.object = whole.object.minimum(Some(float(least)));
    if most != i64::MAX {
        whole.object = whole.object.maximum(Some(float(most)));
    }
    whole
}

/// A number between two limits, or its text.
pub(super) fn number(least: f64, most: Option<f64>) -> Kind {
    let mut number = kind(&[Type::Number, Type::String]).pattern(NUMBER);
    number.object = number.object.minimum(Some(least)).maximum(most);
    number
}

/// A number of seconds, or its text.
pub(super) fn seconds(least: f64) -> Kind {
    number(least, Some(TEN_YEARS))
}

/// A boolean, 0 or 1, or a word for one.
pub(super) fn boolean() -> Kind {
    let mut boolean = kind(&[Type::Boolean, Type::Integer, Type::String]).pattern(BOOLEAN);
    boolean.object = boolean.object.minimum(Some(0.0)).maximum(Some(1.0));
    boolean
}

/// Any text.
pub(super) fn text() -> Kind {
    kind(&[Type::String])
}

/// A text on one line that is not blank, of at most so many characters.
pub(super) fn label(longest: usize) -> Kind {
    let mut label = text().pattern(LABEL);
    label.object = label.object.max_length(Some(longest));
    label
}

/// One of several words.
pub(super) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Kind {
    let mut kind = text();
    kind.values = words.into_iter().map(Value::from).collect();
    kind
}

/// An id, or a number that has lost its quotes.
pub(super) fn id() -> Kind {
    kind(&[Type::String, Type::Integer])
}

/// Any value.
pub(super) fn any() -> Kind {
    kind(&[
        Type::Null,
        Type::Boolean,
        Type::Integer,
        Type::Number,
        Type::String,
        Type::Array,
        Type::Object,
    ])
}

/// A text, a number, true or false.
pub(super) fn scalar() -> Kind {
    kind(&[Type::String, Type::Number, Type::Boolean])
}

/// Nothing but null.
pub(super) fn null() -> Kind {
    kind(&[Type::Null])
}

/// Nothing but true.
pub(super) fn success() -> Kind {
    let mut success = kind(&[Type::Boolean]);
    success.values = vec![true.into()];
    success
}

/// A list of at most so many.
pub(super) fn list(items: impl Into<Node>, most: Option<usize>) -> Kind {
    let mut list = kind(&[Type::Array]);
    list.list = Some((items.into(), most));
    list
}

/// What the schema of this name says.
pub(super) fn named(name: &'static str) -> Kind {
    let mut kind = kind(&[]);
    kind.named = Some(name);
    kind
}

/// Text, or `{"hex": "…"}` for bytes that are not UTF-8.
pub(super) fn bytes() -> Kind {
    let mut bytes = kind(&[Type::String, Type::Object]);
    let hex = text().pattern("^([0-9a-fA-F]{2})*$");
    bytes.object = bytes
        .object
        .property("hex", hex)
        .required("hex")
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    bytes
}

/// An object with these fields.
pub(super) fn object(fields: Vec<(&'static str, Kind)>, required: &[&str]) -> Kind {
    let mut object = kind(&[Type::Object]);
    for (name, field) in fields {
        object.object = object.object.property(name, field);
    }
    for name in required {
        object.object = object.object.required(*name);
    }
    object
}

/// An object whose names and values are of these kinds.
pub(super) fn map(names: Kind, values: Kind) -> Kind {
    let mut map = kind(&[Type::Object]);
    map.object = map
        .object
        .property_names(Some(names.schema()))
        .additional_properties(Some(AdditionalProperties::RefOr(values.into())));
    map
}

/// An object that also has at least one of these fields, with examples.
pub(super) fn with_one_of<const N: usize>(
    object: Kind,
    fields: &[&str],
    examples: [Value; N],
) -> Node {
    let one_of = fields.iter().fold(AnyOfBuilder::new(), |any, field| {
        any.item(Object::builder().schema_type(SchemaType::AnyValue).required(*field))
    });
    let all = utoipa::openapi::AllOf::builder().item(object).item(Schema::AnyOf(one_of.build()));
    RefOr::T(Schema::AllOf(all.examples(examples).build()))
}

/// One of two objects, with nothing in them that is not described.
pub(super) fn either(one: Kind, other: Kind) -> Node {
    let either = AnyOfBuilder::new().item(one.closed()).item(other.closed());
    RefOr::T(Schema::AnyOf(either.build()))
}

/// Any of several.
pub(super) fn any_of<const N: usize>(kinds: [Kind; N]) -> Node {
    let any = kinds.into_iter().fold(AnyOfBuilder::new(), |any, kind| any.item(Node::from(kind)));
    RefOr::T(Schema::AnyOf(any.build()))
}

impl Kind {
    /// An object has no other fields.
    pub(super) fn closed(mut self) -> Self {
        let none = Some(AdditionalProperties::FreeForm(false));
        self.object = self.object.additional_properties(none);
        self
    }

    /// What it means, in words.
    pub(super) fn says(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// What holds when it is left out.
    pub(super) fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// A null counts as absent.
    pub(super) fn or_null(mut self) -> Self {
        self.types.push(Type::Null);
        if !self.values.is_empty() {
            self.values.push(Value::Null);
        }
        self
    }

    /// An empty text counts as absent.
    pub(super) fn or_empty(mut self) -> Self {
        self.pattern = self.pattern.map(|pattern| format!("^({})?$", inner(&pattern)));
        if !self.values.is_empty() {
            self.values.push("".into());
        }
        self
    }

    /// This word is taken as well.
    pub(super) fn or_word(mut self, word: &str) -> Self {
        self.pattern = self.pattern.map(|pattern| format!("^({word}|{})$", inner(&pattern)));
        self
    }

    /// A text must match it.
    pub(super) fn pattern(mut self, pattern: &str) -> Self {
        self.pattern = Some(pattern.to_owned());
        self
    }

    /// Any text is taken as well.
    pub(super) fn or_text(mut self) -> Self {
        self.types.push(Type::String);
        self
    }

    /// A whole number is taken as well.
    pub(super) fn or_whole(mut self) -> Self {
        self.types.push(Type::Integer);
        self
    }

    /// A text has at most so many characters.
    pub(super) fn at_most(mut self, longest: usize) -> Self {
        self.object = self.object.max_length(Some(longest));
        self
    }

    /// What holds for every job is nothing a change falls back to.
    pub(super) fn without_default(mut self) -> Self {
        self.default = None;
        self
    }

    /// What a schema says of it.
    pub(super) fn schema(self) -> Schema {
        let types = match self.types.as_slice() {
            [one] => SchemaType::Type(one.clone()),
            several => SchemaType::Array(several.to_vec()),
        };
        if let Some((items, most)) = self.list {
            let list = Array::builder().schema_type(types).items(items).max_items(most);
            return Schema::Array(list.description(self.description).build());
        }
        let values = Some(self.values).filter(|values| !values.is_empty());
        let object = self.object.schema_type(types).pattern(self.pattern).enum_values(values);
        Schema::Object(object.description(self.description).default(self.default).build())
    }
}

impl From<Kind> for Node {
    fn from(kind: Kind) -> Self {
        match kind.named {
            Some(name) => Ref::from_schema_name(name).into(),
            None => RefOr::T(kind.schema()),
        }
    }
}

/// A pattern of a whole text, without its marks of beginning and end.
fn inner(pattern: &str) -> &str {
    pattern.trim_start_matches('^').trim_end_matches('$')
}

/// The limits of numbers are floating point in a schema; those here are exact in it.
#[expect(clippy::cast_precision_loss, reason = "the limits are far below 2^53, or left out")]
fn float(limit: i64) -> f64 {
    limit as f64
}
