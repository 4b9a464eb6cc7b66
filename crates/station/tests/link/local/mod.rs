//! What is true of commands on this machine only.

mod environment;
mod output;
mod shell;
mod signals;
mod start;
mod survivors;
