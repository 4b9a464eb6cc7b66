//! What the reference says of alarms and the notices owed about them.

use std::time::Duration;

use station_core::model::{AlarmId, AlarmState, Execution, ExecutionStatus, JobId, Micros, Now};

use super::Reference;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RefAlarm {
    pub(crate) id: AlarmId,
    pub(crate) job: JobId,
    pub(crate) state: AlarmState,
    pub(crate) occurrences: u32,
}

impl Reference {
    /// An execution has ended: its job may want an alarm.
    pub(super) fn alarm(&mut self, now: Now, row: &Execution) {
        let job = self.job(row.id.job).unwrap();
        let bad = matches!(
            row.status,
            ExecutionStatus::Failed | ExecutionStatus::Missed | ExecutionStatus::Interrupted
        );
        if !bad || !job.spec.policies.alarm {
            return;
        }
        let id = job.id;
        let open = |alarm: &&mut RefAlarm| alarm.job == id && alarm.state != AlarmState::Cleared;
        if let Some(alarm) = self.alarms.iter_mut().find(open) {
            alarm.occurrences += 1;
            return;
        }
        let alarm = AlarmId(i64::try_from(self.alarms.len()).unwrap() + 1);
        let state = AlarmState::Active;
        self.alarms.push(RefAlarm { id: alarm, job: id, state, occurrences: 1 });
        for channel in &self.channels {
            self.notices.insert((alarm, channel.clone()), (0, now.wall));
        }
    }

    pub(super) fn notified(&mut self, now: Now, alarm: AlarmId, channel: &str, failed: bool) {
        let key = (alarm, channel.to_owned());
        if !failed {
            self.notices.remove(&key);
        } else if let Some((attempts, next_at)) = self.notices.get_mut(&key) {
            let wait = (5 * 2_u64.pow((*attempts).min(20))).min(3600);
            *attempts += 1;
            *next_at = now.wall.plus(Duration::from_secs(wait));
        }
    }

    pub(super) fn tell_alarm(&mut self, id: AlarmId, state: AlarmState) -> String {
        let Some(alarm) = self.alarms.iter_mut().find(|alarm| alarm.id == id) else {
            return "no alarm".to_owned();
        };
        if alarm.state == AlarmState::Cleared {
            return "cleared already".to_owned();
        }
        alarm.state = state;
        format!("alarm {id}")
    }

    /// A notice that should be on its way, if one is not.
    pub(crate) fn due_notices(&self, now: Micros) -> impl Iterator<Item = &(AlarmId, String)> {
        self.notices.iter().filter(move |(_, (_, at))| *at <= now).map(|(key, _)| key)
    }
}
