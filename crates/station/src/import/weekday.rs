//! Days of the week in cron expressions that were written for a scheduler whose week begins with
//! Monday at 0, and which wanted day of month and day of week both to hold.

/// The expression as cron has to read it to mean the same.
pub(super) fn convert(expression: &str) -> Result<String, String> {
    let fields: Vec<&str> = expression.split_whitespace().collect();
    // Anything else is for the station to judge.
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return Ok(expression.to_owned());
    };
    let meant = match *weekday {
        "?" => "*".to_owned(),
        list => list.split(',').map(item).collect::<Result<Vec<_>, _>>()?.join(","),
    };
    let day = if *day == "?" { "*" } else { *day };
    if !day.starts_with('*') && !meant.starts_with('*') {
        return Err(format!(
            "in '{expression}' the day of month and the day of week had both to hold there; here, \
             as in cron, either would do: make it a job for the day of month whose command looks \
             at the weekday"
        ));
    }
    if meant == *weekday && fields.get(2) == Some(&day) {
        return Ok(expression.to_owned());
    }
    Ok([minute, hour, day, month, &meant].join(" "))
}

/// One item of a list: a day or a range, perhaps with a step.
fn item(text: &str) -> Result<String, String> {
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (text, None),
    };
    let meant = match (range, step) {
        ("*", None) => return Ok("*".to_owned()),
        // Steps are counted from Monday there, and from Sunday in cron.
        ("*", Some(_)) => "1-7".to_owned(),
        _ => match range.split_once('-') {
            Some((from, to)) => format!("{}-{}", day(from)?, day(to)?),
            None if step.is_some() => format!("{}-7", day(range)?),
            None => day(range)?,
        },
    };
    Ok(match step {
        Some(step) => format!("{meant}/{step}"),
        None => meant,
    })
}

/// A digit's day counted as cron does, Sunday as 7 so that ranges stay ranges; names stay.
fn day(text: &str) -> Result<String, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    match text.parse::<u8>() {
        Ok(day @ 0..=6) => Ok((day + 1).to_string()),
        Ok(_) | Err(_) => Err(format!(
            "the day of week {text} does not exist there: its days are 0 (Monday) to 6 (Sunday)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::convert;

    #[test]
    fn digits_move_by_a_day_and_names_stay() {
        for (given, meant) in [
            ("0 9-17 * * 1-5", "0 9-17 * * 2-6"),
            ("0 9 * * 0", "0 9 * * 1"),
            ("0 9 * * 6", "0 9 * * 7"),
            ("0 9 * * 0-6", "0 9 * * 1-7"),
            ("0 9 * * 5,6", "0 9 * * 6,7"),
            ("0 9 * * 0-4/2", "0 9 * * 1-5/2"),
            ("0 9 * * */2", "0 9 * * 1-7/2"),
            ("0 9 * * 2/3", "0 9 * * 3-7/3"),
            ("0 9 * * mon-fri", "0 9 * * mon-fri"),
            ("0  9 * * mon,6", "0 9 * * mon,7"),
            ("0 9 */2 * 0", "0 9 */2 * 1"),
            ("0 9 15 * *", "0 9 15 * *"),
            ("0 9 15 * ?", "0 9 15 * *"),
            ("*/15 * * * *", "*/15 * * * *"),
            ("0 9 * *", "0 9 * *"),
        ] {
            assert_eq!(convert(given), Ok(meant.to_owned()), "{given}");
        }
    }

    #[test]
    fn what_cannot_be_said_in_cron_is_refused() {
        assert!(convert("0 0 13 * 4").unwrap_err().contains("both to hold"));
        assert!(convert("0 0 13 * */2").unwrap_err().contains("both to hold"));
        assert!(convert("0 0 * * 7").unwrap_err().contains("0 (Monday) to 6 (Sunday)"));
    }
}
