# SPDX-License-Identifier: ISC
"""The stages of a test run: each builds what it needs, runs it and fills a tally."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SUITES = ["unit", "contract", "golden", "fuzz", "sim", "e2e", "source"]
DEMO_S_MAX = 300
CLANG_SAN = ["-Db_lundef=false"]


class Run(typing.NamedTuple):
    """Suites of one build, under a test setup of tests/meson.build or the build's default."""
    name: str
    suites: list
    folder: str = "build"
    compiler: str = "gcc"
    options: list = []
    setup: str = ""


PLAIN = Run("plain", SUITES)
LONG = Run("long", ["e2e-long"])
SAN = Run("san", ["unit", "contract", "golden", "fuzz", "sim"], "build-san", "clang",
          ["-Db_sanitize=address,undefined", "-Dsim_seeds=10", *CLANG_SAN])
VALGRIND = Run("valgrind", ["unit", "contract", "golden"], setup="valgrind")
# The network process is confined too tightly for TSan, and its other threads are libzmq's.
TSAN = Run("tsan", ["unit", "contract"], "build-tsan", "clang",
           ["-Db_sanitize=thread", *CLANG_SAN])
RELEASE = Run("release", ["unit", "contract", "golden", "sim"], "build-release", "gcc",
              ["--buildtype=release", "-Dsim_seeds=2000"])
FUZZ = Run("fuzz", ["fuzz"], "build-fuzz", "clang",
           ["-Dfuzz_engine=libfuzzer", "-Db_sanitize=address,undefined", *CLANG_SAN])


def build(run, tally, targets=()):
    """Configures the run's folder as asked and compiles; false after a failure, which is added."""
    folder = ROOT / run.folder
    known = (folder / "meson-info/intro-targets.json").exists()
    configure = ["meson", "setup", *(["--reconfigure"] if known else []), *run.options,
                 str(folder), str(ROOT)]
    if folder.exists() and not known:
        shutil.rmtree(folder)
    environment = {**os.environ, "CC": run.compiler}
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        for command in (configure, ["ninja", "-C", str(folder), *targets]):
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                log.seek(0)
                tally.add("build", "FAIL", log.read(),
                          again=f"tools/test --only {tally.stage}")
                return False
    return True


def suites_of(folder):
    """The suites that have tests in this build."""
    tests = json.loads((ROOT / folder / "meson-info/intro-tests.json").read_text())
    return {suite.split(":")[-1] for test in tests for suite in test["suite"]}


def test(run, suites, tally):
    """Runs the suites of one build; what meson prints is the progress."""
    if not build(run, tally):
        return
    present = suites_of(run.folder)
    for suite in sorted(present - set(SUITES) - set(LONG.suites)):
        tally.add(suite, "FAIL", "no stage runs this suite")
    options = [f"--suite={s}" for s in run.suites if s in suites and s in present]
    if options:
        _meson_test(run, options, tally)


def _meson_test(run, options, tally):
    options += [f"--setup={run.setup}"] if run.setup else []
    log = ROOT / run.folder / "meson-logs" / "-".join(filter(None, [tally.stage, run.setup]))
    log = log.with_suffix(".json")
    log.unlink(missing_ok=True)
    subprocess.run(["meson", "test", "-C", run.folder, "--no-rebuild", "--logbase", tally.stage,
                    *options], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if not log.exists():
        tally.add("meson test", "FAIL", "meson wrote no log")
        return
    again = f"meson test -C {run.folder}" + (f" --setup={run.setup}" if run.setup else "")
    tally.add_log(log, again + (" --benchmark" if "--benchmark" in options else ""))


def demo(tally):
    """What a newcomer runs first has to work, where this machine lets it have its own network."""
    if not any(subprocess.run(["unshare", *how, "--net", "true"], capture_output=True,
                              check=False).returncode == 0 for how in ([], ["--map-root-user"])):
        tally.add("tools/demo", "SKIP")
        return
    again = "tools/demo --private"
    try:
        done = subprocess.run([ROOT / "tools/demo", "--private"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False, timeout=DEMO_S_MAX)
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode(errors="replace")
        tally.add("tools/demo", "TIMEOUT", "", said, again)
        return
    tally.add("tools/demo", "OK" if done.returncode == 0 else "FAIL", "", done.stdout, again)


def _fuzz_one(program, seconds):
    """From the corpus; what is found new stays out of the repository."""
    target = program.name.removesuffix("_fuzz")
    with tempfile.TemporaryDirectory() as found:
        command = [str(program), f"-max_total_time={seconds}", "-timeout=10",
                   "-rss_limit_mb=2048", f"-artifact_prefix={ROOT / FUZZ.folder}/{target}-",
                   found, str(ROOT / "tests/fuzz/corpus" / target)]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, errors="replace",
                                  check=False, timeout=seconds + 120)
        except subprocess.TimeoutExpired:
            return target, "TIMEOUT", ""
    return target, "OK" if done.returncode == 0 else "FAIL", done.stderr


def fuzz(seconds, tally):
    """Each target for a while, as many at a time as there are processors."""
    if not build(FUZZ, tally, ["fuzz"]):
        return
    programs = sorted((ROOT / FUZZ.folder / "tests/fuzz").glob("*_fuzz"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(_fuzz_one, program, seconds) for program in programs]
        for number, future in enumerate(concurrent.futures.as_completed(running), 1):
            target, result, log = future.result()
            print(f"{number:2}/{len(programs)} {target:20} {result}", flush=True)
            tally.add(target, result, "", log,
                      f"{FUZZ.folder}/tests/fuzz/{target}_fuzz {FUZZ.folder}/{target}-...")


def bench(tally):
    """Every benchmark once; each prints a line of JSON."""
    if build(RELEASE, tally):
        _meson_test(RELEASE, ["--benchmark", "--verbose"], tally)
