//! Nodes: which machine, how it is reached, and its console. Sessions do the rest.

mod argv;
mod builder;
mod clean;
mod console;
mod registry;

use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;

pub use builder::NodeBuilder;

use super::client::{Client, ClientConfig};
use super::route::Route;
use super::session::{RexecOptions, Session};
use super::sink::LineSink;
use console::Console;

/// A machine that commands are run on. Sessions and commands need only what it says, not the node
/// itself: an open console and a running command do not keep it alive, and neither does the registry
/// ([`Node::instances`]).
///
/// ```
/// use station_remote::{Node, NodeKind};
///
/// let pi = Node::builder("rack-pi", "192.168.1.39").control_master(false).build()?;
/// let router = Node::builder("ap", "192.168.1.1").kind(NodeKind::Ush).relay("bench-pc").build()?;
/// assert_eq!(Node::instances().len(), 2);
/// drop(router);
/// assert_eq!(Node::instances()[0].name(), "rack-pi");
/// # Ok::<(), station_remote::Failure>(())
/// ```
pub struct Node {
    place: Arc<Place>,
    about: About,
    console: Mutex<Option<Console>>,
}

/// What sessions need to know of a node.
pub(crate) struct Place {
    pub(crate) name: Arc<str>,
    pub(crate) route: Route,
    pub(crate) client: Client,
    pub(crate) guard: bool,
    pub(crate) silent: bool,
    pub(crate) sinks: Vec<Arc<dyn LineSink>>,
}

/// What else a node says about itself.
#[derive(Clone, Debug)]
struct About {
    device: Option<String>,
    devip: Option<String>,
    console: bool,
    console_command: String,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("name", &self.name)
            .field("route", &self.route)
            .field("guard", &self.guard)
            .field("silent", &self.silent)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("place", &self.place)
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// A node of that name, at what `ssh` is told: a host name, an address, or an alias of
    /// ssh_config(5).
    pub fn builder(name: impl Into<String>, address: impl Into<String>) -> NodeBuilder {
        NodeBuilder::new(name.into(), address.into())
    }

    /// The client of nodes that are given none: one for the whole program, set up by the environment
    /// when it is first asked for.
    #[must_use]
    pub fn default_client() -> &'static Client {
        static CLIENT: OnceLock<Client> = OnceLock::new();
        CLIENT.get_or_init(|| Client::new(ClientConfig::from_env()))
    }

    /// The nodes that somebody still holds, oldest first. The registry itself keeps none alive.
    #[must_use]
    pub fn instances() -> Vec<Arc<Self>> {
        registry::instances()
    }

    /// What it is called here.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.place.name
    }

    /// How it is reached.
    #[must_use]
    pub fn route(&self) -> &Route {
        &self.place.route
    }

    /// Whether commands share a connection to it; never so for `ush`.
    #[must_use]
    pub fn control_master(&self) -> bool {
        self.place.route.multiplex
    }

    /// Whether its lines are kept out of the program's log.
    #[must_use]
    pub fn silent(&self) -> bool {
        self.place.silent
    }

    /// The device of interest on it, if one was named.
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        self.about.device.as_deref()
    }

    /// That device's address, if one was named.
    #[must_use]
    pub fn devip(&self) -> Option<&str> {
        self.about.devip.as_deref()
    }

    /// The command line that stands for a command on this node: `ssh root@ADDRESS COMMAND`, or
    /// `ush ADDRESS COMMAND`; with a relay, `ssh root@RELAY` before either, and the command quoted once more,
    /// since the relay's shell reads it too. What is really run has, besides, the options that keep
    /// `ssh` from asking, a socket to share its connection by, and the guard.
    #[must_use]
    pub fn argv(&self, command: &str) -> Vec<OsString> {
        argv::of(self.place.client.config(), &self.place.route, command)
    }

    /// A session, for one command after another.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::new(Arc::clone(&self.place))
    }

    /// Runs one command, and returns the session it ran in when it is done: what it put out is
    /// [`Session::results`], how it ended [`Session::outcome`].
    pub async fn rexec(&self, command: impl Into<String>, options: RexecOptions) -> Session {
        let session = self.session();
        session.post_cmd(command, options).await;
        session
    }
}
