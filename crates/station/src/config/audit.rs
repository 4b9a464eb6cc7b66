//! Reads the `[audit]` table: who witnesses the trail, and where it is sent.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::Fault;
use crate::audit::{Syslog, Target, Transport};

/// The table.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) witness: Option<PathBuf>,
    pub(super) keep_free_bytes: Option<u64>,
    syslog: Option<Spanned<String>>,
    syslog_facility: Option<Spanned<u8>>,
    syslog_ca: Option<Spanned<PathBuf>>,
    syslog_cert: Option<Spanned<PathBuf>>,
    syslog_key: Option<Spanned<PathBuf>>,
}

impl Table {
    /// Where the trail is sent.
    pub(super) fn syslog(&self) -> Result<Option<Syslog>, Fault> {
        let Some(url) = &self.syslog else {
            let files = [&self.syslog_ca, &self.syslog_cert, &self.syslog_key];
            let file = files.into_iter().flatten().map(Spanned::span).next();
            return match file.or(self.syslog_facility.as_ref().map(Spanned::span)) {
                Some(at) => Err(fault(at.start, "this needs 'syslog', which says where to")),
                None => Ok(None),
            };
        };
        let wrong = |why: String| fault(url.span().start, &format!("syslog: {why}"));
        let target = Target::parse(url.get_ref()).map_err(wrong)?;
        let ca = file("syslog_ca", self.syslog_ca.as_ref(), &target)?;
        let cert = file("syslog_cert", self.syslog_cert.as_ref(), &target)?;
        let key = file("syslog_key", self.syslog_key.as_ref(), &target)?;
        if target.transport == Transport::Tls && ca.is_none() {
            let why = "over TLS needs 'syslog_ca', the certificates of who names its receiver";
            return Err(wrong(why.to_owned()));
        }
        let identity = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (Some(_), None) => return Err(wrong("'syslog_cert' needs 'syslog_key'".to_owned())),
            (None, Some(_)) => return Err(wrong("'syslog_key' needs 'syslog_cert'".to_owned())),
        };
        Ok(Some(Syslog { target, facility: self.facility()?, ca, identity }))
    }

    fn facility(&self) -> Result<u8, Fault> {
        let Some(facility) = &self.syslog_facility else { return Ok(Syslog::AUDIT) };
        let (number, last) = (*facility.get_ref(), Syslog::LAST_FACILITY);
        if number > last {
            let why = format!("syslog_facility: {number} is none; they go from 0 to {last}");
            return Err(fault(facility.span().start, &why));
        }
        Ok(number)
    }
}

/// A file that TLS needs, which is to be there.
fn file(
    key: &str,
    path: Option<&Spanned<PathBuf>>,
    target: &Target,
) -> Result<Option<PathBuf>, Fault> {
    let Some(path) = path else { return Ok(None) };
    let (at, path) = (path.span().start, path.get_ref());
    if target.transport != Transport::Tls {
        return Err(fault(at, &format!("{key}: is for tls:// alone, and syslog is {target}")));
    }
    if !path.is_file() {
        return Err(fault(at, &format!("{key}: there is no file {}", path.display())));
    }
    Ok(Some(path.clone()))
}

fn fault(at: usize, why: &str) -> Fault {
    Fault { at, why: why.to_owned() }
}
