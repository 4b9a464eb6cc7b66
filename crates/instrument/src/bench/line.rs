//! A line: an open session with an instrument whose identity was looked at.

use std::time::Duration;

use station_core::model::{Equipment, EquipmentSettings, Identity};

use super::sentence;
use crate::driver::{Driver, Protocol};
use crate::resource::Resource;
use crate::session::{Session, Settings};
use crate::{Error, ErrorKind};

/// How long saying good-bye may take.
const GOOD_BYE: Duration = Duration::from_secs(1);

/// So many entries of an error queue are read at once; more are cleared.
const MOST_ERRORS: usize = 32;

/// An open session.
pub(super) struct Line {
    pub(super) session: Session,
    /// How it was opened; one that was opened another way is of no use any more.
    pub(super) way: Way,
    /// What the instrument answered to `*IDN?`.
    pub(super) identity: Identity,
    /// How many of the session's desyncs were told of.
    pub(super) told: u64,
    /// It answers `*ESR?`.
    pub(super) has_event_status: bool,
}

/// How a session is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    resource: String,
    settings: EquipmentSettings,
    driver: String,
}

impl Way {
    pub(super) fn of(equipment: &Equipment, driver: &Driver) -> Self {
        Self {
            resource: equipment.resource.clone(),
            settings: equipment.settings.clone(),
            driver: driver.name().to_owned(),
        }
    }
}

impl Line {
    /// Opens a session; the instrument must be the one that is registered. Beside it: whether the
    /// instrument says that it was switched on since it was last asked.
    pub(super) async fn open(
        equipment: &Equipment,
        driver: &Driver,
    ) -> Result<(Self, bool), Error> {
        let protocol = driver.protocol();
        let resource = Resource::parse(&equipment.resource)?;
        let settings = settings(protocol, &equipment.settings);
        let mut session = Session::open(&resource, settings).await?;
        let identity = session.identify().await.map_err(unreachable)?;
        compare(&equipment.identity, &identity)?;
        for message in &protocol.on_connect {
            session.send(message).await.map_err(unreachable)?;
        }
        let way = Way::of(equipment, driver);
        let has_event_status = protocol.has_opc;
        let mut line = Self { session, way, identity, told: 0, has_event_status };
        let switched_on = line.first_event_status().await.map_err(unreachable)?;
        line.forget_errors().await.map_err(unreachable)?;
        Ok((line, switched_on))
    }

    /// A line that stands in for one that is lost.
    pub(super) fn never(session: Session, equipment: &Equipment, driver: &Driver) -> Self {
        let (way, identity) = (Way::of(equipment, driver), Identity::default());
        Self { session, way, identity, told: 0, has_event_status: false }
    }

    /// Asks again who is there, after a while without use; whether it was switched on meanwhile.
    pub(super) async fn refresh(&mut self, registered: &Identity) -> Result<bool, Error> {
        self.identity = self.session.identify().await?;
        compare(registered, &self.identity)?;
        let switched_on = self.was_switched_on().await?;
        self.forget_errors().await?;
        Ok(switched_on)
    }

    /// Empties the error queue of what is not its next holder's doing.
    async fn forget_errors(&mut self) -> Result<(), Error> {
        for error in drain(&mut self.session).await? {
            tracing::debug!(error, "an instrument reported what nobody here has done");
        }
        Ok(())
    }

    /// Whether the instrument says that it was switched on since it was last asked (PON; IEEE 488.2,
    /// 11.5.1.1.2). Those that do not keep to IEEE 488.2 say nothing.
    pub(super) async fn was_switched_on(&mut self) -> Result<bool, Error> {
        if !self.has_event_status {
            return Ok(false);
        }
        Ok(self.session.event_status().await?.power_on())
    }

    /// As [`Line::was_switched_on`]; an instrument that does not know the question is not asked again.
    async fn first_event_status(&mut self) -> Result<bool, Error> {
        match self.was_switched_on().await {
            Err(error) if matches!(error.kind, ErrorKind::Timeout | ErrorKind::Reply) => {
                tracing::debug!(%error, "an instrument has no event status register");
                self.has_event_status = false;
                self.session.resynchronise().await?;
                Ok(false)
            }
            asked => asked,
        }
    }

    /// Says good-bye, if the driver has a way to, and closes.
    pub(super) async fn close(mut self, driver: &Driver) {
        let messages = &driver.protocol().on_disconnect;
        if messages.is_empty() || self.session.is_in_doubt() {
            return;
        }
        let good_bye = async {
            for message in messages {
                self.session.send(message).await?;
            }
            Ok::<(), Error>(())
        };
        match tokio::time::timeout(GOOD_BYE, good_bye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "an instrument was left without good-bye"),
            Err(_) => tracing::debug!("an instrument took too long to say good-bye to"),
        }
    }
}

/// Empties the error queue; its entries for people.
pub(super) async fn drain(session: &mut Session) -> Result<Vec<String>, Error> {
    let errors = session.errors().await?;
    let mut texts: Vec<String> =
        errors.iter().map(|entry| format!("{} \"{}\"", entry.code, entry.text)).collect();
    if texts.len() >= MOST_ERRORS {
        session.send("*CLS").await?;
        texts.push("and more, which were cleared".to_owned());
    }
    Ok(texts)
}

/// Whether an instrument is the registered one: what is empty is not compared, nor a serial number
/// `0`, nor the firmware, which may have been replaced.
pub(super) fn compare(registered: &Identity, found: &Identity) -> Result<(), Error> {
    let same = |registered: &str, found: &str| {
        let (registered, found) = (registered.trim(), found.trim());
        registered.is_empty() || registered.eq_ignore_ascii_case(found)
    };
    let unknown = |serial: &str| matches!(serial.trim(), "" | "0");
    let serials = unknown(&registered.serial)
        || unknown(&found.serial)
        || same(&registered.serial, &found.serial);
    if same(&registered.manufacturer, &found.manufacturer)
        && same(&registered.model, &found.model)
        && serials
    {
        return Ok(());
    }
    let message = format!(
        "it is another instrument: {} answers where {} is registered; register it anew if that is meant",
        sentence::identity(found),
        sentence::identity(registered),
    );
    Err(Error::new(ErrorKind::Identity, message))
}

/// An instrument that does not answer `*IDN?` cannot be reached: nothing of what is wanted was sent.
fn unreachable(error: Error) -> Error {
    match error.kind {
        ErrorKind::Timeout | ErrorKind::Lost | ErrorKind::Reply | ErrorKind::Instrument => {
            let lost = error.kind == ErrorKind::Lost;
            let hint = if lost { " (another client may hold it)" } else { "" };
            let message = format!(
                "it was reached, but does not answer as it should: {}{hint}",
                error.message
            );
            Error::new(ErrorKind::Unreachable, message)
        }
        ErrorKind::Invalid
        | ErrorKind::Refused
        | ErrorKind::Busy
        | ErrorKind::Unreachable
        | ErrorKind::Identity
        | ErrorKind::Local
        | ErrorKind::Stopped => error,
    }
}

/// How a session is to be opened: as the equipment says, or else the driver, or else as usual.
pub(super) fn settings(protocol: &Protocol, own: &EquipmentSettings) -> Settings {
    let usual = Settings::default();
    let millis = |own: Option<u32>| own.map(|own| Duration::from_millis(u64::from(own)));
    let terminator = own.terminator.as_ref().or(protocol.terminator.as_ref());
    Settings {
        connect_timeout: millis(own.connect_timeout_ms)
            .or(protocol.connect_timeout)
            .unwrap_or(usual.connect_timeout),
        io_timeout: millis(own.io_timeout_ms).or(protocol.io_timeout).unwrap_or(usual.io_timeout),
        opc_timeout: millis(own.opc_timeout_ms)
            .or(protocol.opc_timeout)
            .unwrap_or(usual.opc_timeout),
        terminator: terminator.map_or(usual.terminator, |text| text.clone().into_bytes()),
        baud: own.baud.unwrap_or(usual.baud),
        error_query: protocol.error_query.clone(),
        has_opc: protocol.has_opc,
        ..Settings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(manufacturer: &str, model: &str, serial: &str) -> Identity {
        Identity {
            manufacturer: manufacturer.to_owned(),
            model: model.to_owned(),
            serial: serial.to_owned(),
            firmware: "1".to_owned(),
        }
    }

    #[test]
    fn only_what_is_registered_is_compared() {
        let found = identity("ACME", "PSU 3", "123");
        for same in [
            identity("ACME", "PSU 3", "123"),
            identity("acme", "", "123"),
            identity("", "", ""),
            identity("ACME", "PSU 3", "0"),
        ] {
            assert_eq!(compare(&same, &found), Ok(()), "{same:?}");
        }
        assert_eq!(
            compare(&identity("ACME", "PSU 3", "9"), &identity("ACME", "PSU 3", "0")),
            Ok(())
        );
        for other in [
            identity("ACME", "PSU 3", "124"),
            identity("ACME", "PSU 4", ""),
            identity("ACMF", "PSU 3", ""),
        ] {
            let error = compare(&other, &found).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Identity, "{other:?}");
            assert!(error.message.contains("'ACME,PSU 3,123,1'"), "{error}");
        }
    }

    #[test]
    fn the_equipment_goes_before_the_driver_and_that_before_the_usual() {
        let protocol = Protocol {
            io_timeout: Some(Duration::from_secs(2)),
            opc_timeout: Some(Duration::from_secs(60)),
            terminator: Some("\r\n".to_owned()),
            ..Protocol::default()
        };
        let own = EquipmentSettings { io_timeout_ms: Some(700), ..EquipmentSettings::default() };
        let settings = settings(&protocol, &own);
        assert_eq!(settings.io_timeout, Duration::from_millis(700));
        assert_eq!(settings.opc_timeout, Duration::from_secs(60));
        assert_eq!(settings.connect_timeout, Settings::default().connect_timeout);
        assert_eq!(settings.terminator, b"\r\n");
    }
}
