//! What records are found by: a few fields that the store keeps beside the text of each.

use std::borrow::Cow;

use serde::Deserialize;

use super::entry::{Entry, Kind, Status};
use crate::model::Principal;

/// The fields of a record that it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index<'t> {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Its kind.
    pub kind: Kind,
    /// Its status.
    pub status: Status,
    /// What belongs together.
    pub correlation: Cow<'t, str>,
    /// What it is done to.
    pub subject: Cow<'t, str>,
    /// What is done.
    pub action: Cow<'t, str>,
    /// Who, as people see it; `None`: the station.
    pub operator: Option<String>,
    /// The outstation it is about.
    pub outstation: Option<Cow<'t, str>>,
}

impl<'t> Index<'t> {
    /// That of an entry.
    #[must_use]
    pub fn of(entry: &'t Entry) -> Self {
        let subject = Cow::Borrowed(entry.subject.as_str());
        let named = entry.telecontrol.as_ref().map(|told| Cow::Borrowed(told.outstation.as_str()));
        Self {
            at: entry.at.0,
            kind: entry.kind,
            status: entry.status,
            correlation: Cow::Borrowed(&entry.correlation),
            outstation: named.or_else(|| outstation(&subject)),
            subject,
            action: Cow::Borrowed(&entry.action),
            operator: entry.by.principal.as_ref().map(Principal::label),
        }
    }
}

/// The outstation that a subject names, as in `outstation SS1/breaker-7`.
fn outstation<'t>(subject: &Cow<'t, str>) -> Option<Cow<'t, str>> {
    fn named(subject: &str) -> Option<&str> {
        subject.strip_prefix("outstation ")?.split('/').next()
    }
    match subject {
        Cow::Borrowed(subject) => named(subject).map(Cow::Borrowed),
        Cow::Owned(subject) => named(subject).map(|name| Cow::Owned(name.to_owned())),
    }
}

/// What is read of a text to verify it: the rest is passed over.
#[derive(Deserialize)]
pub(super) struct Glance<'t> {
    pub(super) seq: u64,
    #[serde(borrow)]
    pub(super) previous: Cow<'t, str>,
    at: i64,
    kind: Kind,
    status: Status,
    #[serde(borrow)]
    correlation: Cow<'t, str>,
    #[serde(borrow)]
    subject: Cow<'t, str>,
    #[serde(borrow)]
    action: Cow<'t, str>,
    by: Who,
    #[serde(borrow, default)]
    telecontrol: Option<Where<'t>>,
}

#[derive(Deserialize)]
struct Who {
    #[serde(default)]
    principal: Option<Principal>,
}

#[derive(Deserialize)]
struct Where<'t> {
    #[serde(borrow)]
    outstation: Cow<'t, str>,
}

impl<'t> Glance<'t> {
    pub(super) fn index(self) -> Index<'t> {
        let named = self.telecontrol.map(|told| told.outstation);
        Index {
            at: self.at,
            kind: self.kind,
            status: self.status,
            correlation: self.correlation,
            outstation: named.or_else(|| outstation(&self.subject)),
            subject: self.subject,
            action: self.action,
            operator: self.by.principal.as_ref().map(Principal::label),
        }
    }
}
