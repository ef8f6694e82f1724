#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the commands of earshot-sim promise: exit codes, order, lines of JSON, commands to paste."""

import json
import shlex
import signal
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
MUTANT = ["--set", "mutant=send_before_commit", "--set", "node.crash=0.03"]


def sim(*args, text=None):
    return subprocess.run([PROGRAM, *args], check=False, capture_output=True, text=True, input=text)


def order_does_not_depend_on_workers():
    alone = sim("swarm", "--seeds", "9")
    assert alone.returncode == 0
    assert [line.split(":")[0] for line in alone.stdout.splitlines()] == [
        f"seed {seed}" for seed in range(1, 10)]
    assert sim("swarm", "--seeds", "9", "--jobs", "4").stdout == alone.stdout


def shards_are_the_whole():
    whole = sim("swarm", "--seeds", "7").stdout.splitlines()
    shards = [sim("swarm", "--seeds", "7", "--shard", f"{i}/3").stdout.splitlines()
              for i in (1, 2, 3)]
    assert shards == [whole[0::3], whole[1::3], whole[2::3]]
    assert sim("swarm", "--seeds", "7", "--shard", "4/3").returncode == 125


def a_failure_can_be_repeated_from_its_report_and_its_line():
    failed = sim("swarm", "--seeds", "12", "--jobs", "2", "--json", *MUTANT)
    text, line = next((text, line) for text, line in
                      ((text, json.loads(text)) for text in failed.stdout.splitlines())
                      if line.get("property") == "D1")
    assert failed.returncode in (1, 2) and line["verdict"] == "safety", line
    reports = failed.stderr.split("\nREPRO: ")
    assert all(report.count("\n") <= 11 for report in reports)
    repro = next(report for report in reports if f" replay {line['seed']} " in report)
    pasted = subprocess.run(shlex.split(repro.splitlines()[0]), check=False,
                            capture_output=True, text=True)
    assert pasted.returncode == 1 and line["hash"] in pasted.stdout
    replayed = sim("replay", "-", text=text + "\n")
    assert replayed.returncode == 1 and line["hash"] in replayed.stdout
    assert sim("replay", "-", text=sim("swarm", "--json").stdout).returncode == 125


def options_are_a_scenario():
    printed = sim("run", "-", "--options", text='{"nodes": 2, "load": {"texts": 3}}')
    assert printed.returncode == 0 and json.loads(printed.stdout)["nodes"] == 2
    assert sim("run", "-", "--options", text=printed.stdout).stdout == printed.stdout
    ran = sim("run", "-", "--seed", "7", "--json", text=printed.stdout)
    assert ran.returncode == 0 and json.loads(ran.stdout)["options"]["seed"] == 7


def record(path, *args, text=None):
    ran = sim(*args, "--record", path, text=text)
    with open(path, encoding="utf-8") as file:
        return ran, [json.loads(line) for line in file]


def of_type(lines, kind):
    return [line for line in lines if line["type"] == kind]


def a_trace_says_what_ran_and_what_came_of_it():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/trace"
        ran, lines = record(path, "replay", "3")
        _, again = record(path, "replay", "3", "--bytes")
    meta, options = lines[:2]
    assert ran.returncode == 0 and lines[-1]["hash"] in ran.stdout
    assert meta["schema"] == 1 and meta["version"] and meta["commit"] and meta["seed"] == "3"
    rerun = sim("run", "-", "--json", text=json.dumps(options["options"]))
    result = json.loads(rerun.stdout)
    assert result["hash"] == lines[-1]["hash"] and result["commit"] == meta["commit"]
    assert [line["t"] for line in lines[2:]] == sorted(line["t"] for line in lines[2:])
    assert {line["type"] for line in lines} == {
        "meta", "options", "mark", "sample", "msg", "frame", "fault", "end"}
    frames = of_type(again, "frame")
    assert all(len(frame["data"]) == 2 * frame["bytes"] > 0
               for frame in frames if frame["stage"] == "sent" and frame["kind"] != "ADVERT")
    stages = [line["stage"] for line in of_type(lines, "msg")]
    assert stages.count("first_copy") == result["figures"]["arrived"] > 0
    assert stages.count("created") == result["figures"]["written"]


def what_is_left_out_shifts_nothing():
    world = {"nodes": 3, "seed": 5, "chaos": "60s", "node": {"crash": 0.05}}
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/trace"
        whole = record(path, "run", "-", text=json.dumps(world))[1]
        faults = of_type(whole, "fault")
        left = faults[-1]
        less = record(path, "run", "-", text=json.dumps(world | {"without": [left["id"]]}))[1]
        one = record(path, "run", "-", text=json.dumps(
            world | {"only_faults": [faults[0]["id"]], "only_texts": ["text/0/0-9"]}))[1]
        fewer = record(path, "run", "-", text=json.dumps(world | {"without": ["node/2"]}))[1]
    until = whole.index(left)
    assert less[2:until] == whole[2:until] and left not in less
    assert [line["id"] for line in of_type(one, "fault")] == [faults[0]["id"]]
    created = [line for line in of_type(one, "msg") if line["stage"] == "created"]
    assert sorted(line["id"] for line in created) == [f"text/0/{n}" for n in range(10)]
    assert not [line for line in fewer if 2 in (line.get("node"), line.get("to"))]
    assert of_type(fewer, "end")[0]["verdict"] == "ok"
    for bad in ('["node.crash/1"]', '["no/1/2"]', '["text/0/5-4"]', '"node/1"', '[1]'):
        refused = sim("run", "-", text=f'{{"without": {bad}}}')
        assert refused.returncode == 125 and ":1:13: " in refused.stderr, refused


def liveness_has_a_code_of_its_own():
    slow = sim("swarm", "--set", "link.delay=1m")
    assert slow.returncode == 2 and slow.stderr.startswith("L1 "), slow


def many_meet_in_segments():
    ran = sim("run", "-", "--json", text='{"nodes": 60, "segment": {"nodes": 20}, "chaos": "20s", '
              '"load": {"contacts": 5, "texts": 1}}')
    assert ran.returncode == 0, ran
    assert sim("run", "-", text='{"nodes": 4, "load": {"contacts": 61}}').returncode == 125


def the_first_difference_of_two_runs_is_found():
    clock = sim("swarm", "--twice", "--set", "mutant=ask_the_clock")
    assert clock.returncode == 5 and clock.stderr.startswith("Z1 "), clock
    assert "the runs part at event " in clock.stderr
    assert sim("diff", "1", "1").returncode == 0
    parted = sim("diff", "1", "1", "--set", "link.delay=30ms")
    assert parted.returncode == 1, parted
    assert [line[0] for line in parted.stdout.splitlines()[-2:]] == ["-", "+"]


def an_interrupt_keeps_what_was_done():
    with subprocess.Popen([PROGRAM, "swarm", "--seeds", "100000", "--jobs", "2", "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as swarm:
        first = [swarm.stdout.readline() for _ in range(2)]
        swarm.send_signal(signal.SIGINT)
        rest, said = swarm.communicate(timeout=60)
    lines = [json.loads(line) for line in [*first, *rest.splitlines()]]
    assert swarm.returncode == 125 and f"interrupted after {len(lines)} of 100000" in said, said


def what_cannot_run_is_125():
    refused = sim("run", "-", text='{"nodes": 2,\n "nodez": 3}')
    assert refused.returncode == 125 and ":2:2: unknown key" in refused.stderr, refused
    for args in (["nothing"], [], ["swarm", "--seeds", "x"], ["swarm", "--set", "nodes=1"],
                 ["replay"], ["run", "/nowhere"], ["swarm", "--list", "/nowhere"]):
        assert sim(*args).returncode == 125, args


def main():
    for case in (order_does_not_depend_on_workers, shards_are_the_whole,
                 a_failure_can_be_repeated_from_its_report_and_its_line, options_are_a_scenario,
                 a_trace_says_what_ran_and_what_came_of_it, what_is_left_out_shifts_nothing,
                 liveness_has_a_code_of_its_own, many_meet_in_segments,
                 the_first_difference_of_two_runs_is_found,
                 an_interrupt_keeps_what_was_done, what_cannot_run_is_125):
        case()
        print(f"ok {case.__name__}")


if __name__ == "__main__":
    main()
