# SPDX-License-Identifier: ISC
"""Every .c file is built by some target, here or where other libraries are found."""

import json
import pathlib

from tree import Finding


def built(build_dir, root):
    targets = json.loads((pathlib.Path(build_dir) / "meson-info/intro-targets.json").read_text())
    sources = set()
    for target in targets:
        for group in target["target_sources"]:
            sources.update(group.get("sources", []))
    root = pathlib.Path(root).resolve()
    resolved = {pathlib.Path(s).resolve() for s in sources}
    return {str(s.relative_to(root)) for s in resolved if s.is_relative_to(root)}


def _named(tree, path):
    """Does the meson.build beside the file name it, in a branch that this build did not take?"""
    folder, name = path.rsplit("/", 1)
    meson = f"{folder}/meson.build"
    return meson in tree.paths and f"'{name}'" in tree.read(meson)


def compare(tree, sources):
    return [Finding(p, 1, "no target builds this file")
            for p in tree.select(".c") if p not in sources and not _named(tree, p)]


def check(tree, build_dir):
    return compare(tree, built(build_dir, tree.root))
