//! The command line that stands for a command on a node, as people would type it.

use std::ffi::OsString;

use station_core::model::NodeKind;

use crate::client::ClientConfig;
use crate::route::Route;
use crate::session::quote;

/// The command line; see [`Node::argv`](super::Node::argv).
pub(super) fn of(config: &ClientConfig, route: &Route, command: &str) -> Vec<OsString> {
    let mut argv: Vec<OsString> = Vec::new();
    let ssh = |argv: &mut Vec<OsString>| {
        argv.push(config.ssh.clone().into());
        if let Some(file) = &config.config_file {
            argv.extend(["-F".into(), file.into()]);
        }
    };
    let command = match &route.relay {
        Some(relay) => {
            ssh(&mut argv);
            argv.push(if relay.contains('@') { relay.into() } else { at("root", relay) });
            quote(command)
        }
        None => command.to_owned(),
    };
    match route.kind {
        NodeKind::Ush => {
            argv.extend([config.ush.clone().into(), route.address.clone().into()]);
        }
        NodeKind::Ssh => {
            if route.relay.is_some() {
                // The relay's own client, with the relay's own settings.
                argv.push("/usr/bin/ssh".into());
            } else {
                ssh(&mut argv);
            }
            if let Some(port) = route.port {
                argv.extend(["-p".into(), port.to_string().into()]);
            }
            argv.push(match &route.user {
                Some(user) => at(user, &route.address),
                None => route.address.clone().into(),
            });
        }
    }
    argv.push(command.into());
    argv
}

fn at(user: &str, host: &str) -> OsString {
    format!("{user}@{host}").into()
}
