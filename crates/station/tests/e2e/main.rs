//! The built program end to end: real daemon, real processes, real SQLite file.
#![cfg(test)]

mod bad_input;
mod clock;
mod crash;
mod crash_recurring;
mod environment;
mod faults;
mod import;
mod lifecycle;
mod load;
mod manage;
mod output;
mod personality;
mod recurring;
mod support;
mod zones;
