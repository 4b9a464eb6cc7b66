//! Decides which station is meant: STATION_URL, the daemon of the data directory, or this process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{ClientError, Embedded, InProcess, TcpTransport, Transport, UnixTransport};

/// Where the station is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind a URL.
    Url {
        /// STATION_URL.
        url: String,
        /// STATION_TOKEN.
        token: Option<String>,
    },
    /// In a data directory of this machine.
    Directory(PathBuf),
}

/// A station that can be spoken to.
pub enum Station {
    /// A daemon.
    Daemon(Box<dyn Transport>),
    /// None runs: this process works on the store itself.
    InProcess(Box<dyn InProcess>),
}

impl Station {
    /// The way to it.
    pub fn transport(&mut self) -> &mut dyn Transport {
        match self {
            Self::Daemon(transport) => &mut **transport,
            Self::InProcess(inside) => &mut **inside,
        }
    }
}

/// The data directory: the option, else STATION_DATA_DIR, else the place for a user's state.
pub fn data_dir(
    option: Option<&Path>,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, ClientError> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = option.map(Path::to_owned).or_else(|| set("STATION_DATA_DIR")) {
        return Ok(path);
    }
    // The XDG rules: a relative path there is not valid and is passed over.
    if let Some(state) = set("XDG_STATE_HOME").filter(|path| path.is_absolute()) {
        return Ok(state.join("stationmaster"));
    }
    set("HOME").map(|home| home.join(".local/state/stationmaster")).ok_or_else(|| {
        ClientError::Place(
            "there is no data directory: HOME is not set (name one with --data-dir or STATION_DATA_DIR)"
                .to_owned(),
        )
    })
}

impl Place {
    /// The place that the option and the environment name. An option beats STATION_URL.
    pub fn find(
        option: Option<&Path>,
        env: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ClientError> {
        let text = |name: &str| match env(name).filter(|value| !value.is_empty()) {
            Some(value) => value
                .into_string()
                .map(Some)
                .map_err(|_| ClientError::Place(format!("{name} is not UTF-8"))),
            None => Ok(None),
        };
        match (option, text("STATION_URL")?) {
            (None, Some(url)) => Ok(Self::Url { url, token: text("STATION_TOKEN")? }),
            (Some(_), _) | (None, None) => data_dir(option, env).map(Self::Directory),
        }
    }
}

/// Connects to the daemon at `place`; with none there, opens the store in this process.
pub fn open(place: &Place, embedded: &dyn Embedded) -> Result<Station, ClientError> {
    let directory = match place {
        Place::Url { url, token } => {
            let transport = TcpTransport::connect(url, token.clone())?;
            return Ok(Station::Daemon(Box::new(transport)));
        }
        Place::Directory(directory) => directory,
    };
    let socket = directory.join("station.sock");
    if let Some(transport) = UnixTransport::connect(&socket)? {
        return Ok(Station::Daemon(Box::new(transport)));
    }
    match embedded.open(directory) {
        Ok(inside) => Ok(Station::InProcess(inside)),
        // A daemon may have come up between the two looks.
        Err(busy @ ClientError::Busy { .. }) => match UnixTransport::connect(&socket)? {
            Some(transport) => Ok(Station::Daemon(Box::new(transport))),
            None => Err(busy),
        },
        Err(e) => Err(e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(option: Option<&str>, env: &[(&str, &str)]) -> Result<Place, ClientError> {
        Place::find(option.map(Path::new), &|name| {
            env.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v))
        })
    }

    #[test]
    fn the_nearest_name_wins() {
        let directory = |path: &str| Place::Directory(PathBuf::from(path));
        let all = [("STATION_DATA_DIR", "/d"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(place(Some("/o"), &all).unwrap(), directory("/o"));
        assert_eq!(place(None, &all).unwrap(), directory("/d"));
        assert_eq!(place(None, &all[1..]).unwrap(), directory("/x/stationmaster"));
        assert_eq!(place(None, &all[2..]).unwrap(), directory("/h/.local/state/stationmaster"));
        let relative = [("XDG_STATE_HOME", "x"), ("HOME", "/h")];
        assert_eq!(place(None, &relative).unwrap(), directory("/h/.local/state/stationmaster"));
        assert!(place(None, &[]).is_err());
        let url = [("STATION_URL", "http://h:1"), ("STATION_TOKEN", "t"), ("HOME", "/h")];
        let expected = Place::Url { url: "http://h:1".to_owned(), token: Some("t".to_owned()) };
        assert_eq!(place(None, &url).unwrap(), expected);
        assert_eq!(place(Some("/o"), &url).unwrap(), directory("/o"));
    }
}
