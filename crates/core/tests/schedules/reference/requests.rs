//! How the reference answers requests.

use std::sync::Arc;
use std::time::Duration;

use station_core::engine::{Outcome, Request};
use station_core::model::{
    AlarmState, Cause, ExecutionId, ExecutionStatus, Job, JobId, JobSpec, Micros, Now, Reason,
    Target, Trigger,
};

use super::firings::Verdict;
use super::{Firing, InTime, RefJob, Reference, State};
use crate::calendar::Plan;
use crate::told;

impl Reference {
    pub(super) fn request(&mut self, now: Now, request: &Request, outcome: &Outcome) {
        let reply = outcome.reply.as_ref().expect("a request is answered");
        if let Request::Update { job, .. }
        | Request::Pause { job, .. }
        | Request::Cancel { job, .. } = request
        {
            self.give_up_waiting(now, *job, outcome, !matches!(request, Request::Update { .. }));
        }
        let want = match request {
            Request::Create { spec, immediate, paused, .. } => {
                self.create(now, spec, *immediate, *paused)
            }
            Request::Update { job, spec, paused, .. } => self.update(now, *job, spec, *paused),
            Request::Delete { job, history, .. } => self.delete(now, *job, *history, outcome),
            Request::Pause { job, .. } => self.pause(*job),
            Request::Resume { job, .. } => self.resume(now, *job),
            Request::Cancel { job, .. } => self.cancel(now, *job, outcome),
            Request::CancelExecution { execution, row, .. } => {
                self.cancel_execution(now, *execution, row.as_deref(), outcome)
            }
            Request::RunNow { job, .. } => self.run_now(now, *job),
            Request::Acknowledge { alarm, .. } => self.tell_alarm(*alarm, AlarmState::Acknowledged),
            Request::Clear { alarm, .. } => self.tell_alarm(*alarm, AlarmState::Cleared),
            Request::Forget { executions } => {
                let live = |(id, _): &&(ExecutionId, u64)| {
                    self.all_runs().any(|run| run.id == *id && run.state.is_live())
                };
                let gone: Vec<_> = executions.iter().filter(|one| !live(one)).copied().collect();
                self.expired(&gone, outcome);
                format!("forgotten {}", gone.len())
            }
            Request::KeepNodes { .. } | Request::RemoveNodes { .. } => {
                self.keep_nodes(now, request)
            }
            Request::KeepToken(_)
            | Request::RaiseAlarm { .. }
            | Request::ClearTopic { .. }
            | Request::Keep { .. }
            | Request::Remove { .. } => {
                panic!("not in these worlds")
            }
        };
        assert_eq!(told::reply(reply), want, "the answer to {request:?}");
    }

    fn create(&mut self, now: Now, spec: &JobSpec, immediate: bool, paused: bool) -> String {
        if self.is_draining() {
            return "shutting down".to_owned();
        }
        let id = JobId(self.jobs.last().map_or(0, |job| job.id.0) + 1);
        let mut spec = spec.clone();
        spec.created_at = now.wall;
        let job = RefJob {
            id,
            plan: Plan::of(&spec.trigger),
            spec: Arc::new(spec),
            next: None,
            in_time: InTime::No,
            paused,
            deleted: false,
            fired: 0,
            planned: 0,
            runs: Vec::new(),
            over: 0,
            live: Vec::new(),
            fan_first: None,
            last_end: None,
        };
        if let Target::Nodes(set) = &job.spec.target
            && self.named(set.text()).is_none()
        {
            return "no target".to_owned();
        }
        let first = match &job.spec.trigger {
            Trigger::Date(_) if immediate => job.first(Micros(i64::MIN)),
            _ => job.first_of_new(now),
        };
        match (first, &job.spec.trigger) {
            (None, Trigger::Date(_)) => "past".to_owned(),
            (None, _) => "never fires".to_owned(),
            (first, _) => {
                self.jobs.push(RefJob { next: first.filter(|_| !paused), ..job });
                format!("created {id}")
            }
        }
    }

    fn known(&mut self, id: JobId) -> Option<&mut RefJob> {
        self.job(id).filter(|job| !job.deleted)
    }

    fn update(&mut self, now: Now, id: JobId, spec: &JobSpec, paused: Option<bool>) -> String {
        let Some(job) = self.known(id) else { return "no job".to_owned() };
        let other = job.spec.target != spec.target;
        if let Target::Nodes(set) = &spec.target
            && other
            && self.named(set.text()).is_none()
        {
            return "no target".to_owned();
        }
        let Some(job) = self.known(id) else { return "no job".to_owned() };
        let holds = |target: &Target| matches!(target, Target::Equipment(ids) if !ids.is_empty());
        if other && job.is_live() && (holds(&job.spec.target) || holds(&spec.target)) {
            return "target in use".to_owned();
        }
        let paused = paused.unwrap_or(job.paused);
        let same_trigger = job.spec.trigger == spec.trigger;
        let same = same_trigger && job.spec.bounds == spec.bounds;
        let mut spec = spec.clone();
        spec.created_at = job.spec.created_at;
        spec.created_by = job.spec.created_by.clone();
        let before = std::mem::replace(&mut job.spec, Arc::new(spec));
        job.plan = Plan::of(&job.spec.trigger);
        if !same || paused != job.paused {
            let just_before = Micros(now.wall.0 - 1);
            // The beginning of an interval that is not new was planned already.
            let first = match &job.spec.trigger {
                _ if same_trigger => job.first(just_before),
                // Whether a new date is in the past was judged when it was asked for.
                Trigger::Date(_) => job.first(Micros(i64::MIN)),
                _ => job.first_of_new(now),
            };
            let spent = job.is_spent();
            if !paused && (first.is_none() || spent) {
                let refused = std::mem::replace(&mut job.spec, before);
                job.plan = Plan::of(&job.spec.trigger);
                let past = first.is_none() && matches!(refused.trigger, Trigger::Date(_));
                return if past { "past".to_owned() } else { "never fires".to_owned() };
            }
            job.plan_next(first.filter(|_| !paused));
            job.paused = paused;
        }
        if other {
            // What is due is decided anew.
            job.in_time = InTime::No;
        }
        for run in job.recent_mut().iter_mut().filter(|run| run.state == State::Waiting) {
            run.state = State::Queued;
        }
        if before.policies.conflict_key != job.spec.policies.conflict_key
            || before.policies.conflict != job.spec.policies.conflict
            || before.policies.max_instances > job.spec.policies.max_instances
        {
            self.changed_lanes = true;
        }
        format!("updated {id}")
    }

    fn pause(&mut self, id: JobId) -> String {
        let Some(job) = self.known(id) else { return "no job".to_owned() };
        if job.paused {
            return format!("updated {id}");
        }
        if job.next.is_none() {
            return "already ended".to_owned();
        }
        job.plan_next(None);
        job.paused = true;
        format!("updated {id}")
    }

    fn resume(&mut self, now: Now, id: JobId) -> String {
        let Some(job) = self.known(id) else { return "no job".to_owned() };
        if !job.paused {
            let over = job.next.is_none() && !job.is_live();
            return if over { "already ended".to_owned() } else { format!("updated {id}") };
        }
        let first = job.first(now.wall);
        match (first, job.spec.trigger.clone()) {
            _ if job.is_spent() => return "never fires".to_owned(),
            (Some(first), _) => job.plan_next(Some(first)),
            (None, Trigger::Date(date)) => {
                self.add_slept_through(id, date.at);
            }
            (None, _) => return "never fires".to_owned(),
        }
        self.job(id).unwrap().paused = false;
        format!("updated {id}")
    }

    fn delete(&mut self, now: Now, id: JobId, history: bool, outcome: &Outcome) -> String {
        let Some(job) = self.known(id) else { return "no job".to_owned() };
        if history && job.is_live() {
            return "still running".to_owned();
        }
        job.plan_next(None);
        job.paused = false;
        job.deleted = true;
        job.runs.iter_mut().for_each(|run| run.removed |= history);
        let live: Vec<_> = job.live();
        live.into_iter().for_each(|id| drop(self.cancel_run(now, id, outcome)));
        "deleted".to_owned()
    }

    fn cancel(&mut self, now: Now, id: JobId, outcome: &Outcome) -> String {
        let Some(job) = self.known(id) else { return "no job".to_owned() };
        let live = job.live();
        let planned = job.next.is_some() || job.paused;
        if !planned && live.is_empty() {
            return "already ended".to_owned();
        }
        if planned && live.is_empty() {
            job.last_end = Some(ExecutionStatus::Cancelled);
        }
        job.plan_next(None);
        job.paused = false;
        let mut answer = "cancelled".to_owned();
        for run in live {
            let one = self.cancel_run(now, run, outcome);
            answer = if one == "cancelled" { answer } else { one };
        }
        answer
    }

    fn cancel_execution(
        &mut self,
        now: Now,
        id: ExecutionId,
        row: Option<&Job>,
        outcome: &Outcome,
    ) -> String {
        match self.run(id).map(|run| run.state) {
            Some(state) if state.is_live() => self.cancel_run(now, id, outcome),
            Some(_) if row.is_some() => "not running".to_owned(),
            _ => "no execution".to_owned(),
        }
    }

    fn cancel_run(&mut self, now: Now, id: ExecutionId, outcome: &Outcome) -> String {
        let run = self.run(id).expect("it was found before");
        match run.state {
            State::Running | State::Left => {
                run.stop = Some(Reason::Cancel);
                format!("ending {id}")
            }
            State::Queued | State::Waiting | State::BackingOff(_) | State::Ended(_) => {
                self.conclude(now, id, (ExecutionStatus::Cancelled, true), outcome);
                "cancelled".to_owned()
            }
        }
    }

    fn run_now(&mut self, now: Now, id: JobId) -> String {
        if self.is_draining() {
            return "shutting down".to_owned();
        }
        if self.known(id).is_none() {
            return "no job".to_owned();
        }
        let parts = match self.places(id) {
            None => return self.run_here(now, id, None),
            Some(None) => return "no target".to_owned(),
            Some(Some(nodes)) => self.judged(id, nodes),
        };
        if parts.iter().all(|(_, verdict)| *verdict == Verdict::Skip) {
            let first = parts[0].0.clone();
            return self.run_here(now, id, Some(&first));
        }
        self.job(id).unwrap().begin_firing();
        let mut first = None;
        for (node, verdict) in parts {
            let job = self.job(id).unwrap();
            let run = job.add(Cause::Manual, now.wall, State::Queued);
            job.runs.last_mut().unwrap().node = Some(node);
            match verdict {
                Verdict::Start => self.run(run).unwrap().state = State::Waiting,
                Verdict::Wait => {}
                Verdict::Displace => self.displace(run),
                Verdict::Skip => self.over(run, ExecutionStatus::Skipped),
            }
            first = first.or(Some(run).filter(|_| verdict != Verdict::Skip));
        }
        format!("running {}", first.expect("one runs"))
    }

    /// A run by hand on this machine, or one that is refused there.
    fn run_here(&mut self, now: Now, id: JobId, node: Option<&str>) -> String {
        let (active, line) = self.lane(id, node);
        let run = match self.judge(id, node) {
            Verdict::Start => self.add_by_hand(now, id, State::Waiting),
            Verdict::Wait => self.add_by_hand(now, id, State::Queued),
            Verdict::Displace => {
                let run = self.add_by_hand(now, id, State::Queued);
                self.displace(run);
                run
            }
            Verdict::Skip => {
                let policies = &self.known(id).unwrap().spec.policies;
                if policies.conflict == station_core::model::Conflict::Queue {
                    return "line full".to_owned();
                }
                let first = active.first().copied().or(line.first().map(|(_, id)| *id)).unwrap();
                let shared = policies.conflict_key.is_some() && first.job != id;
                let what = if shared { "key in use by" } else { "running already" };
                return format!("{what} {first}");
            }
        };
        format!("running {run}")
    }
}

impl RefJob {
    /// The first firing of a schedule that is accepted now.
    fn first_of_new(&self, now: Now) -> Option<Firing> {
        let just_before = Micros(now.wall.0 - 1);
        let after = match &self.spec.trigger {
            Trigger::Interval(interval)
                if now.wall.since(interval.first) <= Duration::from_secs(60) =>
            {
                just_before.min(Micros(interval.first.0 - 1))
            }
            _ => just_before,
        };
        self.first(after)
    }

    fn is_spent(&self) -> bool {
        self.spec.bounds.max_executions.is_some_and(|most| self.fired >= most)
    }

    fn live(&self) -> Vec<ExecutionId> {
        self.recent().filter(|run| run.state.is_live()).map(|run| run.id).collect()
    }
}
