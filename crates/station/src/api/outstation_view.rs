//! Shows what a job does with an outstation, as its parameters and on one line.

use serde_json::{Map, Value};
use station_core::model::{Control, Target};

/// What is done, in the words of a create request.
pub(super) fn parameters(control: &Control) -> Map<String, Value> {
    match serde_json::to_value(control) {
        Ok(Value::Object(fields)) => fields,
        // It is a map of plain texts and numbers, and so comes out as one.
        Ok(_) | Err(_) => Map::new(),
    }
}

/// What is done on one line: `breaker-7 = on on SS1`, `interrogate SS1, group 3`.
pub(super) fn summary(control: &Control, target: &Target) -> String {
    let name = target.name();
    let of = |what: &str, group: &Option<u8>| {
        let group = group.map(|group| format!(", group {group}")).unwrap_or_default();
        format!("{what} {name}{group}")
    };
    match control {
        Control::Write(write) => {
            let select = if write.select { ", selected first" } else { "" };
            format!("{} = {} on {name}{select}", write.point, write.value)
        }
        Control::Interrogate { group } => of("interrogate", group),
        Control::Counters { group } => of("counters of", group),
        Control::Read { point } => format!("read {point} on {name}"),
        Control::SyncClock => format!("set the clock of {name}"),
        Control::Test => format!("test {name}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use station_core::model::Write;

    use super::*;

    #[test]
    fn a_command_is_shown_with_its_point_and_its_value() {
        let on = Target::Outstation("SS1".to_owned());
        let write = Write {
            point: "breaker-7".to_owned(),
            value: "on".to_owned(),
            select: false,
            reason: Some("maintenance".to_owned()),
            ticket: None,
        };
        let control = Control::Write(write);
        assert_eq!(summary(&control, &on), "breaker-7 = on on SS1");
        assert_eq!(
            Value::Object(parameters(&control)),
            json!({
                "command": "write", "point": "breaker-7", "value": "on", "reason": "maintenance",
            })
        );
        let group = Control::Interrogate { group: Some(3) };
        assert_eq!(summary(&group, &on), "interrogate SS1, group 3");
        assert_eq!(summary(&Control::Test, &on), "test SS1");
    }
}
