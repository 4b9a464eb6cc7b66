//! Alarms: raised by runs that fail, one for each job at a time, and by the station itself, one for
//! each topic; with notices owed to channels until they are delivered.

use std::time::Duration;

use super::{Change, Effect, Engine, Note, Outcome, Refusal, Reply, Scope};
use crate::model::{
    Alarm, AlarmId, AlarmState, Execution, ExecutionStatus, Micros, Notice, Now, Severity,
};

/// The wait after the first try to deliver a notice; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Names a notice: what about, to whom.
pub(super) type NoticeKey = (AlarmId, String);

impl Engine {
    /// Raises an alarm about an execution that did not do its work, if its job wants one.
    pub(super) fn raise_alarm(&mut self, now: Now, execution: &Execution, out: &mut Outcome) {
        let what = match execution.status {
            ExecutionStatus::Failed => "failed",
            ExecutionStatus::Missed => "was missed",
            ExecutionStatus::Interrupted => "was interrupted",
            ExecutionStatus::Pending
            | ExecutionStatus::Running
            | ExecutionStatus::Completed
            | ExecutionStatus::Cancelled
            | ExecutionStatus::Skipped => return,
        };
        let id = execution.id.job;
        let Some(job) = self.window.job(id).filter(|job| job.spec.policies.alarm) else { return };
        let spec = &job.spec;
        let there = execution.node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
        let message = format!("Scheduled job '{}' {what}{there}", spec.name);
        let source = Alarm::source_of(id);
        let fresh = !self.alarms.contains_key(&source);
        let alarm = self.alarms.entry(source).or_insert_with(|| {
            self.last_alarm = self.last_alarm.saturating_add(1);
            Alarm {
                id: AlarmId(self.last_alarm),
                job: Some(id),
                topic: None,
                job_name: spec.name.clone(),
                schedule_type: spec.action.kind().to_owned(),
                equipment_id: None,
                state: AlarmState::Active,
                severity: Severity::Error,
                message: String::new(),
                execution: Some(execution.id),
                error: None,
                scheduled: execution.planned,
                triggered_at: now.wall,
                last_at: now.wall,
                occurrences: 0,
                acknowledged_at: None,
                acknowledged_by: None,
                note: None,
                cleared_at: None,
            }
        });
        alarm.message = message;
        let equipment = spec.target.equipment();
        alarm.equipment_id = (!equipment.is_empty()).then(|| equipment.join(","));
        alarm.execution = Some(execution.id);
        alarm.error.clone_from(&execution.error);
        alarm.scheduled = execution.planned;
        alarm.last_at = now.wall;
        alarm.occurrences = alarm.occurrences.saturating_add(1);
        let alarm = alarm.clone();
        out.changes.push(Change::AlarmRecorded(Box::new(alarm.clone())));
        if fresh {
            self.owe_notices(now, &alarm, out);
        }
    }

    /// Raises an alarm of the station's own, or adds to the one there is.
    pub(super) fn raise_own(
        &mut self,
        now: Now,
        topic: String,
        severity: Severity,
        message: String,
        out: &mut Outcome,
    ) -> Reply {
        let source = Alarm::source_about(&topic);
        let fresh = !self.alarms.contains_key(&source);
        let alarm = self.alarms.entry(source).or_insert_with(|| {
            self.last_alarm = self.last_alarm.saturating_add(1);
            Alarm {
                id: AlarmId(self.last_alarm),
                job: None,
                topic: Some(topic),
                job_name: String::new(),
                schedule_type: String::new(),
                equipment_id: None,
                state: AlarmState::Active,
                severity,
                message: String::new(),
                execution: None,
                error: None,
                scheduled: now.wall,
                triggered_at: now.wall,
                last_at: now.wall,
                occurrences: 0,
                acknowledged_at: None,
                acknowledged_by: None,
                note: None,
                cleared_at: None,
            }
        });
        // It was as bad as that, be it only for a moment.
        alarm.severity = alarm.severity.max(severity);
        alarm.message = message;
        alarm.scheduled = now.wall;
        alarm.last_at = now.wall;
        alarm.occurrences = alarm.occurrences.saturating_add(1);
        let alarm = alarm.clone();
        out.changes.push(Change::AlarmRecorded(Box::new(alarm.clone())));
        if fresh {
            self.owe_notices(now, &alarm, out);
        }
        Reply::Alarm(Box::new(alarm))
    }

    /// What an alarm of the station's own is about is over.
    pub(super) fn clear_topic(
        &mut self,
        now: Now,
        topic: String,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        let Some(mut alarm) = self.alarms.remove(&Alarm::source_about(&topic)) else {
            return Err(Refusal::NothingRaised(topic));
        };
        alarm.state = AlarmState::Cleared;
        alarm.cleared_at = Some(now.wall);
        out.changes.push(Change::AlarmRecorded(Box::new(alarm.clone())));
        Ok(Reply::Alarm(Box::new(alarm)))
    }

    fn owe_notices(&mut self, now: Now, alarm: &Alarm, out: &mut Outcome) {
        for channel in self.config.channels.clone() {
            let notice = Notice {
                alarm: alarm.id,
                channel: channel.clone(),
                since: now.wall,
                attempts: 0,
                next_at: now.wall,
                error: None,
            };
            out.changes.push(Change::NoticeRecorded(notice.clone()));
            self.notices_due.insert((now.wall, (alarm.id, channel.clone())));
            self.notices.insert((alarm.id, channel), (notice, alarm.clone()));
        }
    }

    /// Takes over the notices that are owed; those to channels that are gone are given up.
    pub(super) fn take_notices(&mut self, notices: Vec<(Notice, Alarm)>, out: &mut Outcome) {
        self.notices.clear();
        self.notices_due.clear();
        for (notice, alarm) in notices {
            let key = (notice.alarm, notice.channel.clone());
            if self.scope == Scope::All && !self.config.channels.contains(&notice.channel) {
                let (alarm, channel) = key.clone();
                out.changes.push(Change::NoticeDone { alarm, channel: channel.clone() });
                let why = "the channel is not configured any more".to_owned();
                out.effects.push(Effect::Note(Note::NoticeGivenUp(alarm, channel, why)));
                continue;
            }
            self.notices_due.insert((notice.next_at, key.clone()));
            self.notices.insert(key, (notice, alarm));
        }
    }

    /// Delivers the notices whose time has come.
    pub(super) fn send_notices(&mut self, now: Now, out: &mut Outcome) {
        if self.scope != Scope::All {
            return;
        }
        while let Some((at, key)) = self.notices_due.first() {
            if *at > now.wall {
                break;
            }
            let key = key.clone();
            self.notices_due.pop_first();
            if let Some((notice, alarm)) = self.notices.get(&key) {
                out.effects.push(Effect::Notify {
                    channel: notice.channel.clone(),
                    alarm: Box::new(alarm.clone()),
                });
            }
        }
    }

    pub(super) fn on_notified(
        &mut self,
        now: Now,
        alarm: AlarmId,
        channel: String,
        error: Option<String>,
        out: &mut Outcome,
    ) {
        let key = (alarm, channel);
        let Some((notice, _)) = self.notices.get_mut(&key) else { return };
        let before = (notice.next_at, key.clone());
        self.notices_due.remove(&before);
        if error.is_none() {
            self.notices.remove(&key);
            let (alarm, channel) = key;
            out.changes.push(Change::NoticeDone { alarm, channel });
            return;
        }
        notice.attempts = notice.attempts.saturating_add(1);
        notice.error = error;
        let doublings = notice.attempts.saturating_sub(1).min(16);
        let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
        notice.next_at = now.wall.plus(wait);
        out.changes.push(Change::NoticeRecorded(notice.clone()));
        self.notices_due.insert((notice.next_at, key));
    }

    /// When the next notice is tried.
    pub(super) fn next_notice(&self) -> Option<Micros> {
        self.notices_due.first().filter(|_| self.scope == Scope::All).map(|(at, _)| *at)
    }

    pub(super) fn acknowledge(
        &mut self,
        now: Now,
        id: AlarmId,
        by: String,
        note: Option<String>,
        row: Option<Box<Alarm>>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        let mut alarm = self.uncleared(id, row)?;
        alarm.state = AlarmState::Acknowledged;
        alarm.acknowledged_at = Some(now.wall);
        alarm.acknowledged_by = Some(by);
        alarm.note = note;
        Ok(self.keep_alarm(alarm, out))
    }

    pub(super) fn clear(
        &mut self,
        now: Now,
        id: AlarmId,
        row: Option<Box<Alarm>>,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        let mut alarm = self.uncleared(id, row)?;
        alarm.state = AlarmState::Cleared;
        alarm.cleared_at = Some(now.wall);
        Ok(self.keep_alarm(alarm, out))
    }

    /// An alarm that is not cleared, newest in memory.
    fn uncleared(&self, id: AlarmId, row: Option<Box<Alarm>>) -> Result<Alarm, Refusal> {
        let row = row.ok_or(Refusal::NoSuchAlarm(id))?;
        let held = self.alarms.get(&row.source()).filter(|alarm| alarm.id == id);
        let alarm = held.cloned().unwrap_or(*row);
        if alarm.state == AlarmState::Cleared {
            return Err(Refusal::AlarmCleared(id));
        }
        Ok(alarm)
    }

    fn keep_alarm(&mut self, alarm: Alarm, out: &mut Outcome) -> Reply {
        let source = alarm.source();
        let is_held = self.alarms.get(&source).is_none_or(|held| held.id == alarm.id);
        if alarm.state == AlarmState::Cleared && is_held {
            self.alarms.remove(&source);
        } else if is_held {
            self.alarms.insert(source, alarm.clone());
        }
        out.changes.push(Change::AlarmRecorded(Box::new(alarm.clone())));
        Reply::Alarm(Box::new(alarm))
    }
}
