//! Jobs on equipment by example: who waits for whom, what a crash leaves, what alarms and records
//! tell, one test each. What holds in general is the business of the seeded worlds.

#![cfg(test)]

mod alarms;
mod gates;
mod records;
mod restarts;
mod rig;
mod stops;
