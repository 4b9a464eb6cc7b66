//! How runs start, end and fail to start.

use std::time::Duration;

use station::port::Link as _;
use station_core::model::{CommandLine, End};

use crate::bench::{Bench, file, pairs};

#[tokio::test]
async fn the_record_names_the_process() {
    let bench = Bench::local();
    let mut run = bench.start(bench.shell("echo $$; exec sleep 30"));
    run.says("\n").await;
    let record = run.started().await;
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", record.pid)).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    assert_eq!(fields[2], record.pid.to_string());
    assert_eq!(fields[19], record.start_ticks.to_string());
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(boot.trim(), record.boot_id);
    bench.link.kill_all();
    let over = run.over().await;
    assert_eq!(over.out(), format!("{}\n", record.pid));
}

#[tokio::test]
async fn usage_is_the_commands_own() {
    let bench = Bench::local();
    let small = bench.run_shell("true").await.end.usage;
    assert_eq!(small.max_rss_bytes, 0, "not above the station's own, so unknown");
    let big = bench.run_shell("dd if=/dev/zero of=/dev/null bs=300M count=1").await.end.usage;
    assert!((300_000_000..400_000_000).contains(&big.max_rss_bytes), "{big:?}");
    assert!(big.system_micros > 1000, "{big:?}");
    let busy = bench.run_shell("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done").await;
    assert!(busy.end.usage.user_micros > 1000, "{busy:?}", busy = busy.end.usage);
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let bench = Bench::local();
    let (_guard, plain) = file("plain", "data", 0o644);
    let (_guard, empty) = file("noexec", "echo ran\n", 0o755);
    let (plain, empty) = (plain.to_str().unwrap(), empty.to_str().unwrap());
    for (words, want) in [
        (vec!["no-such-program-x"], "'no-such-program-x' was not found in PATH ("),
        (vec!["/no/such/program"], "'/no/such/program' does not exist"),
        (vec!["./relative"], "'./relative' does not exist"),
        (vec![plain], "is not executable"),
        (vec!["/tmp"], "'/tmp' is a directory"),
        (vec![empty], "is not in a format the system can execute"),
        (vec![""], "is empty"),
        (vec![], "empty list"),
        (vec!["echo", "a\0b"], "NUL byte"),
    ] {
        let over = bench.run(bench.argv(&words)).await;
        assert_eq!(over.end.end, End::NotStarted, "{words:?}");
        assert!(over.error().contains(want), "{words:?}: {}", over.error());
        assert!(over.error().ends_with('.') && over.seen.record.is_none());
    }
}

#[tokio::test]
async fn a_bad_directory_is_named() {
    let bench = Bench::local();
    let (_guard, plain) = file("plain", "data", 0o644);
    for (cwd, want) in [
        ("/no/such/folder", "The working directory '/no/such/folder' does not exist."),
        (plain.to_str().unwrap(), "is not a directory."),
    ] {
        for command in ["true", "echo $HOME", "./x", "no-such-x"] {
            let words = CommandLine::Argv(vec![command.to_owned()]);
            for command in [CommandLine::Shell(command.to_owned()), words] {
                let mut request = bench.request(command.clone());
                request.context.cwd = Some(cwd.as_bytes().to_vec());
                let over = bench.run(request).await;
                assert_eq!(over.end.end, End::NotStarted, "{cwd} {command:?}");
                assert!(over.error().contains(want), "{command:?}: {}", over.error());
            }
        }
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    let bench = Bench::local();
    let fits = format!("true {}", "x".repeat(131_071 - 5));
    assert_eq!(bench.run_shell(&fits).await.end.end, End::Exit(0));
    let quoted = format!("true '{}'", "x".repeat(131_071 - 7));
    assert_eq!(bench.run_shell(&quoted).await.end.end, End::Exit(0));
    for text in [format!("{fits}x"), format!("{quoted} ")] {
        let over = bench.run_shell(&text).await;
        assert_eq!(over.end.end, End::NotStarted);
        assert!(over.error().contains("131072 bytes long"), "{}", over.error());
    }
    let mut request = bench.shell("true");
    request.context.env = Some(pairs(&[("PATH", "/usr/bin:/bin"), ("BIG", &"x".repeat(200_000))]));
    let over = bench.run(request).await;
    assert!(over.error().contains("arguments and environment together"), "{}", over.error());
}

#[tokio::test]
async fn a_missing_shell_is_named() {
    let bench = Bench::local_with(|config| config.shell = "/no/bin/zsh".into());
    let over = bench.run_shell("true").await;
    assert_eq!(over.end.end, End::NotStarted);
    assert!(over.error().contains("'/no/bin/zsh' does not exist"), "{}", over.error());
}

#[tokio::test]
async fn what_is_left_behind_may_go_on_writing() {
    let bench = Bench::local_with(|config| config.leak_timeout = Duration::from_millis(200));
    let over = bench.run_shell("(sleep 1; echo late; exec sleep 60) & echo $!").await;
    assert!(over.end.leaked);
    let pid: i32 = over.out().trim().parse().unwrap();
    // Writing to nobody does not end it.
    crate::bench::until("it sleeps on", || {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n")
    })
    .await;
    crate::bench::end_process(pid);
}
