"""Where a comparison takes place: folders, ports, the processes that it starts, and the load that it drives."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

GATEWAY_CPU, LOAD_CPU = "0", "1"
# Half of what most cores have of their own, so that a walk through it meets nobody but a neighbour.
WALK = 512 * 1024
# What the neighbour reads at a time, about all that a core has of its own, and how long it rests then.
THRASH, REST_US = 1024 * 1024, 150


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A server on the gateway's core. Its standard output, where access logs go, is thrown away by the kernel."""

    def __init__(self, name, command, ports, folder, environment=None):
        self.name, self.ports = name, ports
        self.log = folder / f"{name}.log"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                ["taskset", "-c", GATEWAY_CPU, *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, cwd=folder,
                env={**os.environ, **(environment or {})}, start_new_session=True,
            )

    def wait(self, seconds=20):
        """Until it listens everywhere."""
        deadline = time.monotonic() + seconds
        for port in self.ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if self.child.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"{self.name} does not listen: {self.words()}") from None
                    time.sleep(0.02)
        return self

    def words(self):
        return self.log.read_text(errors="replace")[-1500:]

    def pids(self):
        """The process and its descendants."""
        found, pending = [], [self.child.pid]
        while pending:
            pid = pending.pop()
            found.append(pid)
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                pending += map(int, (task / "children").read_text().split())
        return found

    def memory(self):
        """Resident, in MiB, of the whole tree."""
        pages = sum(int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def signal(self, number):
        for pid in self.pids():
            os.kill(pid, number)

    def stop(self):
        """Ends it, frozen or not."""
        if self.child.poll() is None:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
        self.child.wait()


class Unfinished(RuntimeError):
    """A slice that did not come to its end: the gateway is to blame."""


class Load:
    """The load generator, which is the agent too."""

    def __init__(self, binary, port):
        self.child = subprocess.Popen(
            ["taskset", "-c", LOAD_CPU, binary, f"127.0.0.1:{port}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def ask(self, **command):
        self.child.stdin.write(json.dumps(command) + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError("the load generator has ended")
        reply = json.loads(line)
        if "error" in reply:
            raise Unfinished(reply["error"])
        return reply

    def stop(self):
        self.child.stdin.close()
        self.child.wait()


class Stage:
    """One comparison's folder, keys, agent and processes."""

    def __init__(self, folder, binaries, tokens):
        self.folder, self.binaries = folder, binaries
        self.keys = folder / "keys"
        self.keys.mkdir(parents=True, exist_ok=True)
        subprocess.run([binaries / "mint", self.keys, str(tokens)], check=True)
        self.agent = free_port()
        self.load = Load(binaries / "load", self.agent)
        self.processes, self.thrash = [], None

    def start(self, name, command, ports, environment=None):
        process = Process(name, command, ports, self.folder, environment)
        self.processes.append(process)
        return process.wait()

    def neighbour(self):
        """One that takes the caches of the gateway's core away, again and again, until the stage is left."""
        self.thrash = Process("neighbour", [self.binaries / "neighbour", "thrash", THRASH, REST_US], [], self.folder)

    def walk(self):
        """What a step through the cache of the gateway's core takes now, in nanoseconds: low, middle, high."""
        command = ["taskset", "-c", GATEWAY_CPU, self.binaries / "neighbour", "walk", str(WALK)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def signatures(self):
        """What verifying a signature alone takes on the gateway's core, in microseconds, by algorithm."""
        command = ["taskset", "-c", GATEWAY_CPU, self.binaries / "signature", self.keys]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def slice(self, row, peer, concurrency, warm_up, milliseconds):
        """One slice of this row's load on this peer, which is woken before and frozen after it."""
        return self.load.ask(
            do="slice", address=f"127.0.0.1:{peer.address(row.service, row.algorithm, row.protocol)}",
            protocol=row.protocol, path=row.path, credentials=row.credentials,
            tokens=str(self.keys / f"{row.algorithm}.tokens"), body=row.body, checked=row.checked,
            concurrency=concurrency, warm_up_ms=warm_up, measure_ms=milliseconds,
            processes=peer.process.pids(), certificate=str(self.keys / "server.pem"),
        )

    def stop_processes(self):
        for process in self.processes:
            process.stop()
        self.processes.clear()

    def stop(self):
        self.stop_processes()
        if self.thrash:
            self.thrash.stop()
        self.load.stop()
