//! The built program end to end: real daemon, real processes, real SQLite file.
#![cfg(test)]

mod bad_input;
mod crash;
mod faults;
mod lifecycle;
mod support;
