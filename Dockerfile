# docker build -t portcullis .       (or: make image)
# The base images are arguments, so that a site can build on its own.
ARG NODE=node:20-bookworm-slim
ARG BUILDER=rust:1.95-slim-bookworm
ARG RUNTIME=gcr.io/distroless/cc-debian12:nonroot

# hadolint ignore=DL3006
FROM ${NODE} AS console
WORKDIR /console
# Packages first: they are fetched again only when the lock file changes.
COPY console/package.json console/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY console ./
RUN npm run build

# hadolint ignore=DL3006
FROM ${BUILDER} AS builder
# hadolint ignore=DL3008
RUN if ! command -v cmake || ! command -v cc || ! command -v protoc; then \
      apt-get update && \
      apt-get install -y --no-install-recommends build-essential cmake protobuf-compiler libprotobuf-dev && \
      rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /src
# Dependencies first, against an empty crate: they are compiled again only when a manifest changes.
COPY Cargo.toml Cargo.lock ./
COPY testkit/Cargo.toml testkit/
COPY benches/tools/Cargo.toml benches/tools/
# hadolint ignore=SC2013
RUN mkdir -p src benches/tools/src testkit/src && \
    echo '//! Stands in until the sources are there.' > src/lib.rs && \
    echo 'fn main() {}' > src/main.rs && \
    touch testkit/src/lib.rs benches/tools/src/lib.rs && \
    for bench in $(sed -n '/^\[\[bench\]\]/,/^$/s/^name = "\(.*\)"/\1/p' Cargo.toml); do \
      echo 'fn main() {}' > "benches/$bench.rs"; \
    done && \
    cargo build --release --locked --bin portcullis && \
    rm -rf src benches testkit/src
COPY . .
COPY --from=console /console/dist console/dist
# Newer than the stand-in, or cargo would take that for built.
RUN find src -name '*.rs' -exec touch {} + && \
    cargo build --release --locked --bin portcullis && \
    install -D -m 0755 target/release/portcullis /out/usr/bin/portcullis && \
    install -d -m 0755 /out/etc/portcullis /out/usr/share/doc/portcullis && \
    install -m 0644 LICENSE-MIT LICENSE-APACHE conf/portcullis.yaml /out/usr/share/doc/portcullis/ && \
    install -d -m 0700 /state

# hadolint ignore=DL3006
FROM ${RUNTIME}
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=
LABEL org.opencontainers.image.title="portcullis" \
      org.opencontainers.image.description="The gate in front of AI agents" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=builder /out/ /
COPY --from=builder --chown=65532:65532 /state/ /var/lib/portcullis/
USER 65532:65532
WORKDIR /etc/portcullis
EXPOSE 8080 8443 9464
STOPSIGNAL SIGTERM
# The configuration is found as `run` finds it: mount it at /etc/portcullis/portcullis.yaml, or name it in
# PORTCULLIS_CONFIG, which both read. `-c` on the command line would be known to `run` alone.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/bin/portcullis", "health", "--ready"]
ENTRYPOINT ["/usr/bin/portcullis"]
CMD ["run"]
