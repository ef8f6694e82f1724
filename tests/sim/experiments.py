#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Sweeps run every combination with every seed; comparisons say better, worse or undecided."""

import json
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
BASE = {"nodes": 2, "chaos": "20s"}


def sim(*args, text=None):
    return subprocess.run([PROGRAM, *args], check=False, capture_output=True, text=True, input=text)


def sweep(*args):
    scenario = BASE | {"name": "%envelope.loss%, %link.delay%",
                       "sweep": {"envelope.loss": [0, 0.2], "link.delay": ["5ms", "50ms", "1s"]}}
    ran = sim("sweep", "-", "--seeds", "2", *args, text=json.dumps(scenario))
    assert ran.returncode == 0, ran
    return ran.stdout.splitlines()


def a_sweep_is_a_grid_of_seeds():
    lines = sweep("--jobs", "2")
    results = [json.loads(line) for line in lines]
    assert [(result["options"]["name"], result["seed"]) for result in results] == [
        (f"{loss}, {delay}", seed) for loss in ("0", "0.2") for delay in ("5ms", "50ms", "1s")
        for seed in ("1", "2")]
    assert all(str(result["options"]["envelope"]["loss"]) == result["options"]["name"].split(",")[0]
               for result in results)
    shards = [sweep("--shard", f"{i}/5") for i in range(1, 6)]
    assert sorted(sum(shards, [])) == sorted(lines)


def a_bad_sweep_is_refused():
    for bad in ('{"link.cut": []}', '{"link.cut": [2]}', '{"none": [1]}', '[1]', '{"link.cut": 0}'):
        refused = sim("sweep", "-", text=f'{{"sweep": {bad}}}')
        assert refused.returncode == 125 and ":1:" in refused.stderr, refused
    assert sim("run", "-", text='{"sweep": {"link.cut": [0]}}').returncode == 125


def verdicts(*args):
    compared = sim("compare", *args, "--json")
    assert compared.returncode == 0, compared
    lines = [json.loads(line) for line in compared.stdout.splitlines()]
    assert all(line["low"] <= line["difference"] <= line["high"] for line in lines)
    return {line["measure"]: line["verdict"] for line in lines}


def what_is_slower_is_worse():
    with tempfile.TemporaryDirectory() as folder:
        def scenario(name, world):
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(world if isinstance(world, str) else json.dumps(world))
            return f"{folder}/{name}"

        fast = scenario("fast", BASE | {"link": {"delay": "5ms"}})
        slow = scenario("slow", BASE | {"link": {"delay": "100ms"}})
        assert verdicts(fast, slow, "--seeds", "8")["latency mean"] == "worse"
        assert verdicts(slow, fast, "--seeds", "8")["latency mean"] == "better"
        assert set(verdicts(fast, fast, "--seeds", "8").values()) == {"undecided"}
        assert verdicts(fast, slow, "--seeds", "4")["latency mean"] == "undecided"
        past = [scenario(name, sim("swarm", "--seeds", "8", "--json", "--set", "nodes=2", "--set",
                                   "chaos=20s", "--set", f"link.delay={delay}").stdout)
                for name, delay in (("a", "1ms"), ("b", "500ms"))]
        assert verdicts(*past)["latency mean"] == "worse"
        twice = scenario("twice", sim("swarm", "--json").stdout * 2)
        assert sim("compare", twice, past[0]).returncode == 125


def main():
    for case in (a_sweep_is_a_grid_of_seeds, a_bad_sweep_is_refused, what_is_slower_is_worse):
        case()
        print(f"ok {case.__name__}")


if __name__ == "__main__":
    main()
