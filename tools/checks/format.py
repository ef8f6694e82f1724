# SPDX-License-Identifier: ISC
"""Every C file looks as clang-format leaves it."""

import re
import shutil
import subprocess

from tree import Finding

TOOL = "clang-format"
_DIAGNOSTIC = re.compile(r"^(?P<path>[^:\n]+):(?P<line>\d+):\d+: .*clang-format-violations",
                         re.MULTILINE)


def available():
    return shutil.which(TOOL) is not None


def check(tree):
    paths = tree.select(".c", ".h")
    if not paths:
        return []
    run = subprocess.run([TOOL, "--dry-run", "--ferror-limit=1", "-Werror", *paths],
                         cwd=tree.root, capture_output=True, text=True, check=False)
    return [Finding(m["path"], int(m["line"]), "run clang-format -i on it")
            for m in _DIAGNOSTIC.finditer(run.stderr)]
