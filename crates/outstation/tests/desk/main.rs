//! The desk against independent outstations: what is permitted, sent, answered, and recorded.
#![cfg(test)]

mod book;
mod consent;
mod doubt;
mod faults;
mod floods;
mod glass;
mod links;
mod own_clock;
mod peer;
mod questions;
mod raw;
mod refusals;
mod rig;
mod writes;
