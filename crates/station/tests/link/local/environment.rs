//! What a command finds around it: directory, umask, environment, niceness, descriptors, signals.

use std::collections::BTreeSet;

use station::port::Link as _;
use station_core::model::{CommandLine, End};

use crate::bench::{Bench, pairs};

const PATH: (&str, &str) = ("PATH", "/usr/local/bin:/usr/bin:/bin");

/// A umask that is not this process's own.
fn other_umask() -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    if status.contains("Umask:\t0027") { 0o077 } else { 0o027 }
}

#[tokio::test]
async fn the_environment_is_exact() {
    let bench = Bench::local();
    let given =
        [PATH, ("A", "1"), ("WITH SPACE", "x y\nz"), ("PWD", "/else"), ("STATION_JOB", "9")];
    for (given, umask) in [
        (&given[..], None),
        (&given[..], Some(other_umask())),
        (&given[..1], Some(other_umask())),
        (&given[..2], None),
    ] {
        let mut request = bench.argv(&["env", "-0"]);
        request.attempt = 7;
        request.context.env = Some(pairs(given));
        request.context.umask = umask;
        request.context.cwd = Some(b"/tmp".to_vec());
        request.context.nice = 3;
        let execution = request.execution;
        let over = bench.run(request).await;
        let mut want: BTreeSet<String> = given
            .iter()
            .filter(|(name, _)| *name != "STATION_JOB")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        want.insert(format!("STATION_JOB={}", execution.job));
        want.insert(format!("STATION_EXECUTION={execution}"));
        want.insert("STATION_ATTEMPT=7".into());
        want.insert(format!("STATION_INSTANCE={}", bench.config.instance));
        let out = over.out();
        let mut got: BTreeSet<String> = out.split_terminator('\0').map(str::to_owned).collect();
        if umask.is_some() && given.len() > 2 {
            // Names that are no identifiers need bash for the head, which adds its own.
            got.retain(|entry| !entry.starts_with("SHLVL=") && !entry.starts_with("_="));
        }
        assert_eq!(got, want, "{umask:?} {}", over.err());
    }
}

#[tokio::test]
async fn an_inherited_environment_is_marked_too() {
    let bench = Bench::local();
    let over = bench.run_shell("echo $STATION_ATTEMPT-$STATION_EXECUTION-${PATH:+has}").await;
    assert!(over.out().starts_with("1-") && over.out().ends_with("-has\n"), "{}", over.out());
}

#[tokio::test]
async fn directory_umask_and_niceness() {
    let bench = Bench::local();
    let folder = tempfile::tempdir().unwrap();
    let umask = other_umask();
    for (text, nice) in [("umask; /bin/pwd -P; nice; touch made", 0), ("umask; pwd; nice", 7)] {
        let mut request = bench.shell(text);
        request.context.cwd = Some(folder.path().to_str().unwrap().as_bytes().to_vec());
        request.context.umask = Some(umask);
        request.context.nice = nice;
        let over = bench.run(request).await;
        let real = folder.path().canonicalize().unwrap();
        assert_eq!(over.out(), format!("{umask:04o}\n{}\n{nice}\n", real.display()));
        assert_eq!(over.end.end, End::Exit(0), "{}", over.err());
    }
    use std::os::unix::fs::PermissionsExt as _;
    let mode = folder.path().join("made").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666 & !umask);
}

#[tokio::test]
async fn the_head_changes_nothing_else() {
    let bench = Bench::local();
    let script = "cat <<'END'\n  $HOME `x` \\\nEND\nno-such-command-x\necho \"$0 $#\"\n# c\nexit 5";
    let plain = bench.run_shell(script).await;
    let mut request = bench.shell(script);
    request.context.umask = Some(other_umask());
    request.context.nice = 1;
    let headed = bench.run(request).await;
    assert_eq!(plain.out(), headed.out());
    assert_eq!(plain.err(), headed.err());
    assert!(plain.err().contains("line 4"), "{}", plain.err());
    assert_eq!((plain.end.end, headed.end.end), (End::Exit(5), End::Exit(5)));
    // Direct calls too: a program names itself as it was called.
    for words in [vec!["ls", "/no/such"], vec!["sh", "-c", "echo $0 \"$@\"", "a", "", "b c"]] {
        let plain = bench.run(bench.argv(&words)).await;
        let mut request = bench.argv(&words);
        request.context.umask = Some(other_umask());
        request.context.nice = 1;
        let headed = bench.run(request).await;
        assert_eq!((plain.out(), plain.err()), (headed.out(), headed.err()));
        assert_eq!(plain.end.end, headed.end.end);
    }
}

#[tokio::test]
async fn programs_are_found_on_the_captured_path() {
    let bench = Bench::local();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("my-tool");
    std::fs::write(&script, "#!/bin/sh\necho mine $0\n").unwrap();
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let here = folder.path().to_str().unwrap();
    for path in [here.to_owned(), format!("/usr/bin:{here}:/bin"), String::new(), ".".into()] {
        for name in ["my-tool", "./my-tool"] {
            for command in [
                CommandLine::Argv(vec![name.into()]),
                CommandLine::Shell(name.into()),
                CommandLine::Shell(format!("{name} ; exit 0")),
            ] {
                let mut request = bench.request(command.clone());
                request.context.env = Some(pairs(&[("PATH", &path)]));
                request.context.cwd = Some(here.as_bytes().to_vec());
                let over = bench.run(request).await;
                assert!(over.out().starts_with("mine "), "{path} {command:?} {}", over.err());
            }
        }
    }
    // Without a PATH the usual places are searched.
    let mut request = bench.argv(&["true"]);
    request.context.env = Some(Vec::new());
    assert_eq!(bench.run(request).await.end.end, End::Exit(0));
}

#[tokio::test]
async fn descriptors_and_signals_are_clean() {
    let bench = Bench::local();
    // Others run meanwhile, so that there is something to leak.
    let mut others = Vec::new();
    for _ in 0..5 {
        let mut other = bench.shell("sleep 5");
        other.stdin = Some(b"x".to_vec());
        others.push(bench.start(other));
    }
    for other in &mut others {
        other.started().await;
    }
    let parent = std::os::unix::process::parent_id();
    let inherited: BTreeSet<String> = std::fs::read_dir(format!("/proc/{parent}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .map(|target| target.display().to_string())
        .chain(["/dev/null".to_owned()])
        .collect();
    for umask in [None, Some(other_umask())] {
        let mut request = bench.argv(&["ls", "-l", "/proc/self/fd"]);
        request.context.umask = umask;
        let out = bench.run(request).await.out();
        let strange = out
            .lines()
            .filter_map(|line| line.rsplit_once(" -> "))
            // Whoever started the tests may have left something open for all of us.
            .filter(|(_, target)| !inherited.contains(*target))
            .count();
        assert_eq!(strange, 3, "1, 2 and the listing itself: {out}");
        let mut request = bench.argv(&["grep", "Sig[BI]", "/proc/self/status"]);
        request.context.umask = umask;
        let out = bench.run(request).await.out();
        let zero = "0".repeat(16);
        // 32 and 33 are glibc's own: its posix_spawn ignores them in every child.
        let out = out.replace("000180000000", "000000000000");
        assert_eq!(out, format!("SigBlk:\t{zero}\nSigIgn:\t{zero}\n"));
    }
    bench.link.kill_all();
    for other in others {
        assert_eq!(other.over().await.end.end, End::Signal(9));
    }
}
