//! What is true of commands on nodes only.

mod reach;
mod stop;
mod survivors;
