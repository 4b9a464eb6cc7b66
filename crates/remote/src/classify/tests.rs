//! The logs are those of OpenSSH 9.2, with other names.

use std::time::Duration;

use super::*;

const UP: &str = "Authenticated to 127.0.0.1 ([127.0.0.1]:4722) using \"publickey\".\r\n";
const SUMS: &str = "Transferred: sent 2020, received 2144 bytes, in 1.0 seconds\r\n\
                    Bytes per second: sent 1940.0, received 2059.1\r\n";
const PROXY_ENDED: &str = "kex_exchange_identification: Connection closed by remote host\r\n\
                           Connection closed by UNKNOWN port 65535\r\n";
const CHANGED: &str = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r\n\
    @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n\
    @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r\n\
    IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r\n\
    The fingerprint for the ED25519 key sent by the remote host is\n\
    SHA256:7mHmZikaAjD1xmFleYHEfjtxPkPsIs6BAc7YUuf9kWI.\r\n\
    Please contact your system administrator.\r\n\
    Add correct host key in /home/me/.ssh/known_hosts to get rid of this message.\r\n\
    Offending ED25519 key in /home/me/.ssh/known_hosts:12\r\n\
      remove with:\r\n\
      ssh-keygen -f \"/home/me/.ssh/known_hosts\" -R \"rack1\"\r\n";

fn kind(log: &str) -> FailureKind {
    connecting(Peer::Node("rack1"), log, "exited with status 255").kind
}

fn message(log: &str) -> String {
    connecting(Peer::Node("rack1"), log, "exited with status 255").message
}

#[test]
fn each_failure_has_its_kind() {
    let cases = [
        (
            "ssh: Could not resolve hostname rack1: Name or service not known\r\n",
            FailureKind::Resolve,
        ),
        ("ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n", FailureKind::Refused),
        (
            "ssh: connect to host 255.255.255.255 port 22: Network is unreachable\r\n",
            FailureKind::NoRoute,
        ),
        ("ssh: connect to host 10.1.1.1 port 22: No route to host\r\n", FailureKind::NoRoute),
        ("ssh: connect to host 10.1.1.1 port 22: Connection timed out\r\n", FailureKind::Timeout),
        (
            "Connection timed out during banner exchange\r\n\
             Connection to 127.0.0.1 port 4728 timed out\r\n",
            FailureKind::Timeout,
        ),
        ("Timeout, server 127.0.0.1 not responding.\r\n", FailureKind::Timeout),
        ("root@127.0.0.1: Permission denied (publickey).\r\n", FailureKind::Auth),
        (
            "Received disconnect from 127.0.0.1 port 22:2: Too many authentication failures\r\n",
            FailureKind::Auth,
        ),
        ("Host key verification failed.\r\n", FailureKind::HostKeyUnknown),
        (
            "No ED25519 host key is known for rack1 and you have requested strict checking.\r\n\
             Host key verification failed.\r\n",
            FailureKind::HostKeyUnknown,
        ),
        (
            "kex_exchange_identification: Connection closed by remote host\r\n\
             Connection closed by 127.0.0.1 port 4724\r\n",
            FailureKind::Lost,
        ),
        (
            "kex_exchange_identification: read: Connection reset by peer\r\n\
             Connection reset by 127.0.0.1 port 4729\r\n",
            FailureKind::Lost,
        ),
        ("command-line: line 0: Bad configuration option: foo\r\n", FailureKind::Other),
        ("", FailureKind::Other),
    ];
    for (log, expected) in cases {
        assert_eq!(kind(log), expected, "{log}");
        let message = message(log);
        assert!(message.contains("rack1") && !message.contains('\r'), "{message}");
    }
}

#[test]
fn a_changed_key_names_the_line_and_the_way_out() {
    let strict = "Host key for rack1 has changed and you have requested strict checking.\r\n\
                  Host key verification failed.\r\n";
    let log = format!("{CHANGED}{strict}");
    assert_eq!(kind(&log), FailureKind::HostKeyChanged);
    assert_eq!(
        message(&log),
        "the host key of rack1 is another than before: line 12 of /home/me/.ssh/known_hosts knows \
         another. If the host was set up anew, remove the old key (`ssh-keygen -f \
         \"/home/me/.ssh/known_hosts\" -R \"rack1\"`); otherwise somebody may be between us and it"
    );
}

#[test]
fn a_changed_key_that_ssh_config_lets_pass_is_no_failure() {
    let log = format!("{CHANGED}{UP}Connection to 127.0.0.1 closed by remote host.\r\n");
    assert!(is_up(&log));
    let failure = lost(Peer::Node("rack1"), &log, "exited with status 255");
    assert!(failure.message.starts_with("rack1 closed the connection"), "{failure}");
}

#[test]
fn the_trouble_of_a_jump_host_is_not_the_hosts() {
    for first in [
        "ssh: connect to host 127.0.0.1 port 1: Connection refused\r\n",
        "ssh: Could not resolve hostname jump: Name or service not known\r\n",
        "root@127.0.0.1: Permission denied (publickey).\r\n",
        "/bin/bash: line 1: /nonexistent: No such file or directory\n",
        "channel 0: open failed: administratively prohibited: open failed\r\n\
         stdio forwarding failed\r\n",
    ] {
        let log = format!("{first}{PROXY_ENDED}");
        assert_eq!(kind(&log), FailureKind::Relay, "{log}");
        assert!(message(&log).starts_with("the way to rack1 leads through a jump host"), "{log}");
        assert!(!was_dropped(&log));
    }
}

#[test]
fn what_a_jump_host_cannot_reach_is_the_trouble_itself() {
    let cases = [
        ("Connection refused", FailureKind::Refused),
        ("Name or service not known", FailureKind::Resolve),
        ("Connection timed out", FailureKind::Timeout),
        ("No route to host", FailureKind::NoRoute),
    ];
    for (reason, expected) in cases {
        let log = format!(
            "channel 0: open failed: connect failed: {reason}\r\nstdio forwarding failed\r\n\
             {PROXY_ENDED}"
        );
        assert_eq!(kind(&log), expected, "{log}");
        assert!(message(&log).starts_with("the jump host of rack1 cannot reach it"), "{log}");
    }
}

#[test]
fn a_silent_jump_host_is_a_timeout() {
    let log = "Connection timed out during banner exchange\r\n\
               Connection to UNKNOWN port 65535 timed out\r\n";
    assert_eq!(kind(log), FailureKind::Timeout);
}

#[test]
fn a_relay_is_named_with_the_node_behind_it() {
    let log = "ssh: connect to host pc port 22: Connection refused\r\n";
    let failure = connecting(Peer::Relay { relay: "pc", node: "ap" }, log, "");
    assert_eq!(failure.kind, FailureKind::Relay);
    assert_eq!(
        failure.message,
        "the relay pc, on the way to ap, is the trouble: pc refuses connections (connect to host pc \
         port 22: Connection refused): is its sshd running, there?"
    );
}

#[test]
fn a_drop_before_the_login_may_be_tried_again() {
    assert!(was_dropped("kex_exchange_identification: Connection closed by remote host\r\n"));
    assert!(!was_dropped("root@127.0.0.1: Permission denied (publickey).\r\n"));
}

#[test]
fn a_lost_connection_says_how() {
    let cases = [
        ("Timeout, server 127.0.0.1 not responding.\r\n", "rack1 has stopped answering"),
        ("Connection to 127.0.0.1 closed by remote host.\r\n", "rack1 closed the connection"),
        (
            "Read from remote host 127.0.0.1: Connection reset by peer\r\n\
             client_loop: send disconnect: Broken pipe\r\n",
            "the connection to rack1 was lost (client_loop: send disconnect: Broken pipe)",
        ),
        (
            "channel 2: open failed: connect failed: open failed\r\n",
            "the connection to rack1 was lost: its ssh process here was ended by signal 9",
        ),
        ("", "the connection to rack1 was lost: its ssh process here was ended by signal 9"),
    ];
    for (text, start) in cases {
        let log = format!("{UP}{text}{SUMS}");
        let failure = lost(Peer::Node("rack1"), &log, "was ended by signal 9");
        assert_eq!(failure.kind, FailureKind::Lost);
        assert!(failure.message.starts_with(start), "{failure}");
    }
}

#[test]
fn an_end_the_host_has_told_of_is_no_loss() {
    let told = "debug1: client_input_channel_req: channel 0 rtype exit-status reply 0\r\n";
    assert!(has_ended(&format!("{UP}{told}{SUMS}")));
    assert!(!has_ended(&format!("{UP}{SUMS}")));
}

#[test]
fn a_time_limit_says_what_ssh_has_said() {
    let peer = Peer::Node("rack1");
    let failure = timed_out(peer, "", Duration::from_millis(1500));
    assert_eq!(failure.message, "rack1 did not answer, or did not let us in, within 1.5 s");
    let failure = timed_out(peer, "banner line\r\n", Duration::from_secs(2));
    assert!(failure.message.ends_with("within 2 s (ssh said: banner line)"), "{failure}");
}
