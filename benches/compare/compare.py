"""Portcullis beside a bare Pingora proxy, Envoy, HAProxy and nginx, in one run. See docs/PERFORMANCE.md.

All peers stay up and are frozen but for the one whose slice it is; the order goes round. The figure is CPU time of the
gateway's processes per answered request, taken while nothing is under way. `make compare` builds what this needs.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import check
import picture
import report
from envoy import Envoy
from figures import Figures
from haproxy import HAProxy
from nginx import Nginx
from portcullis import Bare, Portcullis
from process import facts_of
from rows import ROWS
from stage import Stage, Unfinished

ROOT = pathlib.Path(__file__).resolve().parents[2]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--slice", type=int, default=300, metavar="MS")
    parser.add_argument("--warm-up", type=int, default=50, metavar="MS")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--only", action="append", default=[], metavar="WORD",
                        help="rows whose key begins with this (h1-small, h2-small/warm); may be repeated; "
                             "the bare proxy comes along")
    parser.add_argument("--peers", help="peers, by commas: bare,portcullis,portcullis-cold,envoy,haproxy,nginx,nginx-lua")
    parser.add_argument("--binary", action="append", default=[], metavar="LABEL=PATH",
                        help="another build of Portcullis, measured beside the first; may be repeated")
    parser.add_argument("--builds", type=pathlib.Path, default=ROOT / "target/release", help="where cargo builds")
    parser.add_argument("--portcullis", type=pathlib.Path, help="the build to measure, if not that of --builds")
    parser.add_argument("--envoy", help="its binary, if not that of .tools")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target/compare")
    parser.add_argument("--neighbour", action="store_true",
                        help="with a process on the gateway's core that takes its caches away, as on a crowded host")
    parser.add_argument("--process", action="store_true", help="memory and start of Portcullis too")
    parser.add_argument("--publish", action="store_true", help="copy the page and the picture to docs/performance")
    return parser.parse_args()


def chosen(args):
    """The rows of this run; further builds get rows of their own."""
    peers, labels = args.peers and args.peers.split(","), [build.split("=", 1)[0] for build in args.binary]
    rows = []
    for row in ROWS:
        rows.append(row)
        if row.peer.startswith("portcullis"):
            # Next to one another, so that the machine's mood is the same for both.
            rows += [dataclasses.replace(row, key=f"{row.key}@{label}", label=f"{row.label} [{label}]",
                                         peer=f"{row.peer}@{label}") for label in labels]
    if peers:
        rows = [row for row in rows if row.peer.split("@")[0] in peers]
    if args.only:
        wanted = [row for row in rows if any(row.key.startswith(word) for word in args.only)]
        bases = {row.base for row in wanted}
        rows = [row for row in rows if row in wanted or row.key in bases]
    return rows


def installed(name):
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if not path:
        raise RuntimeError("is not installed")
    return path


def envoy():
    """The binary itself, not the Python that starts it."""
    found = sorted(ROOT.glob(".tools/venv-envoy/lib/*/site-packages/envoy/_bin/envoy"))
    return found[0] if found else installed("envoy")


def versions(peers):
    """What the binaries call themselves, once each."""
    found = {}
    for peer in peers.values():
        binary = str(getattr(peer, "binary", ""))
        if not binary or binary in found:
            continue
        flag = "--version" if "envoy" in binary or "portcullis" in binary else "-v"
        said = subprocess.run([binary, flag], capture_output=True, text=True, check=False)
        match = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
        found[binary] = f"{type(peer).__name__} {match.group() if match else 'of unknown version'}"
    return found.values()


def processor():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(": ", 1)[1] for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} processors ({names[0] if names else 'unnamed'})"


def start(stage, rows, args):
    """The peers of these rows; those that are not installed, or do not start, are named."""
    makers = {
        "bare": lambda name: Bare(stage, name),
        "envoy": lambda name: Envoy(stage, name, args.envoy or envoy()),
        "haproxy": lambda name: HAProxy(stage, name, installed("haproxy")),
        "nginx": lambda name: Nginx(stage, name, installed("nginx"), False),
        "nginx-lua": lambda name: Nginx(stage, name, installed("nginx"), True),
    }
    builds = {"": args.portcullis or args.builds / "portcullis"}
    builds.update((f"@{label}", path) for label, path in (build.split("=", 1) for build in args.binary))
    for suffix, path in builds.items():
        path = pathlib.Path(path).resolve()
        makers[f"portcullis{suffix}"] = lambda name, path=path: Portcullis(stage, name, path)
        makers[f"portcullis-cold{suffix}"] = lambda name, path=path: Portcullis(
            stage, name, path, ["workers: 1", "token_cache: { entries: 0 }"])
    peers, absent = {}, []
    for name in dict.fromkeys(row.peer for row in rows):
        if name not in makers:
            continue
        try:
            peers[name] = makers[name](name)
        except (OSError, RuntimeError) as error:
            absent.append((name, str(error)))
    return peers, absent


def vet(stage, rows, peers, struck):
    """The rows whose gateway answers right."""
    right = []
    for row in rows:
        peer = peers.get(row.peer)
        if not peer:
            continue
        wrong = check.findings(stage, row, peer.address(row.service, row.algorithm, "http1"))
        if wrong:
            struck.append((row.label, "; ".join(wrong)))
        else:
            right.append(row)
    return right


def complaint_about(row, reply):
    """What is wrong with a slice, if anything is."""
    examples = [text for complaint in reply["wrong"] for text in complaint["examples"]]
    if not examples:
        return None if reply["completed"] else "no answer under load"
    # What follows the colon is a whole message, token and all: for the terminal, not for the page.
    print(f"compare: {row.label}: {examples}", file=sys.stderr)
    count = sum(complaint["count"] for complaint in reply["wrong"])
    return f"{count} wrong under load: {examples[0].split(': ')[0]}"


def measure(stage, rows, peers, struck, args):
    """All rounds; a row that answers wrong under load is struck out too."""
    slices, alive = {row.key: [] for row in rows}, list(rows)
    began = time.monotonic()
    for turn in range(args.rounds + 1):
        at = turn * 7 % max(len(alive), 1)
        for row in alive[at:] + alive[:at]:
            # The first round connects, and fills what can be filled.
            first = turn == 0
            milliseconds = 1500 if first and row.credentials == "turn" else args.slice
            try:
                reply = stage.slice(row, peers[row.peer], args.concurrency, args.warm_up, milliseconds)
                why = complaint_about(row, reply)
            except (Unfinished, OSError) as error:
                why = str(error)
            if why:
                struck.append((row.label, why))
                alive.remove(row)
                slices[row.key] = []
            elif not first:
                slices[row.key].append(reply)
        if sys.stderr.isatty() or turn in (0, args.rounds):
            print(f"compare: round {turn} of {args.rounds}, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return slices


def main():
    args = options()
    # So that nothing frozen is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args.out.mkdir(parents=True, exist_ok=True)
    rows, struck = chosen(args), []
    stage = Stage(args.out.resolve(), args.builds.resolve(), args.tokens)
    try:
        peers, absent = start(stage, rows, args)
        struck += absent
        rows = vet(stage, rows, peers, struck)
        for peer in peers.values():
            peer.process.signal(signal.SIGSTOP)
        if args.neighbour:
            stage.neighbour()
        walks, signatures = [stage.walk()], stage.signatures()
        slices = measure(stage, rows, peers, struck, args)
        walks.append(stage.walk())
        memory = {name: peer.process.memory() for name, peer in peers.items()}
        stage.stop_processes()
        process = facts_of(stage, args.portcullis or args.builds / "portcullis") if args.process else []
    finally:
        stage.stop()
    figures = Figures(slices)
    answers = sum(reply["completed"] for replies in slices.values() for reply in replies)
    facts = (
        f"{args.rounds} rounds of slices of {args.slice / 1000:g} s, {args.concurrency} requests at a time; {answers:,} "
        "answers, each of them looked at. One worker a gateway, alone on its core; load and agent share one thread on "
        "the other, which polls. HTTP/1.1 over kept connections, HTTP/2 over eight, HTTP/1.1 to the agent always. Access "
        f"logs on, metrics on, default limits. {report.host(walks, args.neighbour)} {processor()}; {', '.join(versions(peers))}."
    )
    (args.out / "slices.json").write_text(json.dumps(slices))
    shared = report.is_shared(walks, args.neighbour)
    text = report.page(rows, figures, facts, struck, process, memory, signatures, shared, args.neighbour)
    (args.out / "compare.md").write_text(text)
    (args.out / "compare.svg").write_text(picture.picture(figures))
    if args.publish:
        public = ROOT / "docs/performance"
        public.mkdir(exist_ok=True)
        # Each kind of host has a page and a picture of its own.
        suffix = "-shared" if shared else ""
        for stem, ending in (("compare", "md"), ("compare", "svg")):
            shutil.copyfile(args.out / f"{stem}.{ending}", public / f"{stem}{suffix}.{ending}")
    print(text)
    # A peer may be missing; what everything is measured by may not.
    return any(not slices.get(row.key) for row in chosen(args) if row.peer.split("-")[0] in ("bare", "portcullis"))


sys.exit(main())
