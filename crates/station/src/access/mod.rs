//! Decides who may come in over the network, as whom, and from which web pages.
//!
//! ```text
//! head ─▶ rate ─▶ Host ─▶ Origin ─▶ claim ─▶ token, by its hash ─▶ Caller
//!           429     421      403       401          401, 429
//! ```
//!
//! [`Gate`] judges the head of a request by itself, without I/O; the server looks up the token in
//! between and puts the [`Caller`] into the request's extensions. What a caller may do on which path
//! is for the API to say, with [`Caller::require`] and [`Caller::require_named`].

mod first;
mod gate;
mod headers;
mod listen;
mod logins;
mod origin;
mod rate;
mod secret;
mod tokens;

use station_core::audit::Actor;
use station_core::model::{Principal, Role};

pub use self::first::{FirstToken, first_token};
pub use self::gate::{Claim, Gate, Head, Settings};
pub(crate) use self::gate::{anonymous, unreadable, without_secret};
pub use self::headers::{Rejection, allow_origin, dress, preflight};
pub use self::listen::{
    Listen, Rate, TlsFiles, parse_anonymous, parse_host, parse_listen, parse_origin, parse_rate,
    parse_role,
};
pub use self::logins::{Denied, Journal, Logins};
pub use self::origin::{Host, Origin};
pub use self::secret::{Secret, hash, issue};
pub use self::tokens::{Generation, Lookup, Tokens};

/// Who asks, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who it is.
    pub principal: Principal,
    /// What they may do.
    pub role: Role,
    /// They have shown nothing that says who they are.
    pub anonymous: bool,
    /// The address they came from, `ip:port`; through the Unix socket `unix:pid`.
    pub source: Option<String>,
}

impl Caller {
    /// A user of this machine, who came through the Unix socket.
    #[must_use]
    pub fn local(principal: Principal) -> Self {
        Self { principal, role: Role::Admin, anonymous: false, source: None }
    }

    /// The same, of whom it is known where they came from.
    #[must_use]
    pub fn from(self, source: String) -> Self {
        Self { source: Some(source), ..self }
    }

    /// The id of the token they have shown.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match &self.principal {
            Principal::Token { id, .. } => Some(id),
            Principal::Unix { .. } | Principal::Anonymous => None,
        }
    }

    /// How they have shown who they are.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self.principal {
            Principal::Unix { .. } => "socket",
            Principal::Token { .. } => "token",
            Principal::Anonymous => "none",
        }
    }

    /// Who they are, as the audit trail knows them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            principal: Some(self.principal.clone()),
            method: Some(self.method().to_owned()),
            source: self.source.clone(),
            ..Actor::default()
        }
    }

    /// Whether they may do what needs this role.
    #[must_use]
    pub fn may(&self, needed: Role) -> bool {
        self.role >= needed
    }

    /// Refuses who lacks a role.
    ///
    /// # Errors
    /// A 403 that names both roles.
    pub fn require(&self, needed: Role) -> Result<(), Rejection> {
        if self.may(needed) {
            return Ok(());
        }
        Err(Rejection::forbidden(format!(
            "this needs the role {}, and {} has the role {}",
            needed.name(),
            self.principal.label(),
            self.role.name()
        )))
    }

    /// Refuses who has not shown a token. `what` is asked for, as in "a script job".
    ///
    /// # Errors
    /// A 403 that says how to get in.
    pub fn require_named(&self, what: &str) -> Result<(), Rejection> {
        if !self.anonymous {
            return Ok(());
        }
        Err(Rejection::forbidden(format!(
            "{what} needs a token also where callers without one are let in; \
             `station token create` makes one"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_may_do_what_those_before_it_may() {
        let caller =
            |role| Caller { principal: Principal::Anonymous, role, anonymous: true, source: None };
        for (has, needs, may) in [
            (Role::Viewer, Role::Viewer, true),
            (Role::Viewer, Role::Operator, false),
            (Role::Operator, Role::Viewer, true),
            (Role::Operator, Role::Admin, false),
            (Role::Admin, Role::Admin, true),
        ] {
            assert_eq!(caller(has).may(needs), may, "{has:?} {needs:?}");
            assert_eq!(caller(has).require(needs).is_ok(), may, "{has:?} {needs:?}");
        }
        let refused = caller(Role::Viewer).require(Role::Admin).unwrap_err();
        assert_eq!(refused.status.as_u16(), 403);
        assert_eq!(refused.detail, "this needs the role admin, and anonymous has the role viewer");
        assert!(caller(Role::Operator).require_named("a script job").is_err());
    }
}
