//! The command line against a protocol double: screens, requests, exit statuses.
//!
//! The double answers with prepared documents over a real Unix socket; whether the daemon gives
//! such answers is for the end-to-end tests to show.

#[cfg(test)]
mod acquisitions;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod equipment;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod follow;
#[cfg(test)]
mod help;
#[cfg(test)]
mod import;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod manage;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod outstations;
#[cfg(test)]
mod personality;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod recurring;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod sequences;
#[cfg(test)]
mod submit;
#[cfg(test)]
mod support;
