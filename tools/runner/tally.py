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
    again: str  # the command that runs just this again


class Tally:
    """The cases of one stage."""

    def __init__(self, stage):
        self.stage = stage
        self.passed = 0
        self.skipped = 0
        self.failed = 0
        self.seconds = 0
        self.failures = []
        self.skips = []

    def add(self, name, result, stdout="", stderr="", again=""):
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
            self.skips.append(f"{name}: {'; '.join(reasons) or 'not possible here'}")
        if failed:
            self.failures.append(Failure(name, result, _tail(stdout + stderr), again))

    def add_log(self, path, again):
        """Every test of meson's log; again and its name run it again."""
        with open(path, encoding="utf-8") as file:
            for line in file:
                test = json.loads(line)
                self.add(test["name"], test["result"], test.get("stdout") or "",
                         test.get("stderr") or "", f"{again} {test['name'].split(' / ')[-1]}")

    def __str__(self):
        return _counts(self.passed, self.failed, self.skipped)


def report(tallies):
    """What stands at the end: failures, a line for each stage, the sum."""
    lines = []
    for tally in tallies:
        for failure in tally.failures:
            lines += [f"== failed in {tally.stage}: {failure.name} ({failure.result})",
                      failure.log, ""]
    lines += [f"skipped in {t.stage}: {skip}" for t in tallies for skip in t.skips]
    lines.append("")
    lines += [f"{t.stage:9} {t.seconds:5.0f} s  {t}" for t in tallies]
    again = [f"{f.name} ({f.result}): {f.again or 'tools/test --only ' + t.stage}"
             for t in tallies for f in t.failures]
    if again:
        lines += ["", "what failed, and how to run just that again:", *again]
    lines += ["", _counts(sum(t.passed for t in tallies), sum(t.failed for t in tallies),
                          sum(t.skipped for t in tallies))]
    return "\n".join(lines)


def _counts(passed, failed, skipped):
    text = f"{passed} passed, {failed} failed"
    return text + (f", {skipped} skipped" if skipped else "")


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
