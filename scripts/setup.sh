#!/usr/bin/env bash
# Installs what the Makefile's targets need beyond cargo, a C compiler, Node and Python.
#
#   scripts/setup.sh build    cmake and protoc: what compiling needs
#   scripts/setup.sh test     the above, cargo-nextest, cargo-deny, and the end-to-end suite's Node packages
#   scripts/setup.sh bench    the above less Node, and wrk
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

# install_debian COMMAND=PACKAGE...: installs the packages whose command is missing, or ends with a clear message.
install_debian() {
    local missing=() pair
    for pair in "$@"; do
        have "${pair%%=*}" || missing+=("${pair##*=}")
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
    have python3 || return 1
    if [ ! -x "$tools/venv/bin/pip" ]; then
        rm -rf "$tools/venv"
        if ! python3 -m venv "$tools/venv" >/dev/null 2>&1; then
            # Debian's Python comes without venv.
            if ! have apt-get || ! apt_install python3-venv; then return 1; fi
            rm -rf "$tools/venv"
            python3 -m venv "$tools/venv" >&2 || return 1
        fi
    fi
    "$tools/venv/bin/pip" install --quiet --no-deps --only-binary :all: --require-hashes \
        -r scripts/tools.txt >&2
}

node_packages() {
    have node || fail "there is no node on the PATH" "the end-to-end suite needs Node 20 or later"
    have npm || fail "there is no npm on the PATH" "the end-to-end suite needs it to fetch oidc-provider"
    local lock=tests/e2e/package-lock.json stamp=tests/e2e/node_modules/.installed
    if [ -f "$stamp" ] && cmp -s "$lock" "$stamp"; then return 0; fi
    say "npm ci in tests/e2e"
    (cd tests/e2e && npm ci --ignore-scripts --no-audit --no-fund --silent) >&2 ||
        fail "npm ci in tests/e2e failed"
    cp "$lock" "$stamp"
}

check_rust
install_debian cmake=cmake protoc=protobuf-compiler
case $mode in
build) ;;
test)
    check_rust_components
    cargo_tool nextest 0.9.148
    cargo_tool deny 0.20.2
    node_packages
    ;;
bench)
    install_debian wrk=wrk
    ;;
*) fail "unknown mode: $mode" "one of: build test bench" ;;
esac
