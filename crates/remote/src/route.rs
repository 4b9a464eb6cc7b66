//! Routes: how a host is reached.

use station_core::model::{HostKeys, NodeKind};

use super::failure::{Failure, FailureKind};

/// How a host is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    /// What `ssh` or `ush` is told: a host name, an address or an alias of ssh_config(5).
    pub address: String,
    /// The user there; `None`: whom ssh_config(5) names.
    pub user: Option<String>,
    /// The TCP port; `None`: the one ssh_config(5) names.
    pub port: Option<u16>,
    /// The program that reaches it.
    pub kind: NodeKind,
    /// A host (`[USER@]HOST`) on which that program is run, instead of here; as root if it names
    /// no user.
    pub relay: Option<String>,
    /// Commands share connections (only for [`NodeKind::Ssh`] without a relay).
    pub multiplex: bool,
    /// What happens with a host key that is not known.
    pub host_keys: HostKeys,
}

impl Route {
    /// The way to a host over `ssh`, as ssh_config(5) says.
    #[must_use]
    pub fn ssh(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            user: None,
            port: None,
            kind: NodeKind::Ssh,
            relay: None,
            multiplex: true,
            host_keys: HostKeys::Config,
        }
    }

    /// Whether it can be given to a program: neither empty, nor like an option, nor with characters
    /// that no host, user or relay has.
    ///
    /// # Errors
    /// A sentence on what is wrong.
    pub fn check(&self) -> Result<(), Failure> {
        let parts = [("address", Some(&self.address)), ("user", self.user.as_ref())];
        for (what, text) in parts.into_iter().chain([("relay", self.relay.as_ref())]) {
            let Some(text) = text else { continue };
            // Newer versions of ssh refuse those too: a ProxyCommand gives them to a shell.
            let shell = |c| "'`\";&<>|(){}".contains(c) || (c == '$' && what != "user");
            let odd = text.chars().any(|c| c.is_control() || c.is_whitespace() || shell(c));
            if text.is_empty() || text.starts_with('-') || odd {
                let message = format!(
                    "{text:?} is no {what}: it must not be empty, begin with '-', or hold spaces or signs \
                     that mean something to a shell"
                );
                return Err(Failure::new(FailureKind::Invalid, message));
            }
        }
        Ok(())
    }
}
