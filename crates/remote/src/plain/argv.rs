//! The command lines of plain channels.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use station_core::model::{HostKeys, NodeKind};

use crate::client::ClientConfig;
use crate::master::common_arguments;
use crate::route::Route;

/// The program on a relay that reaches an ssh node from there.
const RELAYS_SSH: &str = "/usr/bin/ssh";

/// The whole command line. `log`: where `ssh` writes what it has to say itself.
///
/// ```text
/// ush:             /usr/local/bin/ush ADDRESS COMMAND
/// ssh:             /usr/bin/ssh OPTIONS [-l USER] -- ADDRESS COMMAND
/// behind a relay:  /usr/bin/ssh OPTIONS -- root@RELAY '/usr/bin/ssh OPTIONS -- [USER@]ADDRESS COMMAND'
///                  /usr/bin/ssh OPTIONS -- root@RELAY '/usr/local/bin/ush ADDRESS COMMAND'
/// ```
pub(super) fn argv(
    config: &ClientConfig,
    route: &Route,
    remote: &str,
    limit: Duration,
    log: &Path,
) -> Vec<OsString> {
    let Some(relay) = &route.relay else {
        return match route.kind {
            NodeKind::Ush => ush(config, route, remote),
            NodeKind::Ssh => {
                let mut argv = ssh(config, route.host_keys, limit, log);
                if let Some(port) = route.port {
                    argv.extend(["-p".into(), port.to_string().into()]);
                }
                if let Some(user) = &route.user {
                    argv.extend(["-l".into(), user.into()]);
                }
                argv.extend(["--".into(), route.address.clone().into(), remote.into()]);
                argv
            }
        };
    };
    // The relay's own key is as ssh_config says; the route's policy is about the node behind it.
    let mut argv = ssh(config, HostKeys::Config, limit, log);
    let relay = if relay.contains('@') { relay.clone() } else { format!("root@{relay}") };
    argv.extend(["--".into(), relay.into(), there(config, route, remote, limit).into()]);
    argv
}

fn ush(config: &ClientConfig, route: &Route, remote: &str) -> Vec<OsString> {
    vec![config.ush.clone().into(), route.address.clone().into(), remote.into()]
}

fn ssh(config: &ClientConfig, host_keys: HostKeys, limit: Duration, log: &Path) -> Vec<OsString> {
    let mut argv = vec![config.ssh.clone().into(), "-E".into(), log.into()];
    // No master of the user's: its state, its log and its end would not be ours.
    argv.extend(["-S", "none"].map(Into::into));
    // It tells then whether the host has reported the command's end.
    argv.extend(["-o", "LogLevel=DEBUG1"].map(Into::into));
    argv.extend(common_arguments(config, host_keys, limit));
    argv
}

/// What the relay's shell is told: the inner command line, quoted for it. The command is one word
/// of that; the node's shell gets it as it is.
fn there(config: &ClientConfig, route: &Route, remote: &str, limit: Duration) -> String {
    let words = match route.kind {
        NodeKind::Ush => {
            vec![config.ush.to_string_lossy().into_owned(), route.address.clone()]
        }
        NodeKind::Ssh => inner_ssh(config, route, limit),
    };
    let mut text = String::new();
    for word in words.iter().map(String::as_str).chain([remote]) {
        text.extend((!text.is_empty()).then_some(' '));
        quote(&mut text, word);
    }
    text
}

fn inner_ssh(config: &ClientConfig, route: &Route, limit: Duration) -> Vec<String> {
    let mut words = vec![RELAYS_SSH.to_owned(), "-T".to_owned()];
    let mut option = |option: String| words.extend(["-o".to_owned(), option]);
    option("BatchMode=yes".to_owned());
    option(format!("ConnectTimeout={}", limit.as_secs().saturating_sub(1).max(1)));
    option(format!("ServerAliveInterval={}", config.alive.as_secs().max(1)));
    option("ServerAliveCountMax=2".to_owned());
    match route.host_keys {
        HostKeys::Config => {}
        HostKeys::AcceptNew => option("StrictHostKeyChecking=accept-new".to_owned()),
        HostKeys::Strict => option("StrictHostKeyChecking=yes".to_owned()),
    }
    if let Some(port) = route.port {
        words.extend(["-p".to_owned(), port.to_string()]);
    }
    let user = route.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
    words.extend(["--".to_owned(), format!("{user}{}", route.address)]);
    words
}

/// Appends a word as a POSIX shell reads it.
fn quote(text: &mut String, word: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        text.push_str(word);
        return;
    }
    text.push('\'');
    text.push_str(&word.replace('\'', r"'\''"));
    text.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    fn words(route: &Route, remote: &str) -> Vec<String> {
        let config = ClientConfig { config_file: Some("/f".into()), ..ClientConfig::from_env() };
        let argv = argv(&config, route, remote, Duration::from_secs(60), Path::new("/log"));
        argv.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    fn after_options(words: &[String]) -> &[String] {
        let end = words.iter().position(|word| word == "--").unwrap();
        &words[end..]
    }

    #[test]
    fn ush_gets_the_address_and_the_command() {
        let route = Route { kind: NodeKind::Ush, ..Route::ssh("192.168.1.1") };
        let expected = ["/usr/local/bin/ush", "192.168.1.1", "echo 'a b'"];
        assert_eq!(words(&route, "echo 'a b'"), expected);
    }

    #[test]
    fn ush_behind_a_relay_is_one_text_for_its_shell() {
        let relay = Some("pc".to_owned());
        let route = Route { kind: NodeKind::Ush, relay, ..Route::ssh("192.168.1.1") };
        let words = words(&route, "echo 'a b'");
        assert_eq!(words[0], "/usr/bin/ssh");
        let text = r"/usr/local/bin/ush 192.168.1.1 'echo '\''a b'\'''";
        assert_eq!(after_options(&words), ["--", "root@pc", text]);
    }

    #[test]
    fn ssh_behind_a_relay_is_one_text_for_its_shell() {
        let relay = Some("me@pc".to_owned());
        let user = Some("root".to_owned());
        let words = words(&Route { relay, user, port: Some(2222), ..Route::ssh("ap") }, "id; id");
        let text = "/usr/bin/ssh -T -o BatchMode=yes -o ConnectTimeout=59 -o ServerAliveInterval=15 \
                    -o ServerAliveCountMax=2 -p 2222 -- root@ap 'id; id'";
        assert_eq!(after_options(&words), ["--", "me@pc", text]);
    }

    #[test]
    fn options_stand_before_the_host() {
        let route = Route { user: Some("me".to_owned()), port: Some(22), ..Route::ssh("rack1") };
        let words = words(&route, "-o x");
        assert_eq!(after_options(&words), ["--", "rack1", "-o x"]);
        for expected in [["-F", "/f"], ["-l", "me"], ["-p", "22"], ["-E", "/log"]] {
            assert!(words.windows(2).any(|pair| pair == expected), "{expected:?} in {words:?}");
        }
        assert!(words.contains(&"BatchMode=yes".to_owned()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_shell_reads_what_was_quoted(word in "[^\0]*") {
            let mut text = "printf %s ".to_owned();
            quote(&mut text, &word);
            let shell = Command::new("/bin/sh").args(["-c", &text]).output().unwrap();
            prop_assert_eq!(String::from_utf8(shell.stdout).unwrap(), word);
        }
    }
}
