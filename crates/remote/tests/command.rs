//! §16.4 of the design: commands on a grid of times, over a real sshd. The grid itself is tested
//! under virtual time, beside its code.
#![cfg(test)]

use std::time::Duration;

use station_remote::{
    Cancel, Command, CommandError, CommandManager, Finished, OnAbnormal, Plan, RexecOptions,
    Stopped, Timeouts, channel,
};

#[path = "support/rig.rs"]
mod rig;

use rig::{Rig, Seen, open_handles, options, patient, pid, soon};

const ENDLESS: &str = "echo $$; exec sleep 1000";
const OFTEN: Duration = Duration::from_millis(20);

#[tokio::test]
async fn s16_4_one_shot() {
    let (rig, seen) = (Rig::start(), Seen::default());
    let node = rig.node("node");
    for interval in [None, Some(Duration::ZERO)] {
        let command = Command::new(&node, "echo once")
            .plan(Plan { interval, ..Plan::default() })
            .options(options(patient(), vec![seen.sink()]));
        command.start().unwrap();
        assert_eq!(soon(command.finished()).await, Finished::Done);
        assert_eq!((command.run_count(), command.last_outcome().unwrap().code()), (1, Some(0)));
        assert_eq!(soon(command.stop()).await, Finished::Done, "it has ended");
        assert_eq!(command.start(), Err(CommandError::Started));
    }
    assert_eq!(seen.lines(), ["once", "once"]);
}

#[tokio::test]
async fn s16_4_finite_count() {
    let (rig, seen) = (Rig::start(), Seen::default());
    let command = Command::new(&rig.node("node"), "echo run; exit 1")
        .interval(OFTEN)
        .count(5)
        .options(options(patient(), vec![seen.sink()]));
    command.start().unwrap();
    assert_eq!(soon(command.finished()).await, Finished::Done, "a status is nothing abnormal");
    assert_eq!((command.run_count(), seen.lines().len()), (5, 5));
}

#[tokio::test]
async fn s16_4_forever_until_stopped() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(100);
    let command = Command::new(&rig.node("node"), "echo tick")
        .interval(OFTEN)
        .count(Command::COUNT_FOREVER)
        .options(options(patient(), vec![sink]));
    command.start().unwrap();
    for _ in 0..5 {
        assert_eq!(soon(lines.recv()).await.unwrap().text, "tick");
    }
    assert_eq!(soon(command.stop()).await, Finished::Stopped);
    let runs = command.run_count();
    assert!(runs >= 5 && command.run_count() == runs);
}

#[tokio::test]
async fn s16_4_time_limits_are_passed_to_each_run() {
    let rig = Rig::start();
    let node = rig.node("node");
    let idle = Timeouts { idle: Some(Duration::from_millis(400)), ..patient() };
    let wall = Timeouts { wall: Some(Duration::from_millis(900)), ..patient() };
    for (limits, expected) in [(idle, Stopped::IdleTimeout), (wall, Stopped::WallTimeout)] {
        let command = Command::new(&node, "echo begun; sleep 1000")
            .interval(OFTEN)
            .options(options(limits, vec![]));
        command.start().unwrap();
        let Finished::Abnormal(outcome) = soon(command.finished()).await else {
            panic!("abnormal")
        };
        assert_eq!((outcome.stopped, command.run_count()), (Some(expected), 1));

        let command = Command::new(&node, "echo begun; sleep 1000")
            .interval(OFTEN)
            .count(2)
            .on_abnormal(OnAbnormal::GoOn)
            .options(options(limits, vec![]));
        command.start().unwrap();
        assert_eq!(soon(command.finished()).await, Finished::Done);
        assert_eq!((command.run_count(), command.abnormal_count()), (2, 2));
    }
}

#[tokio::test]
async fn s16_4_stop_and_cancel_leave_no_process_no_task_and_no_log_handle() {
    let rig = Rig::start();
    let node = rig.node("node");
    // The connection that commands share has tasks of its own, which stay.
    assert!(node.rexec("true", options(patient(), vec![])).await.outcome().unwrap().success());
    let metrics = tokio::runtime::Handle::current().metrics();
    let tasks = metrics.num_alive_tasks();
    for cancel in [false, true] {
        let (sink, mut lines) = channel(10);
        let path = rig.server.file("command.log");
        let limits = Timeouts { grace: Duration::from_millis(500), ..Timeouts::endless() };
        let command = Command::new(&node, ENDLESS)
            .interval(OFTEN)
            .log_file(&path)
            .options(options(limits, vec![sink]));
        command.start().unwrap();
        let process = pid(&mut lines).await;
        assert_eq!(open_handles(&path), 1);
        if cancel {
            command.cancel();
            assert_eq!(soon(command.finished()).await, Finished::Stopped);
        } else {
            assert_eq!(soon(command.stop()).await, Finished::Stopped);
        }
        process.gone().await;
        soon(async {
            while metrics.num_alive_tasks() > tasks || open_handles(&path) > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_switch_of_ones_own_ends_a_command() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(10);
    let cancel = Cancel::new();
    let with =
        RexecOptions { cancel: Some(cancel.clone()), ..options(Timeouts::endless(), vec![sink]) };
    let command = Command::new(&rig.node("node"), ENDLESS).interval(OFTEN).options(with);
    command.start().unwrap();
    let process = pid(&mut lines).await;
    cancel.cancel();
    assert_eq!(soon(command.finished()).await, Finished::Stopped);
    process.gone().await;
}

#[tokio::test]
async fn the_log_file_has_each_run_under_a_banner() {
    let rig = Rig::start();
    let path = rig.server.file("runs.log");
    let command = Command::new(&rig.node("node"), "echo out; exit 2")
        .interval(OFTEN)
        .count(2)
        .log_file(&path)
        .options(options(patient(), vec![]));
    command.start().unwrap();
    soon(command.finished()).await;
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    let run = |n| {
        [
            format!("node: ---- run {n}: echo out; exit 2"),
            "node out: out".to_owned(),
            format!("node: ---- run {n} exited with status 2"),
        ]
    };
    assert_eq!(lines, [run(1), run(2)].concat());
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let rig = Rig::start();
    let node = rig.node("node");
    let refused = |command: Command| command.start().unwrap_err().to_string();
    let fine = refused(Command::new(&node, "date").interval(Duration::from_micros(10)));
    assert!(fine.contains("at least a millisecond"), "{fine}");
    let nowhere = refused(Command::new(&node, "date").log_file("/nowhere/at/all.log"));
    assert!(nowhere.contains("/nowhere/at/all.log cannot be opened"), "{nowhere}");
    let command = Command::new(&node, "date");
    assert_eq!(command.stop().await, Finished::Stopped);
    assert_eq!(command.start(), Err(CommandError::Started));
}

#[tokio::test]
async fn s16_4_1_finite_commands_are_listed_and_remove_themselves() {
    let rig = Rig::start();
    let commands = CommandManager::new();
    let (go, node) = (rig.server.file("go"), rig.node("node"));
    let text = format!("until [ -e {} ]; do sleep 0.05; done", go.display());
    let id = commands
        .add_command(Command::new(&node, &*text).options(options(patient(), vec![])))
        .unwrap();
    let active = commands.list_active();
    assert_eq!(
        (active.len(), active[0].id, &*active[0].node, &active[0].command),
        (1, id, "node", &text)
    );
    std::fs::write(go, "").unwrap();
    soon(async {
        while !commands.list_active().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(commands.list_abnormal_history(), []);
    assert_eq!(commands.stop_command(id).await, None);
}

#[tokio::test]
async fn s16_4_1_stop_one_and_stop_all() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(10);
    let (commands, node) = (CommandManager::new(), rig.node("node"));
    let (mut ids, mut processes) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let options = options(Timeouts::endless(), vec![sink.clone()]);
        let command = Command::new(&node, ENDLESS).interval(OFTEN).options(options);
        ids.push(commands.add_command(command).unwrap());
        processes.push(pid(&mut lines).await);
    }
    assert_eq!(soon(commands.stop_command(ids[1])).await, Some(Finished::Stopped));
    let active: Vec<_> = commands.list_active().iter().map(|command| command.id).collect();
    assert_eq!(active, [ids[0], ids[2]]);
    soon(commands.stop_all()).await;
    assert_eq!((commands.list_active(), commands.list_abnormal_history()), (vec![], vec![]));
    for process in processes {
        process.gone().await;
    }
}

#[tokio::test]
async fn s16_4_1_abnormal_history() {
    let rig = Rig::start();
    let (commands, node) = (CommandManager::new(), rig.node("node"));
    let limits = Timeouts { idle: Some(Duration::from_millis(400)), ..patient() };
    let idle = Command::new(&node, "sleep 1000").options(options(limits, vec![]));
    let idle = commands.add_command(idle).unwrap();
    let panics = station_remote::callback(|_, _| panic!("a sink that fails"));
    let failing = Command::new(&node, "echo on").options(options(patient(), vec![panics]));
    let failing = commands.add_command(failing).unwrap();
    soon(async {
        while !commands.list_active().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut history = commands.list_abnormal_history();
    history.sort_by_key(|end| end.id);
    assert_eq!(history.iter().map(|end| end.id).collect::<Vec<_>>(), [idle, failing]);
    assert!(history[0].reason.starts_with("put out nothing for too long"), "{}", history[0].reason);
    assert!(matches!(history[1].finished, Finished::Failed(_)), "{:?}", history[1].finished);
    assert_eq!(
        (&*history[0].node, &*history[0].command, history[0].runs),
        ("node", "sleep 1000", 1)
    );
}

#[tokio::test]
async fn a_manager_that_is_dropped_ends_its_commands() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(10);
    let commands = CommandManager::new();
    let limits = Timeouts { grace: Duration::from_millis(500), ..Timeouts::endless() };
    let command = Command::new(&rig.node("node"), ENDLESS).options(options(limits, vec![sink]));
    commands.add_command(command).unwrap();
    let process = pid(&mut lines).await;
    drop(commands);
    process.gone().await;
}
