//! The kinds of triggers on the wire, and which fields belong to which.

use station_core::model::Trigger;

/// What makes a job fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TriggerType {
    /// When the clock matches an expression.
    Cron,
    /// Every so often.
    Interval,
    /// Once.
    Date,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// Whenever the machine has been started.
    Boot,
}

/// Their names on the wire.
pub(super) const TRIGGER_TYPES: [(&str, TriggerType); 7] = [
    ("cron", TriggerType::Cron),
    ("interval", TriggerType::Interval),
    ("date", TriggerType::Date),
    ("daily", TriggerType::Daily),
    ("weekly", TriggerType::Weekly),
    ("monthly", TriggerType::Monthly),
    ("boot", TriggerType::Boot),
];

/// The units intervals are given in, with their seconds, the largest first.
pub(super) const UNITS: [(&str, u64); 4] = [
    ("interval_days", 86_400),
    ("interval_hours", 3600),
    ("interval_minutes", 60),
    ("interval_seconds", 1),
];

impl TriggerType {
    /// Its name on the wire.
    pub(super) fn name(self) -> &'static str {
        let named = TRIGGER_TYPES.iter().find(|(_, kind)| *kind == self);
        named.map_or("date", |(name, _)| name)
    }

    /// That of a trigger.
    pub(super) fn of(trigger: &Trigger) -> Self {
        match trigger {
            Trigger::Date(_) => Self::Date,
            Trigger::Interval(_) => Self::Interval,
            Trigger::Cron(_) => Self::Cron,
            Trigger::Daily(_) => Self::Daily,
            Trigger::Weekly(_) => Self::Weekly,
            Trigger::Monthly(_) => Self::Monthly,
            Trigger::Boot(_) => Self::Boot,
        }
    }

    /// The kinds a field of a trigger belongs to; all for those that bound any.
    pub(super) fn with(field: &str) -> &'static [Self] {
        match field {
            "cron_expression" | "cron_seconds" => &[Self::Cron],
            "interval_seconds" | "interval_minutes" | "interval_hours" | "interval_days"
            | "run_at_start" => &[Self::Interval],
            "run_date" | "when" | "when_mode" => &[Self::Date],
            "time_of_day" => &[Self::Daily, Self::Weekly, Self::Monthly],
            "day_of_week" => &[Self::Weekly],
            "day_of_month" => &[Self::Monthly],
            "dst_gap" | "dst_overlap" => &[Self::Cron, Self::Daily, Self::Weekly, Self::Monthly],
            "start_date" | "end_date" | "jitter_seconds" | "exclude" => {
                &[Self::Cron, Self::Interval, Self::Date, Self::Daily, Self::Weekly, Self::Monthly]
            }
            _ => &[
                Self::Cron,
                Self::Interval,
                Self::Date,
                Self::Daily,
                Self::Weekly,
                Self::Monthly,
                Self::Boot,
            ],
        }
    }

    /// The fields without which a trigger of this kind says nothing.
    pub(super) fn required(self) -> &'static [&'static str] {
        match self {
            Self::Cron => &["cron_expression"],
            Self::Interval => &["interval_seconds"],
            Self::Date => &["run_date"],
            Self::Daily => &["time_of_day"],
            Self::Weekly => &["day_of_week", "time_of_day"],
            Self::Monthly => &["day_of_month", "time_of_day"],
            Self::Boot => &[],
        }
    }
}
