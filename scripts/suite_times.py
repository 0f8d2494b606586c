"""Shows how a run of the tests gets on, and at the end what each suite took.

    cargo nextest run --status-level pass ... 2>&1 | python3 scripts/suite_times.py

nextest's line for a test that passed becomes a line for each suite that begins and for each minute; every other line is
handed on as it comes. The table stands before nextest's own summary, which stays the last word. A suite's seconds are
those of its tests, added up: with two tests at a time they are up to twice what the clock says.
"""

import re
import sys
import time

PASSED = re.compile(r"^ +PASS \[ *([0-9.]+)s\] +(?:\( *(\d+)/(\d+)\) )?(\S+) \S")
OTHER = re.compile(r"^ +(?:FAIL|TIMEOUT|SIG[A-Z]+|LEAK|ABORT)[A-Z -]* \[ *([0-9.]+)s\] +(?:\([^)]*\) )?(\S+) \S")
RULE = re.compile(r"^─+$")
MINUTE = 60


def suite_of(binary):
    """`portcullis::gateway` is the suite `gateway`; `portcullis` alone is the unit tests."""
    package, _, name = binary.partition("::")
    if name:
        return name
    return "unit tests" if package == "portcullis" else f"unit tests of {package}"


class Run:
    def __init__(self):
        self.began = self.told = time.monotonic()
        self.seconds, self.tests = {}, {}

    def count(self, suite, seconds):
        is_new = suite not in self.seconds
        self.seconds[suite] = self.seconds.get(suite, 0.0) + seconds
        self.tests[suite] = self.tests.get(suite, 0) + 1
        return is_new

    def passed(self, found):
        seconds, at, total, binary = found.groups()
        suite = suite_of(binary)
        now = time.monotonic()
        if self.count(suite, float(seconds)) or now - self.told >= MINUTE:
            self.told = now
            print(f"{clock(now - self.began):>8}  {at or '?'}/{total or '?'}  {suite}", flush=True)

    def table(self):
        print("\nseconds of test time, suite by suite:")
        for suite, seconds in sorted(self.seconds.items(), key=lambda pair: -pair[1]):
            print(f"{seconds:9.1f}  {suite} ({self.tests[suite]} tests)")
        print(f"{sum(self.seconds.values()):9.1f}  all; by the clock {clock(time.monotonic() - self.began)}\n")


def clock(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def main():
    run, held = Run(), None
    for line in sys.stdin:
        line = line.rstrip("\n")
        if held is not None:
            # The rule above nextest's summary.
            if line.lstrip().startswith("Summary ["):
                run.table()
            print(held)
            held = None
        found = PASSED.match(line)
        if found:
            run.passed(found)
            continue
        failed = OTHER.match(line)
        if failed:
            run.count(suite_of(failed.group(2)), float(failed.group(1)))
        if RULE.match(line):
            held = line
            continue
        print(line, flush=True)
    if held is not None:
        print(held)


if __name__ == "__main__":
    main()
