//! Waveforms: bytes of an instrument's memory as values, by its preamble.

use super::near::shown;
use super::parser;
use super::sampling::{Memory, SampleFormat};
use crate::{Error, ErrorKind};

/// What turns the bytes of a record into values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waveform {
    /// How many points the record has.
    pub points: u64,
    /// Seconds from one point to the next.
    pub x_increment: f64,
    /// The time of the first point, in seconds from the trigger.
    pub x_origin: f64,
    y_increment: f64,
    y_origin: f64,
    y_reference: f64,
    origin_in_steps: bool,
    format: SampleFormat,
}

impl Memory {
    /// Reads the reply to [`Memory::preamble_query`].
    ///
    /// # Errors
    /// A field is missing, is no number, or cannot be meant (an increment of zero).
    pub fn waveform(&self, reply: &str) -> Result<Waveform, Error> {
        let fields: Vec<&str> = reply.trim().split(',').collect();
        let field = |at: usize, what: &str| {
            let text = fields.get(at).copied().unwrap_or_default();
            parser::number(text).ok().flatten().ok_or_else(|| {
                Error::new(
                    ErrorKind::Reply,
                    format!(
                        "the preamble '{}' has no {what} as its field {}",
                        shown(reply),
                        at.saturating_add(1)
                    ),
                )
            })
        };
        let layout = &self.preamble;
        let waveform = Waveform {
            points: whole(field(layout.points, "number of points")?),
            x_increment: field(layout.x_increment, "time between points")?,
            x_origin: field(layout.x_origin, "time of the first point")?,
            y_increment: field(layout.y_increment, "value of a step")?,
            y_origin: field(layout.y_origin, "origin")?,
            y_reference: field(layout.y_reference, "reference")?,
            origin_in_steps: layout.origin_in_steps,
            format: self.format,
        };
        if waveform.x_increment > 0.0 && waveform.y_increment != 0.0 {
            Ok(waveform)
        } else {
            let text =
                format!("the preamble '{}' has an increment that cannot be meant", shown(reply));
            Err(Error::new(ErrorKind::Reply, text))
        }
    }
}

impl Waveform {
    /// How many bytes a point has.
    #[must_use]
    pub fn point_size(&self) -> usize {
        match self.format {
            SampleFormat::U8 | SampleFormat::I8 => 1,
            SampleFormat::I16LittleEndian
            | SampleFormat::I16BigEndian
            | SampleFormat::U16LittleEndian
            | SampleFormat::U16BigEndian => 2,
        }
    }

    /// The values of a block, in the unit of [`Memory::unit`]; a half point at its end is left out.
    pub fn values<'a>(&'a self, block: &'a [u8]) -> impl Iterator<Item = f64> + 'a {
        block.chunks_exact(self.point_size()).map(|point| self.value(point))
    }

    /// The time of a point, in seconds from the trigger; points are counted from 0.
    #[must_use]
    pub fn time(&self, point: u32) -> f64 {
        f64::from(point).mul_add(self.x_increment, self.x_origin)
    }

    fn value(&self, point: &[u8]) -> f64 {
        let raw = match (self.format, point) {
            (SampleFormat::U8, [byte]) => f64::from(*byte),
            (SampleFormat::I8, [byte]) => f64::from(i8::from_ne_bytes([*byte])),
            (SampleFormat::I16LittleEndian, [low, high]) => {
                f64::from(i16::from_le_bytes([*low, *high]))
            }
            (SampleFormat::I16BigEndian, [high, low]) => {
                f64::from(i16::from_be_bytes([*high, *low]))
            }
            (SampleFormat::U16LittleEndian, [low, high]) => {
                f64::from(u16::from_le_bytes([*low, *high]))
            }
            (SampleFormat::U16BigEndian, [high, low]) => {
                f64::from(u16::from_be_bytes([*high, *low]))
            }
            // chunks_exact gives no others.
            (_, _) => f64::NAN,
        };
        if self.origin_in_steps {
            (raw - self.y_origin - self.y_reference) * self.y_increment
        } else {
            (raw - self.y_reference).mul_add(self.y_increment, self.y_origin)
        }
    }
}

/// A number of points. Rigol answers it as NR1, others as NR3.
fn whole(number: f64) -> u64 {
    format!("{:.0}", number.max(0.0)).parse().unwrap_or(u64::MAX)
}
