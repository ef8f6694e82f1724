#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Every compiler and every optimisation runs a seed alike: compares the hashes over all events with
those on record. After a change of the protocol or the core the record is made anew:

    build/sim/earshot-sim swarm --seeds 10 > tests/sim/hashes.txt
"""

import subprocess
import sys


def main():
    program, record = sys.argv[1:]
    with open(record, encoding="ascii") as file:
        expected = file.read()
    lines = expected.splitlines()
    got = subprocess.run([program, "swarm", "--seeds", str(len(lines))], check=False,
                         capture_output=True, text=True).stdout
    if got == expected:
        return 0
    for line, other in zip(lines, got.splitlines()):
        if line != other:
            print(f"expected: {line}\ngot:      {other}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
