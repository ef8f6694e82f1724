# SPDX-License-Identifier: ISC
"""Every function that a header declares is called from another file."""

import collections
import re

from tree import Finding, code_only, line_of

_PROTOTYPE = re.compile(r"^(?![ \t#}]|static\b|typedef\b|extern\b)[^;{}=]*?\b(es_\w+)\s*\([^{}]*?\)"
                        r"(?:\s*__attribute__\s*\(\(.*?\)\))?;", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"\bes_\w+")


def check(tree):
    declared, users = {}, collections.defaultdict(set)
    for path in tree.select(".c", ".h"):
        code = code_only(tree.read(path))
        for name in set(_WORD.findall(code)):
            users[name].add(path)
        if path.endswith(".h"):
            for match in _PROTOTYPE.finditer(code):
                declared[match.group(1)] = (path, line_of(code, match.start(1)))
    findings = []
    for name, (path, line) in sorted(declared.items(), key=lambda item: item[1]):
        sources = {p for p in users[name] if p.endswith(".c")}
        inlined = any(p.endswith(".h") and p != path for p in users[name])
        if len(sources) < 2 and not inlined:
            findings.append(Finding(path, line, f"no other file calls {name}"))
    return findings
