#!/usr/bin/env python3
"""How long a deploy takes until the gateway runs it, at 10 and at 10,000 agents.

    benches/deploy.py [BINARY] [AGENTS...]     BINARY: default target/release/portcullis

Each figure is the time from the first byte of the PUT to the answer of the first request through the gateway that is
decided by the new policy, which is the very next one. Also: a start, a page of the list, a hand edit.
"""

import http.client
import http.server
import json
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROUNDS = 60


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def upstream():
    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


class Peer:
    """One kept-alive connection."""

    def __init__(self, port, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = headers or {}

    def ask(self, method, path, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, {**self.headers, **named})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def quantiles(times):
    times = sorted(times)
    at = lambda share: times[min(len(times) - 1, int(share * len(times)))] * 1000
    return f"median {statistics.median(times) * 1000:.1f} ms, p90 {at(0.9):.1f}, most {times[-1] * 1000:.1f} (n={len(times)})"


def measure(binary, count, target):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        port, ops, admin = free_port(), free_port(), free_port()
        (folder / "store/agents").mkdir(parents=True)
        for i in range(count):
            text = f'route: /r/{i:05}\nupstream: "{target}"\nauth: {{ api_key: {{ header: X-API-Key }} }}\n'
            (folder / f"store/agents/agent-{i:05}.yaml").write_text(text)
        (folder / "portcullis.yaml").write_text(
            f'version: 1\nserver:\n  listeners: [{{ address: "127.0.0.1:{port}" }}]\n'
            f'  ops: {{ address: "127.0.0.1:{ops}" }}\n'
            f'  admin: {{ address: "127.0.0.1:{admin}", token_file: admin.token }}\n'
            "store: { directory: store }\n"
        )
        began = time.monotonic()
        with open(folder / "log", "wb") as log:
            gateway = subprocess.Popen([binary, "run", "-c", folder / "portcullis.yaml"], stdout=log, stderr=log)
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", admin), 1).close()
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if gateway.poll() is not None:
                        sys.exit((folder / "log").read_text()[-4000:])
            started = time.monotonic() - began
            token = (folder / "admin.token").read_text().strip()
            api = Peer(admin, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
            caller = Peer(port)
            name = f"agent-{count // 2:05}"
            route = f"/r/{count // 2:05}"
            policies = [("public", 200), ({"api_key": {"header": "X-API-Key"}}, 401)]
            writes, late = [], 0
            for turn in range(ROUNDS):
                auth, wanted = policies[turn % 2]
                spec = json.dumps({"route": route, "upstream": target, "auth": auth})
                began = time.monotonic()
                status, answer = api.ask("PUT", f"/api/v1/agents/{name}", spec, If_Match="*")
                assert status == 200, answer
                status, _ = caller.ask("GET", route)
                writes.append(time.monotonic() - began)
                late += status != wanted
            pages = []
            for _ in range(20):
                began = time.monotonic()
                status, _ = api.ask("GET", f"/api/v1/agents?limit=50&after={name}")
                assert status == 200
                pages.append(time.monotonic() - began)
            edits = []
            file = folder / f"store/agents/{name}.yaml"
            for turn in range(10):
                auth, wanted = (("public", 200), ("{ api_key: { header: X-API-Key } }", 401))[turn % 2]
                began = time.monotonic()
                file.write_text(f'route: {route}\nupstream: "{target}"\nauth: {auth}\n')
                while caller.ask("GET", route)[0] != wanted:
                    assert time.monotonic() < began + 20, "a hand edit was not taken up"
                edits.append(time.monotonic() - began)
            status = pathlib.Path(f"/proc/{gateway.pid}/status").read_text()
            memory = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
            print(f"{count} agents: listens after {started * 1000:.0f} ms, {int(memory) // 1024} MiB")
            print(f"  a deploy until it is live: {quantiles(writes)}; not live at once: {late}")
            print(f"  a hand edit until it is live: {quantiles(edits)}")
            print(f"  a page of 50 from the middle: {quantiles(pages)}", flush=True)
        finally:
            gateway.kill()
            gateway.wait()


def main():
    binary = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/portcullis")
    target = upstream()
    for count in [int(text) for text in sys.argv[2:]] or [10, 10_000]:
        measure(binary, count, target)


main()
