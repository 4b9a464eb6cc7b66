#!/usr/bin/env bash
# Installs the independent instruments and clients that the tests of crates/instrument speak to, at
# fixed versions, into target/instrument-peers (or CARGO_TARGET_DIR's). Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  'sinstruments[all]==1.5.0'
  'gepace[simulator]==1.1.3'
  'cryocon[simulator]==3.1.12'
  'scpipy==1.5.1'
  'PyVISA==1.16.2'
  'PyVISA-py==0.8.1'
)
target=${CARGO_TARGET_DIR:-target}
dir=$target/instrument-peers
mark=$dir/installed
wanted=$(printf '%s\n' "${packages[@]}")

installed() { [ -x "$dir/bin/python" ] && [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ]; }

installed && exit 0
# Two test runs at once must not install into the same directory.
mkdir -p "$target"
exec 9>"$target/instrument-peers.lock"
flock 9
installed && exit 0
python3 -m venv --clear "$dir"
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check "${packages[@]}"
printf '%s\n' "$wanted" >"$mark"
