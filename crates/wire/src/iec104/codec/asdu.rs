//! An ASDU and the information objects in it, read where they lie.

use super::decode;
use super::header::{HEADER_LENGTH, Header};
use super::layout::Element;
use super::quality::Quality;
use super::time::{Cp24, Cp56, Time};
use super::type_id::{TimeTag, TypeId};
use super::value::Value;

/// The largest address of an information object: it has three octets.
pub const LARGEST_IOA: u32 = (1 << 24) - 1;

/// How many octets an address has.
const ADDRESS: usize = 3;

/// One information object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Object {
    /// Its address, 0 where it has none.
    pub ioa: u32,
    /// What it says or commands.
    pub value: Value,
    /// How far that can be trusted; good for types that do not say.
    pub quality: Quality,
    /// Its time tag.
    pub time: Option<Time>,
}

impl Object {
    /// An object of good quality without a time tag.
    #[must_use]
    pub const fn new(ioa: u32, value: Value) -> Self {
        Self { ioa, value, quality: Quality::GOOD, time: None }
    }
}

/// An ASDU whose length is right for what its header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asdu<'a> {
    /// What it begins with.
    pub header: Header,
    type_id: TypeId,
    body: &'a [u8],
}

/// An ASDU that cannot be read. The connection is none the worse: the next frame may be fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AsduError {
    /// It ends within its header.
    #[error("an ASDU has {0} octets; its header alone has 6")]
    Short(usize),
    /// The type is not known here.
    #[error("an ASDU has the type {}, which is not supported", .header.type_id)]
    UnknownType {
        /// What it begins with.
        header: Header,
    },
    /// The objects its header announces have another length.
    #[error("an ASDU of type {} announces {} objects, {expected} octets with its header, and has {got}", .header.type_id, .header.count)]
    Length {
        /// What it begins with.
        header: Header,
        /// How many octets it should have.
        expected: usize,
        /// How many it has.
        got: usize,
    },
    /// The addresses of a sequence go on beyond the largest there is.
    #[error("an ASDU has {} objects from the address {first} on, beyond the largest there is, 16777215", .header.count)]
    Addresses {
        /// What it begins with.
        header: Header,
        /// The address of the first object.
        first: u32,
    },
}

impl AsduError {
    /// The header, unless it is that which is missing.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        match self {
            Self::Short(_) => None,
            Self::UnknownType { header }
            | Self::Length { header, .. }
            | Self::Addresses { header, .. } => Some(header),
        }
    }
}

impl<'a> Asdu<'a> {
    /// Reads an ASDU. The objects are read when they are asked for.
    ///
    /// # Errors
    ///
    /// It is of an unknown type, or of another length than its header says.
    pub fn parse(octets: &'a [u8]) -> Result<Self, AsduError> {
        let (Some(header), Some(body)) = (Header::decode(octets), octets.get(HEADER_LENGTH..))
        else {
            return Err(AsduError::Short(octets.len()));
        };
        let Some(type_id) = TypeId::from_u8(header.type_id) else {
            return Err(AsduError::UnknownType { header });
        };
        let (count, size) = (usize::from(header.count), type_id.element_size());
        let objects = if header.sq { ADDRESS + count * size } else { count * (ADDRESS + size) };
        if body.len() != objects {
            let (expected, got) = (HEADER_LENGTH + objects, octets.len());
            return Err(AsduError::Length { header, expected, got });
        }
        if let (true, Some(first)) = (header.sq, address(body))
            && first + u32::from(header.count.saturating_sub(1)) > LARGEST_IOA
        {
            return Err(AsduError::Addresses { header, first });
        }
        Ok(Self { header, type_id, body })
    }

    /// What its objects are.
    #[must_use]
    pub const fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// The objects, in their order.
    #[must_use]
    pub const fn objects(&self) -> Objects<'a> {
        Objects {
            element: self.type_id.element(),
            tag: self.type_id.time_tag(),
            left: self.header.count,
            sequence: self.header.sq,
            next: None,
            body: self.body,
        }
    }

    /// The object, if there is one and no other, as it should be with every command.
    #[must_use]
    pub fn object(&self) -> Option<Object> {
        self.objects().next().filter(|_| self.header.count == 1)
    }
}

/// The objects of an ASDU.
#[derive(Clone, Debug)]
pub struct Objects<'a> {
    element: Element,
    tag: TimeTag,
    left: u8,
    /// Whether only the first has an address.
    sequence: bool,
    /// The address of the next, once the first of a sequence was read.
    next: Option<u32>,
    body: &'a [u8],
}

impl Objects<'_> {
    /// Takes an address off the body.
    fn address(&mut self) -> Option<u32> {
        let address = address(self.body)?;
        self.body = self.body.get(ADDRESS..)?;
        Some(address)
    }

    /// Takes a time tag off the body; `None` within if objects have none.
    fn time(&mut self) -> Option<Option<Time>> {
        let (time, rest) = match self.tag {
            TimeTag::None => return Some(None),
            TimeTag::Cp24 => {
                let (octets, rest) = self.body.split_first_chunk()?;
                (Time::Cp24(Cp24(*octets)), rest)
            }
            TimeTag::Cp56 => {
                let (octets, rest) = self.body.split_first_chunk()?;
                (Time::Cp56(Cp56(*octets)), rest)
            }
        };
        self.body = rest;
        Some(Some(time))
    }
}

impl Iterator for Objects<'_> {
    type Item = Object;

    fn next(&mut self) -> Option<Object> {
        self.left = self.left.checked_sub(1)?;
        let ioa = match self.next {
            Some(next) => next,
            None => self.address()?,
        };
        if self.sequence {
            self.next = Some(ioa + 1);
        }
        let (octets, rest) = self.body.split_at_checked(self.element.size())?;
        self.body = rest;
        let (value, quality) = decode::element(self.element, octets)?;
        Some(Object { ioa, value, quality, time: self.time()? })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(self.left), Some(usize::from(self.left)))
    }
}

impl ExactSizeIterator for Objects<'_> {}

/// The address at the beginning of `octets`.
fn address(octets: &[u8]) -> Option<u32> {
    let &[a, b, c] = octets.first_chunk()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}
