//! Folding changes gives what a naive fold gives: on the writer, in pages and after reopening.

use station::port::Store;
use station::store::{ExecutionFilter, JobFilter, JobOrder, Reader, SqliteStore, StoredOutput};
use station_core::engine::Change;
use station_core::model::Trigger;
use station_core::model::{AlarmState, Execution, ExecutionStatus, Job, JobId, Micros, RecordKind};

use crate::figures::assert_figures;
use crate::instruments::assert_records;
use crate::model::Model;
use crate::random::random_change;
use crate::samples::Chance;

fn is_absolute(change: &Change) -> bool {
    !matches!(change, Change::OutputStored { .. })
}

#[test]
fn folding_changes_gives_what_a_naive_fold_gives() {
    for seed in 0..60_u64 {
        println!("seed {seed}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.db");
        let mut chance = Chance(seed);
        let (mut store, mut reader) = SqliteStore::open(&path).unwrap();
        let id = store.id().to_owned();
        let mut model = Model::default();
        for _ in 0..chance.below(40) + 1 {
            let mut trial = model.clone();
            for _ in 0..chance.below(12) {
                let change = random_change(&mut chance, &trial);
                let times = if is_absolute(&change) && chance.once_in(3) { 2 } else { 1 };
                for _ in 0..times {
                    store.apply(std::slice::from_ref(&change)).unwrap();
                }
                trial.fold(&change);
            }
            assert_writer(&mut store, &trial, &mut chance);
            if chance.once_in(5) {
                store.rollback();
            } else {
                store.commit().unwrap();
                model = trial;
            }
            if chance.once_in(10) {
                drop(store);
                (store, reader) = SqliteStore::open(&path).unwrap();
                assert_eq!(store.id(), id);
            }
        }
        store.rollback();
        assert_writer(&mut store, &model, &mut chance);
        assert_reader(&reader, &model, &mut chance);
        assert_figures(&reader, &model, &mut chance);
        let wrong = reader.check().unwrap();
        let tallies: Vec<_> = wrong.iter().filter(|line| line.contains("tally")).collect();
        assert_eq!(tallies, [""; 0]);
    }
}

fn assert_writer(store: &mut SqliteStore, model: &Model, chance: &mut Chance) {
    let window = usize::try_from(chance.below(20)).unwrap();
    let snapshot = store.snapshot(window).unwrap();
    assert_eq!(snapshot.output_bytes, model.bytes(None));
    assert_eq!(snapshot.newest, model.newest());
    assert!(snapshot.last_job >= model.last_job);
    assert_eq!((&snapshot.zones, &snapshot.boot), (&model.zones, &model.boot));
    assert!(snapshot.last_alarm >= model.alarms.keys().next_back().map_or(0, |id| id.0));
    let open = model.alarms.values().filter(|alarm| alarm.state != AlarmState::Cleared);
    assert_eq!(snapshot.alarms, open.cloned().collect::<Vec<_>>());
    let owed = model.notices.values();
    let owed = owed.map(|notice| (notice.clone(), model.alarms[&notice.alarm].clone()));
    assert_eq!(snapshot.notices, owed.collect::<Vec<_>>());
    assert_eq!(snapshot.nodes, model.nodes.values().cloned().collect::<Vec<_>>());
    let due = model.due((Micros(i64::MIN), JobId(i64::MIN)));
    assert_eq!(snapshot.due, due[..window.min(due.len())]);
    assert_eq!(snapshot.more, due.len() > window);
    let live = model.executions.iter().filter(|run| !run.status.is_final());
    assert_eq!(snapshot.live, live.map(|run| model.pair(run)).collect::<Vec<_>>());
    let owed = model.owed.iter().filter(|(_, owed)| **owed).map(|(id, _)| *id);
    assert_eq!(
        snapshot.mails.iter().map(|(_, run)| run.id).collect::<Vec<_>>(),
        owed.collect::<Vec<_>>()
    );

    let after = JobId(chance.below(9).cast_signed());
    let recurs = |job: &&Job| !matches!(job.spec.trigger, Trigger::Date(_));
    let next = model.jobs.range(after..).map(|(_, (job, _))| job).filter(recurs);
    let next = next.filter(|job| job.id > after && job.state.next_due.is_some());
    let next: Vec<_> = next.cloned().collect();
    let (found, more) = store.planned_from(after, true, window).unwrap();
    assert_eq!((found.as_slice(), more), (&next[..window.min(next.len())], next.len() > window));
    let before = Micros(chance.below(50).cast_signed() * 1000);
    let ended = model.executions.iter().filter(|run| run.status.is_final());
    let mut old: Vec<_> = ended.filter(|run| run.ended.is_some_and(|at| at < before)).collect();
    old.sort_by_key(|run| run.ended);
    let old: Vec<_> = old.iter().map(|run| run.id).collect();
    let (found, more) = store.expired(before, window).unwrap();
    for (id, bytes) in &found {
        let held = model.output.iter().filter(|(of, _, _)| of == id);
        let held = held.flat_map(|(_, _, chunks)| chunks).map(|chunk| chunk.bytes.len() as u64);
        assert_eq!(*bytes, held.sum::<u64>(), "the output {id} holds");
    }
    let found: Vec<_> = found.into_iter().map(|(id, _)| id).collect();
    assert_eq!((found.as_slice(), more), (&old[..window.min(old.len())], old.len() > window));
    for alarm in model.alarms.values() {
        assert_eq!(store.alarm(alarm.id).unwrap().as_ref(), Some(alarm));
    }
    let from =
        (Micros(chance.below(50).cast_signed() * 1000), JobId(chance.below(30).cast_signed()));
    let due = model.due(from);
    let (found, more) = store.due_from(from, window).unwrap();
    assert_eq!((found.as_slice(), more), (&due[..window.min(due.len())], due.len() > window));
    for (job, _) in model.jobs.values() {
        assert_eq!(store.job(job.id).unwrap().as_ref(), Some(job));
    }
    for kind in [RecordKind::Equipment, RecordKind::Profile, RecordKind::Wear] {
        // Also what is not durable yet: the next request of the round has to see it.
        for key in ["psu", "dmm", "a1"] {
            let wanted = model.records.get(&(kind, key.to_owned()));
            assert_eq!(store.record(kind, key).unwrap().as_ref(), wanted);
        }
    }
    for (hash, context) in &model.contexts {
        assert_eq!(store.context(hash).unwrap().as_ref(), Some(context));
    }
    let wanted = chance.below(2000);
    let (mut sum, mut oldest) = (0, Vec::new());
    for (id, ..) in &model.output {
        let ended = model.executions.iter().any(|run| run.id == *id && run.status.is_final());
        if sum < wanted && ended && !oldest.iter().any(|(seen, _)| seen == id) {
            sum += model.bytes(Some(*id));
            oldest.push((*id, model.bytes(Some(*id))));
        }
    }
    assert_eq!(store.oldest_outputs(wanted).unwrap(), oldest);
}

/// All pages of jobs.
fn all_jobs(reader: &Reader, mut filter: JobFilter) -> Vec<Job> {
    let mut jobs = Vec::new();
    loop {
        let page = reader.jobs(&filter).unwrap();
        assert!(page.items.len() <= filter.limit);
        jobs.extend(page.items);
        match page.next_cursor {
            Some(cursor) => filter.cursor = Some(cursor),
            None => return jobs,
        }
    }
}

/// All pages of executions.
pub(crate) fn all_executions(reader: &Reader, mut filter: ExecutionFilter) -> Vec<Execution> {
    let mut executions = Vec::new();
    loop {
        let page = reader.executions(&filter).unwrap();
        executions.extend(page.items);
        match page.next_cursor {
            Some(cursor) => filter.cursor = Some(cursor),
            None => return executions,
        }
    }
}

fn assert_reader(reader: &Reader, model: &Model, chance: &mut Chance) {
    let limit = usize::try_from(chance.below(7)).unwrap() + 1;
    let agenda = model.agenda();
    let all = JobFilter { limit, ..Default::default() };
    assert_eq!(all_jobs(reader, all.clone()), agenda);
    let by_id: Vec<_> = model.shown().map(|(job, _)| job.clone()).collect();
    for (job, _) in model.jobs.values() {
        let shown = (!job.state.deleted).then_some(job);
        assert_eq!(reader.job(job.id).unwrap().as_ref(), shown);
    }
    for enabled in [false, true] {
        let some = agenda.iter().filter(|job| job.state.paused != enabled);
        let filter = JobFilter { enabled: Some(enabled), ..all.clone() };
        assert_eq!(all_jobs(reader, filter.clone()), some.cloned().collect::<Vec<_>>());
        let some = by_id.iter().filter(|job| job.state.paused != enabled);
        let filter = JobFilter { order: JobOrder::Id, ..filter };
        assert_eq!(all_jobs(reader, filter), some.cloned().collect::<Vec<_>>());
    }
    assert_eq!(all_jobs(reader, JobFilter { order: JobOrder::Id, ..all.clone() }), by_id);
    let statuses = vec![ExecutionStatus::Pending, chance.one_of(&ExecutionStatus::ALL)];
    let ids: Vec<_> = (0..5).map(|_| JobId(chance.below(30).cast_signed())).collect();
    let narrow = JobFilter { statuses: statuses.clone(), tag: Some("red".into()), ..all.clone() };
    let red = |job: &&Job| {
        statuses.contains(&job.state.status) && job.spec.tags.iter().any(|tag| tag == "red")
    };
    assert_eq!(
        all_jobs(reader, narrow.clone()),
        agenda.iter().filter(red).cloned().collect::<Vec<_>>()
    );
    let narrow = JobFilter { ids: ids.clone(), order: JobOrder::Id, ..narrow };
    let few = by_id.iter().filter(red).filter(|job| ids.contains(&job.id));
    assert_eq!(all_jobs(reader, narrow), few.cloned().collect::<Vec<_>>());

    let newest: Vec<_> = model.executions.iter().rev().cloned().collect();
    let all = ExecutionFilter { limit, ..Default::default() };
    assert_eq!(all_executions(reader, all.clone()), newest);
    let some = newest.iter().filter(|run| statuses.contains(&run.status)).cloned();
    let filter = ExecutionFilter { statuses: statuses.clone(), ..all.clone() };
    assert_eq!(all_executions(reader, filter), some.collect::<Vec<_>>());
    for id in model.jobs.keys() {
        let mut own: Vec<_> = newest.iter().filter(|run| run.id.job == *id).cloned().collect();
        own.sort_by_key(|run| std::cmp::Reverse(run.id.n));
        let filter = ExecutionFilter { job: Some(*id), ..all.clone() };
        assert_eq!(all_executions(reader, filter), own);
    }
    for run in &model.executions {
        assert_eq!(reader.execution(run.id).unwrap().as_ref(), Some(run));
        let attempts = model.attempts.iter().filter(|((id, _), _)| *id == run.id);
        assert_eq!(
            reader.attempts(run.id).unwrap(),
            attempts.map(|(_, a)| a.clone()).collect::<Vec<_>>()
        );
        let mut rows = Vec::new();
        loop {
            let after = rows.last().map_or(0, |row: &StoredOutput| row.seq);
            let more = reader.output(run.id, after, 200).unwrap();
            if more.is_empty() {
                break;
            }
            rows.extend(more);
        }
        let own = model.output.iter().filter(|row| row.0 == run.id);
        assert_eq!(
            rows.into_iter().map(|row| (run.id, row.attempt, row.chunks)).collect::<Vec<_>>(),
            own.cloned().collect::<Vec<_>>()
        );
    }
    assert_eq!(reader.nodes().unwrap(), model.nodes.values().cloned().collect::<Vec<_>>());
    assert_records(reader, model);
    let counts = reader.counts().unwrap();
    assert_eq!(counts.executions, model.executions.len() as u64);
    assert_eq!(counts.output_bytes, model.bytes(None));
    for (status, count) in counts.jobs {
        assert_eq!(count, by_id.iter().filter(|job| job.state.status == status).count() as u64);
    }
}
