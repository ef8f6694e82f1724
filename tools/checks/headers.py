# SPDX-License-Identifier: ISC
"""Every public header compiles alone."""

import concurrent.futures
import re
import subprocess

from tree import Finding

_PUBLIC = re.compile(r"(?:node/(?:core|env|wire|crypto|store|link)|discovery)/.*\.h$")
_FLAGS = ["-std=c11", "-pedantic", "-Wall", "-Wextra", "-Wstrict-prototypes", "-Werror", "-I.",
          "-fsyntax-only", "-xc", "-"]


def _compile(tree, compiler, path):
    run = subprocess.run([*compiler, *_FLAGS], input=f'#include "{path}"\nextern int es_alone;\n',
                         cwd=tree.root, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return None
    first = next((l for l in run.stderr.splitlines() if "error" in l), run.stderr.strip())
    return Finding(path, 1, f"does not compile alone: {first}")


def check(tree, compiler):
    paths = [p for p in tree.select(".h") if _PUBLIC.match(p)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda p: _compile(tree, compiler, p), paths)
    return [r for r in results if r]
