//! Judges the head of a request: whether it may come in, and as whom.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, FORWARDED, HOST, HeaderName, ORIGIN, UPGRADE, VIA,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use station_core::model::{Now, Principal, Role, Token};

use super::Caller;
use super::headers::Rejection;
use super::listen::Rate;
use super::origin::{Host, Origin, default_port, parse_authority};
use super::rate::Limiter;
use super::secret::Secret;
use crate::port::StoreError;

/// How many wrong tokens a peer may show in a minute.
const FAILURES: f64 = 10.0;
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Where a browser cannot send headers of its own, so that the token may stand in the query.
const TOKEN_IN_QUERY: [&str; 2] = ["/ws", "/api/events"];

/// Who is let in, by which names and from which pages.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What callers without a token may do, if this machine's are let in at all.
    pub anonymous: Option<Role>,
    /// The names the station is called by.
    pub hosts: Vec<Host>,
    /// It may be called by any address; an address cannot be rebound as a name can.
    pub any_address: bool,
    /// The pages besides its own that may call it.
    pub origins: Vec<Origin>,
    /// It is reached over TLS.
    pub tls: bool,
    /// How many requests a peer may make; as many as it likes when `None`.
    pub rate: Option<Rate>,
    /// What anybody may get without a token: paths, and beginnings of paths that end in `/`.
    pub open_paths: &'static [&'static str],
}

/// What is judged of a request.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its target.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The other end of the connection.
    pub peer: IpAddr,
}

/// Who a request says it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody in particular, and that is enough.
    Anonymous(Role),
    /// A browser asks on behalf of a listed origin's page what that may send.
    Preflight,
    /// The holder of the token with this hash.
    Token(String),
}

/// Judges requests, and counts what each peer asks and fails at.
#[derive(Debug)]
pub struct Gate {
    settings: Settings,
    failures: Limiter,
    requests: Option<Limiter>,
}

impl Gate {
    /// A gate for a server with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let requests = settings.rate.map(|rate| Limiter::new(rate.burst, rate.per_second));
        Self { settings, failures: Limiter::new(FAILURES, FAILURES / 60.0), requests }
    }

    /// Whether it stands before a server that speaks TLS.
    #[must_use]
    pub fn tls(&self) -> bool {
        self.settings.tls
    }

    /// Judges a request whole; `find` looks up a token by its hash.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge(
        &self,
        head: &Head<'_>,
        now: Now,
        find: impl FnOnce(&str) -> Result<Option<Arc<Token>>, StoreError>,
    ) -> Result<Caller, Rejection> {
        match self.screen(head, now)? {
            Claim::Anonymous(role) => Ok(anonymous(role)),
            Claim::Preflight => Ok(anonymous(Role::Viewer)),
            Claim::Token(hash) => {
                let token = find(&hash).map_err(|error| unreadable(&error))?;
                self.admit(head.peer, token.as_deref(), now)
            }
        }
    }

    /// Judges all but the token, and tells which one is shown.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn screen(&self, head: &Head<'_>, now: Now) -> Result<Claim, Rejection> {
        if let Some(requests) = &self.requests {
            requests.take(head.peer, now.mono).map_err(|after| {
                too_many("this address asks more often than the station allows", after)
            })?;
        }
        let host = self.host(head)?;
        self.page(head, &host)?;
        if *head.method == Method::OPTIONS
            && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
            && self.listed_origin(head.headers)
        {
            return Ok(Claim::Preflight);
        }
        match secret(head) {
            Ok(Some(secret)) => Ok(Claim::Token(secret.hash())),
            Ok(None) => self.without_token(head),
            Err(sentence) => Err(self.failed(head.peer, now, sentence)),
        }
    }

    /// Judges the token that was found for a claim.
    ///
    /// # Errors
    /// A 401, or a 429 for a peer that shows wrong ones all the time.
    pub fn admit(
        &self,
        peer: IpAddr,
        token: Option<&Token>,
        now: Now,
    ) -> Result<Caller, Rejection> {
        // Of a revoked token no more is told than of one that never was.
        match token.filter(|token| token.revoked_at.is_none()) {
            None => Err(self.failed(peer, now, "the token is not known to this station")),
            Some(token) if !token.is_valid(now.wall) => {
                Err(self.failed(peer, now, "the token has expired"))
            }
            Some(token) => Ok(Caller {
                principal: Principal::Token { id: token.id.clone(), name: token.name.clone() },
                role: token.role,
                anonymous: false,
                source: None,
            }),
        }
    }

    /// Whether the request is of a listed origin's page, which may read the answer.
    #[must_use]
    pub fn listed_origin(&self, headers: &HeaderMap) -> bool {
        headers.get(ORIGIN).is_some_and(|origin| {
            origin.to_str().ok().and_then(Origin::parse).is_some_and(|o| self.lists(&o))
        })
    }

    fn lists(&self, origin: &Origin) -> bool {
        self.settings.origins.contains(origin)
    }

    /// Refuses what was sent to a name that is not the station's: a page that had its own name
    /// point here (DNS rebinding) would pass for the station's own.
    fn host(&self, head: &Head<'_>) -> Result<(Host, Option<u16>), Rejection> {
        let wrong = |why: &str| Rejection::new(StatusCode::BAD_REQUEST, why);
        let mut all = head.headers.get_all(HOST).iter();
        let given = all.next().ok_or_else(|| wrong("the request has no Host header"))?;
        if all.next().is_some() {
            return Err(wrong("the request has several Host headers"));
        }
        let named = given.to_str().ok().and_then(parse_authority);
        let named = named.ok_or_else(|| wrong("the Host header is not a host with a port"))?;
        if let Some(authority) = head.uri.authority()
            && parse_authority(authority.as_str()).as_ref() != Some(&named)
        {
            return Err(wrong("the request's target and its Host header differ"));
        }
        let by_address = self.settings.any_address && matches!(named.0, Host::Ip(_));
        if by_address || self.settings.hosts.contains(&named.0) {
            return Ok(named);
        }
        let name = given.to_str().unwrap_or_default();
        Err(Rejection::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!(
                "this station is not called '{name}'; `station serve --allow-host NAME` adds a name"
            ),
        ))
    }

    /// Refuses what a page of another origin sends.
    fn page(&self, head: &Head<'_>, host: &(Host, Option<u16>)) -> Result<(), Rejection> {
        let mut origins = head.headers.get_all(ORIGIN).iter();
        if let Some(given) = origins.next() {
            let origin = given.to_str().ok().and_then(Origin::parse);
            let good =
                origin.is_some_and(|origin| self.is_own(&origin, host) || self.lists(&origin));
            if good && origins.next().is_none() {
                return Ok(());
            }
            return Err(Rejection::forbidden(
                "the request comes from a page of another origin; \
                 `station serve --allow-origin ORIGIN` lets one in",
            ));
        }
        let site = head.headers.get(FETCH_SITE).map_or(&b""[..], |site| site.as_bytes());
        let foreign = site == b"cross-site" || site == b"same-site";
        if foreign && (!head.method.is_safe() || head.headers.contains_key(UPGRADE)) {
            return Err(Rejection::forbidden("the request comes from a page of another site"));
        }
        Ok(())
    }

    fn is_own(&self, origin: &Origin, (host, port): &(Host, Option<u16>)) -> bool {
        let tls = self.settings.tls;
        origin.tls == tls
            && origin.host == *host
            && origin.port == port.unwrap_or(default_port(tls))
    }

    fn without_token(&self, head: &Head<'_>) -> Result<Claim, Rejection> {
        if head.method.is_safe() && self.is_open(head.uri.path()) {
            return Ok(Claim::Anonymous(Role::Viewer));
        }
        let missing = "a token is needed: send 'Authorization: Bearer TOKEN'";
        let Some(role) = self.settings.anonymous else {
            return Err(Rejection::unauthorized(missing));
        };
        // What a proxy on this machine passes on comes from somewhere else.
        let passed_on = [&FORWARDED, &FORWARDED_FOR, &VIA];
        let passed_on = passed_on.into_iter().any(|name| head.headers.contains_key(name));
        if !head.peer.to_canonical().is_loopback() || passed_on {
            return Err(Rejection::unauthorized(format!(
                "{missing} (without one only this machine's own callers are let in)"
            )));
        }
        Ok(Claim::Anonymous(role.min(Role::Operator)))
    }

    fn is_open(&self, path: &str) -> bool {
        self.settings.open_paths.iter().any(|open| {
            path == *open || (open.ends_with('/') && open.len() > 1 && path.starts_with(open))
        })
    }

    /// A wrong token: 401, and 429 once there were too many.
    fn failed(&self, peer: IpAddr, now: Now, sentence: &str) -> Rejection {
        match self.failures.take(peer, now.mono) {
            Ok(()) => Rejection::unauthorized(sentence),
            Err(after) => too_many("too many wrong tokens came from this address", after),
        }
    }
}

/// The caller behind a claim that needs no token.
pub(crate) fn anonymous(role: Role) -> Caller {
    Caller { principal: Principal::Anonymous, role, anonymous: true, source: None }
}

/// The store cannot tell whether a token is good.
pub(crate) fn unreadable(error: &StoreError) -> Rejection {
    let mut rejection = Rejection::new(StatusCode::SERVICE_UNAVAILABLE, error.message.clone());
    rejection.retry_after = Some(1);
    rejection
}

fn too_many(what: &str, after: std::time::Duration) -> Rejection {
    let seconds = after.as_secs().saturating_add(1);
    let mut rejection =
        Rejection::new(StatusCode::TOO_MANY_REQUESTS, format!("{what}; try again in {seconds} s"));
    rejection.retry_after = Some(seconds);
    rejection
}

/// The secret a request shows, if any.
fn secret(head: &Head<'_>) -> Result<Option<Secret>, &'static str> {
    let mut given = head.headers.get_all(AUTHORIZATION).iter();
    if let Some(value) = given.next() {
        if given.next().is_some() {
            return Err("the request has several Authorization headers");
        }
        let text = value.to_str().unwrap_or_default();
        let (scheme, rest) = text.split_once(' ').unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err("the Authorization header is not of the form 'Bearer TOKEN'");
        }
        return read(rest.trim()).map(Some);
    }
    if !TOKEN_IN_QUERY.contains(&head.uri.path()) {
        return Ok(None);
    }
    let query = head.uri.query().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix("access_token=")).map(read).transpose()
}

fn read(text: &str) -> Result<Secret, &'static str> {
    Secret::parse(text)
        .ok_or("the token is malformed: one of this station is stm_ and 43 characters")
}

/// The target without the token in its query; `None` when there is none in it.
pub(crate) fn without_secret(uri: &Uri) -> Option<Uri> {
    let query = uri.query().filter(|query| query.contains("access_token="))?;
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.starts_with("access_token=")).collect();
    let query = kept.join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{mark}{query}", uri.path()).parse().ok()
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
