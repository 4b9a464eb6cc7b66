//! Builds nodes.

use std::fmt;
use std::sync::Arc;

use station_core::model::{HostKeys, NodeKind};
use tokio::sync::Mutex;

use super::{About, Node, Place, registry};
use crate::client::Client;
use crate::failure::{Failure, FailureKind};
use crate::route::Route;
use crate::sink::LineSink;

/// What a node is to be; from [`Node::builder`].
#[must_use = "it is no node until it is built"]
pub struct NodeBuilder {
    name: String,
    route: Route,
    client: Option<Client>,
    guard: Option<bool>,
    silent: bool,
    sinks: Vec<Arc<dyn LineSink>>,
    about: About,
}

impl fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeBuilder")
            .field("name", &self.name)
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

impl NodeBuilder {
    pub(super) fn new(name: String, address: String) -> Self {
        Self {
            name,
            route: Route { user: Some("root".to_owned()), ..Route::ssh(address) },
            client: None,
            guard: None,
            silent: false,
            sinks: Vec::new(),
            about: About {
                device: None,
                devip: None,
                console: true,
                console_command: "/usr/bin/dmesg -w".to_owned(),
            },
        }
    }

    /// The user there; `root` unless told.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.route.user = Some(user.into());
        self
    }

    /// The user is whom ssh_config(5) names for the address.
    pub fn user_from_config(mut self) -> Self {
        self.route.user = None;
        self
    }

    /// The TCP port; the one ssh_config(5) names unless told.
    pub fn port(mut self, port: u16) -> Self {
        self.route.port = Some(port);
        self
    }

    /// The program that reaches it; `ssh` unless told. `ush` is given no user and no port.
    pub fn kind(mut self, kind: NodeKind) -> Self {
        self.route.kind = kind;
        self
    }

    /// A host (`[USER@]HOST`, root unless told) on which that program is run, instead of here.
    pub fn relay(mut self, relay: impl Into<String>) -> Self {
        self.route.relay = Some(relay.into());
        self
    }

    /// Commands share a connection (unless told otherwise, they do); never so for `ush` or behind a relay.
    pub fn control_master(mut self, on: bool) -> Self {
        self.route.multiplex = on;
        self
    }

    /// What happens with a host key that is not known.
    pub fn host_keys(mut self, host_keys: HostKeys) -> Self {
        self.route.host_keys = host_keys;
        self
    }

    /// Lines are kept out of the program's log; sinks get them all the same.
    pub fn silent(mut self, silent: bool) -> Self {
        self.silent = silent;
        self
    }

    /// Commands run under a guard that ends them there. Unless told otherwise they do with `ssh`; not with
    /// `ush`, of which it is not known whether it passes on its standard input.
    pub fn guard(mut self, on: bool) -> Self {
        self.guard = Some(on);
        self
    }

    /// A sink for the lines of all its sessions; more than one may be added.
    pub fn sink(mut self, sink: Arc<dyn LineSink>) -> Self {
        self.sinks.push(sink);
        self
    }

    /// The device of interest on it.
    pub fn device(mut self, device: impl Into<String>) -> Self {
        self.about.device = Some(device.into());
        self
    }

    /// That device's address.
    pub fn devip(mut self, address: impl Into<String>) -> Self {
        self.about.devip = Some(address.into());
        self
    }

    /// Whether [`Node::open_consoles`] opens one here; unless told otherwise it does.
    pub fn console(mut self, on: bool) -> Self {
        self.about.console = on;
        self
    }

    /// What its console runs; `/usr/bin/dmesg -w` unless told.
    pub fn console_command(mut self, command: impl Into<String>) -> Self {
        self.about.console_command = command.into();
        self
    }

    /// The client that reaches it; unless told, the program's [default](Node::default_client).
    pub fn client(mut self, client: &Client) -> Self {
        self.client = Some(client.clone());
        self
    }

    /// Makes the node, and enters it into the registry.
    ///
    /// # Errors
    /// When its name is empty, or its address, user or relay is none.
    pub fn build(mut self) -> Result<Arc<Node>, Failure> {
        if self.name.is_empty() || self.name.contains(char::is_control) {
            let message = format!(
                "{:?} is no name for a node: it must not be empty or hold control characters",
                self.name
            );
            return Err(Failure::new(FailureKind::Invalid, message));
        }
        if self.route.kind == NodeKind::Ush {
            self.route.user = None;
            self.route.port = None;
        }
        self.route.multiplex &= self.route.kind == NodeKind::Ssh && self.route.relay.is_none();
        self.route.check()?;
        let place = Place {
            name: self.name.into(),
            guard: self.guard.unwrap_or(self.route.kind == NodeKind::Ssh),
            route: self.route,
            client: self.client.unwrap_or_else(|| Node::default_client().clone()),
            silent: self.silent,
            sinks: self.sinks,
        };
        let console = Mutex::new(None);
        let node = Arc::new(Node { place: Arc::new(place), about: self.about, console });
        registry::add(&node);
        Ok(node)
    }
}
