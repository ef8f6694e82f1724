# SPDX-License-Identifier: ISC
"""Every section of docs/protocol.md that the code cites exists there."""

import re

from tree import Finding, line_of

DOCUMENT = "docs/protocol.md"
_HEADING = re.compile(r"^#+[ \t]+(\d+(?:\.\d+)*)\.?[ \t]", re.MULTILINE)
_CITATION = re.compile(r"protocol\.md,?\s+(?:\*\s+)?(?:sections?|sect\.|§)?\s*(\d+(?:\.\d+)*)")


def check(tree):
    sections = set()
    if DOCUMENT in tree.paths:
        sections = set(_HEADING.findall(tree.read(DOCUMENT)))
    findings = []
    for path in tree.select(".c", ".h"):
        text = tree.read(path)
        for match in _CITATION.finditer(text):
            if match.group(1) not in sections:
                findings.append(Finding(path, line_of(text, match.start()),
                                        f"{DOCUMENT} has no section {match.group(1)}"))
    return findings
