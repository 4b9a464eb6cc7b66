//! A simulated instrument as a process of its own, as a newcomer starts it.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use station_instrument::Resource;

use crate::Result;
use crate::args::Args;
use crate::station::remember;

/// A process that ends with the value.
#[derive(Debug)]
pub(crate) struct Simulator {
    child: Child,
    /// Its raw TCP.
    pub(crate) socket: Link,
    /// Its HiSLIP.
    pub(crate) hislip: Link,
}

/// One way to reach it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// As clients of VISA know it.
    pub(crate) text: String,
    /// As the library knows it.
    pub(crate) resource: Resource,
    /// As a socket knows it.
    pub(crate) address: SocketAddr,
}

impl Simulator {
    /// Starts one and waits until it tells where it is reached.
    pub(crate) fn start(args: &Args, model: &str) -> Result<Self> {
        let mut child = Command::new(args.path("station")?)
            .args(["simulate", "instrument", "--json", "--model", model])
            .args(["--listen", "127.0.0.1:0", "--hislip", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        remember(child.id())?;
        let output = child.stdout.take().ok_or("the simulator has no output")?;
        let told = serde_json::Deserializer::from_reader(output).into_iter::<Value>().next();
        let links: Result<Vec<Link>> = match told {
            Some(Ok(told)) => {
                let all = told["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
                all.iter().filter_map(Value::as_str).map(Link::read).collect()
            }
            Some(Err(error)) => Err(error.into()),
            None => Err("the simulator ended at once".into()),
        };
        match links.map(<[Link; 2]>::try_from) {
            Ok(Ok([socket, hislip])) => Ok(Self { child, socket, hislip }),
            Ok(Err(other)) => Err(format!("the simulator has these links: {other:?}").into()),
            Err(error) => Err(error),
        }
    }
}

impl Link {
    fn read(text: &str) -> Result<Self> {
        let resource = Resource::parse(text)?;
        let (Resource::Socket { host, port } | Resource::Hislip { host, port, .. }) = &resource
        else {
            return Err(format!("{text} is no link of these").into());
        };
        let address = SocketAddr::new(host.parse()?, *port);
        Ok(Self { text: text.to_owned(), resource, address })
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
