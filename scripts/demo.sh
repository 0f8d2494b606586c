#!/usr/bin/env bash
# Builds the gateway and its console side by side, with cargo's progress in sight, and runs the demo.
#
# A development build reads the console from console/dist when it is asked for a page, so that neither build waits for
# the other.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
target=${CARGO_TARGET_DIR:-target}

say() { printf 'demo: %s\n' "$*" >&2; }

if [ ! -x "$target/debug/portcullis" ]; then
    say "cargo compiles the gateway and some 300 libraries, npm builds the console beside it"
    say "that takes about 6 minutes on two cores, and only the first time; afterwards the demo opens in under a second"
fi

scripts/setup.sh build
words=$(mktemp)
trap 'rm -f "$words"' EXIT
# Its words come after cargo's, whose progress they would break.
scripts/setup.sh optional-console >"$words" 2>&1 &
console=$!
built=0
"$cargo" build --locked --bin portcullis || built=$?
wait "$console" || true
cat "$words" >&2
rm -f "$words"
if [ "$built" -ne 0 ]; then exit "$built"; fi
exec "$target/debug/portcullis" demo "$@"
