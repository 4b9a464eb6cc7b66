//! Changes by chance, each one that makes sense after those before it.

use std::sync::Arc;

use station_core::engine::Change;
use station_core::model::{
    Action, AlarmId, AlarmState, Attempt, Cause, ContextHash, End, Execution, ExecutionId,
    ExecutionStatus, Fanned, HostKeys, Job, JobId, JobState, Kill, Micros, Node, NodeHealth,
    NodeKind, NodeSet, Notice, OutputChunk, OutputSummary, Principal, ProcessRecord, Reason, Role,
    Severity, ShellContext, Stream, Target, Token, Usage,
};

use crate::instruments::{random_instrument, random_record};
use crate::model::Model;
use crate::outstations::random_control;
use crate::recurring::alarm;
use crate::samples::{Chance, created, execution, job, recorded, recurring, state};

impl Chance {
    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// A change that makes sense after those the model has seen.
pub(crate) fn random_change(chance: &mut Chance, model: &Model) -> Change {
    let ids: Vec<_> = model.jobs.keys().map(|id| id.0).collect();
    let due = chance.below(50).cast_signed() * 1000;
    if model.jobs.is_empty() || chance.once_in(5) {
        let mut new = random_job(chance, model.last_job + 1, due);
        if chance.once_in(6) {
            new.state = state(chance.one_of(&ExecutionStatus::ALL), None, 1);
        }
        return created(new);
    }
    let existing = chance.one_of(&ids);
    let id = ExecutionId { job: JobId(existing), n: u32::try_from(chance.below(4)).unwrap() + 1 };
    let known = model.executions.get(usize::try_from(chance.below(40)).unwrap()).map(|run| run.id);
    match (chance.below(13), known) {
        (0, _) => {
            let body = chance.below(4);
            let context = ShellContext {
                cwd: Some(vec![b'/', u8::try_from(body).unwrap() * 80]),
                umask: Some(0o22),
                env: (body > 1).then(|| vec![(b"HOME".to_vec(), b"/root".to_vec())]),
                nice: 0,
            };
            Change::ContextStored { hash: ContextHash(format!("{body:064}")), context }
        }
        (1 | 2, _) => {
            let status = chance.one_of(&ExecutionStatus::ALL);
            let next_due = chance.once_in(2).then_some(due);
            let state = random_state(chance, state(status, next_due, id.n));
            let deleted = model.jobs[&JobId(existing)].0.state.deleted;
            let next_due = state.next_due.filter(|_| !deleted);
            Change::JobUpdated {
                job: JobId(existing),
                state: JobState { deleted, next_due, ..state },
            }
        }
        (3, Some(execution)) => Change::AttemptRecorded {
            execution,
            attempt: Attempt {
                number: u32::try_from(chance.below(3)).unwrap() + 1,
                started: Micros(due),
                ended: chance.once_in(2).then_some(Micros(due + 1)),
                end: random_end(chance),
                error: chance.once_in(2).then(|| "it broke".into()),
                usage: random_usage(chance),
            },
        },
        (4 | 5, Some(execution)) => Change::OutputStored {
            execution,
            attempt: 1,
            chunks: (0..chance.below(4))
                .map(|step| OutputChunk {
                    stream: chance.one_of(&[Stream::Stdout, Stream::Stderr, Stream::Station]),
                    at: Micros(due + step.cast_signed()),
                    bytes: vec![b'x'; usize::try_from(chance.below(300)).unwrap()],
                })
                .collect(),
        },
        (6, Some(execution)) if chance.once_in(3) => Change::OutputDropped { execution },
        (8, Some(execution)) => Change::ExecutionRemoved { execution },
        (9, _) if chance.once_in(3) => {
            Change::JobDeleted { job: JobId(existing), history: chance.once_in(2) }
        }
        (10, _) if !model.jobs[&JobId(existing)].0.state.deleted => {
            let mut new = random_job(chance, existing, due);
            new.state = random_state(chance, model.jobs[&JobId(existing)].0.state.clone());
            Change::JobReplaced(Box::new(new))
        }
        (11, _) => random_watch(chance, model),
        (7, Some(execution)) if chance.once_in(2) => Change::MailQueued { execution },
        (7, Some(execution)) => {
            Change::MailDone { execution, error: chance.once_in(2).then(|| "no sendmail".into()) }
        }
        _ => recorded(random_execution(chance, id, due)),
    }
}

fn random_job(chance: &mut Chance, id: i64, due: i64) -> Job {
    let mut new = if chance.once_in(2) { recurring(id, due) } else { job(id, due) };
    Arc::make_mut(&mut new.spec).tags =
        ["red", "blue"].iter().filter(|_| chance.once_in(3)).map(|tag| (*tag).into()).collect();
    if chance.once_in(3) {
        let set = NodeSet::parse("@lab!rack[1-2]").unwrap();
        Arc::make_mut(&mut new.spec).target = Target::Nodes(set);
    } else if chance.once_in(2) {
        let spec = Arc::make_mut(&mut new.spec);
        spec.action = Action::Instrument(Box::new(random_instrument(chance)));
        let ids = ["dmm", "psu"].iter().filter(|_| chance.once_in(2));
        spec.target = Target::Equipment(ids.map(|id| (*id).to_owned()).collect());
    } else if chance.once_in(2) {
        let spec = Arc::make_mut(&mut new.spec);
        spec.action = Action::Outstation(Box::new(random_control(chance)));
        spec.target = Target::Outstation("SS1".to_owned());
    }
    new
}

fn random_state(chance: &mut Chance, mut state: JobState) -> JobState {
    state.paused = chance.once_in(4);
    if state.paused {
        state.next_due = None;
    }
    state.planned = chance.below(1 << 40);
    state.fired = 7;
    state.fanned = chance.once_in(2).then(|| Fanned {
        first: u32::try_from(chance.below(9)).unwrap(),
        worst: if chance.once_in(3) { None } else { Some(chance.one_of(&ExecutionStatus::ALL)) },
    });
    state.nominal = chance.once_in(2).then_some(Micros(3));
    state
}

/// A change of alarms, notices, tokens and nodes.
fn random_watch(chance: &mut Chance, model: &Model) -> Change {
    let known = model.alarms.keys().next_back().map_or(0, |id| id.0);
    let id = chance.below(known.cast_unsigned() + 1).cast_signed() + 1;
    let channel = chance.one_of(&["mail", "hook"]).to_owned();
    match chance.below(16) {
        7..=9 => random_node(chance),
        10..=15 => random_record(chance),
        0 | 1 => {
            let state = chance.one_of(&AlarmState::ALL);
            let mut alarm = alarm(id, chance.below(4).cast_signed() + 1, state);
            alarm.severity = chance.one_of(&Severity::ALL);
            let equipment = chance.one_of(&[None, Some("psu"), Some("dmm,psu"), Some("psu2")]);
            alarm.equipment_id = equipment.map(str::to_owned);
            Change::AlarmRecorded(Box::new(alarm))
        }
        2 if id <= known => Change::NoticeRecorded(Notice {
            alarm: AlarmId(id),
            channel,
            since: Micros(5),
            attempts: u32::try_from(chance.below(4)).unwrap(),
            next_at: Micros(9),
            error: chance.once_in(2).then(|| "no route".into()),
        }),
        3 => Change::NoticeDone { alarm: AlarmId(id), channel },
        5 => Change::BootKept { boot: format!("boot-{}", chance.below(3)) },
        4 => Change::ZonesKept { version: format!("2026{}", chance.one_of(&['a', 'b'])) },
        _ => {
            let number = chance.below(3);
            Change::TokenRecorded(Box::new(Token {
                id: format!("t{number}"),
                name: "lab".into(),
                role: chance.one_of(&Role::ALL),
                hash: format!("{number:064}"),
                created_at: Micros(1),
                created_by: Principal::Anonymous,
                expires_at: None,
                revoked_at: chance.once_in(2).then_some(Micros(8)),
            }))
        }
    }
}

/// A node is registered, changed, marked or removed; it need not be there.
fn random_node(chance: &mut Chance) -> Change {
    let name = chance.one_of(&["rack1", "rack2", "nas"]).to_owned();
    match chance.below(5) {
        0 => Change::NodeRemoved { name },
        1 | 2 => {
            let unreachable = chance.once_in(2).then(|| "no route to host".into());
            let since = Micros(chance.below(9).cast_signed());
            Change::NodeMarked { name, health: NodeHealth { since, unreachable } }
        }
        _ => Change::NodeRecorded(Box::new(Node {
            address: format!("{name}.lan"),
            name,
            user: chance.once_in(2).then(|| "root".into()),
            port: chance.once_in(2).then_some(2222),
            kind: chance.one_of(&[NodeKind::Ssh, NodeKind::Ush]),
            relay: chance.once_in(2).then(|| "gate".into()),
            groups: if chance.once_in(2) { vec!["lab".into(), "row".into()] } else { Vec::new() },
            guard: chance.once_in(2),
            host_keys: chance.one_of(&[HostKeys::Config, HostKeys::AcceptNew, HostKeys::Strict]),
            limit: chance.once_in(2).then_some(3),
            created_at: Micros(7),
            created_by: Principal::Anonymous,
        })),
    }
}

fn random_end(chance: &mut Chance) -> Option<End> {
    chance.one_of(&[
        None,
        Some(End::Exit(0)),
        Some(End::Exit(-3)),
        Some(End::Signal(9)),
        Some(End::NotStarted),
        Some(End::Unknown),
        Some(End::Done),
        Some(End::Failed),
    ])
}

fn random_usage(chance: &mut Chance) -> Usage {
    Usage { user_micros: chance.below(u64::MAX), system_micros: 3, max_rss_bytes: chance.below(9) }
}

fn random_execution(chance: &mut Chance, id: ExecutionId, at: i64) -> Execution {
    let mut run = execution(id.job.0, id.n, chance.one_of(&ExecutionStatus::ALL));
    run.cause = chance.one_of(&[Cause::Scheduled, Cause::Manual]);
    run.planned = Micros((at - 7) * 100_000);
    run.firings = u32::try_from(chance.below(4)).unwrap();
    run.first_planned = chance.once_in(3).then_some(Micros(run.planned.0 - 2_000_000));
    run.started = chance.once_in(2).then_some(Micros(at));
    run.ended = chance.once_in(2).then_some(Micros(at + 9));
    run.attempt = u32::try_from(chance.below(4)).unwrap();
    run.retry_at = chance.once_in(3).then_some(Micros(at + 99));
    run.stop = chance.one_of(&[
        None,
        Some(Reason::Cancel),
        Some(Reason::Timeout),
        Some(Reason::IdleTimeout),
        Some(Reason::Shutdown),
        Some(Reason::Replaced),
    ]);
    run.node = chance.once_in(3).then(|| "rack1".into());
    run.kill = if chance.once_in(2) { Some(chance.one_of(&Kill::ALL)) } else { None };
    run.process = chance.once_in(2).then(|| ProcessRecord {
        mark: chance.once_in(2).then(|| "a1b2".into()),
        pid: 77,
        start_ticks: u64::MAX,
        boot_id: "4d1e".into(),
    });
    run.end = random_end(chance);
    run.error = chance.once_in(3).then(|| "could not be started: no such file".into());
    run.result = chance.once_in(3).then(|| format!("{{\"samples\":{at}}}"));
    run.usage = random_usage(chance);
    run.output = OutputSummary { bytes: chance.below(1 << 60), lines: 2, ..Default::default() };
    run
}
