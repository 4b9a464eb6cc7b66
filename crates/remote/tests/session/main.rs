//! §16.1 to §16.3 and §16.8 of the design: sessions over a real sshd.
#![cfg(test)]

mod completion;
mod ending;
mod input;
mod sinks;
mod streaming;
mod timeouts;

#[path = "../support/rig.rs"]
mod rig;
