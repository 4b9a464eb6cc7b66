//! How samples are taken from an instrument family: by asking again and again, or from its memory.

use std::time::Duration;

/// How samples are taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Sampling {
    /// Not at all.
    None,
    /// A verb is carried out at each tick, for each channel.
    Poll(Polling),
    /// The instrument fills its own memory, which is then fetched (oscilloscopes).
    Memory(Box<Memory>),
}

/// A verb that reads a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polling {
    /// The verb; each of its outcomes is a column.
    pub verb: String,
    /// The parameter that takes the channel's number, if the verb has one.
    pub channel: Option<String>,
}

/// How a record is taken and fetched. In messages with `{channel}` the channel's number is put; see
/// [`Memory::select`], [`Memory::range`] and [`Memory::waveform`].
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Starts one record.
    pub arm: Vec<String>,
    /// Switches a channel on, so that it is recorded.
    pub(crate) enable: Vec<String>,
    /// Asks for the state of the record.
    pub state_query: String,
    /// Answers that mean that the record is complete, compared without regard to case.
    pub done: Vec<String>,
    /// The time between two questions for the state.
    pub state_interval: Duration,
    /// Makes the trigger happen now, if it does not come by itself.
    pub force_trigger: Option<String>,
    /// Stops taking records, before the memory is read.
    pub stop: Vec<String>,
    /// Asks for the instrument's sample rate, in samples a second.
    pub sample_rate_query: String,
    /// Sets the time of a division, `{scale}`; none if it cannot be set.
    pub(crate) scale: Option<String>,
    /// How many divisions a record has.
    pub divisions: u32,
    /// Chooses channel and form of the transfer.
    pub(crate) select: Vec<String>,
    /// Asks for what turns bytes into values.
    pub preamble_query: String,
    /// Chooses the points `{start}` to `{stop}` of the record, counted from 1.
    pub(crate) range: Vec<String>,
    /// The most points of one transfer; 0 if all come in one.
    pub points_per_transfer: u32,
    /// Asks for the points; the reply is a block (IEEE 488.2 clause 8.7.9).
    pub waveform_query: String,
    /// How a point is stored.
    pub format: SampleFormat,
    /// Where the values of the preamble stand.
    pub(crate) preamble: Layout,
    /// The unit of the values: `V`.
    pub unit: String,
}

/// How one point is stored in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleFormat {
    /// One byte, 0 to 255.
    U8,
    /// One byte, -128 to 127.
    I8,
    /// Two bytes, low byte first.
    I16LittleEndian,
    /// Two bytes, high byte first.
    I16BigEndian,
    /// Two bytes without a sign, low byte first.
    U16LittleEndian,
    /// Two bytes without a sign, high byte first.
    U16BigEndian,
}

/// Where the values of a preamble stand among its comma-separated fields, from 0, and what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) points: usize,
    pub(crate) x_increment: usize,
    pub(crate) x_origin: usize,
    pub(crate) y_increment: usize,
    pub(crate) y_origin: usize,
    pub(crate) y_reference: usize,
    /// Whether the origin is counted in steps (Rigol), not in volts (SCPI-like).
    pub(crate) origin_in_steps: bool,
}

impl Memory {
    /// The messages that choose a channel and the form of the transfer.
    #[must_use]
    pub fn select(&self, channel: u32) -> Vec<String> {
        of_channel(&self.select, channel)
    }

    /// The messages that switch a channel on.
    #[must_use]
    pub fn enable(&self, channel: u32) -> Vec<String> {
        of_channel(&self.enable, channel)
    }

    /// The messages that choose the points `start` to `stop`, counted from 1, both included.
    #[must_use]
    pub fn range(&self, start: u64, stop: u64) -> Vec<String> {
        let (start, stop) = (start.to_string(), stop.to_string());
        let put = |message: &String| message.replace("{start}", &start).replace("{stop}", &stop);
        self.range.iter().map(put).collect()
    }

    /// The message that makes a record so many seconds long, if there is one.
    #[must_use]
    pub fn scale(&self, seconds: f64) -> Option<String> {
        let text = super::value::number(seconds / f64::from(self.divisions.max(1)));
        self.scale.as_ref().map(|message| message.replace("{scale}", &text))
    }
}

fn of_channel(messages: &[String], channel: u32) -> Vec<String> {
    let channel = channel.to_string();
    messages.iter().map(|message| message.replace("{channel}", &channel)).collect()
}
