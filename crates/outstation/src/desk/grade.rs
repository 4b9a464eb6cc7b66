//! How good a write was.

use station_wire::iec104::command::Class;

/// `high`, or what was lacking for that; `None` of what was not sent.
pub(super) fn grade(class: Class, previous: Option<&'static str>) -> Option<String> {
    let end = match class {
        Class::NotSent => return None,
        Class::Refused => Some("refused"),
        Class::Unknown => Some("outcome unknown"),
        Class::Confirmed | Class::Completed => Some("not verified"),
        Class::Verified => None,
    };
    let lacking: Vec<&str> = [previous, end].into_iter().flatten().collect();
    Some(if lacking.is_empty() { "high".to_owned() } else { lacking.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lacks_is_named() {
        assert_eq!(grade(Class::Verified, None).as_deref(), Some("high"));
        let old = Some("previous value old");
        assert_eq!(grade(Class::Verified, old).as_deref(), old);
        let both = grade(Class::Completed, old);
        assert_eq!(both.as_deref(), Some("previous value old, not verified"));
        assert_eq!(grade(Class::NotSent, None), None);
    }
}
