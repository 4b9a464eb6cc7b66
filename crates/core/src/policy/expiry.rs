//! What commands to outstations may not have: a second try, a time later than they were meant for, one
//! sent in place of several.

use std::time::Duration;

use crate::model::{Grace, OnInterrupted, Policies};

/// How long after its planned time a command may be sent unless something else is said.
pub const DEFAULT: Duration = Duration::from_secs(10);

/// A command is sent earlier than this after its planned time, or never.
pub const LIMIT: Duration = Duration::from_secs(60);

/// What was asked for explicitly, of that which does not go with outstations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// How many more attempts.
    pub retries: Option<u32>,
    /// How late it may start.
    pub grace: Option<Grace>,
    /// Whether late firings are combined.
    pub coalesce: Option<bool>,
    /// What happens to a run that was cut off.
    pub on_interrupted: Option<OnInterrupted>,
    /// On how many nodes at once.
    pub fanout: Option<u32>,
}

/// Refuses what does not go with outstations.
///
/// # Errors
/// A sentence that says what, why, and what to do instead.
pub fn check(given: &Given) -> Result<(), String> {
    let why = if given.retries.is_some() {
        "a command to an outstation is never sent twice, so that retries cannot be given; leave them \
         out"
    } else if given.grace.is_some() {
        "a command to an outstation that is late is not sent, so that no grace can be given; leave it \
         out, and give an expiry of less than a minute if 10 seconds are not right"
    } else if given.coalesce == Some(true) {
        "commands to an outstation are not combined into one; leave coalescing out"
    } else if given.on_interrupted == Some(OnInterrupted::Rerun) {
        "a command to an outstation that was cut off may have been carried out, so that it is not \
         sent again; leave on_interrupted out"
    } else if given.fanout.is_some() {
        "a command goes to one outstation, so that there is no fan-out; leave it out"
    } else {
        return Ok(());
    };
    Err(why.to_owned())
}

/// Refuses an expiry that is none, or too long.
///
/// # Errors
/// A sentence that says so, with what is possible.
pub fn check_span(span: Duration) -> Result<(), String> {
    if is_possible(span) {
        return Ok(());
    }
    Err(format!(
        "the expiry of commands to outstations is {}; it must be more than nothing and less than a \
         minute: what is later than that was meant for another moment",
        crate::when::print_duration(span)
    ))
}

/// Makes policies those of a command to an outstation. Its expiry is its grace; one that cannot be
/// is replaced by [`DEFAULT`].
pub fn bind(policies: &mut Policies) {
    policies.retries = 0;
    policies.coalesce = false;
    policies.on_interrupted = OnInterrupted::Keep;
    policies.fanout = None;
    policies.grace = Grace::Within(span(policies));
}

/// How long after its planned time a command with these policies may be sent.
#[must_use]
pub fn span(policies: &Policies) -> Duration {
    match policies.grace {
        Grace::Within(span) if is_possible(span) => span,
        Grace::Within(_) | Grace::Forever => DEFAULT,
    }
}

fn is_possible(span: Duration) -> bool {
    !span.is_zero() && span < LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_table_of_what_is_refused() {
        let none = Given::default();
        for (given, want) in [
            (none, None),
            (Given { retries: Some(3), ..none }, Some("never sent twice")),
            (Given { retries: Some(0), ..none }, Some("never sent twice")),
            (Given { grace: Some(Grace::Forever), ..none }, Some("no grace can be given")),
            (Given { coalesce: Some(true), ..none }, Some("not combined")),
            (Given { coalesce: Some(false), ..none }, None),
            (Given { on_interrupted: Some(OnInterrupted::Rerun), ..none }, Some("cut off")),
            (Given { on_interrupted: Some(OnInterrupted::Keep), ..none }, None),
            (Given { fanout: Some(2), ..none }, Some("one outstation")),
        ] {
            let refused = check(&given).err();
            match want {
                None => assert_eq!(refused, None, "{given:?}"),
                Some(words) => assert!(refused.unwrap().contains(words), "{given:?}"),
            }
        }
    }

    #[test]
    fn truth_table_of_expiries() {
        let within = |millis| Grace::Within(Duration::from_millis(millis));
        for (grace, want) in [
            (within(0), 10_000),
            (within(1), 1),
            (within(10_000), 10_000),
            (within(59_999), 59_999),
            (within(60_000), 10_000),
            // Seconds are not what is left of a minute.
            (within(65_000), 10_000),
            (within(300_000), 10_000),
            (Grace::Forever, 10_000),
        ] {
            let policies = Policies { grace, ..Policies::default() };
            assert_eq!(span(&policies), Duration::from_millis(want), "{grace:?}");
            if let Grace::Within(given) = grace {
                assert_eq!(check_span(given).is_ok(), given == span(&policies), "{grace:?}");
            }
        }
    }

    #[test]
    fn bound_policies_try_once_and_combine_nothing() {
        let mut policies = Policies {
            retries: 3,
            on_interrupted: OnInterrupted::Rerun,
            fanout: Some(2),
            max_instances: 7,
            ..Policies::default()
        };
        bind(&mut policies);
        let wanted = Policies {
            coalesce: false,
            grace: Grace::Within(DEFAULT),
            max_instances: 7,
            ..Policies::default()
        };
        assert_eq!(policies, wanted);
    }
}
