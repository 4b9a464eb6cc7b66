//! The desk against independent outstations: what is permitted, sent, answered, and recorded.
#![cfg(test)]

mod book;
mod consent;
mod faults;
mod links;
mod peer;
mod questions;
mod refusals;
mod rig;
mod writes;
