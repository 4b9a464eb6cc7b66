//! The bench and the work over it, against our own simulator and instruments that others wrote.
#![cfg(test)]

#[path = "../support/keeper.rs"]
mod keeper;
#[path = "../support/peers.rs"]
mod peers;

mod budget;
mod calls;
mod ending;
mod faults;
mod independent;
mod leases;
mod rig;
mod settings;
mod working;
