//! What each frame of the peer does to a link.

use std::time::Duration;

use super::super::codec::{Apdu, U};
use super::{Link, LinkError, Received, Role, State};

impl Link {
    /// A frame came that is one.
    pub(super) fn take<'f>(
        &mut self,
        apdu: Apdu<'f>,
        now: Duration,
    ) -> Result<Received<'f>, LinkError> {
        match apdu {
            Apdu::I { ns, nr, asdu } => {
                self.take_information(ns, nr, now)?;
                Ok(Received::Asdu(asdu))
            }
            Apdu::S { nr } => {
                self.take_acknowledgement(nr)?;
                Ok(self.stopped_if_all_is_acknowledged())
            }
            Apdu::U(U::TestFrAct) => {
                self.queue_u(U::TestFrCon);
                Ok(Received::Nothing)
            }
            Apdu::U(U::TestFrCon) => {
                self.tested = None;
                Ok(Received::Nothing)
            }
            Apdu::U(said @ (U::StartDtAct | U::StartDtCon | U::StopDtAct | U::StopDtCon)) => {
                self.take_start_or_stop(said)
            }
        }
    }

    fn take_information(&mut self, ns: u16, nr: u16, now: Duration) -> Result<(), LinkError> {
        // An outstation may have begun while its confirmation of STARTDT was on its way, and goes on
        // until it confirms STOPDT.
        let taken = match self.role {
            Role::Controlling => self.state != State::Stopped,
            Role::Controlled => self.state == State::Started,
        };
        if !taken {
            return Err(LinkError::NotStarted);
        }
        if !self.receiving.expects(ns) {
            return Err(LinkError::SendSequence { expected: self.receiving.next(), got: ns });
        }
        self.take_acknowledgement(nr)?;
        self.receiving.take(ns, now);
        // Who is stopping waits for nothing but this.
        if self.receiving.owed() >= self.params.w.max(1) || self.state == State::Stopping {
            self.acknowledge();
        }
        Ok(())
    }

    fn take_acknowledgement(&mut self, nr: u16) -> Result<(), LinkError> {
        if self.sending.acknowledge(nr) {
            return Ok(());
        }
        let (oldest, next) = self.sending.range();
        Err(LinkError::ReceiveSequence { oldest, next, got: nr })
    }

    fn take_start_or_stop(&mut self, said: U) -> Result<Received<'static>, LinkError> {
        match (self.role, said) {
            (Role::Controlled, U::StartDtAct) => {
                self.state = State::Started;
                self.queue_u(U::StartDtCon);
                Ok(Received::Started)
            }
            (Role::Controlled, U::StopDtAct) => {
                self.acknowledge();
                self.state = State::Stopping;
                Ok(self.stopped_if_all_is_acknowledged())
            }
            (Role::Controlling, U::StartDtCon) if self.state == State::Starting => {
                self.state = State::Started;
                self.asked = None;
                Ok(Received::Started)
            }
            (Role::Controlling, U::StopDtCon) if self.state == State::Stopping => {
                self.state = State::Stopped;
                self.asked = None;
                Ok(Received::Stopped)
            }
            // Confirmed twice.
            (Role::Controlling, U::StartDtCon | U::StopDtCon) => Ok(Received::Nothing),
            (_, said) => Err(LinkError::Role(said)),
        }
    }

    /// The controlled side confirms STOPDT once nothing of its own is on its way.
    fn stopped_if_all_is_acknowledged(&mut self) -> Received<'static> {
        let stopping = self.role == Role::Controlled && self.state == State::Stopping;
        if !stopping || self.sending.unacknowledged() > 0 {
            return Received::Nothing;
        }
        self.state = State::Stopped;
        self.queue_u(U::StopDtCon);
        Received::Stopped
    }
}
