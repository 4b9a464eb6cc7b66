//! Runs real commands through the links, here and on a node, and looks at everything they report.
#![cfg(test)]

mod bench;
mod contract;
mod local;
mod ssh;
#[path = "../../../remote/tests/support/sshd.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod sshd;
