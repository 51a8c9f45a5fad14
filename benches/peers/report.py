"""What was measured, as text: the tables of docs/proof/load.md, and what was reached.

Knows what was asked. Knows no process: it is given rows.
"""

import os
import platform
import subprocess
from datetime import date

from load import OPEN_CONNECTIONS, TARGET


def said(*command):
    """The first line that a program prints, or that there is none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        return (done.stdout or done.stderr).strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "not known"


def packages(peer, *names):
    show = TARGET / peer / "bin/python"
    code = "import importlib.metadata as m, sys; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    return said(show, "-c", code, *names)


def machine(peers=True):
    """Date, machine and versions as lines of a list."""
    fields = dict(
        line.split(":", 1) for line in open("/proc/cpuinfo").read().splitlines() if ":" in line
    )
    model = next((value.strip() for name, value in fields.items() if name.strip() == "model name"), "unknown processor")
    memory = int(open("/proc/meminfo").readline().split()[1]) / 1024**2
    rrdtc = os.environ.get("RRDTC", str(TARGET.parents[2] / "target/release/rrdtc"))
    express = said("node", "-p", f"require('{TARGET}/express/node_modules/express/package.json').version")
    status = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True).stdout
    changed = " with changes" if status.strip() else ""
    lines = [
        f"* {date.today().isoformat()}, commit {said('git', 'rev-parse', '--short', 'HEAD')}{changed}",
        f"* {os.cpu_count()} cores ({model}), {memory:.0f} GiB of memory, Linux {platform.release()}",
        f"* {said(rrdtc, '--version')}, {said('rustc', '--version')}",
        f"* {said('oha', '--version')}, Node.js {said('node', '--version')}",
    ]
    return lines if not peers else lines + [
        f"* Express {express}",
        f"* Python {platform.python_version()}; {packages('fastapi', 'fastapi', 'fhir.resources', 'pydantic', 'uvicorn')}",
        f"* {packages('healthchain', 'healthchain', 'fastapi', 'fhir.resources', 'pydantic', 'uvicorn')}",
    ]


def number(value, digits=1):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.{digits}f}"


def ratios(rows):
    """The row of rrdtc (no token, no audit) for each request."""
    return {row.request: row for row in rows if row.server == "rrdtc"}


def capacity_table(rows):
    ours = ratios(rows)
    lines = [
        "| server | request | calls/s | rrdtc is x as fast | connections | CPU ms per call | generator's core | peak RSS MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        phase, base = row.capacity, ours.get(row.request)
        ratio = f"{base.capacity.throughput / phase.throughput:.2f}" if base else "-"
        lines.append(
            f"| {row.server} | {row.request} | {number(phase.throughput)} | {ratio} | {phase.connections} | {number(phase.cpu_ms, 3)} "
            f"| {phase.generator:.0%} | {row.peak / 1e6:.0f} |"
        )
    return lines


def latency_table(rows):
    ours = ratios(rows)
    lines = [
        "| server | request | of capacity | calls/s asked | calls | p50 ms | p99 ms | p99.9 ms | p99, rrdtc's at that load is 1/x | CPU ms per call |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for share, name in (("50 %", "half"), ("100 %", "full")):
            phase, base = getattr(row, name), ours.get(row.request)
            p99 = getattr(base, name).p99 if base else None
            ratio = f"{phase.p99 / p99:.2f}" if p99 and phase.p99 else "-"
            lines.append(
                f"| {row.server} | {row.request} | {share} | {number(phase.rate)} | {phase.calls:,} | {number(phase.p50)} "
                f"| {number(phase.p99)} | {number(phase.p999)} | {ratio} | {number(phase.cpu_ms, 3)} |"
            )
    return lines


def verdict(asked, measured, reached):
    return f"| {asked} | {measured} | {'reached' if reached else '**not reached**'} |"


def judged(rows, floors):
    """What was asked beside what was measured. What was not measured in this run is said."""
    found = {(row.server, row.request): row for row in rows}
    lines = ["| asked | measured | |", "|---|---|---|"]

    def compare(peer, request, times, with_p99):
        ours, theirs = found.get(("rrdtc", request)), found.get((peer, request))
        asked = f"{request}: {times}x the throughput of {peer}"
        if not ours or not theirs:
            return lines.append(f"| {asked} | not in this run | |")
        ratio = ours.capacity.throughput / theirs.capacity.throughput
        lines.append(verdict(asked, f"{ratio:.2f}x", ratio >= times))
        if with_p99:
            asked = f"{request}: a tenth of the p99 of {peer}, each at 50 % of its capacity"
            if ours.half.p99 is None or theirs.half.p99 is None:
                return lines.append(f"| {asked} | too few calls for a p99 | |")
            ratio = theirs.half.p99 / ours.half.p99
            lines.append(verdict(asked, f"1/{ratio:.1f}", ratio >= 10))

    compare("healthchain", "typical", 10, True)
    compare("fastapi", "typical", 10, True)
    compare("express", "typical", 1, False)
    compare("express", "heavy", 2, False)
    for request in ("typical", "heavy"):
        row, floor = found.get(("rrdtc", request)), floors[request]
        least = 1.2 * (floor["scanMs"] + floor["elementMs"])
        asked = (
            f"{request}: CPU of a call at most 1.2 x (one scan {floor['scanMs']:.3f} ms + {floor['usedResources']} resources used "
            f"x one Element, {floor['elementMs']:.3f} ms) = {least:.3f} ms"
        )
        if row:
            cpu = row.capacity.cpu_ms
            rest = cpu - floor["handlingMs"]
            lines.append(verdict(asked, f"{cpu:.3f} ms, of it {rest:.3f} outside the handling (HTTP, kernel)", cpu <= least))
        else:
            lines.append(f"| {asked} | not in this run | |")
    return lines


def load(rows, failures, floors, busy, quick):
    """The whole page."""
    warnings = []
    if quick:
        warnings.append("**A quick run, to try the harness: no figure of it says anything.**\n")
    if busy > 0.5:
        warnings.append(f"**The machine was not quiet: load average {busy:.1f} at the start.**\n")
    warnings += [f"**Failed, no figures:** {failure}\n" for failure in failures]
    return "\n".join(
        [
            "# Load, beside peers",
            "",
            "Made by `benches/peers/run`, everything in one run. What the servers are and how they decide is in `benches/peers/README.md`.",
            "",
            *warnings,
            *machine(),
            "",
            "One server at a time on one core with one worker; the generator (oha, one thread) on the other; loopback. Request logs are off",
            "everywhere. Before it was measured each server gave the same decision for the request: age, two sites and FDG uptake present,",
            "recurrence unknown, score 45 to 52. Every answer was 200: with any other a row fails. Only rrdtc also decides applicability, names its",
            "evidence and gives a probability.",
            "",
            "## What was asked",
            "",
            *judged(rows, floors),
            "",
            "## Capacity",
            "",
            "Closed loop, with the number of connections that gave the most. CPU is user and system time of the server's process. A generator near",
            "100 % of its core means that the capacity is the generator's.",
            "",
            *capacity_table(rows),
            "",
            "## Latency",
            "",
            f"Open loop over at most {OPEN_CONNECTIONS} connections, corrected for coordinated omission: a call's time counts from when it was due. At 100 %",
            "of capacity a queue builds up, and the figures show its length at the end more than the server. p99 needs 100 calls, p99.9 a thousand.",
            "",
            *latency_table(rows),
            "",
            "ES384: client tokens with `replay = \"allow\"`, one token for a phase, since it lives five minutes; the signature is verified in every call.",
            "With strict `jti` every call needs a token of its own: `cargo bench --bench serving` measures that. Live read: nothing is prefetched, a FHIR",
            "server answers each of the six reads after 20 ms. It runs on the core of rrdtc, so the generator keeps its own: the throughput of that row",
            "is that of both, the CPU that of rrdtc alone; `deadline_ms` is 30,000 there, since with a queue the default ends in 412. Audit required: a line on disk before each answer.",
            "",
            "Where the time of a call goes, and what was done about it: `benches/README.md`.",
            "",
        ]
    )
