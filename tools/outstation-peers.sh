#!/usr/bin/env bash
# Installs the independent outstations that the tests of crates/outstation speak to, at fixed versions,
# into target/outstation-peers (or CARGO_TARGET_DIR's), and prints where. Does nothing more when all is
# there. hat-drivers is Apache-2.0; c104 is GPL and so only ever runs as a process of its own.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  'hat-drivers==0.10.10'
  'c104==2.2.1'
)
target=${CARGO_TARGET_DIR:-target}
dir=$target/outstation-peers
mark=$dir/installed
wanted=$(printf '%s\n' "${packages[@]}")

installed() { [ -x "$dir/bin/python" ] && [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ]; }
finish() {
  echo "independent outstations: $dir"
  command -v tshark >/dev/null || echo "tshark is not installed: the tests that have it judge frames need it (./test installs it)" >&2
  exit 0
}

installed && finish
# Two test runs at once must not install into the same directory.
mkdir -p "$target"
exec 9>"$target/outstation-peers.lock"
flock 9
installed && finish
python3 -m venv --clear "$dir"
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"
printf '%s\n' "$wanted" >"$mark"
finish
