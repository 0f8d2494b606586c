#!/usr/bin/env python3
"""What a fleet costs and how soon a change is everywhere: three members of etcd and three gateways on loopback.

    benches/fleet.py [--binary B] [--agents N] [--keys N] [--providers N] [--changes N] [--revocations N] [--burst N]
                     [--record | --check] [--scratch FOLDER]

Each figure stands beside its target. `--check` fails when one is worse by a quarter than what `--record` has written to
benches/fleet.json on a machine of the same kind; targets that are missed are said, and fail nothing.

What is measured, in one run and in this order: a start from an etcd that holds everything, and one from the snapshot of
this machine; memory; what an idle member asks etcd for; one agent changed, again and again, under constant traffic, with
the time until each gateway decides by it; API keys revoked at one gateway, with the time until all refuse them; a
thousand changes in a burst; the look-up of a key among many and among ten.
"""

import argparse
import concurrent.futures
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORD = pathlib.Path(__file__).with_suffix(".json")
# RFC 8037, appendix A.2.
KEYS = "{ keys: [{ kty: OKP, crv: Ed25519, kid: k, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }"
MEMBERS = 3
# Fifty changes a minute.
SECONDS_A_CHANGE = 1.2
# A caller asks this often while agents change: enough to meet each change, and little for two processors.
CALLS_A_SECOND = 50


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def upstream():
    """An agent that says which change its caller was routed by."""

    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One segment for each answer, or a caller would wait for an acknowledgement that is held back.
        disable_nagle_algorithm = True
        wbufsize = 1 << 12

        def do_GET(self):
            told = self.headers.get("X-Turn", "-").encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def agent(number, providers):
    head = (
        f"display_name: Agent number {number}\n"
        f"route: {{ path: /agents/a-{number:06}, host: host-{number % 1000:03}.agents.example.com }}\n"
        f'upstream: {{ url: "http://127.0.0.1:{9000 + number % 50}/base" }}\n'
    )
    if number % 4 == 3:
        return head + "auth: { api_key: { header: X-API-Key } }\n"
    return head + (
        f'auth:\n  oauth:\n    identity_providers: [idp-{number % providers:02}]\n    audiences: ["api://agent-{number:06}"]\n'
        f'    scopes: {{ all_of: ["agent:{number:06}:call"] }}\n    claim_headers: {{ sub: X-Caller-Sub }}\n'
    )


def turning(url, turn):
    """An agent whose change can be seen by every caller."""
    return {"auth": "public", "route": "/turn", "upstream": {"url": url, "set_headers": {"X-Turn": str(turn)}}}


class Process:
    def __init__(self, name, command, folder, environment=None):
        self.name, self.log = name, folder / f"{name}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait(60)

    def memory(self):
        """Resident memory in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def cpu(self):
        """Processor seconds, those of ended threads among them (clock_getcpuclockid)."""
        return time.clock_gettime((~self.process.pid) << 3 | 2)


def etcd(scratch):
    ports = [(free_port(), free_port()) for _ in range(MEMBERS)]
    cluster = ",".join(f"e{i}=http://127.0.0.1:{peer}" for i, (_, peer) in enumerate(ports))
    members = []
    for i, (client, peer) in enumerate(ports):
        command = [
            "etcd", "--name", f"e{i}", "--data-dir", f"e{i}", "--initial-cluster", cluster,
            "--listen-client-urls", f"http://127.0.0.1:{client}", "--advertise-client-urls", f"http://127.0.0.1:{client}",
            "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--log-level", "error",
        ]
        member = Process(f"etcd-{i}", command, scratch)
        member.url = f"http://127.0.0.1:{client}"
        members.append(member)
    for member in members:
        wait(lambda: b"true" in fetch(member.url + "/health"), "etcd is healthy", 30)
    return members


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
    except OSError:
        return b""


def wait(met, what, seconds):
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            sys.exit(f"fleet.py: not within {seconds} s: {what}")
        time.sleep(0.005)


class Gateway:
    def __init__(self, number, binary, scratch, endpoints):
        self.number, self.binary, self.folder = number, binary, scratch / f"g{number}"
        self.folder.mkdir()
        self.port, self.ops, self.admin = free_port(), free_port(), free_port()
        (self.folder / "seal.key").write_bytes(b"s" * 32)
        (self.folder / "seal.key").chmod(0o600)
        self.config = self.folder / "portcullis.yaml"
        self.configure(endpoints)

    def configure(self, endpoints):
        self.config.write_text(
            "version: 1\nserver:\n"
            f'  listeners: [{{ address: "127.0.0.1:{self.port}" }}]\n'
            f'  ops: {{ address: "127.0.0.1:{self.ops}" }}\n'
            f'  admin: {{ address: "127.0.0.1:{self.admin}", token_file: admin.token }}\n'
            f"  member: {{ name: gateway-{self.number} }}\n  sealing_key_file: seal.key\n"
            "  state_dir: state\n  access_log: off\n  workers: 2\n"
            f"store: {{ etcd: {{ endpoints: {json.dumps(endpoints)} }} }}\n"
        )

    def start(self):
        """Starts it, and gives the seconds until it is ready."""
        began = time.monotonic()
        self.run = Process(f"gateway-{self.number}", [self.binary, "run", "-c", self.config], self.folder)
        wait(lambda: self.run.process.poll() is not None or fetch(f"http://127.0.0.1:{self.ops}/readyz"), "ready", 120)
        if self.run.process.poll() is not None:
            sys.exit(self.run.log.read_text()[-4000:])
        return time.monotonic() - began

    def token(self):
        return (self.folder / "admin.token").read_text().strip()

    def api(self, method, path, body=None, match="*"):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=60)
        headers = {"Authorization": f"Bearer {self.token()}", "Content-Type": "application/json"}
        if match is not None:
            headers["If-None-Match" if match == "none" else "If-Match"] = "*" if match == "none" else match
        connection.request(method, "/api/v1" + path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {told.decode()[:500]}")
        return json.loads(told) if told else None


class Caller:
    """One kept-alive connection to a gateway."""

    def __init__(self, gateway):
        self.connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path, headers=None):
        self.connection.request("GET", path, headers=headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def sent_by(etcds):
    """Bytes that etcd sent to clients."""
    found = 0.0
    for member in etcds:
        for number in re.findall(rb"^etcd_network_client_grpc_sent_bytes_total (\S+)", fetch(member.url + "/metrics"), re.M):
            found += float(number)
    return found


def asked_of(etcds):
    """Requests that clients began."""
    found = 0.0
    for member in etcds:
        text = fetch(member.url + "/metrics")
        for number in re.findall(rb'^grpc_server_started_total\{[^}]*grpc_service="etcdserverpb\.[A-Z][^}]*\} (\S+)', text, re.M):
            found += float(number)
    return found


class Figures:
    def __init__(self):
        self.rows = []

    def add(self, name, value, unit, target=None, worse_is="more"):
        self.rows.append({"name": name, "value": value, "unit": unit, "target": target, "worse": worse_is})
        mark = "" if target is None else ("  ok" if value <= target else "  MISSED")
        goal = "" if target is None else f"   target at most {target:g} {unit}"
        print(f"{name:<66} {value:10.1f} {unit}{goal}{mark}", flush=True)

    def note(self, text):
        print(text, flush=True)


def fill(scratch, arguments, gateway):
    """A folder with everything, copied into etcd."""
    folder = scratch / "folder"
    for kind in ("agents", "identity_providers", "api_keys"):
        (folder / kind).mkdir(parents=True)
    for number in range(arguments.providers):
        text = f"issuer: https://idp-{number:02}.example.com/realms/a\njwks: {KEYS}\n"
        (folder / "identity_providers" / f"idp-{number:02}.yaml").write_text(text)
    keyed = [number for number in range(arguments.agents) if number % 4 == 3] or [0]
    for number in range(arguments.agents):
        (folder / "agents" / f"agent-{number:06}.yaml").write_text(agent(number, arguments.providers))
    for number in range(arguments.keys):
        whose = keyed[number % len(keyed)]
        text = f'agent: agent-{whose:06}\nname: client of {number}\nsha256: "{number:064x}"\n'
        (folder / "api_keys" / f"{number:08}.yaml").write_text(text)
    began = time.monotonic()
    command = [arguments.binary, "store", "copy", "-c", gateway.config, "--from", f"directory:{folder}", "--to", "etcd"]
    subprocess.run(command, check=True, cwd=gateway.folder, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def change_one(figures, etcds, gateways, url, changes):
    """One agent changed again and again, while callers ask constantly."""
    gateways[0].api("PUT", "/agents/turn", turning(url, 0), "none")
    stop, seen, failed, late, calls = threading.Event(), [[] for _ in gateways], [], [], []

    def calling(number):
        caller, last, next_at = Caller(gateways[number]), None, time.monotonic()
        while not stop.is_set():
            began = time.monotonic()
            try:
                status, body = caller.get("/turn")
            except OSError as error:
                failed.append(str(error))
                caller = Caller(gateways[number])
                continue
            took = time.monotonic() - began
            calls.append(took)
            if status == 200:
                turn = int(body)
                if last is not None and turn < last:
                    failed.append(f"turn {turn} after {last}")
                if turn != last:
                    seen[number].append((turn, time.monotonic()))
                last = turn
            elif last is not None:
                failed.append(f"status {status}")
            next_at += 1 / CALLS_A_SECOND
            time.sleep(max(0.0, next_at - time.monotonic()))

    threads = [threading.Thread(target=calling, args=(number,), daemon=True) for number in range(len(gateways))]
    for thread in threads:
        thread.start()
    wait(lambda: all(seen), "every gateway has the new agent", 30)
    time.sleep(2)
    quiet = len(calls)
    time.sleep(5)
    quiet = calls[quiet:]
    before, sent, cpu = len(calls), sent_by(etcds), sum(gateway.run.cpu() for gateway in gateways)
    asked = []
    for turn in range(1, changes + 1):
        asked.append(time.monotonic())
        gateways[turn % len(gateways)].api("PUT", "/agents/turn", turning(url, turn))
        time.sleep(max(0.0, asked[-1] + SECONDS_A_CHANGE - time.monotonic()))
    time.sleep(2)
    stop.set()
    sent, cpu = sent_by(etcds) - sent, sum(gateway.run.cpu() for gateway in gateways) - cpu
    live = []
    for turn, began in enumerate(asked, 1):
        times = [next((at for now, at in all if now >= turn), None) for all in seen]
        if None in times:
            failed.append(f"turn {turn} was never seen")
            continue
        live.append((max(times) - began) * 1000)
    busy = calls[before:]
    late = sum(took > 0.005 for took in busy)
    figures.add("one agent changed: decided by it at all three, median", statistics.median(live), "ms", 250)
    figures.add("  the same, 99 %", quantile(live, 0.99), "ms", 500)
    figures.add("  failed, lost or mixed answers", len(failed), "", 0)
    figures.add("  calls later than 5 ms", 100 * late / len(busy), "%")
    figures.add("  the same while nothing changes", 100 * sum(took > 0.005 for took in quiet) / len(quiet), "%")
    figures.add("  sent by etcd for a member and a change", sent / changes / len(gateways) / 1024, "KiB", 64)
    figures.add("  processor time of a gateway for a change", 1000 * cpu / changes / len(gateways), "ms")
    for what in sorted(set(failed))[:5]:
        figures.note(f"    {what}")


def revoke(figures, gateways, url, revocations):
    """API keys revoked at one gateway."""
    keyed = {"auth": {"api_key": {}}, "route": "/keyed", "upstream": url}
    gateways[0].api("PUT", "/agents/keyed", keyed, "none")
    made = [gateways[0].api("POST", "/api-keys", {"agent": "keyed"}, None) for _ in range(revocations)]
    callers = [Caller(gateway) for gateway in gateways]
    headers = [{"Authorization": f"Bearer {key['key']}"} for key in made]
    if callers[0].get("/keyed", headers[0])[0] != 200:
        headers = [{"X-API-Key": key["key"]} for key in made]
    for caller in callers:
        wait(lambda: caller.get("/keyed", headers[-1])[0] == 200, "the last key opens", 30)
    took = []
    for number, key in enumerate(made):
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            done = pool.submit(gateways[number % len(gateways)].api, "POST", f"/api-keys/{key['id']}/revoke")
            for caller in callers:
                wait(lambda: caller.get("/keyed", headers[number])[0] == 401, "the key is refused", 30)
            took.append((time.monotonic() - began) * 1000)
            done.result()
    figures.add("an API key revoked: refused at all three, median", statistics.median(took), "ms")
    figures.add("  the same, 99 %", quantile(took, 0.99), "ms", 300)


def burst(figures, gateways, url, changes):
    """Many changes one after the other, without a pause."""
    began = time.monotonic()
    for turn in range(changes):
        gateways[0].api("PUT", "/agents/turn", turning(url, 10_000 + turn))
    sent = time.monotonic() - began
    hashes = lambda: {member["hash"] for member in gateways[0].api("GET", "/fleet", None, None)["members"]}
    callers = [Caller(gateway) for gateway in gateways]
    last = str(10_000 + changes - 1).encode()
    wait(lambda: all(caller.get("/turn")[1] == last for caller in callers), "all run the last change", 120)
    everywhere = time.monotonic() - began
    wait(lambda: len(hashes()) == 1, "all report one hash", 30)
    figures.add(f"{changes} changes in a burst: sent", sent, "s")
    figures.add("  decided by the last one at all three", everywhere - sent, "s")


def look_up(figures, gateways, url, binary, scratch, endpoints):
    """What a call with an API key takes among many keys, beside a gateway with ten agents and ten keys."""
    few = scratch / "few"
    for kind in ("agents", "identity_providers", "api_keys"):
        (few / "store" / kind).mkdir(parents=True)
    small = Gateway(9, binary, few, endpoints)
    small.config.write_text(
        re.sub(r"store: .*", f"store: {{ directory: {few / 'store'} }}", small.config.read_text())
    )
    small.start()
    cases = []
    for gateway in (gateways[0], small):
        name = "looked-up"
        gateway.api("PUT", f"/agents/{name}", {"auth": {"api_key": {}}, "route": "/up", "upstream": url}, "none")
        keys = [gateway.api("POST", "/api-keys", {"agent": name}, None)["key"] for _ in range(10)]
        caller = Caller(gateway)
        header = next(h for h in ("X-API-Key", "Authorization") if caller.get("/up", credential(h, keys[0]))[0] == 200)
        cases.append((gateway, caller, [credential(header, key) for key in keys]))
    took = [[], []]
    for turn in range(400):
        for case, (gateway, caller, keys) in enumerate(cases):
            cpu = gateway.run.cpu()
            for key in keys:
                caller.get("/up", key)
            took[case].append((gateway.run.cpu() - cpu) / len(keys) * 1e6)
    small.run.stop()
    many, ten = (statistics.median(times) for times in took)
    figures.add("processor time of a call with an API key, among all", many, "us")
    figures.add("  the same at a gateway with ten keys", ten, "us")


def credential(header, key):
    return {header: f"Bearer {key}" if header == "Authorization" else key}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "target/release/portcullis"))
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--providers", type=int, default=50)
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--revocations", type=int, default=100)
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--record", action="store_true", help="write benches/fleet.json")
    parser.add_argument("--check", action="store_true", help="compare with benches/fleet.json")
    parser.add_argument("--scratch", help="keep everything in this folder")
    arguments = parser.parse_args()
    if shutil.which("etcd") is None:
        os.environ["PATH"] = f"{ROOT / '.tools/bin'}:{os.environ['PATH']}"
    scratch = pathlib.Path(arguments.scratch or tempfile.mkdtemp(prefix="portcullis-fleet-")).resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    running, figures = [], Figures()
    try:
        measure(arguments, scratch, running, figures)
    finally:
        for process in reversed(running):
            process.run.stop() if isinstance(process, Gateway) and hasattr(process, "run") else None
            process.stop() if isinstance(process, Process) else None
        if arguments.scratch is None:
            shutil.rmtree(scratch, ignore_errors=True)
    if arguments.record:
        RECORD.write_text(json.dumps(figures.rows, indent=1) + "\n")
    if arguments.check:
        check(figures)


def measure(arguments, scratch, running, figures):
    etcds = etcd(scratch)
    running += etcds
    endpoints = [member.url for member in etcds]
    gateways = []
    for number in range(MEMBERS):
        # Each begins with another member of etcd.
        gateways.append(Gateway(number, arguments.binary, scratch, endpoints[number:] + endpoints[:number]))
    running += gateways
    figures.note(f"{arguments.agents} agents, {arguments.providers} providers, {arguments.keys} API keys")
    figures.add("copied into etcd", fill(scratch, arguments, gateways[0]), "s")
    starts = [gateway.start() for gateway in gateways]
    figures.add("start from etcd, the slowest of three one after the other", max(starts), "s", 5)
    time.sleep(10)
    figures.add("memory of a gateway, the largest", max(gateway.run.memory() for gateway in gateways), "MiB", 150)
    asked = asked_of(etcds)
    time.sleep(20)
    figures.add("requests of an idle member at etcd", (asked_of(etcds) - asked) / 20 / MEMBERS, "/s", 1)
    url = upstream()
    change_one(figures, etcds, gateways, url, arguments.changes)
    revoke(figures, gateways, url, arguments.revocations)
    burst(figures, gateways, url, arguments.burst)
    look_up(figures, gateways, url, arguments.binary, scratch, endpoints)
    figures.add("memory of a gateway after all that, the largest", max(g.run.memory() for g in gateways), "MiB")
    # The snapshot is written within a second of a change.
    time.sleep(3)
    gateways[1].run.stop(signal.SIGKILL)
    for member in etcds:
        member.stop(signal.SIGKILL)
    figures.add("start from the snapshot, without etcd", gateways[1].start(), "s", 2 + 2)
    figures.note("    (two seconds of it are the time that etcd is given)")
    if Caller(gateways[1]).get("/turn")[0] != 200:
        sys.exit("fleet.py: what started from the snapshot does not serve")


def check(figures):
    before = {row["name"]: row for row in json.loads(RECORD.read_text())}
    worse = []
    for row in figures.rows:
        then = before.get(row["name"])
        # What is near nothing may double without a meaning.
        if then and row["value"] > then["value"] * 1.25 and row["value"] - then["value"] > 0.5:
            worse.append(f"{row['name'].strip()}: {then['value']:.1f} {row['unit']} then, {row['value']:.1f} now")
    if worse:
        sys.exit("fleet.py: worse by more than a quarter:\n  " + "\n  ".join(worse))


if __name__ == "__main__":
    main()
