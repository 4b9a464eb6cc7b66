use super::*;
use crate::audit::{Head, append};
use crate::engine::{Change, Effect, Note, Refusal, Request};
use crate::model::{
    Action, Attempt, BootTrigger, Bounds, Cause, CommandLine, End, Execution, ExecutionId,
    ExecutionStatus, JobSpec, JobState, Policies, Principal, Record, RecordKind, Role, Target,
    Token, Trigger, Usage, Wear,
};

fn ann() -> Actor {
    Actor::of(Principal::Unix { uid: 1000, name: Some("ann".to_owned()) })
}

fn job(id: i64) -> Job {
    let action = Action::Command {
        command: CommandLine::Shell("backup --now".to_owned()),
        context: None,
        stdin: Some(b"secret".to_vec()),
        sudo: false,
    };
    let spec = JobSpec {
        name: "nightly".to_owned(),
        description: None,
        action,
        target: Target::Local,
        trigger: Trigger::Boot(BootTrigger { zone: "UTC".to_owned() }),
        bounds: Bounds::default(),
        policies: Policies::default(),
        tags: Vec::new(),
        queue: None,
        mail: None,
        created_at: Micros(1),
        created_by: Principal::Anonymous,
    };
    Job { id: JobId(id), spec: spec.into(), state: JobState::new(None) }
}

fn none(_: JobId) -> Option<Job> {
    None
}

fn of(request: &Request, reply: Reply, changes: Vec<Change>) -> Vec<Draft> {
    let outcome = Outcome { changes, effects: Vec::new(), reply: Some(reply) };
    drafts(&outcome, Some(&asked(request)), &ann(), &none)
}

/// Kind, subject, action and status of each.
fn shown(drafts: &[Draft]) -> Vec<String> {
    let one = |draft: &Draft| {
        let by = draft.by.principal.as_ref().map_or("station".to_owned(), Principal::label);
        let (kind, status) = (draft.kind.name(), draft.status.name());
        format!("{kind} {by}: {} {} {status}", draft.action, draft.subject)
    };
    drafts.iter().map(one).collect()
}

const RUN: ExecutionId = ExecutionId { job: JobId(42), n: 3 };

fn execution(attempt: u32, status: ExecutionStatus, end: Option<End>) -> Execution {
    let mut execution = Execution::new(RUN, Cause::Scheduled, Micros(5));
    (execution.attempt, execution.status, execution.end) = (attempt, status, end);
    execution
}

#[test]
fn whoever_asks_for_a_change_is_recorded_with_it() {
    let (id, row) = (JobId(42), None);
    let replaced = || vec![Change::JobReplaced(Box::new(job(42)))];
    let updated = || Reply::Updated(Box::new(job(42)));
    let create = Request::Create {
        spec: Box::new((*job(1).spec).clone()),
        context: None,
        immediate: true,
        paused: false,
    };
    let created = vec![Change::JobCreated(Box::new(job(42)))];
    let reply = Reply::Created(Box::new(job(42)));
    assert_eq!(shown(&of(&create, reply, created)), ["done ann: create job 42 confirmed"]);
    let pause = Request::Pause { job: id, row: row.clone() };
    assert_eq!(shown(&of(&pause, updated(), replaced())), ["done ann: pause job 42 confirmed"]);
    let resume = Request::Resume { job: id, row: row.clone() };
    assert_eq!(shown(&of(&resume, updated(), replaced())), ["done ann: resume job 42 confirmed"]);
    let deleted = vec![Change::JobDeleted { job: id, history: true }];
    let delete = Request::Delete { job: id, row: row.clone(), history: true };
    let drafts = of(&delete, Reply::Deleted, deleted);
    assert_eq!(shown(&drafts), ["done ann: delete job 42 confirmed"]);
    let cancel = Request::CancelExecution { execution: RUN, row: row.clone() };
    let drafts = of(&cancel, Reply::Ending(RUN), Vec::new());
    assert_eq!(shown(&drafts), ["done ann: cancel execution 42.3 confirmed"]);
    let drafts = of(&cancel, Reply::Refused(Refusal::NotRunning(RUN)), Vec::new());
    assert_eq!(shown(&drafts), ["refused ann: cancel execution 42.3 failed"]);
    assert_eq!(drafts[0].detail["why"], "execution 42.3 is not running");
    // Without anybody having asked, a job was planned anew.
    let outcome = Outcome { changes: replaced(), ..Outcome::default() };
    assert_eq!(drafts_of(&outcome), [""; 0]);
}

fn drafts_of(outcome: &Outcome) -> Vec<String> {
    shown(&drafts(outcome, None, &Actor::station(), &none))
}

#[test]
fn no_secret_is_told() {
    let token = Token {
        id: "7".to_owned(),
        name: "lab".to_owned(),
        role: Role::Viewer,
        hash: "feedbeef".to_owned(),
        created_at: Micros(1),
        created_by: Principal::Anonymous,
        expires_at: None,
        revoked_at: None,
    };
    let request = Request::KeepToken(Box::new(token.clone()));
    let kept = vec![Change::TokenRecorded(Box::new(token.clone()))];
    let mut told = of(&request, Reply::TokenKept, kept);
    assert_eq!(shown(&told), ["done ann: create token lab confirmed"]);
    let revoked = Token { revoked_at: Some(Micros(9)), ..token };
    let request = Request::KeepToken(Box::new(revoked.clone()));
    let kept = vec![Change::TokenRecorded(Box::new(revoked))];
    told.extend(of(&request, Reply::TokenKept, kept));
    assert_eq!(shown(&told)[1], "done ann: revoke token lab confirmed");
    let changed =
        Outcome { changes: vec![Change::JobCreated(Box::new(job(1)))], ..Outcome::default() };
    told.extend(drafts(&changed, None, &ann(), &none));
    let stamp = Stamp {
        at: Micros(1),
        local: String::new(),
        mono_ns: 1,
        clock: Clock { synchronised: true, error_us: None },
        correlation: "own".to_owned(),
    };
    for draft in told {
        let text = append(&Head::default(), draft.stamped(stamp.clone())).unwrap().text;
        for secret in ["feedbeef", "secret", "c2VjcmV0"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("own"), "{text}");
    }
}

#[test]
fn the_stations_bookkeeping_is_not_recorded() {
    let wear = Record::Wear(Box::new(Wear { equipment: "psu".to_owned(), writes: Vec::new() }));
    let changes = vec![
        Change::RecordKept(Box::new(wear)),
        Change::OutputDropped { execution: RUN },
        Change::ExecutionRemoved { execution: RUN },
        Change::BootKept { boot: "x".to_owned() },
    ];
    let outcome = Outcome { changes, effects: vec![Effect::SampleLoad], reply: None };
    assert_eq!(drafts_of(&outcome), [""; 0]);
    let key = "psu".to_owned();
    let change = Change::RecordRemoved { kind: RecordKind::Equipment, key: key.clone() };
    let request = Request::Remove { kind: RecordKind::Equipment, key, there: true };
    let drafts = of(&request, Reply::RecordKept, vec![change]);
    assert_eq!(shown(&drafts), ["done ann: delete equipment psu confirmed"]);
}

#[test]
fn a_run_is_intended_before_it_begins_and_each_attempt_comes_out_once() {
    let start = Effect::Start {
        execution: RUN,
        attempt: 1,
        action: job(42).spec.action.clone(),
        node: None,
        equipment: vec!["psu".to_owned()],
        outstation: None,
        idle_timeout: None,
    };
    let outcome = Outcome { effects: vec![start.clone()], ..Outcome::default() };
    let intents = drafts(&outcome, None, &Actor::station(), &|id| Some(job(id.0)));
    assert_eq!(shown(&intents), ["intent anonymous: run execution 42.3 pending"]);
    assert_eq!(intents[0].by.execution, Some(RUN));
    assert_eq!(intents[0].correlation.as_deref(), Some("run 42.3.1"));
    assert_eq!(intents[0].detail["what"], "backup --now");

    // Somebody has just asked for it.
    let outcome = Outcome { reply: Some(Reply::Running(RUN)), ..outcome };
    let request = Request::RunNow { job: JobId(42), row: None };
    let by_hand = drafts(&outcome, Some(&asked(&request)), &ann(), &|id| Some(job(id.0)));
    assert_eq!(
        shown(&by_hand),
        ["done ann: run job 42 confirmed", "intent ann: run execution 42.3 pending"]
    );

    let attempt = Attempt {
        number: 1,
        started: Micros(1),
        ended: Some(Micros(2)),
        end: Some(End::Unknown),
        error: None,
        usage: Usage::default(),
    };
    let retried = Change::AttemptRecorded { execution: RUN, attempt };
    let ended =
        |attempt, status, end| Effect::Note(Note::Ended(Box::new(execution(attempt, status, end))));
    let outcome = Outcome {
        changes: vec![retried],
        effects: vec![
            ended(2, ExecutionStatus::Completed, Some(End::Exit(0))),
            ended(0, ExecutionStatus::Missed, None),
        ],
        reply: None,
    };
    let ends = drafts(&outcome, None, &Actor::station(), &none);
    assert_eq!(
        shown(&ends),
        [
            "outcome station: run execution 42.3 failed",
            "outcome station: run execution 42.3 confirmed",
            "done station: run execution 42.3 failed"
        ]
    );
    let correlations: Vec<_> = ends.iter().map(|draft| draft.correlation.as_deref()).collect();
    assert_eq!(correlations, [Some("run 42.3.1"), Some("run 42.3.2"), None]);
    assert_eq!(ends[0].detail["class"], "unknown");
    assert_eq!(ends[2].detail["status"], "missed");
}

#[test]
fn an_intent_without_an_outcome_is_unknown() {
    let told = Telecontrol { outstation: "SS1".to_owned(), ca: 47, ..Telecontrol::default() };
    let intent = Draft {
        kind: Kind::Intent,
        correlation: Some("c-1".to_owned()),
        status: Status::Pending,
        telecontrol: Some(Box::new(told)),
        ..Draft::done(ann(), "outstation SS1/breaker-7", "write")
    };
    let stamp = Stamp {
        at: Micros(1),
        local: String::new(),
        mono_ns: 1,
        clock: Clock { synchronised: true, error_us: None },
        correlation: String::new(),
    };
    let draft = unfinished(&Outstanding { seq: 9, entry: intent.stamped(stamp) });
    assert_eq!(
        shown(std::slice::from_ref(&draft)),
        ["outcome ann: write outstation SS1/breaker-7 failed"]
    );
    assert_eq!(draft.correlation.as_deref(), Some("c-1"));
    assert_eq!(draft.detail["intent"], 9);
    let told = draft.telecontrol.unwrap();
    assert_eq!((told.ca, told.class.as_deref()), (47, Some("unknown")));
    assert_eq!(told.reason.as_deref(), Some("station stopped before the outcome was known"));
}
