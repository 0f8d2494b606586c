#!/usr/bin/env bash
# The compiler of `make test` (RUSTC_WORKSPACE_WRAPPER), for what Cargo's profiles cannot say of targets in one package:
#
# - The gateway is built with the optimiser on: tests start it by the hundred, and tests/instructions.rs counts in it. The
#   tests themselves, which are many times as much code, are built without.
# - What is built as a test is linted as it is built; clippy by itself would look through every dependency once more. The
#   gateway's source is linted where it is built with its unit tests: clippy changes what the optimiser gets.
#
# A warning is an error in both (CLIPPY_ARGS, which Cargo has to see).
set -euo pipefail
compiler=$1
shift
case " $* " in
    *" --crate-name instructions "*)
        # Counted, so built as the gateway is; linted before that.
        clippy-driver "$compiler" "${@/#--emit=*/--emit=metadata}"
        exec "$compiler" "$@"
        ;;
    *" --test "* | *" --cfg test "*) exec clippy-driver "$compiler" "$@" -C opt-level=0 ;;
    *) exec "$compiler" "$@" -D warnings ;;
esac
