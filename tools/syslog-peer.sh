#!/usr/bin/env bash
# Puts Debian's rsyslog, the receiver that the tests of the audit trail's export speak to, into
# target/syslog-peer (or CARGO_TARGET_DIR's), and prints where. It is not installed: no daemon of the
# machine's is started or replaced, and no privilege is needed. Does nothing more when all is there.
# rsyslog is GPL and so only ever runs as a process of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(rsyslog rsyslog-openssl libestr0 libfastjson4)
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
dir=$(cd "$target" && pwd)/syslog-peer
mark=$dir/installed

finish() {
  echo "syslog receiver: $dir"
  exit 0
}

[ "$(cat "$mark" 2>/dev/null)" = "${packages[*]}" ] && finish
# Two test runs at once must not unpack into the same directory.
exec 9>"$target/syslog-peer.lock"
flock 9
[ "$(cat "$mark" 2>/dev/null)" = "${packages[*]}" ] && finish
rm -rf "$dir"
mkdir -p "$dir/packages"
download() { (cd "$dir/packages" && apt-get download -qq -o APT::Sandbox::User=root "${packages[@]}"); }
if ! download 2>/dev/null; then
  root=()
  [ "$(id -u)" = 0 ] || root=(sudo -n)
  "${root[@]}" apt-get update -qq
  download
fi
for package in "$dir"/packages/*.deb; do
  dpkg -x "$package" "$dir"
done
# Where its libraries and its modules are, whatever the machine is called.
modules=$(dirname "$(find "$dir/usr/lib" -name imtcp.so)")
printf '%s\n' "$(dirname "$modules")" >"$dir/libraries"
LD_LIBRARY_PATH=$(cat "$dir/libraries") "$dir/usr/sbin/rsyslogd" -v >/dev/null
printf '%s' "${packages[*]}" >"$mark"
finish
