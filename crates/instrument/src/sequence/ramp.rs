//! Ramps: values from one to another, in equal steps.

use serde_json::{Number, Value};

/// So many values from one to another: the first and the last are exact, those between are rounded to
/// 12 digits. They are whole numbers if the ends are, and the steps between them.
pub(super) fn values(from: &Number, to: &Number, count: u32) -> Result<Vec<Value>, String> {
    if count < 2 {
        return Err(format!("a ramp has at least 2 values, its first and its last, not {count}"));
    }
    let last = count - 1;
    if let (Some(from), Some(to)) = (from.as_i64(), to.as_i64()) {
        let span = i128::from(to) - i128::from(from);
        if span % i128::from(last) == 0 {
            let step = span / i128::from(last);
            let at = |place: u32| i64::try_from(i128::from(from) + step * i128::from(place));
            return (0..count)
                .map(|place| at(place).map(Value::from).map_err(|e| e.to_string()))
                .collect();
        }
    }
    let (Some(start), Some(end)) = (finite(from), finite(to)) else {
        return Err("the ends of a ramp are finite numbers".to_owned());
    };
    let between = |place: u32| {
        let part = f64::from(place) / f64::from(last);
        let value = start.mul_add(1.0 - part, end * part);
        format!("{value:.11e}").parse::<f64>().map(Value::from).map_err(|error| error.to_string())
    };
    (0..count)
        .map(|place| match place {
            0 => Ok(Value::Number(from.clone())),
            place if place == last => Ok(Value::Number(to.clone())),
            place => between(place),
        })
        .collect()
}

fn finite(number: &Number) -> Option<f64> {
    number.as_f64().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(from: &Value, to: &Value, count: u32) -> Result<Value, String> {
        let number = |value: &Value| value.as_number().cloned().expect("is a number");
        values(&number(from), &number(to), count).map(Value::Array)
    }

    #[test]
    fn values_are_in_equal_steps_and_their_ends_exact() {
        assert_eq!(of(&json!(0), &json!(5), 6), Ok(json!([0, 1, 2, 3, 4, 5])));
        assert_eq!(of(&json!(3), &json!(1), 3), Ok(json!([3, 2, 1])));
        assert_eq!(of(&json!(0), &json!(1), 3), Ok(json!([0, 0.5, 1])));
        assert_eq!(of(&json!(0.1), &json!(0.4), 4), Ok(json!([0.1, 0.2, 0.3, 0.4])));
        assert_eq!(of(&json!(i64::MIN), &json!(i64::MAX), 2), Ok(json!([i64::MIN, i64::MAX])));
        let refused = of(&json!(0), &json!(1), 1).expect_err("is one value");
        assert_eq!(refused, "a ramp has at least 2 values, its first and its last, not 1");
    }

    proptest! {
        #[test]
        fn a_ramp_never_turns_round_nor_leaves_its_ends(
            from in -1e6_f64..1e6, to in -1e6_f64..1e6, count in 2_u32..200,
        ) {
            let values = of(&json!(from), &json!(to), count).expect("is a ramp");
            let values: Vec<f64> =
                values.as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
            prop_assert_eq!(values.len(), usize::try_from(count).expect("fits"));
            prop_assert_eq!(values.first().copied(), Some(from));
            prop_assert_eq!(values.last().copied(), Some(to));
            let slack = (to - from).abs().mul_add(1e-9, 1e-4);
            for pair in values.windows(2) {
                let step = (pair[1] - pair[0]) * (to - from).signum();
                prop_assert!(step >= -slack);
                let even = (to - from).abs() / f64::from(count - 1);
                prop_assert!((step - even).abs() <= slack);
            }
        }
    }
}
