//! Sessions with outstations: one of the wire's own link, in virtual time, for what is a matter of time
//! alone; and independent ones for everything else.
#![cfg(test)]
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among all")]

mod certificates;
mod double;
mod faults;
mod hostile;
mod independent;
mod loss;
mod orders;
mod python;
mod redundant;
mod setup;
mod tls;
mod upkeep;
