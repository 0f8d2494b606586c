# Every target does its own set-up (scripts/setup.sh), so `make demo` and `make test` work on a fresh clone.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.tools/bin:$(PATH)

CARGO ?= cargo
CONFIG ?= conf/portcullis.yaml
# What a waiver in deny.toml is measured against; an old checkout is tested with the day of its commit.
export PORTCULLIS_TODAY ?= $(shell date -u +%F)
# So long each target of `make fuzz` runs.
SECONDS_EACH ?= 600
IMAGE ?= portcullis:dev

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Gateway, identity provider and agents (HTTP, MCP, A2A) in one process, with lines to paste
	@CARGO=$(CARGO) scripts/demo.sh

.PHONY: test
test: ## Set up, lint, and run every test
# What the network and Node have to do runs beside what cargo compiles.
	@$(MAKE) --no-print-directory --jobs=2 fmt-check build-tests console-check bans
# Most tests wait for a process more than they compute, so one more than there are processors; those that hold a time to a
# limit run alone. A line for each suite and each minute, and what each suite took before nextest's summary.
	$(BUILT) $(CARGO) nextest run --locked --workspace --no-fail-fast --status-level pass --test-threads $$(($$(nproc) + 1)) 2>&1 \
		| python3 -u scripts/suite_times.py

# The gateway with the optimiser on, what is built as a test without, and linted as it is built (scripts/compile.sh). Line
# tables cost time and room, and what fails says its place without them.
BUILT := RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/scripts/compile.sh CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings \
	CARGO_PROFILE_DEV_OPT_LEVEL=2 CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0

.PHONY: build-tests
build-tests: setup-lint ## Build and lint all that `make test` runs
	$(BUILT) $(CARGO) build --locked --workspace --tests --benches

# The suites that are quick and need neither Node nor a browser; tests/README.md says what each proves.
QUICK := config docs import tidy

.PHONY: quick
quick: ## The inner loop: formatting, clippy, unit tests and the quick suites; no Node, no browser
	@scripts/setup.sh quick
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --lib --bins -- -D warnings
	$(CARGO) nextest run --locked --profile quick --lib $(QUICK:%=--test %)

.PHONY: lint
lint: fmt-check clippy deny ## Formatting, clippy, licences and bans, without the tests

.PHONY: fuzz
fuzz: ## Fuzz each target for long: make fuzz SECONDS_EACH=600
	@scripts/setup.sh fuzz
	scripts/fuzz.sh $(SECONDS_EACH)

.PHONY: advisories
advisories: setup ## Known weaknesses of what we build upon; needs the network
	$(CARGO) deny --locked check advisories

.PHONY: console
console: ## Build the web console, which the gateway carries
	@scripts/setup.sh console

# Each changes a file in benches/; the commit says why the numbers are others now.
.PHONY: guard-record
guard-record: setup ## Record instruction counts and allocations anew, as the next baseline
	PORTCULLIS_RECORD=1 $(CARGO) nextest run --locked --no-fail-fast --test instructions --test allocations

.PHONY: bench
bench: setup-bench ## Criterion benches: decisions, keys, rewriting of headers
	$(CARGO) bench --locked

# So many slices each set-up of `make compare` gets; more with benches/compare/compare.py --help.
ROUNDS ?= 24

.PHONY: compare
compare: ## Portcullis beside bare Pingora, Envoy, HAProxy and nginx (fifteen minutes, two idle processors)
	@scripts/setup.sh compare
	$(CARGO) build --locked --release --bin portcullis
	$(CARGO) build --locked --release --package bench-tools
	python3 benches/compare/compare.py --rounds $(ROUNDS) --process --publish

.PHONY: agree
agree: ## Decisions of Envoy and Traefik beside those of what `portcullis import` makes of their configuration
	@scripts/setup.sh agree
	$(CARGO) build --locked --bin portcullis
	.tools/venv-verifiers/bin/python tests/import/agree.py "$${CARGO_TARGET_DIR:-target}/debug/portcullis" \
		.tools/venv-envoy/lib/*/site-packages/envoy/_bin/envoy
	.tools/venv-verifiers/bin/python tests/import/agree_limits.py "$${CARGO_TARGET_DIR:-target}/debug/portcullis" \
		.tools/venv-envoy/lib/*/site-packages/envoy/_bin/envoy .tools/venv-traefik/bin/traefik

# Needs Node with npm and Python; fetches a newer Node, the SDKs and the conformance suite (tests/interop).
.PHONY: interop
interop: ## MCP and A2A clients, servers and suites that others wrote, through the gateway
	@scripts/setup.sh interop
	$(CARGO) build --locked --bin portcullis
	.tools/venv-interop/bin/node tests/interop/run.mjs "$${CARGO_TARGET_DIR:-target}/debug/portcullis" target/interop

# Every test that has a long form: load, faults, tokens, key providers, differential checks.
.PHONY: soak
soak: setup ## The long forms of the load and fault tests, on a release build, and every suite with four shards (about two hours)
	PORTCULLIS_LONG=1 $(CARGO) nextest run --locked --release --profile soak --no-fail-fast --no-capture \
		-E 'binary(/^(load|cache|providers|tokens|fuzz|canaries|fleet)$$/)'
	PORTCULLIS_SHARDS=4 $(CARGO) nextest run --locked --no-fail-fast

.PHONY: run
run: setup-build ## Run the gateway: make run CONFIG=path
	$(CARGO) run --locked --release -- run -c $(CONFIG)

.PHONY: image
image: ## Build the container image: make image IMAGE=name:tag
	scripts/image.sh $(IMAGE)

.PHONY: fmt
fmt: ## Format the code
	$(CARGO) fmt --all

.PHONY: setup
setup: setup-lint ## Install what building and testing need
	@scripts/setup.sh test

# Before the rest, so that cargo can begin.
.PHONY: setup-lint
setup-lint:
	@scripts/setup.sh lint

.PHONY: setup-build
setup-build:
	@scripts/setup.sh build
	@scripts/setup.sh optional-console

.PHONY: setup-bench
setup-bench:
	@scripts/setup.sh bench

.PHONY: fmt-check
fmt-check: setup-lint
	$(CARGO) fmt --all --check

.PHONY: clippy
clippy: setup-lint
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

.PHONY: console-check
console-check: setup
	npm --prefix console run --silent check
	npm --prefix console test --silent

# Advisories need a database from the network: `make advisories`.
.PHONY: bans
bans: setup
	$(CARGO) deny --locked --log-level error check bans licenses sources

# `make test` has the waivers among its tests.
.PHONY: deny
deny: bans
	$(CARGO) nextest run --locked --test supply_chain -E 'test(waiver)'
