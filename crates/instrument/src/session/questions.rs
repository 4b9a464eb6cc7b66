//! What every instrument can be asked: who it is, what went wrong, whether it has finished.

use station_wire::scpi::{self, ErrorEntry, EventStatus};
use tokio::time::Instant;

use super::{Identity, Session, identity, shown};
use crate::{Error, ErrorKind};

/// The most entries of an error queue that are read at once.
const MOST_ERRORS: usize = 32;

impl Session {
    /// Asks who it is (`*IDN?`, IEEE 488.2 10.14). The first answer is kept as [`Session::identity`].
    ///
    /// # Errors
    ///
    /// It does not answer, or its answer says nothing; or it cannot be asked
    /// ([`super::Settings::identity_query`]).
    pub async fn identify(&mut self) -> Result<Identity, Error> {
        let Some(query) = self.settings.identity_query.clone() else {
            let said = format!("{} cannot be asked who it is: its driver says so", self.name);
            return Err(Error::new(ErrorKind::Invalid, said));
        };
        let reply = self.question(&query, self.settings.io_timeout).await?;
        let identity = identity::parse(&reply).ok_or_else(|| {
            self.unexpected(&query, &reply, "manufacturer, model, serial number and firmware")
        })?;
        self.identity.get_or_insert_with(|| identity.clone());
        Ok(identity)
    }

    /// Empties its error queue and says what was in it, oldest first (SCPI-1999 volume 2, 21.8); at
    /// most 32 entries, and no longer than twice the I/O time limit.
    ///
    /// # Errors
    ///
    /// It does not answer, or with something else than an entry.
    pub async fn errors(&mut self) -> Result<Vec<ErrorEntry>, Error> {
        let Some(query) = self.settings.error_query.clone() else { return Ok(Vec::new()) };
        let until = Instant::now() + self.settings.io_timeout * 2;
        let mut errors = Vec::new();
        while errors.len() < MOST_ERRORS && Instant::now() < until {
            let reply = self.question(&query, self.settings.io_timeout).await?;
            let entry = ErrorEntry::parse(&reply)
                .map_err(|_| self.unexpected(&query, &reply, "a number and a text"))?;
            if entry.is_none() {
                break;
            }
            errors.push(entry);
        }
        Ok(errors)
    }

    /// Waits until all it has to do is done (`*OPC?`, IEEE 488.2 10.19); at once where it does not
    /// know this.
    ///
    /// # Errors
    ///
    /// It is not done within [`super::Settings::opc_timeout`], or answers something else than 1.
    pub async fn operation_complete(&mut self) -> Result<(), Error> {
        const QUERY: &str = "*OPC?";
        if !self.settings.has_opc {
            return Ok(());
        }
        let reply = self.question(QUERY, self.settings.opc_timeout).await?;
        match scpi::integer(scpi::strip_header(&reply)) {
            Ok(1) => Ok(()),
            Ok(_) | Err(_) => Err(self.unexpected(QUERY, &reply, "1")),
        }
    }

    /// Reads and clears its event status register (`*ESR?`, IEEE 488.2 10.12).
    ///
    /// # Errors
    ///
    /// It does not answer, or with something else than a number up to 255.
    pub async fn event_status(&mut self) -> Result<EventStatus, Error> {
        const QUERY: &str = "*ESR?";
        let reply = self.question(QUERY, self.settings.io_timeout).await?;
        let bits = scpi::integer(scpi::strip_header(&reply)).ok();
        let bits = bits.and_then(|bits| u8::try_from(bits).ok());
        bits.map(EventStatus)
            .ok_or_else(|| self.unexpected(QUERY, &reply, "a number from 0 to 255"))
    }

    fn unexpected(&self, query: &str, reply: &str, wanted: &str) -> Error {
        let said = format!("{} answered {} to {query}, not {wanted}", self.name, shown(reply));
        Error::new(ErrorKind::Reply, said)
    }
}
