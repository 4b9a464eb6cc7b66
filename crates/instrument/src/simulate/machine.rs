//! What makes one instrument differ from another: its commands, and what they do.

use super::language::{Access, Call, Complaint, Outcome};

/// The working part of an instrument. Pure: time and noise come in with each call.
pub(crate) trait Machine: Clone + Default + Send + 'static {
    /// Its commands besides those all instruments have.
    fn commands() -> Vec<Command<Self>>;

    /// Takes over what is not its own: what is wired to it. Settings stay.
    fn keep_wiring(&mut self, before: &Self);

    /// Brings it to that time, in seconds; what is so now, for the status registers.
    fn observe(&mut self, now: f64) -> Conditions;

    /// `*TRG`.
    fn trigger(&mut self, _call: &mut Call<'_>) -> Outcome {
        Err(Complaint::TRIGGER_IGNORED)
    }
}

/// What is so, as the registers of SCPI-1999 volume 1, 9.3 and 9.4 say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) operation: u16,
    pub(crate) questionable: u16,
}

/// A command of a machine.
pub(crate) struct Command<M> {
    /// Its header, such as `[:SOURce#]:VOLTage`.
    pub(crate) pattern: &'static str,
    pub(crate) access: Access,
    pub(crate) run: fn(&mut M, &mut Call<'_>) -> Outcome,
}

/// A setting: command and query.
pub(crate) const fn both<M>(
    pattern: &'static str,
    run: fn(&mut M, &mut Call<'_>) -> Outcome,
) -> Command<M> {
    Command { pattern, access: Access::Both, run }
}

/// Only a query.
pub(crate) const fn query<M>(
    pattern: &'static str,
    run: fn(&mut M, &mut Call<'_>) -> Outcome,
) -> Command<M> {
    Command { pattern, access: Access::Query, run }
}

/// Only a command.
pub(crate) const fn command<M>(
    pattern: &'static str,
    run: fn(&mut M, &mut Call<'_>) -> Outcome,
) -> Command<M> {
    Command { pattern, access: Access::Command, run }
}
