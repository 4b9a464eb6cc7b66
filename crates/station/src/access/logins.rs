//! Tells the audit trail who comes in: each token the first time it comes from an address, and again
//! each hour; and who is not let in, at most so many a minute from one address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use station_core::audit::{Actor, Draft, Kind, Status};
use station_core::model::Mono;

use super::Caller;
use super::rate::network_of;

/// After how long somebody who goes on coming is told of again.
const AGAIN: Duration = Duration::from_secs(3600);

/// How many who were not let in are told of within a minute, for one address.
const FAILURES: u32 = 10;

const MINUTE: Duration = Duration::from_secs(60);

/// How many addresses are remembered; beyond, all are forgotten, and told of anew.
const SOURCES: usize = 4096;

/// Takes drafts for the audit trail. Never blocks.
pub type Journal = Box<dyn Fn(Draft) + Send + Sync>;

/// Why somebody who was let in may not do what they asked for; an answer carries it to the trail.
#[derive(Clone, Debug)]
pub struct Denied(pub String);

/// Who has come in of late.
pub struct Logins {
    journal: Journal,
    seen: Mutex<BTreeMap<IpAddr, Source>>,
}

/// What is known of an address.
#[derive(Debug, Default)]
struct Source {
    /// When each who came from there was told of, by the token's id; nobody's is empty.
    entered: BTreeMap<String, Mono>,
    /// Since when failures are counted.
    since: Mono,
    /// How many there were.
    failures: u32,
}

impl Logins {
    /// Those that `journal` is told of.
    #[must_use]
    pub fn new(journal: Journal) -> Self {
        Self { journal, seen: Mutex::default() }
    }

    /// Somebody was let in.
    pub fn entered(&self, caller: &Caller, peer: IpAddr, now: Mono) {
        let id = caller.token().unwrap_or_default();
        let mut seen = self.seen(peer);
        let entered = &mut seen.entry(peer).or_default().entered;
        if entered.get(id).is_some_and(|told| now.since(*told) < AGAIN) {
            return;
        }
        entered.insert(id.to_owned(), now);
        drop(seen);
        (self.journal)(login(caller.actor(), caller.principal.label(), Status::Confirmed));
    }

    /// Somebody was not let in. When they were one too many to be told of, it says after how long
    /// [`Logins::count`] tells how many those were.
    #[must_use]
    pub fn refused(&self, source: String, peer: IpAddr, why: &str, now: Mono) -> Option<Duration> {
        let by = Actor { source: Some(source), ..Actor::default() };
        self.failed(login(by, "somebody".to_owned(), Status::Failed).with("why", why), peer, now)
    }

    /// Somebody was let in, and asked for what their role does not permit. As [`Logins::refused`].
    #[must_use]
    pub fn denied(
        &self,
        caller: &Caller,
        peer: IpAddr,
        (what, why): (String, &str),
        now: Mono,
    ) -> Option<Duration> {
        let draft = Draft::done(caller.actor(), what, "request").with("why", why);
        let draft = Draft { kind: Kind::Refused, status: Status::Failed, ..draft };
        self.failed(draft, peer, now)
    }

    fn failed(&self, draft: Draft, peer: IpAddr, now: Mono) -> Option<Duration> {
        let network = network_of(peer);
        let mut seen = self.seen(network);
        let known = seen.entry(network).or_default();
        if known.failures == 0 {
            known.since = now;
        }
        known.failures = known.failures.saturating_add(1);
        let failures = known.failures;
        drop(seen);
        if failures <= FAILURES {
            (self.journal)(draft);
        }
        if failures == 1 { Some(MINUTE) } else { None }
    }

    /// A minute has passed since the first of them who were not let in from there.
    pub fn count(&self, peer: IpAddr) {
        let network = network_of(peer);
        let mut seen = self.seen(network);
        let known = seen.entry(network).or_default();
        let failures = std::mem::take(&mut known.failures);
        drop(seen);
        let untold = failures.saturating_sub(FAILURES);
        if untold > 0 {
            let by = Actor { source: Some(network.to_string()), ..Actor::default() };
            let draft = login(by, "somebody".to_owned(), Status::Failed);
            (self.journal)(draft.with("why", "as those before").with("times", untold));
        }
    }

    fn seen(&self, peer: IpAddr) -> MutexGuard<'_, BTreeMap<IpAddr, Source>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= SOURCES && !seen.contains_key(&peer) {
            seen.clear();
        }
        seen
    }
}

impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logins").finish_non_exhaustive()
    }
}

fn login(by: Actor, who: String, status: Status) -> Draft {
    Draft { kind: Kind::Login, status, ..Draft::done(by, who, "login") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use station_core::model::{Principal, Role};

    use super::*;

    fn logins() -> (Logins, Arc<Mutex<Vec<Draft>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let journal = Arc::clone(&told);
        (Logins::new(Box::new(move |draft| journal.lock().unwrap().push(draft))), told)
    }

    fn caller(id: &str) -> Caller {
        let principal = Principal::Token { id: id.to_owned(), name: "lab".to_owned() };
        let caller = Caller { principal, role: Role::Viewer, anonymous: false, source: None };
        caller.from("10.0.0.1:5000".to_owned())
    }

    #[test]
    fn who_comes_in_is_told_of_once_an_hour_for_each_address() {
        let (logins, told) = logins();
        let (here, there) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let at = |seconds| Mono(0).plus(Duration::from_secs(seconds));
        for (id, peer, seconds, tells) in [
            ("1", here, 10, true),
            ("1", here, 3609, false),
            ("1", there, 11, true),
            ("2", here, 12, true),
            ("1", here, 3610, true),
            ("1", here, 3611, false),
        ] {
            let before = told.lock().unwrap().len();
            logins.entered(&caller(id), peer, at(seconds));
            assert_eq!(told.lock().unwrap().len() > before, tells, "{id} {peer} {seconds}");
        }
        let first = told.lock().unwrap().first().cloned().unwrap();
        assert_eq!((first.kind, first.status), (Kind::Login, Status::Confirmed));
        assert_eq!(first.subject, "token lab");
        assert_eq!(first.by.source.as_deref(), Some("10.0.0.1:5000"));
        assert_eq!(first.by.method.as_deref(), Some("token"));
    }

    #[test]
    fn what_a_role_does_not_permit_is_told_with_who_asked_for_it() {
        let (logins, told) = logins();
        let peer = IpAddr::from([10, 0, 0, 1]);
        let asked = ("POST /api/control/stop".to_owned(), "this needs the role operator");
        assert_eq!(logins.denied(&caller("1"), peer, asked, Mono(5)), Some(MINUTE));
        let first = told.lock().unwrap().first().cloned().unwrap();
        assert_eq!((first.kind, first.status), (Kind::Refused, Status::Failed));
        assert_eq!(first.subject, "POST /api/control/stop");
        assert_eq!(first.by.source.as_deref(), Some("10.0.0.1:5000"));
        assert_eq!(first.detail["why"], "this needs the role operator");
    }

    #[test]
    fn of_many_who_are_not_let_in_the_rest_are_counted() {
        let (logins, told) = logins();
        let peer = IpAddr::from([10, 0, 0, 1]);
        let fail = |peer: IpAddr| logins.refused(format!("{peer}:9"), peer, "wrong", Mono(5));
        assert_eq!(fail(peer), Some(MINUTE));
        for _ in 0..24 {
            assert_eq!(fail(peer), None);
        }
        assert_eq!(told.lock().unwrap().len(), 10);
        assert_eq!(fail(IpAddr::from([10, 0, 0, 2])), Some(MINUTE));
        logins.count(peer);
        let last = told.lock().unwrap().last().cloned().unwrap();
        assert_eq!(last.detail.get("times").and_then(serde_json::Value::as_u64), Some(15));
        assert_eq!(told.lock().unwrap().len(), 12);
        logins.count(peer);
        assert_eq!(told.lock().unwrap().len(), 12);
        assert_eq!(fail(peer), Some(MINUTE));
        assert_eq!(told.lock().unwrap().len(), 13);
    }
}
