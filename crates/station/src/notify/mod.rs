//! Notifiers: how people are told.

mod sendmail;

pub use sendmail::Sendmail;
