//! The pure core of Stationmaster: it decides, and does no I/O.
//!
//! Time, randomness and the time-zone database come in as values; what is to be stored and done
//! goes out as values ([`engine::Change`], [`engine::Effect`]). Only ordered collections are used:
//! iteration order is behaviour.
//!
//! Imports run one way: [`model`] ← [`when`] ← [`trigger`] ← [`policy`] ← [`engine`];
//! [`forecast`] stands beside the engine, on [`trigger`].

pub mod audit;
pub mod engine;
pub mod forecast;
pub mod model;
pub mod near;
pub mod policy;
pub mod trigger;
pub mod when;
