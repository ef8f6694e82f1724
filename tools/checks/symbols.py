# SPDX-License-Identifier: ISC
"""What the core library asks of the outside, against the list of what it may ask."""

import subprocess

from tree import Finding

ALLOW_FILE = "tools/core-symbols.allow"


def undefined(library):
    """The symbols that the archive uses and does not define itself."""
    output = subprocess.run(["nm", "-P", "-g", library], check=True, capture_output=True, text=True)
    wanted, defined = set(), set()
    for line in output.stdout.splitlines():
        fields = line.split()
        if len(fields) < 2:
            continue
        (wanted if fields[1] in "Uvw" else defined).add(fields[0])
    return wanted - defined


def compare(symbols, allow_text):
    allowed, sometimes = {}, set()
    for number, line in enumerate(allow_text.splitlines(), 1):
        words = line.split("#")[0].split()
        if words:
            allowed[words[-1]] = number
        if words[:1] == ["?"]:
            sometimes.add(words[-1])
    findings = [Finding(ALLOW_FILE, 0, f"the core calls {s}, which is not on the list")
                for s in sorted(symbols - set(allowed))]
    findings += [Finding(ALLOW_FILE, n, f"{s} is on the list and nobody calls it")
                 for s, n in sorted(allowed.items()) if s not in symbols | sometimes]
    return findings


def check(tree, library):
    return compare(undefined(library), tree.read(ALLOW_FILE))
