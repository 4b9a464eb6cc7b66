//! The catalogue: the drivers built in and those of a directory, found by kind and identity.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::Driver;
use crate::{Error, ErrorKind};

/// The kinds of equipment there are drivers for.
pub const KINDS: [&str; 5] =
    ["electronic_load", "function_generator", "multimeter", "oscilloscope", "power_supply"];

/// The base all built-in drivers extend: the common commands of IEEE 488.2. It is no driver itself.
pub(super) const BASE: (&str, &str) = ("ieee488", include_str!("../../drivers/ieee488.toml"));

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../drivers/", $name, ".toml")))),*]
    };
}

/// The drivers built in.
pub(super) const BUILT_IN: [(&str, &str); COUNT] = built_in![
    "generic_power_supply",
    "generic_electronic_load",
    "generic_multimeter",
    "generic_oscilloscope",
    "generic_function_generator",
    "rigol_dp800",
    "rigol_dp811",
    "rigol_dp821",
    "rigol_dp831",
    "rigol_dl3000",
    "rigol_dm3058",
    "rigol_ds1000z",
    "rigol_mso5000",
    "rigol_dg1000z",
    "bk_9130b",
    "bk_9205",
    "bk_8600",
    "bk_5491",
    "bk_2831",
    "gepace",
    "cryocon",
];
const COUNT: usize = 21;

/// Drivers by name; a user's own wins over a built-in one of the same name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    drivers: BTreeMap<String, (Origin, Arc<Driver>)>,
}

/// Where a driver is from; of two that fit alike, the user's is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    BuiltIn,
    User,
}

impl Catalogue {
    /// The built-in drivers.
    #[must_use]
    pub fn built_in() -> Self {
        static READ: OnceLock<Catalogue> = OnceLock::new();
        READ.get_or_init(|| {
            // A test sees to it that each of them can be read.
            let read = BUILT_IN.iter().filter_map(|(name, text)| Driver::parse(name, text).ok());
            let named =
                |driver: Driver| (driver.name().to_owned(), (Origin::BuiltIn, Arc::new(driver)));
            Self { drivers: read.map(named).collect() }
        })
        .clone()
    }

    /// The built-in drivers and those of a directory's `*.toml` files, each named after its file. A
    /// directory that does not exist has none.
    ///
    /// # Errors
    /// A file cannot be read, or has faults: the first file's, all of them.
    pub fn with_directory(dir: &Path) -> Result<Self, Error> {
        let mut catalogue = Self::built_in();
        let failed = |path: &Path, error: &std::io::Error| {
            let message = format!("cannot read drivers from {}: {error}", path.display());
            Error::new(ErrorKind::Local, message)
        };
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(catalogue),
            Err(error) => return Err(failed(dir, &error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| failed(dir, &error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
            let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
            let driver = Driver::parse(&name.unwrap_or_default(), &text).map_err(|faults| {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                let message =
                    format!("the driver file {} is wrong: {}", path.display(), faults.join("; "));
                Error::new(ErrorKind::Invalid, message)
            })?;
            let (name, driver) = (driver.name().to_owned(), Arc::new(driver));
            catalogue.drivers.insert(name, (Origin::User, driver));
        }
        Ok(catalogue)
    }

    /// The driver of that kind that fits these fields of `*IDN?` best: the one with the most letters
    /// of its patterns in them, or else the generic one of the kind.
    #[must_use]
    pub fn find(
        &self,
        kind: &str,
        manufacturer: &str,
        model: &str,
        firmware: &str,
    ) -> Option<Arc<Driver>> {
        let of_kind = self.drivers.values().filter(|(_, driver)| driver.kind() == kind);
        of_kind
            .filter_map(|(origin, driver)| {
                let letters = driver.fit().specificity(manufacturer, model, firmware)?;
                Some(((letters, *origin), driver))
            })
            .max_by_key(|(rank, _)| *rank)
            .map(|(_, driver)| Arc::clone(driver))
    }

    /// The driver of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Arc<Driver>> {
        self.drivers.get(name).map(|(_, driver)| Arc::clone(driver))
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Driver>> {
        self.drivers.values().map(|(_, driver)| driver)
    }
}

/// The text of a built-in driver or of the base, to be extended.
pub(super) fn text_of(name: &str) -> Option<&'static str> {
    [BASE].iter().chain(&BUILT_IN).find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names that can be extended.
pub(super) fn extendable() -> impl Iterator<Item = &'static str> {
    [BASE].into_iter().chain(BUILT_IN).map(|(name, _)| name)
}
