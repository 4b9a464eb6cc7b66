//! Jobs on outstations: who waits for whom and until when, what a crash leaves, what the station says
//! of itself, by example; and what holds in general, in seeded worlds.

#![cfg(test)]

mod alarms;
mod examples;
mod random;
mod rig;
mod world;
