//! Jobs on nodes by example: what is promised of fan-out, limits, ends and restarts, one test each.
//! What holds in general is the business of the seeded worlds.

#![cfg(test)]

mod cluster;
mod ends;
mod fanout;
mod limits;
mod registry;
mod restarts;
