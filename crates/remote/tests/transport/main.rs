//! The transport against real sshds: shared connections, their end, failures, ways through others.
#![cfg(test)]

#[path = "../support/sshd.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod sshd;

mod ending;
mod failing;
mod losing;
mod running;
mod sharing;
mod through;
