# SPDX-License-Identifier: ISC
"""docs/api.md lists every error code that programs give, the core's with its sentence, and no other."""

import re

from tree import Finding, line_of

DOCUMENT = "docs/api.md"
CORE_ERRORS = "node/core/error.h"
_INTERNAL = {"ok", "full"}  # never leave the node

_ROW = re.compile(r"^\| (`[a-z0-9-]+`(?:, `[a-z0-9-]+`)*) \| (.+) \|$", re.MULTILINE)
_CODE = re.compile(r"`([a-z0-9-]+)`")
_CORE = re.compile(r'\bX\(\w+, "([a-z0-9-]+)",\s*\\?\s*((?:"(?:[^"\\]|\\.)*"[\s\\]*)+)\)')
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
# Calls that take a code: it is their only argument in quotes that is one word of small letters.
_CALL = re.compile(r"\b(?:answer_error|es_daemon_error|es_fail)\(([^;{]*);")
_NESTED = re.compile(r"\w+\([^()]*\)")
_STORE = re.compile(r'\{ES_STORE_\w+, "([a-z0-9-]+)"')
_WORD = re.compile(r'"([a-z][a-z0-9-]*)"')


def _documented(tree):
    text = tree.read(DOCUMENT).partition("\n## Errors\n")[2] if DOCUMENT in tree.paths else ""
    return {code: meaning for codes, meaning in _ROW.findall(text) for code in _CODE.findall(codes)}


def _core(tree, documented):
    text = tree.read(CORE_ERRORS) if CORE_ERRORS in tree.paths else ""
    for match in _CORE.finditer(text):
        code, sentence = match.group(1), "".join(_LITERAL.findall(match.group(2)))
        if code not in _INTERNAL and documented.get(code) != sentence:
            yield Finding(CORE_ERRORS, line_of(text, match.start()),
                          f"{DOCUMENT} does not list {code} with: {sentence}")


def _given(text):
    """Codes and where they stand."""
    for match in _STORE.finditer(text):
        yield match.group(1), match.start()
    for match in _CALL.finditer(text):
        word = _WORD.search(_NESTED.sub("", match.group(1)))
        if word:
            yield word.group(1), match.start()


def check(tree):
    documented = _documented(tree)
    findings = list(_core(tree, documented))
    words = set()
    for path in tree.select(".c", ".h"):
        if not path.startswith(("node/daemon/", "cli/", CORE_ERRORS)):
            continue
        text = tree.read(path)
        words.update(_WORD.findall(text.replace('\\"', '"')))
        for code, at in _given(text):
            if code not in documented:
                findings.append(Finding(path, line_of(text, at), f"{DOCUMENT} does not list {code}"))
    for code in sorted(documented.keys() - words):
        findings.append(Finding(DOCUMENT, 1, f"no program gives the error code {code}"))
    return findings
