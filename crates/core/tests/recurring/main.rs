//! Recurring jobs by example: what the guide promises of misfires, conflicts, limits, pauses and
//! alarms, one test each. What holds in general is the business of the seeded worlds.

#![cfg(test)]

mod conflicts;
mod lives;
mod station;
