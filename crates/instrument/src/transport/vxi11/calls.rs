//! Remote procedure calls over one connection, one at a time, whose answers may be waited for later.

use std::time::Duration;

use station_wire::vxi11::{Call, Denied, LONGEST_RECORD, Reply, mark, record};

use crate::transport::Buffered;
use crate::{Error, ErrorKind};

/// A connection for calls.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) connection: Buffered,
    program: (u32, u32),
    /// The number of the next call.
    next: u32,
    /// The call whose answer has not come.
    pub(super) outstanding: Option<u32>,
}

/// Why a call has no results.
#[derive(Debug)]
pub(super) enum CallError {
    Lost(std::io::Error),
    Record(String),
    Denied(Denied),
}

impl Calls {
    pub(super) async fn connect(
        host: &str,
        port: u16,
        name: &str,
        program: (u32, u32),
        limit: Duration,
    ) -> Result<Self, Error> {
        let connection = Buffered::connect(host, port, name, limit).await?;
        Ok(Self::over(connection, program))
    }

    pub(super) fn over(connection: Buffered, program: (u32, u32)) -> Self {
        Self { connection, program, next: 1, outstanding: None }
    }

    /// Has a call sent; its number.
    pub(super) fn begin(&mut self, procedure: u32, arguments: &[u8]) -> u32 {
        let xid = self.next;
        self.next = xid.wrapping_add(1);
        let call = Call { xid, program: self.program, procedure, arguments };
        self.connection.outbound().extend(mark(&call.encode()));
        self.outstanding = Some(xid);
        xid
    }

    pub(super) async fn call(
        &mut self,
        procedure: u32,
        arguments: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        let xid = self.begin(procedure, arguments);
        self.connection.flush().await.map_err(CallError::Lost)?;
        self.answer(xid).await
    }

    /// Waits for the answer to that call; others are skipped.
    pub(super) async fn answer(&mut self, xid: u32) -> Result<Vec<u8>, CallError> {
        loop {
            while let Some(record) = self.next_record()? {
                let Some(reply) = Reply::decode(&record) else {
                    let text = "what came is not an answer of ONC RPC".to_owned();
                    return Err(CallError::Record(text));
                };
                if reply.xid == xid {
                    self.outstanding = None;
                    return reply.outcome.map(<[u8]>::to_vec).map_err(CallError::Denied);
                }
            }
            self.connection.fill().await.map_err(CallError::Lost)?;
        }
    }

    fn next_record(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        let found = record(self.connection.unread(), LONGEST_RECORD);
        let found = found.map_err(|why| CallError::Record(why.to_string()))?;
        Ok(found.map(|(record, used)| {
            self.connection.took(used);
            record
        }))
    }
}

impl CallError {
    /// As an error of an open link.
    pub(super) fn of(self, name: &str) -> Error {
        match self {
            Self::Lost(error) => {
                let text = format!("the connection to {name} was lost: {error}");
                Error::new(ErrorKind::Lost, text)
            }
            Self::Record(text) => Error::new(ErrorKind::Reply, format!("{name}: {text}")),
            Self::Denied(why) => Error::new(ErrorKind::Reply, format!("{name}: {why}")),
        }
    }

    /// As an error of a link that is not yet open.
    pub(super) fn while_opening(self, name: &str) -> Error {
        let why = match self {
            Self::Lost(error) => error.to_string(),
            Self::Record(text) => text,
            Self::Denied(why) => why.to_string(),
        };
        Error::new(ErrorKind::Unreachable, format!("{name} cannot be opened: {why}"))
    }
}
