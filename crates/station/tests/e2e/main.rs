//! The built program end to end: real daemon, real processes, real SQLite file.
#![cfg(test)]

mod bad_input;
mod clock;
mod crash;
mod crash_recurring;
mod environment;
mod faults;
mod fleet;
mod import;
mod instruments_crash;
mod lifecycle;
mod load;
mod manage;
mod nodes;
mod nodes_crash;
mod output;
mod outstations;
mod personality;
mod recurring;
mod rsyslog;
#[path = "../../../remote/tests/support/sshd.rs"]
#[expect(dead_code, reason = "shared with the tests of the library and of the links")]
mod sshd;
mod support;
mod syslog;
mod zones;
