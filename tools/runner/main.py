# SPDX-License-Identifier: ISC
"""Builds and tests Earshot, stage by stage; the last line says how many cases passed and failed.

Every build has a folder of its own below the root, which stays for the next time:

  plain     gcc, all suites
  san       clang with ASan and UBSan: unit, contract, golden, fuzz, sim
  demo      tools/demo in a network namespace, with suite e2e
with --all also
  long      the plain build's tests that take minutes: e2e-long
  valgrind  the plain build under memcheck: unit, contract, golden
  tsan      clang with TSan: unit, contract
  release   gcc -O3: unit, contract, golden, sim, and ten times the seeds
  fuzz      each target for a minute under libFuzzer
  bench     every benchmark of the release build, once

After each stage, processes, mounts and network interfaces that it left behind are failures.
"""

import argparse
import signal
import sys
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import leftovers
import stages
import tally as tallies


def elapsed(since):
    seconds = int(time.monotonic() - since)
    return f"{seconds // 60}:{seconds % 60:02}"


def stages_of(options):
    """Names and what runs them, in order."""
    suites = options.suites or stages.SUITES
    thorough = options.all or options.only

    def test(run):
        return lambda tally: stages.test(run, suites, tally)

    found = {run.name: test(run) for run in (stages.PLAIN, stages.SAN)
             if set(run.suites) & set(suites)}
    if "e2e" in suites:
        found["demo"] = stages.demo
    if thorough and "e2e" in suites:
        found["long"] = lambda tally: stages.test(stages.LONG, stages.LONG.suites, tally)
    if thorough:
        found |= {run.name: test(run) for run in (stages.VALGRIND, stages.TSAN, stages.RELEASE)
                  if set(run.suites) & set(suites)}
    if thorough and "fuzz" in suites:
        found["fuzz"] = lambda tally: stages.fuzz(options.fuzz_seconds, tally)
    if thorough and not options.suites:
        found["bench"] = stages.bench
    if options.only:
        found = {name: found[name] for name in found if name in options.only}
    return found


def run_all(chosen, started):
    for number, (name, run) in enumerate(chosen.items(), 1):
        print(f"\n== stage {number} of {len(chosen)}: {name} ({elapsed(started)} so far)",
              flush=True)
        tally = tallies.Tally(name)
        before = leftovers.Before()
        began = time.monotonic()
        run(tally)
        for line in before.left_behind():
            tally.add("left behind", "FAIL", "", line)
        tally.seconds = time.monotonic() - began
        print(f"== {name}: {tally} in {tally.seconds:.0f} s", flush=True)
        yield tally


def parse():
    names = ["plain", "san", "demo", "long", "valgrind", "tsan", "release", "fuzz", "bench"]
    parser = argparse.ArgumentParser(prog="tools/test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every stage: at most 80 minutes")
    parser.add_argument("--only", action="append", metavar="STAGE", choices=names,
                        help=f"only this stage: {', '.join(names)}; may be given again")
    parser.add_argument("--fuzz-seconds", type=int, default=60, metavar="N",
                        help="how long each target is fuzzed (60)")
    parser.add_argument("--no-setup", action="store_true",
                        help="do not look for packages to install")
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help=f"only these: {', '.join(stages.SUITES)}")
    options = parser.parse_args()
    unknown = set(options.suites) - set(stages.SUITES)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    return options


def main():
    options = parse()
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    leftovers.adopt_orphans()
    try:
        done = list(run_all(stages_of(options), started))
    finally:
        leftovers.end_all()
    print(f"\n{tallies.report(done)}")
    return 1 if any(t.failed for t in done) or not any(t.passed for t in done) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
