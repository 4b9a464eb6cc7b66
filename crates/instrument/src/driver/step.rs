//! Steps: what is to be done with an instrument, one after the other, to carry out a verb.

use std::time::Duration;

use super::parser::Parser;

/// One thing to do with an instrument.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send one program message; no reply comes.
    Send {
        /// The message, without its terminator.
        message: String,
    },
    /// Send one program message and read its reply.
    Ask {
        /// The message, without its terminator.
        message: String,
        /// What reads the reply.
        parse: Parser,
        /// The key of the result: `voltage`. Empty if the reply is of no interest, or an object whose
        /// members are the results; see [`Parser::results`].
        name: String,
        /// The unit of a number: `V`.
        unit: Option<String>,
    },
    /// Read one channel's waveform, as [`super::Sampling::Memory`] of the same driver says.
    Waveform {
        /// The channel, from 1.
        channel: u32,
        /// The key of the result.
        name: String,
    },
    /// Do nothing for so long.
    Wait(Duration),
    /// Do steps again and again: at the start and then at each full interval, while that is before
    /// the end; then wait for the end. What they read becomes a list.
    Repeat {
        /// How long in all.
        for_: Duration,
        /// From one start to the next.
        every: Duration,
        /// What is done each time.
        steps: Vec<Step>,
    },
    /// A promise: from here on these steps are carried out when the plan ends, in whatever way (done,
    /// failed, cancelled, out of time). Of several, the last promised is kept first.
    Finally(Vec<Step>),
}
