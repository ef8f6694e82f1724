# SPDX-License-Identifier: ISC
"""Every shell script is one that shellcheck has nothing to say about."""

import re
import shutil
import subprocess

from tree import Finding

TOOL = "shellcheck"
_SHEBANG = re.compile(r"#!.*\b(?:ba|da)?sh\b")
_DIAGNOSTIC = re.compile(r"^([^:\n]+):(\d+):\d+: (.*)$", re.MULTILINE)


def available():
    return shutil.which(TOOL) is not None


def check(tree):
    paths = [p for p in tree.paths if _SHEBANG.match(tree.read(p))]
    if not paths:
        return []
    run = subprocess.run([TOOL, "-f", "gcc", *paths], cwd=tree.root, capture_output=True,
                         text=True, check=False)
    return [Finding(path, int(line), text) for path, line, text in _DIAGNOSTIC.findall(run.stdout)]
