# SPDX-License-Identifier: ISC
"""Adds up meson's test logs, each single case counted, and shows what failed."""

import json
import re
import typing

_POINT = re.compile(r"^(not )?ok\b(.*)$", re.MULTILINE)
_DIRECTIVE = re.compile(r"#\s*(skip|todo)", re.IGNORECASE)
_SKIP_REASON = re.compile(r"#\s*skip\S*\s*(\S.*)$", re.IGNORECASE | re.MULTILINE)
_GOOD = {"OK", "EXPECTEDFAIL"}
LOG_LINES_MAX = 200


class Failure(typing.NamedTuple):
    name: str
    result: str
    log: str


class Tally:
    def __init__(self):
        self.passed = 0
        self.skipped = 0
        self.failed = 0
        self.failures = []
        self.skips = []

    def add(self, run, name, result, stdout="", stderr=""):
        """One test program: its TAP lines where it has them, else it counts as one case."""
        good = result in _GOOD
        passed, failed, skipped = _count_points(stdout) if result != "EXPECTEDFAIL" else (0, 0, 0)
        if passed + failed + skipped == 0:
            passed, skipped = int(good), int(result == "SKIP")
        if not good and result != "SKIP" and failed == 0:
            failed = 1  # it crashed, hung, or stopped before its plan was done
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if skipped:
            reasons = sorted(set(_SKIP_REASON.findall(stdout)))
            self.skips.append(f"{run}: {name}: {'; '.join(reasons) or 'not possible here'}")
        if failed:
            self.failures.append(Failure(f"{run}: {name}", result, _tail(stdout + stderr)))

    def add_log(self, run, path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                test = json.loads(line)
                self.add(run, test["name"], test["result"], test.get("stdout") or "",
                         test.get("stderr") or "")

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def _count_points(stdout):
    passed = failed = skipped = 0
    for negative, rest in _POINT.findall(stdout):
        if _DIRECTIVE.search(rest):
            skipped += 1
        elif negative:
            failed += 1
        else:
            passed += 1
    return passed, failed, skipped


def _tail(text):
    lines = text.rstrip().splitlines()
    if len(lines) > LOG_LINES_MAX:
        lines = [f"[{len(lines) - LOG_LINES_MAX} lines left out]", *lines[-LOG_LINES_MAX:]]
    return "\n".join(lines)
