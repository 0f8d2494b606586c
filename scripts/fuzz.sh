#!/usr/bin/env bash
# Runs each target of fuzz/ for so many seconds, on the seeds of tests/fuzz/corpus and on what earlier runs found
# (fuzz/corpus, which is not kept in the repository). Ends at the first failure, whose input is in fuzz/artifacts.
#
#   scripts/fuzz.sh SECONDS [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?usage: scripts/fuzz.sh SECONDS [TARGET...]}
shift
if [ "$#" -eq 0 ]; then
    for seeds in tests/fuzz/corpus/*/; do set -- "$@" "$(basename "$seeds")"; done
fi
# The flags for coverage are kept for nightly compilers; this lets the pinned stable one take them. No sanitizer: there
# is no unsafe code of ours to watch, and the C libraries beneath have their own fuzzers.
export RUSTC_BOOTSTRAP=1
for target in "$@"; do
    mkdir -p "fuzz/corpus/$target"
    printf 'fuzz: %s for %s s\n' "$target" "$seconds" >&2
    cargo fuzz run -s none "$target" "fuzz/corpus/$target" "tests/fuzz/corpus/$target" -- \
        -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
