# SPDX-License-Identifier: ISC
"""Builds and tests Earshot; the last line says how many cases passed and failed.

Every run has a build folder of its own below the root, which stays for the next time:

  plain     gcc, all suites
  san       clang with ASan and UBSan: unit, contract, golden, fuzz, sim
  demo      tools/demo in a network namespace, with suite e2e
with --all also
  long      the plain build's tests that take minutes: e2e-long
  valgrind  the plain build under memcheck: unit, contract, golden
  tsan      clang with TSan: unit, contract, e2e
  release   gcc -O3: unit, contract, golden, sim, and ten times the seeds
  fuzz      each target for a minute under libFuzzer
  bench     every benchmark of the release build, once
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import typing

sys.dont_write_bytecode = True

from tally import Tally  # pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SUITES = ["unit", "contract", "golden", "fuzz", "sim", "e2e", "source"]
LONG_SUITES = ["e2e-long"]
FUZZ_SECONDS = 60
CLANG_SAN = ["-Db_lundef=false"]


class Run(typing.NamedTuple):
    name: str
    suites: list
    folder: str = "build"
    compiler: str = "gcc"
    options: list = []
    setup: str = ""


QUICK = [
    Run("plain", SUITES),
    Run("san", ["unit", "contract", "golden", "fuzz", "sim"], "build-san", "clang",
        ["-Db_sanitize=address,undefined", "-Dsim_seeds=20", *CLANG_SAN]),
]
RELEASE = Run("release", ["unit", "contract", "golden", "sim"], "build-release", "gcc",
              ["--buildtype=release", "-Dsim_seeds=2000"])
THOROUGH = [
    Run("long", LONG_SUITES),
    Run("valgrind", ["unit", "contract", "golden"], setup="valgrind"),
    Run("tsan", ["unit", "contract", "e2e"], "build-tsan", "clang",
        ["-Db_sanitize=thread", *CLANG_SAN]),
    RELEASE,
]
FUZZ = Run("fuzz", ["fuzz"], "build-fuzz", "clang",
           ["-Dfuzz_engine=libfuzzer", "-Db_sanitize=address,undefined", *CLANG_SAN])


def say(text):
    print(f"== {text}", flush=True)


def build(run, targets=()):
    """Configures the run's folder as asked and compiles; returns what went wrong, or ""."""
    folder = ROOT / run.folder
    known = (folder / "meson-info/intro-targets.json").exists()
    configure = ["meson", "setup", *(["--reconfigure"] if known else []), *run.options,
                 str(folder), str(ROOT)]
    if folder.exists() and not known:
        shutil.rmtree(folder)
    environment = {**os.environ, "CC": run.compiler}
    with tempfile.TemporaryFile("w+") as log:
        for command in (configure, ["ninja", "-C", str(folder), *targets]):
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                log.seek(0)
                return log.read()
    return ""


def suites_of(folder):
    """The suites that have tests in this build."""
    tests = json.loads((ROOT / folder / "meson-info/intro-tests.json").read_text())
    return {suite.split(":")[-1] for test in tests for suite in test["suite"]}


def test(run, suites, tally):
    """Runs the suites of one build; what meson prints is the progress."""
    wanted = [s for s in run.suites if s in suites]
    if not wanted:
        return
    started = time.monotonic()
    say(f"{run.name}: {run.compiler} {' '.join(run.options)}".rstrip())
    problem = build(run)
    if problem:
        say(f"{run.name}: does not build")
        tally.add(run.name, "build", "FAIL", problem)
        return
    present = suites_of(run.folder)
    wanted = [s for s in wanted if s in present]
    if not wanted:
        say(f"{run.name}: no tests")
        return
    command = ["meson", "test", "-C", run.folder, "--no-rebuild", "--logbase", run.name]
    command += [f"--suite={s}" for s in wanted]
    log = run.name
    if run.setup:
        command.append(f"--setup={run.setup}")
        log += f"-{run.setup}"
    log = ROOT / run.folder / f"meson-logs/{log}.json"
    log.unlink(missing_ok=True)
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if log.exists():
        tally.add_log(run.name, log)
    else:
        tally.add(run.name, "meson test", "FAIL", "meson wrote no log")
    say(f"{run.name}: {time.monotonic() - started:.0f} s")


def demo(tally):
    """What a newcomer runs first has to work, where this machine lets it have its own network."""
    say("demo: two nodes in a network of their own")
    if not any(subprocess.run(["unshare", *how, "--net", "true"], capture_output=True,
                              check=False).returncode == 0 for how in ([], ["--map-root-user"])):
        tally.add("demo", "tools/demo", "SKIP")
        return
    done = subprocess.run([ROOT / "tools/demo", "--private"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    tally.add("demo", "tools/demo", "OK" if done.returncode == 0 else "FAIL", "", done.stdout)


def fuzz(tally):
    """Each target for a while from its corpus; what it finds new stays out of the repository."""
    say(f"fuzz: each target for {FUZZ_SECONDS} s")
    problem = build(FUZZ, ["fuzz"])
    if problem:
        tally.add(FUZZ.name, "build", "FAIL", problem)
        return
    for program in sorted((ROOT / FUZZ.folder / "tests/fuzz").glob("*_fuzz")):
        target = program.name.removesuffix("_fuzz")
        say(f"fuzz: {target}")
        with tempfile.TemporaryDirectory() as found:
            command = [str(program), f"-max_total_time={FUZZ_SECONDS}", "-timeout=10",
                       "-rss_limit_mb=2048", f"-artifact_prefix={ROOT / FUZZ.folder}/",
                       found, str(ROOT / "tests/fuzz/corpus" / target)]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, errors="replace", check=False)
        tally.add(FUZZ.name, target, "OK" if done.returncode == 0 else "FAIL", "", done.stderr)


def bench(tally):
    say("bench: each program once")
    folder = ROOT / RELEASE.folder
    problem = build(RELEASE)
    if problem:
        tally.add("bench", "build", "FAIL", problem)
        return
    log = folder / "meson-logs/bench.json"
    log.unlink(missing_ok=True)
    subprocess.run(["meson", "test", "-C", str(folder), "--no-rebuild", "--benchmark", "--verbose",
                    "--logbase", "bench"], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if log.exists():
        tally.add_log("bench", log)


def main():
    parser = argparse.ArgumentParser(prog="tools/test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="everything: at most 80 minutes")
    parser.add_argument("--no-setup", action="store_true",
                        help="do not look for packages to install")
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help=f"only these: {', '.join(SUITES + LONG_SUITES)}; with --all also "
                             f"{', '.join(LONG_SUITES)}")
    options = parser.parse_args()
    known = SUITES + (LONG_SUITES if options.all else [])
    unknown = set(options.suites) - set(known)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    suites = options.suites or known
    if options.all:
        os.environ["EARSHOT_ALL"] = "1"

    tally = Tally()
    for run in QUICK + (THOROUGH if options.all else []):
        test(run, suites, tally)
    if "e2e" in suites:
        demo(tally)
    if options.all and "fuzz" in suites:
        fuzz(tally)
    if options.all and not options.suites:
        bench(tally)

    for skip in tally.skips:
        say(f"skipped: {skip}")
    for failure in tally.failures:
        print(f"\n== failed: {failure.name} ({failure.result})\n{failure.log}")
    print(f"\n{tally}")
    return 1 if tally.failed or tally.passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
