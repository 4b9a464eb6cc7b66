//! Frames and ASDUs of IEC 60870-5-104, read and written without I/O and without allocation.
//!
//! ```text
//!  octets ──Deframer──▶ frame ──parse──▶ Apdu ──Asdu::parse──▶ Asdu ──objects──▶ Object…
//!  octets ◀──encode_i, encode_s, encode_u── octets of an ASDU ◀──encode── Header, Objects
//!
//!  apci     frames          asdu, encode  an ASDU and its objects   value, raw  what an object says
//!  deframer a stream        header, cause what an ASDU begins with  quality     how far it is trusted
//!  type_id, layout          the types and their sizes               time        the time tags
//! ```

mod apci;
mod asdu;
mod cause;
mod decode;
mod deframer;
mod encode;
mod header;
mod layout;
mod quality;
mod raw;
mod time;
mod type_id;
mod value;

pub use apci::{
    Apdu, FrameError, LONGEST_ASDU, LONGEST_FRAME, SEQUENCE_MODULUS, START, U, encode_i, encode_s,
    encode_u, parse,
};
pub use asdu::{Asdu, AsduError, LARGEST_IOA, Object, Objects};
pub use cause::Cause;
pub use deframer::Deframer;
pub use encode::{EncodeError, encode};
pub use header::{HEADER_LENGTH, Header};
pub use quality::Quality;
pub use raw::Raw;
pub use time::{Civil, Cp16, Cp24, Cp56, Time};
pub use type_id::{TimeTag, TypeId};
pub use value::{DoublePoint, Value};
