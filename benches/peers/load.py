"""Servers under test and the generator: start, check the decision, measure.

Knows processes, cores and oha. Knows nothing of what is compared with what. Read `Server` first, then `measure`.
"""

import json
import os
import resource
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE / "target"
SERVER_CORE, GENERATOR_CORE = "0", "1"
TICK = os.sysconf("SC_CLK_TCK")
# More than any server answers at one time. rrdtc refuses from 256 on.
OPEN_CONNECTIONS = 64
EXPECTED = {
    "ageAtDiagnosis": "present",
    "recurrence": "unknown",
    "multiSiteMetastasis": "present",
    "fdgUptake": "present",
    "score": "45-52",
}


class Failed(Exception):
    """What stops the run, for people."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A process on one core, ended with the `with` block."""

    def __init__(self, name, command, port, core=SERVER_CORE):
        self.name, self.port = name, port
        log = TARGET / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            self.child = subprocess.Popen(
                ["taskset", "-c", core, *map(str, command)], stdout=out, stderr=out, stdin=subprocess.DEVNULL
            )
        self.log = log

    def __enter__(self):
        try:
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait(self):
        for _ in range(600):
            if self.child.poll() is not None:
                raise Failed(f"{self.name} ended by itself: see {self.log}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise Failed(f"{self.name} does not listen after a minute: see {self.log}")

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def cpu_seconds(self):
        """User and system time of all its threads."""
        after_name = Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(after_name[11]) + int(after_name[12])) / TICK

    def memory(self, which="VmRSS"):
        """Resident memory in bytes; VmHWM is its peak."""
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith(which + ":"):
                return int(line.split()[1]) * 1024
        raise Failed(f"{self.name} has no {which}")


@dataclass
class Server:
    """What is measured: a folder with `start PORT` and `path`, perhaps with a configuration and a token."""

    name: str
    folder: str
    arguments: list = field(default_factory=list)
    # Makes a token, or nothing.
    token: object = None

    def start(self):
        port = free_port()
        return Process(self.name.replace(" ", "-"), [HERE / self.folder / "start", port, *self.arguments], port)

    def url(self, process):
        path = (HERE / self.folder / "path").read_text().strip()
        return f"http://127.0.0.1:{process.port}{path}"

    def headers(self):
        return {"authorization": f"Bearer {self.token()}"} if self.token else {}


def decision(answer):
    """The states and the score of an answer: from rrdtc's extension, from the others' first card."""
    assessment = answer.get("extension", {}).get("org.rrdtc.assessment")
    if assessment:
        states = {name: predictor["state"] for name, predictor in assessment["predictors"].items()}
        return states | {"score": "{low}-{high}".format(**assessment["score"])}
    if not answer.get("cards"):
        raise Failed("an answer without card")
    return dict(part.split("=", 1) for part in answer["cards"][0]["detail"].split())


def check_decision(server, process, body):
    """One call before anything is measured: else it is no comparison."""
    headers = {"content-type": "application/json"} | server.headers()
    request = urllib.request.Request(server.url(process), data=body.read_bytes(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            found = decision(json.load(response))
    except urllib.error.HTTPError as error:
        raise Failed(f"{server.name}: {error.code} {error.read()[:300]}") from error
    if found != EXPECTED:
        raise Failed(f"{server.name} decides {found}, expected is {EXPECTED}")


@dataclass
class Phase:
    """One run of the generator."""

    calls: int
    # Of the whole phase, in calls per second.
    throughput: float
    # In milliseconds; p99 is left out under 100 calls, p99.9 under 1,000.
    p50: float
    p99: float | None
    p999: float | None
    # Of the server, in milliseconds for each call.
    cpu_ms: float
    # Share of its core that the generator used.
    generator: float
    rate: float | None = None
    connections: int = 0


def children_cpu():
    """Processor time of the children that ended: between two calls of this only the generator ends."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def oha(server, process, body, seconds, connections, rate=None):
    """Calls for so long: closed loop, or open loop at a rate with latency correction. Anything but 200 fails."""
    command = ["taskset", "-c", GENERATOR_CORE, "oha", "--no-tui", "--output-format", "json", "--worker-threads", "1"]
    command += ["-z", f"{seconds}s", "-w", "-t", "120s", "-c", connections, "-m", "POST", "-T", "application/json", "-D", body]
    if rate:
        command += ["-q", f"{rate:.6g}", "--latency-correction"]
    for name, value in server.headers().items():
        command += ["-H", f"{name}: {value}"]
    generator, before, started = children_cpu(), process.cpu_seconds(), time.monotonic()
    child = subprocess.Popen(
        [*map(str, command), server.url(process)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        out, err = child.communicate(timeout=seconds + 180)
    except BaseException:
        child.kill()
        child.wait()
        raise
    took, cpu = time.monotonic() - started, process.cpu_seconds() - before
    if child.returncode != 0:
        raise Failed(f"oha: {err.decode()[-500:]}")
    found = json.loads(out)
    statuses, errors = found["statusCodeDistribution"], found["errorDistribution"]
    calls = statuses.get("200", 0)
    if set(statuses) != {"200"} or errors:
        raise Failed(f"{server.name}, {body.name}: answers {statuses}, errors {errors}")
    percentile = {name: value and value * 1e3 for name, value in found["latencyPercentiles"].items()}
    return Phase(
        calls=calls,
        throughput=calls / found["summary"]["total"],
        p50=percentile["p50"],
        p99=percentile["p99"] if calls >= 100 else None,
        p999=percentile["p99.9"] if calls >= 1000 else None,
        cpu_ms=cpu * 1e3 / calls,
        generator=(children_cpu() - generator) / took,
        rate=rate,
        connections=connections,
    )


@dataclass
class Row:
    """All that was measured for a server and a request."""

    server: str
    request: str
    capacity: Phase
    half: Phase
    full: Phase
    # In bytes, over the whole row.
    peak: int


def measure(server, request, body, connections, seconds, most):
    """Capacity in a closed loop, then an open loop at half and all of it. `most`: the longest phase for slow servers."""
    with server.start() as process:
        check_decision(server, process, body)
        # Warms up, and finds how many connections give the most.
        oha(server, process, body, max(1, seconds // 6), connections[0])
        tries = [oha(server, process, body, max(1, seconds // 6), count) for count in connections]
        best = max(tries, key=lambda phase: phase.throughput).connections
        capacity = oha(server, process, body, seconds, best)
        print(f"  {capacity.throughput:.1f}/s with {best} connections, {capacity.cpu_ms:.3f} ms of processor", flush=True)
        # Enough calls for a p99.9 where the server is fast enough for it.
        long = lambda rate: round(min(max(seconds, 2000 / rate), most))
        half, full = (
            oha(server, process, body, long(rate), OPEN_CONNECTIONS, rate)
            for rate in (capacity.throughput / 2, capacity.throughput)
        )
        return Row(server.name, request, capacity, half, full, process.memory("VmHWM"))
