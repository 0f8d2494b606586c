"""What the process of Portcullis takes: memory when idle and with a full cache, and the time until it answers."""

import functools
import http.server
import shutil
import statistics
import threading
import time

from check import ask
from figures import quartiles
from portcullis import Portcullis
from rows import Row

STARTS = 10


def first_token(stage):
    return (stage.keys / "rs256.tokens").read_text().split("\n", 1)[0]


def first_answer(stage, peer):
    """Until a good token gets its answer."""
    token, port = first_token(stage), peer.address(None, None, "http1")
    deadline = time.monotonic() + 20
    while True:
        try:
            if ask(port, "/rs256", token)[0] == 200:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise RuntimeError(f"no answer: {peer.process.words()}")
        time.sleep(0.001)


def idle(stage, binary):
    """MiB with ten agents, after its first answer and two seconds of rest."""
    peer = Portcullis(stage, "idle", binary, server=(), further=6)
    first_answer(stage, peer)
    time.sleep(2)
    used = peer.process.memory()
    stage.stop_processes()
    return used


def full(stage, binary):
    """MiB after 10,000 different tokens over 64 connections."""
    peer = Portcullis(stage, "full", binary, server=(), further=6)
    row = Row("full", "", "portcullis", "check", "turn")
    sent = 0
    while sent < 12_000:
        sent += stage.slice(row, peer, 64, 0, 500)["completed"]
    used = peer.process.memory()
    stage.stop_processes()
    return used


def starts(stage, binary):
    """Milliseconds from the call to the first answer. The keys are on disk from an earlier life; nobody serves them."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=stage.keys))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shutil.rmtree(stage.folder / "state", ignore_errors=True)
    taken = []
    for turn in range(STARTS + 1):
        began = time.monotonic()
        peer = Portcullis(stage, "start", binary, server=(f"state_dir: {stage.folder}/state",), further=6,
                          keys_uri=f"http://127.0.0.1:{server.server_port}")
        first_answer(stage, peer)
        taken.append((time.monotonic() - began) * 1000)
        if turn == 0:
            eventually_written(stage.folder / "state")
            server.shutdown()
            server.server_close()
        stage.stop_processes()
    return taken[1:]


def eventually_written(folder, files=3):
    deadline = time.monotonic() + 10
    while sum(1 for path in folder.rglob("*") if path.is_file()) < files:
        if time.monotonic() > deadline:
            raise RuntimeError("the keys were not put on disk")
        time.sleep(0.01)


def facts_of(stage, binary):
    """Lines of a table."""
    binary = binary.resolve()
    rested, filled, began = idle(stage, binary), full(stage, binary), starts(stage, binary)
    low, middle, high = quartiles(began)
    said = lambda value, most: "met" if value <= most else f"missed by {value / most - 1:.0%}"
    return [
        "| the process of Portcullis, one worker for each processor | target | measured | |",
        "|---|---|---|---|",
        f"| resident memory, idle, ten agents | ≤ 25 MiB | {rested:.1f} MiB | {said(rested, 25)} |",
        f"| resident memory, 10,000 tokens gone through, 64 connections | ≤ 40 MiB | {filled:.1f} MiB | {said(filled, 40)} |",
        f"| start to first answer, keys on disk, {len(began)} starts | ≤ 150 ms | {statistics.median(began):.1f} ms "
        f"({low:.1f} to {high:.1f}) | {said(middle, 150)} |",
    ]
