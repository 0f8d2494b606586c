#!/usr/bin/env python3
"""What agents cost: memory for each, and processor time for a change of one of them.

    benches/scale.py [BINARY] [AGENTS...]     BINARY: default target/release/portcullis; AGENTS: default 10 10000

A thousand hosts, a hundred identity providers, and so many agents (three of four take tokens, one takes API keys), once
in a single file and once in a folder of a file each. A change is a new text of one agent; its cost is the processor
time of the whole gateway, all threads, from the write until what it replaced is given back. When it is live, the log
says; nobody asks the gateway meanwhile, since an answer would cost it something. Then as many changes again, while a
client sends one request after the other: how long the slowest takes, and how long without changes.
"""

import os
import pathlib
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROUNDS = int(os.environ.get("ROUNDS", "20"))
# RFC 8037, appendix A.2.
KEY = '{ keys: [{ kty: OKP, crv: Ed25519, kid: k, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo }] }'


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def agent(i, turn=0):
    head = (
        f"display_name: Agent number {i}\n"
        f"route: {{ path: /agents/a-{i:05}, host: host-{i % 1000:03}.agents.example.com, strip_path: true }}\n"
        f"upstream: {{ url: \"http://127.0.0.1:{9000 + i % 50}/base\", response_timeout: {30 + turn}s }}\n"
    )
    if i % 4 == 3:
        return head + "auth: { api_key: { header: X-API-Key } }\n"
    return head + (
        f"auth:\n  oauth:\n    identity_providers: [idp-{i % 100:02}]\n    audiences: [\"api://agent-{i:05}\"]\n"
        f"    scopes: {{ all_of: [\"agent:{i:05}:call\"] }}\n    claim_headers: {{ sub: X-Caller-Sub }}\n"
    )


def provider(i):
    return f"issuer: https://idp-{i:02}.example.com/realms/a\njwks: {KEY}\n"


def api_key(i):
    return f"agent: agent-{i:05}\nname: client of {i}\nsha256: \"{i:064x}\"\n"


def indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


class Gateway:
    def __init__(self, binary, folder, count, single):
        self.folder, self.count, self.single = folder, count, single
        self.port, self.ops = free_port(), free_port()
        self.changed = count // 2
        server = (
            f'version: 1\nserver:\n  listeners: [{{ address: "127.0.0.1:{self.port}" }}]\n'
            f'  ops: {{ address: "127.0.0.1:{self.ops}" }}\n  access_log: off\n  workers: 2\n'
        )
        self.kinds = [
            ("identity_providers", {f"idp-{i:02}": provider(i) for i in range(100)}),
            ("agents", {f"agent-{i:05}": agent(i) for i in range(count)}),
            ("api_keys", {f"{i:08}": api_key(i) for i in range(3, count, 4)}),
        ]
        if single:
            self.parts = [server]
            for kind, all in self.kinds:
                self.parts.append(f"{kind}:\n")
                for name, text in all.items():
                    if name == f"agent-{self.changed:05}":
                        self.at = len(self.parts)
                    self.parts.append(f'  "{name}":\n' + indented(text))
            self.write(folder / "portcullis.yaml", "".join(self.parts))
        else:
            self.write(folder / "portcullis.yaml", server + "store: { directory: store }\n")
            for kind, all in self.kinds:
                (folder / "store" / kind).mkdir(parents=True)
                for name, text in all.items():
                    (folder / "store" / kind / f"{name}.yaml").write_text(text)
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen([binary, "run", "-c", folder / "portcullis.yaml"], stdout=log, stderr=log)
        while self.reloads("applied") is None:
            if self.process.poll() is not None:
                sys.exit((folder / "log").read_text()[-4000:])
            time.sleep(0.05)

    def write(self, path, text):
        new = path.with_name(f".{path.name}.tmp")
        new.write_text(text)
        os.rename(new, path)

    def metrics(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ops}/metrics", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def reloads(self, result):
        found = re.search(rf'config_reloads_total{{result="{result}"}} (\d+)', self.metrics())
        return int(found[1]) if found else None

    def cpu(self):
        """Processor seconds of the process, all its threads, those that ended among them (clock_getcpuclockid)."""
        return time.clock_gettime((~self.process.pid) << 3 | 2)

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return [int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "VmHWM")]

    def change(self, turn):
        before = self.lives()
        cpu, began = self.cpu(), time.monotonic()
        text = agent(self.changed, turn)
        if self.single:
            self.parts[self.at] = f'  "agent-{self.changed:05}":\n' + indented(text)
            self.write(self.folder / "portcullis.yaml", "".join(self.parts))
        else:
            self.write(self.folder / "store/agents" / f"agent-{self.changed:05}.yaml", text)
        while self.lives() == before:
            time.sleep(0.002)
        live = time.monotonic() - began
        # What was replaced is given back a moment later.
        time.sleep(0.5)
        return self.cpu() - cpu, live

    def lives(self):
        return (self.folder / "log").read_text().count("the new configuration is live")

    def beside(self, changes):
        """Of the requests that a client sends meanwhile: what 999 of 1000 take at most, and the slowest, in ms."""
        args = [sys.executable, __file__, "--requests", str(self.port)]
        with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            client.stdout.readline()
            changes()
            return client.communicate("\n")[0].strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def requests(port):
    """Sends requests until standard input says something. Each is refused by the gateway itself, for want of a token."""
    sent = b"GET /agents/a-00000/x HTTP/1.1\r\nHost: host-000.agents.example.com\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        times = []

        def ask():
            began = time.monotonic()
            one.sendall(sent)
            got = b""
            while b"\r\n\r\n" not in got:
                got += one.recv(65536)
            times.append(1000 * (time.monotonic() - began))
            head, _, body = got.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 401 "), head
            want = int(re.search(rb"(?i)content-length: (\d+)", head)[1]) - len(body)
            while want > 0:
                want -= len(one.recv(want))

        ask()
        times.clear()
        print("ready", flush=True)
        while not select.select([sys.stdin], [], [], 0.001)[0]:
            ask()
        times.sort()
        print(f"{times[len(times) * 999 // 1000]:.1f} and {times[-1]:.1f} ms")


def measure(binary, count, single):
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(binary, pathlib.Path(folder), count, single)
        try:
            # So long until what the start needs no more is given back.
            time.sleep(3)
            fresh = gateway.memory()
            changes = [gateway.change(turn + 1) for turn in range(ROUNDS)]
            time.sleep(3)
            after = gateway.memory()
            beside = gateway.beside(lambda: [gateway.change(ROUNDS + turn + 1) for turn in range(ROUNDS)])
            quiet = gateway.beside(lambda: time.sleep(ROUNDS / 2))
            cpu = sorted(1000 * cpu for cpu, _ in changes)
            live = sorted(1000 * live for _, live in changes)
            print(
                f"{count:>6} agents, {'one file' if single else 'a folder'}: start {fresh[0] / 1024:.1f} MiB "
                f"(peak {fresh[1] / 1024:.1f}), after {ROUNDS} changes {after[0] / 1024:.1f} MiB (peak {after[1] / 1024:.1f}); "
                f"a change: CPU median {statistics.median(cpu):.1f} ms ({cpu[0]:.1f} to {cpu[-1]:.1f}), "
                f"live after {statistics.median(live):.0f} ms ({live[0]:.0f} to {live[-1]:.0f}); "
                f"a request beside them takes {beside} (999 of 1000, and the slowest), without them {quiet}",
                flush=True,
            )
            return fresh[0], after[0]
        finally:
            gateway.stop()


def main():
    args = sys.argv[1:]
    if args[:1] == ["--requests"]:
        return requests(int(args[1]))
    binary = args.pop(0) if args and not args[0].isdigit() else "target/release/portcullis"
    counts = [int(count) for count in args] or [10, 10_000]
    for single in [False, True]:
        base = None
        for count in counts:
            fresh, after = measure(os.path.abspath(binary), count, single)
            if base:
                n = count - base[0]
                print(f"       that is {(fresh - base[1]) / n:.2f} KiB an agent at start, {(after - base[2]) / n:.2f} after the changes")
            base = base or (count, fresh, after)


if __name__ == "__main__":
    main()
