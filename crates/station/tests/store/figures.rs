//! Figures are what a recount of everything gives.

use std::collections::BTreeMap;

use station::store::{AlarmFilter, ExecutionFilter, Reader};
use station_core::model::{
    Alarm, AlarmState, Cause, Execution, ExecutionStatus, JobId, Micros, Severity,
};

use crate::folding::all_executions;
use crate::model::Model;
use crate::samples::Chance;

fn by_status<'a>(runs: impl Iterator<Item = &'a Execution>) -> BTreeMap<ExecutionStatus, u64> {
    let mut counts = ExecutionStatus::ALL.map(|status| (status, 0)).into();
    for run in runs {
        *BTreeMap::entry(&mut counts, run.status).or_default() += 1;
    }
    counts
}

/// Compares what the reader says with what the model counts.
pub(crate) fn assert_figures(reader: &Reader, model: &Model, chance: &mut Chance) {
    for id in model.jobs.keys() {
        assert_history(reader, model, *id);
        assert_ledger(reader, model, *id);
        assert_times(reader, model, *id, chance);
    }
    assert_statistics(reader, model, chance);
    assert_alarms(reader, model);
    let manual = model.executions.iter().rev().filter(|run| run.cause == Cause::Manual);
    let filter = ExecutionFilter { cause: Some(Cause::Manual), limit: 3, ..Default::default() };
    assert_eq!(all_executions(reader, filter), manual.cloned().collect::<Vec<_>>());
}

fn assert_history(reader: &Reader, model: &Model, id: JobId) {
    let (job, _) = &model.jobs[&id];
    let history = reader.history(id).unwrap();
    assert_eq!(history.is_none(), job.state.deleted);
    let Some(history) = history else { return };
    let own = || model.executions.iter().filter(|run| run.id.job == id);
    assert_eq!(history.total, own().count() as u64);
    assert_eq!(history.by_status, by_status(own()));
    assert_eq!(history.last.as_ref(), own().max_by_key(|run| run.id.n));
    assert_eq!((history.next_due, &history.name), (job.state.next_due, &job.spec.name));
    let firings = own().filter(|run| run.cause == Cause::Scheduled);
    assert_eq!(history.firings, firings.map(|run| u64::from(run.firings)).sum::<u64>());
    let completed: Vec<_> = own().filter(|run| run.status == ExecutionStatus::Completed).collect();
    let spent = completed.iter().map(|run| match (run.started, run.ended) {
        (Some(started), Some(ended)) => ended.since(started).as_micros(),
        _ => 0,
    });
    let average = spent.sum::<u128>().checked_div(completed.len() as u128);
    assert_eq!(history.average.map(|average| average.as_micros()), average);
}

fn assert_ledger(reader: &Reader, model: &Model, id: JobId) {
    let (job, _) = &model.jobs[&id];
    let ledger = reader.ledger(id).unwrap();
    assert_eq!(ledger.is_none(), job.state.deleted);
    let own = model.executions.iter().filter(|run| run.id.job == id);
    let scheduled: Vec<_> = own.filter(|run| run.cause == Cause::Scheduled).collect();
    let kept: u64 = scheduled.iter().map(|run| u64::from(run.firings)).sum();
    let pruned = model.pruned.get(&id).copied().unwrap_or(0);
    let faults = reader.ledger_faults().unwrap();
    let named = format!("job {id} ");
    let is_named = faults.iter().any(|fault| fault.starts_with(&named));
    assert_eq!(is_named, job.state.planned != pruned + kept);
    let Some(ledger) = ledger else { return };
    assert_eq!((ledger.planned, ledger.pruned), (job.state.planned, pruned));
    assert_eq!(ledger.accounted(), pruned + kept);
    for (status, count) in by_status(scheduled.iter().copied()) {
        let entry = ledger.by_status.get(&status).copied().unwrap_or_default();
        assert_eq!(entry.executions, count);
        let firings = scheduled.iter().filter(|run| run.status == status);
        assert_eq!(entry.firings, firings.map(|run| u64::from(run.firings)).sum::<u64>());
    }
}

/// What is planned around an instant.
fn assert_times(reader: &Reader, model: &Model, id: JobId, chance: &mut Chance) {
    let own = || model.executions.iter().filter(|run| run.id.job == id);
    let at = Micros((chance.below(50).cast_signed() * 1000 - 7) * 100_000);
    let near = reader.execution_near(id, at).unwrap();
    let stands = |run: &&Execution| run.first_planned.unwrap_or(run.planned) <= at;
    match own().filter(stands).find(|run| run.planned >= at) {
        Some(_) => {
            let near = near.unwrap();
            assert!(stands(&&near) && near.planned >= at);
        }
        None => {
            let before = own().filter(|run| run.planned < at);
            assert_eq!(near.as_ref(), before.max_by_key(|run| (run.planned, run.id.n)));
        }
    }
    let to = Micros(at.0 + 1_000_000_000);
    let mut inside: Vec<_> = own().filter(|run| (at..to).contains(&run.planned)).cloned().collect();
    inside.sort_by_key(|run| std::cmp::Reverse((run.planned, run.id.n)));
    let filter = ExecutionFilter {
        job: Some(id),
        planned_from: Some(at),
        planned_to: Some(to),
        limit: 2,
        ..Default::default()
    };
    assert_eq!(all_executions(reader, filter), inside);
    for cause in [Cause::Manual, Cause::Scheduled] {
        let mut some: Vec<_> = own().filter(|run| run.cause == cause).cloned().collect();
        some.sort_by_key(|run| std::cmp::Reverse(run.id.n));
        let filter =
            ExecutionFilter { job: Some(id), cause: Some(cause), limit: 2, ..Default::default() };
        assert_eq!(all_executions(reader, filter), some);
    }
}

fn assert_statistics(reader: &Reader, model: &Model, chance: &mut Chance) {
    const QUARTER: i64 = 900_000_000;
    let from = Micros((chance.below(9).cast_signed() - 2) * QUARTER);
    let to = Micros(from.0 + chance.below(6).cast_signed() * QUARTER);
    let statistics = reader.statistics(from, to, 3).unwrap();
    let today = model.executions.iter().filter(|run| (from..to).contains(&run.planned));
    assert_eq!(statistics.today, by_status(today));
    let shown = || model.shown().map(|(job, _)| job);
    assert_eq!(statistics.total_jobs, shown().count() as u64);
    let paused = shown().filter(|job| job.state.paused).count() as u64;
    let ended = shown().filter(|job| Model::is_done(job)).count() as u64;
    assert_eq!((statistics.disabled_jobs, statistics.ended_jobs), (paused, ended));
    assert_eq!(statistics.active_jobs, statistics.total_jobs - paused - ended);
    let mut by_kind = BTreeMap::new();
    shown().for_each(|job| *by_kind.entry(job.spec.action.kind()).or_default() += 1);
    let mut counted = statistics.by_kind.clone();
    counted.retain(|_, jobs| *jobs > 0);
    let counted: BTreeMap<&str, u64> = counted.iter().map(|(kind, jobs)| (*kind, *jobs)).collect();
    assert_eq!(counted, by_kind);
    let running = || model.executions.iter().filter(|run| run.status == ExecutionStatus::Running);
    assert_eq!(statistics.running_executions, running().count() as u64);
    let due = model.due((Micros(i64::MIN), JobId(i64::MIN)));
    let upcoming = statistics.upcoming.iter().map(|next| (next.job, Some(next.next_due)));
    let wanted = due.iter().take(3).map(|job| (job.id, job.state.next_due));
    assert_eq!(upcoming.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    let mut jobs: Vec<_> = running().map(|run| run.id.job).collect();
    jobs.retain(|id| !model.jobs[id].0.state.deleted);
    jobs.sort();
    jobs.dedup();
    assert_eq!(reader.running_jobs().unwrap(), jobs);
}

fn assert_alarms(reader: &Reader, model: &Model) {
    let newest = || model.alarms.values().rev().cloned();
    assert_eq!(reader.alarms(&AlarmFilter::default()).unwrap(), newest().collect::<Vec<_>>());
    let open = vec![AlarmState::Active, AlarmState::Acknowledged];
    for job in [None, Some(JobId(1))] {
        for severity in [None, Some(Severity::Warning)] {
            let wanted = newest()
                .filter(|alarm| open.contains(&alarm.state))
                .filter(|alarm| severity.is_none_or(|wanted| alarm.severity == wanted))
                .filter(|alarm| job.is_none_or(|wanted| alarm.job == Some(wanted)));
            let limit = 2;
            let filter =
                AlarmFilter { states: open.clone(), severity, job, equipment: None, limit };
            let found = reader.alarms(&filter).unwrap();
            assert_eq!(found, wanted.clone().take(limit).collect::<Vec<_>>());
            let on = |alarm: &Alarm| {
                let ids = alarm.equipment_id.as_deref().unwrap_or_default();
                ids.split(',').any(|id| id == "psu")
            };
            let filter = AlarmFilter { equipment: Some("psu".into()), ..filter };
            let found = reader.alarms(&filter).unwrap();
            assert_eq!(found, wanted.filter(on).take(limit).collect::<Vec<_>>());
        }
    }
    let statistics = reader.alarm_statistics().unwrap();
    assert_eq!(statistics.total, model.alarms.len() as u64);
    assert_eq!(statistics.notices_owed, model.notices.len() as u64);
    for (state, count) in statistics.by_state {
        assert_eq!(count, newest().filter(|alarm| alarm.state == state).count() as u64);
    }
    for (severity, count) in statistics.by_severity {
        assert_eq!(count, newest().filter(|alarm| alarm.severity == severity).count() as u64);
    }
    assert_eq!(reader.tokens().unwrap().len(), model.tokens.len());
    for token in model.tokens.values() {
        assert_eq!(reader.token(&token.id).unwrap().as_ref(), Some(token));
        assert_eq!(reader.token_by_hash(&token.hash).unwrap().as_ref(), Some(token));
    }
}
