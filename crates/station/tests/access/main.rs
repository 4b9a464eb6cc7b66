//! Who gets in over real sockets, and what becomes of those who take their time.
#![cfg(test)]

mod entry;
mod limits;
mod support;
mod tls;
