//! Sessions with outstations: one of the wire's own link, in virtual time, for what is a matter of time
//! alone; and independent ones for everything else.
#![cfg(test)]

mod double;
mod loss;
mod orders;
mod redundant;
mod setup;
mod tls;
