"""Clients of streams on websockets and httpx-sse, held for as long as the gateway lets them.

streams_peer.py PORT TOKEN     prints a line of JSON for what each of them saw
"""

import json
import sys
import threading

import httpx
import httpx_sse
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PIECE = b"x" * (1 << 20)
PIECES = 64

port, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}


# Each line comes whole.
speaking = threading.Lock()


def say(line):
    with speaking:
        print(json.dumps(line), flush=True)


def socket(path):
    return connect(f"ws://127.0.0.1:{port}/{path}", additional_headers=headers, max_size=None, proxy=None, open_timeout=20)


def ended(client, closed, **more):
    if closed.rcvd is None:
        more["failed"] = repr(closed)
    say({"client": client, "code": closed.rcvd and closed.rcvd.code, "reason": closed.rcvd and closed.rcvd.reason, **more})


def idle():
    """Says one thing, and then nothing."""
    answers = []
    with socket("idle") as ws:
        ws.send("hello")
        try:
            while True:
                answers.append(ws.recv())
        except ConnectionClosed as closed:
            ended("websockets idle", closed, answers=answers)


def large():
    """64 MiB in fragments each way, and then a frame in the midst of which the token ends."""
    with socket("large") as ws:
        ws.send(PIECE for _ in range(PIECES))
        counted = ws.recv()
        came = ws.recv()
        fragments = []
        try:
            fragments.extend(len(fragment) for fragment in ws.recv_streaming())
        except ConnectionClosed as closed:
            whole = came == PIECE * PIECES
            ended("websockets large", closed, counted=counted, whole=whole, fragments=fragments)


def events():
    """An event stream, and another one when it has ended."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False) as client:
        with httpx_sse.connect_sse(client, "GET", "/events") as source:
            came = [event.data for event in source.iter_sse()]
        with httpx_sse.connect_sse(client, "GET", "/events") as again:
            challenge = again.response.headers.get("www-authenticate", "")
            status = again.response.status_code
    say({"client": "httpx-sse", "events": came, "status": status, "error": "invalid_token" in challenge})


def told(run):
    """Runs one of them; what it does not expect is a line as well."""
    try:
        run()
    except Exception as error:
        say({"client": run.__name__, "failed": repr(error)})


threads = [threading.Thread(target=told, args=(run,)) for run in (idle, large, events)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
