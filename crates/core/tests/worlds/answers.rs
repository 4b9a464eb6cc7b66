//! How the reference answers requests.

use super::{
    Cause, ExecutionId, ExecutionStatus, Fate, JobId, Now, Outcome, Reason, RefJob, Reference,
    Request, State,
};
use crate::told;
use station_core::model::{DateTrigger, Trigger};

impl Reference {
    pub(super) fn request(&mut self, now: Now, request: &Request, outcome: &Outcome) {
        let reply = outcome.reply.as_ref().expect("a request is answered");
        let want = match request {
            Request::Create { spec, immediate, .. } => {
                let Trigger::Date(DateTrigger { at: due, .. }) = spec.trigger else {
                    panic!("one-offs alone")
                };
                if self.is_draining() {
                    "shutting down".to_owned()
                } else if !immediate && due < now.wall {
                    "past".to_owned()
                } else {
                    let id = JobId(self.jobs.last().map_or(0, |job| job.id.0) + 1);
                    self.jobs.push(RefJob {
                        id,
                        due,
                        created: now.wall,
                        policies: spec.policies.clone(),
                        equipment: spec.target.equipment().to_vec(),
                        mail: spec.mail.is_some(),
                        fate: Fate::Planned,
                        verdict: None,
                        in_time: false,
                        passed: false,
                        executions: Vec::new(),
                        last_end: None,
                    });
                    format!("created {id}")
                }
            }
            Request::Cancel { job, .. } => self.cancel(now, *job, outcome),
            Request::CancelExecution { execution, .. } => {
                match self.execution(*execution).map(|run| run.state) {
                    None => "no execution".to_owned(),
                    Some(State::Ended(_)) => "not running".to_owned(),
                    Some(_) => self.cancel_run(now, *execution, outcome),
                }
            }
            Request::RunNow { job, .. } => self.run_now(now, *job),
            Request::Update { .. }
            | Request::Delete { .. }
            | Request::Pause { .. }
            | Request::Resume { .. }
            | Request::Acknowledge { .. }
            | Request::Clear { .. }
            | Request::RaiseAlarm { .. }
            | Request::ClearTopic { .. }
            | Request::Forget { .. }
            | Request::KeepNodes { .. }
            | Request::RemoveNodes { .. }
            | Request::Keep { .. }
            | Request::Remove { .. }
            | Request::KeepToken(_) => panic!("not in these worlds: {request:?}"),
        };
        assert_eq!(told::reply(reply), want, "the answer to {request:?}");
    }

    fn cancel(&mut self, now: Now, id: JobId, outcome: &Outcome) -> String {
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else {
            return "no job".to_owned();
        };
        let live = job.live();
        if job.fate != Fate::Planned && live.is_empty() {
            return "already ended".to_owned();
        }
        if job.fate == Fate::Planned {
            job.fate = Fate::Cancelled;
            if live.is_empty() {
                job.last_end = Some(ExecutionStatus::Cancelled);
            }
        }
        let mut answer = "cancelled".to_owned();
        for n in live {
            let one = self.cancel_run(now, ExecutionId { job: id, n }, outcome);
            answer = if answer == "cancelled" || one != "cancelled" { one } else { answer };
        }
        answer
    }

    fn cancel_run(&mut self, now: Now, id: ExecutionId, outcome: &Outcome) -> String {
        let run = self.execution(id).expect("it was found before");
        match run.state {
            State::Running | State::Left => {
                run.stop = Some(Reason::Cancel);
                format!("ending {id}")
            }
            State::Waiting | State::BackingOff(_) | State::Ended(_) => {
                self.conclude(now, id, ExecutionStatus::Cancelled, outcome);
                "cancelled".to_owned()
            }
        }
    }

    fn run_now(&mut self, now: Now, id: JobId) -> String {
        if self.is_draining() {
            return "shutting down".to_owned();
        }
        let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) else {
            return "no job".to_owned();
        };
        let n = job.add(Cause::Manual, now.wall);
        format!("running {n}")
    }
}
