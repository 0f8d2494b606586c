#!/usr/bin/env bash
# The whole gateway beside a bare Pingora proxy, on loopback.
#
#   benches/load/run.sh [ROUNDS] [SLICE_SECONDS] [CONNECTIONS]      defaults: 10 1 64
#
# All set-ups run from the start; slices of load go round them in turn, so that a noisy moment hits all alike. The first
# figure is CPU time of the proxy's process per answered request, which neighbours disturb least. Every answer must be
# a 200. Takes ROUNDS times SLICE_SECONDS times three, and stops by itself.
#
#   bare      examples/bare_proxy.rs: Pingora and nothing else
#   public    the gateway, an agent without a credential
#   cold      the gateway, an OAuth agent, 2,000 different RS256 tokens in turn
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-10} slice=${2:-1} connections=${3:-64}
target=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

command -v wrk >/dev/null || { echo "load: wrk is missing: make load installs it" >&2; exit 1; }
[ "$(nproc)" -ge 2 ] || { echo "load: needs two processors: one for the proxy, one for load and agent" >&2; exit 1; }

cargo build --locked --release --bin portcullis --example bare_proxy --example echo_agent --example mint

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
wait_for() {
    local port=$1
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    echo "load: nothing listens on $port" >&2
    cat "$work"/*.log >&2
    exit 1
}
agent=$(free_port) bare=$(free_port) gate=$(free_port) ops=$(free_port)

"$target/examples/mint" "$work" 2000
cat >"$work/portcullis.yaml" <<YAML
version: 1
server:
  listeners: [{ address: "127.0.0.1:$gate" }]
  ops: { address: "127.0.0.1:$ops" }
  workers: 1
  token_cache: { entries: 0 }
  access_log: stdout
identity_providers:
  load: { issuer: "urn:load:issuer", public_key_file: key.pem }
agents:
  public: { route: /public, upstream: "http://127.0.0.1:$agent", auth: public }
  cold:
    route: /cold
    upstream: http://127.0.0.1:$agent
    auth:
      oauth:
        identity_providers: [load]
        audiences: ["urn:load:agent"]
        scopes: { any_of: ["load:read"] }
        claim_headers: { sub: X-Caller-Sub }
YAML

taskset -c 1 "$target/examples/echo_agent" "127.0.0.1:$agent" >"$work/agent.log" 2>&1 &
pids+=($!)
taskset -c 0 "$target/examples/bare_proxy" "127.0.0.1:$bare" "127.0.0.1:$agent" >"$work/bare.log" 2>&1 &
bare_pid=$!
pids+=("$bare_pid")
taskset -c 0 "$target/portcullis" run -c "$work/portcullis.yaml" >/dev/null 2>"$work/gate.log" &
gate_pid=$!
pids+=("$gate_pid")
wait_for "$agent"
wait_for "$bare"
wait_for "$gate"

# utime and stime of a process, in clock ticks; the name in the second field may hold blanks.
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

one_slice() {
    local name=$1 pid=$2 url=$3 tokens=$4 before after result
    before=$(ticks "$pid")
    result=$(env ${tokens:+TOKENS="$tokens"} taskset -c 1 \
        wrk -t1 -c"$connections" -d"${slice}s" -s benches/load/wrk.lua "$url" | grep '^RESULT ')
    after=$(ticks "$pid")
    echo "$name $((after - before)) ${result#RESULT }" >>"$work/slices.txt"
}

for round in $(seq 0 "$rounds"); do
    one_slice bare "$bare_pid" "http://127.0.0.1:$bare/public" ""
    one_slice public "$gate_pid" "http://127.0.0.1:$gate/public" ""
    one_slice cold "$gate_pid" "http://127.0.0.1:$gate/cold" "$work/tokens.txt"
    # The first round warms up.
    if [ "$round" = 0 ]; then : >"$work/slices.txt"; fi
done

python3 benches/load/report.py "$work/slices.txt" "$(getconf CLK_TCK)"
