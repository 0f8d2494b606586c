#!/usr/bin/env bash
# Builds the container image.
#
#   scripts/image.sh [NAME:TAG]                with docker, podman or buildah, whichever is there
#   scripts/image.sh --local-bases [NAME:TAG]  with buildah, on bases made here from Debian packages and the installed
#                                              Rust toolchain and Node; needs root, no image registry and no container
#                                              engine
#
# The image stays in the engine's storage; with buildah alone, in its vfs storage.
set -euo pipefail
cd "$(dirname "$0")/.."

local_bases=no
if [ "${1:-}" = --local-bases ]; then
    local_bases=yes
    shift
fi
name=${1:-portcullis:dev}
suite=${SUITE:-bookworm}
bases=${BASES:-$PWD/target/image-bases}

say() { printf 'image: %s\n' "$*" >&2; }
fail() {
    printf 'image: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
created=$(git log -1 --format=%cI 2>/dev/null || date -u +%FT%TZ)
labels=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "CREATED=$created")

buildah_chroot() { buildah --storage-driver vfs "$@"; }

# base NAME FOLDER [CONFIG...]: makes an image of a folder.
base() {
    local container name=$1 folder=$2
    shift 2
    container=$(buildah_chroot from scratch)
    buildah_chroot add --quiet "$container" "$folder" / >/dev/null
    buildah_chroot config "$@" "$container"
    buildah_chroot commit --quiet "$container" "$name" >/dev/null
    buildah_chroot rm "$container" >/dev/null
}

# debootstrap VARIANT PACKAGES FOLDER: from the package sources of this machine.
debootstrap() {
    rm -rf "$3"
    { cat /etc/apt/sources.list 2>/dev/null || true; cat /etc/apt/sources.list.d/debian.sources 2>/dev/null || true; } |
        mmdebstrap --quiet --variant="$1" --mode=root --include="$2" "$suite" "$3" -
}

make_builder_base() {
    local root=$bases/builder
    say "making the builder base (Debian $suite, $(rustc --version))"
    debootstrap minbase build-essential,cmake,protobuf-compiler,libprotobuf-dev,ca-certificates "$root"
    mkdir -p "$root/usr/local/rust"
    cp -a "$(rustc --print sysroot)/." "$root/usr/local/rust/"
    ln -sf ../rust/bin/cargo ../rust/bin/rustc "$root/usr/local/bin/"
    # The trust of this machine, so that crates can be fetched where it differs; it stays out of the final image.
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    base localhost/portcullis-builder "$root" --env CARGO_HOME=/cargo
}

make_node_base() {
    local root=$bases/node
    say "making the base for the console (Debian $suite, node $(node --version))"
    debootstrap minbase ca-certificates,libstdc++6 "$root"
    mkdir -p "$root/usr/local/lib/node_modules"
    cp "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
    cp -a "$(npm root -g)/npm" "$root/usr/local/lib/node_modules/npm"
    ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
    # As this machine is set up, so that packages can be fetched where it differs; this base is not in the final image.
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    base localhost/portcullis-node "$root" --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
        --env "NPM_CONFIG_REGISTRY=$(npm config get registry)"
}

make_runtime_base() {
    local root=$bases/runtime
    say "making the runtime base (libc, libgcc, certificates; no shell)"
    debootstrap extract libc6,libgcc-s1,ca-certificates,tzdata "$bases/extracted"
    rm -rf "$root"
    mkdir -p "$root"/{etc/ssl/certs,tmp,usr/share,usr/lib,var/lib}
    local from=$bases/extracted
    (cd "$from" && cp -a --parents usr/share/zoneinfo "$root/")
    # Only the libraries that a Rust binary links, and their licences.
    (
        cd "$from"
        for file in lib/*-linux-gnu*/{ld-linux*,libc.so*,libm.so*,libgcc_s*,libpthread*,libdl*,librt*,libresolv*,libnss_*} \
            lib64 usr/share/doc/{libc6,libgcc-s1,ca-certificates}/copyright; do
            if [ -e "$file" ]; then cp -a --parents "$file" "$root/"; fi
        done
    )
    cat "$from"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
    printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnonroot:x:65532:\n' >"$root/etc/group"
    printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
    chmod 1777 "$root/tmp"
    base localhost/portcullis-runtime "$root" --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
}

if [ "$local_bases" = yes ]; then
    for tool in buildah mmdebstrap; do
        have "$tool" || fail "--local-bases needs $tool: apt-get install buildah mmdebstrap"
    done
    [ "$(id -u)" -eq 0 ] || fail "--local-bases needs root"
    mkdir -p "$bases"
    for tool in node npm; do
        have "$tool" || fail "--local-bases needs $tool, for the console"
    done
    for which in node builder runtime; do
        buildah_chroot inspect --type image "localhost/portcullis-$which" >/dev/null 2>&1 || "make_${which}_base"
    done
    volumes=()
    registry=${CARGO_HOME:-$HOME/.cargo}/registry
    if [ -d "$registry" ]; then volumes=(--volume "$registry:/cargo/registry"); fi
    say "building $name on local bases"
    buildah_chroot bud --isolation chroot --layers --format docker "${labels[@]}" "${volumes[@]}" \
        --build-arg NODE=localhost/portcullis-node \
        --build-arg BUILDER=localhost/portcullis-builder --build-arg RUNTIME=localhost/portcullis-runtime \
        --tag "$name" .
    exit
fi

for engine in docker podman; do
    if have "$engine" && "$engine" info >/dev/null 2>&1; then
        exec "$engine" build "${labels[@]}" --tag "$name" .
    fi
done
have buildah || fail "no docker, podman or buildah here; without an image registry see --local-bases"
exec buildah bud --layers --format docker "${labels[@]}" --tag "$name" .
