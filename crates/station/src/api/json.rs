//! Reads a JSON body once into borrowed values, so that faults can name the field and its value.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The most values a body may hold; bounds the memory a small text can take.
const MAX_VALUES: u32 = 200_000;

/// The longest value echoed in a fault, in characters.
const MAX_ECHO: usize = 200;

/// A JSON value that borrows from the body where it can. Objects keep their order and duplicates.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond `i64`.
    Big(u64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object.
    Map(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// The value for a fault's `input`: what is short and flat; null for everything else.
    pub(super) fn echo(&self) -> Value {
        match self {
            Self::Bool(given) => Value::from(*given),
            Self::Int(given) => Value::from(*given),
            Self::Big(given) => Value::from(*given),
            Self::Float(given) => Value::from(*given),
            Self::Text(text) if text.chars().nth(MAX_ECHO).is_none() => Value::from(text.as_ref()),
            Self::Null | Self::Text(_) | Self::List(_) | Self::Map(_) => Value::Null,
        }
    }
}

/// Parses a whole body.
pub(super) fn parse(body: &[u8]) -> Result<Json<'_>, serde_json::Error> {
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Seed { left: &left }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The byte at which parsing failed.
pub(super) fn offset(body: &[u8], error: &serde_json::Error) -> usize {
    let lines = error.line().saturating_sub(1);
    let before: usize = body.split_inclusive(|b| *b == b'\n').take(lines).map(<[u8]>::len).sum();
    before.saturating_add(error.column().saturating_sub(1)).min(body.len())
}

#[derive(Clone, Copy)]
struct Seed<'b> {
    left: &'b Cell<u32>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(D::Error::custom(format_args!("more than {MAX_VALUES} values")));
        };
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::Big(value), Json::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry_seed(Key, self)? {
            map.push(entry);
        }
        Ok(Json::Map(map))
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_borrowed_where_they_can_be() {
        let Json::Map(map) = parse(br#"{"a":"plain","b":"\n","c":[1,2.5,null,true]}"#).unwrap()
        else {
            panic!("no object");
        };
        assert!(matches!(&map[0].1, Json::Text(Cow::Borrowed("plain"))));
        assert!(matches!(&map[1].1, Json::Text(Cow::Owned(text)) if text == "\n"));
        let list = vec![Json::Int(1), Json::Float(2.5), Json::Null, Json::Bool(true)];
        assert_eq!(map[2].1, Json::List(list));
        assert_eq!(parse(b"18446744073709551615").unwrap(), Json::Big(u64::MAX));
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
        assert!(parse(&deep).unwrap_err().to_string().contains("recursion limit"));
        let deep = b"{\"a\":".repeat(100_000);
        assert!(parse(&deep).is_err());
        let wide = format!("[{}0]", "0,".repeat(200_000));
        assert!(parse(wide.as_bytes()).unwrap_err().to_string().contains("200000 values"));
    }

    #[test]
    fn the_place_of_a_fault_is_a_byte_of_the_body() {
        for (body, at) in [("{\"a\":1,}", 7), ("{\n\"a\" 1}", 6), ("", 0), ("nul", 2), ("{} x", 3)]
        {
            let error = parse(body.as_bytes()).unwrap_err();
            assert_eq!(offset(body.as_bytes(), &error), at, "{body}: {error}");
        }
    }
}
