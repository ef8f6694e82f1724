# SPDX-License-Identifier: ISC
"""What every file has, and nothing has too much of."""

import re

from tree import Finding, code_only, line_of

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 90

_WITH_LICENCE = (".c", ".h", ".py", ".sh", "meson.build", ".sql")
# The words are put together here so that this file does not find itself.
_WORDS = re.compile("|".join([
    r"\bTOD" + r"O\b", r"\bFIXM" + r"E\b", r"\bXX" + r"X\b", r"\bHAC" + r"K\b",
    r"(?i:not yet imple" + r"mented|unimple" + r"mented)",
    r"(?<![\w.])/wor" + r"k/", r"/tmp/te" + r"am", r"\.\./shar" + r"ed", r"bash_job" + r"s",
    r"(?i:suba" + r"gent)",
    r"\b(?:DESI" + r"GN|STY" + r"LE|CL" + r"I|PE" + r"ERS|SI" + r"M-NOTES|PROTOC" + r"OL-NOTES)\.md",
]))
_BODY = re.compile(r"^\{[ \t]*$.*?^\}", re.MULTILINE | re.DOTALL)


def _heads(tree):
    for path in tree.paths:
        text = tree.read(path)
        if not path.endswith(_WITH_LICENCE) and not text.startswith("#!"):
            continue
        lines = [*text.split("\n", 3), "", ""]
        first = 1 if lines[0].startswith("#!") else 0
        if "SPDX-License-Identifier: ISC" not in lines[first]:
            yield Finding(path, first + 1, "the first line names the licence: SPDX")
        elif path.endswith((".c", ".h")) and not lines[1].startswith("/* "):
            yield Finding(path, 2, "the second line begins the comment that says what this is for")


def _lengths(tree):
    for path in tree.select(".c", ".h", ".py"):
        count = tree.read(path).count("\n")
        if count > FILE_LINES_MAX:
            yield Finding(path, count, f"{count} lines; at most {FILE_LINES_MAX}")
    for path in tree.select(".c", ".h"):
        code = code_only(tree.read(path))
        for body in _BODY.finditer(code):
            count = body.group(0).count("\n") + 1
            if count > FUNCTION_LINES_MAX:
                yield Finding(path, line_of(code, body.start()),
                              f"function of {count} lines; at most {FUNCTION_LINES_MAX}")


def _words(tree):
    for path in tree.paths:
        text = tree.read(path)
        for match in _WORDS.finditer(text):
            yield Finding(path, line_of(text, match.start()), f"'{match.group(0)}' does not belong")


def _bytes(tree):
    for path in tree.select(".c", ".h", ".py", ".sh", ".md", ".build", ".sql"):
        text = tree.read(path)
        if re.search(r"[\udc80-\udcff]", text):
            yield Finding(path, 1, "is not UTF-8")
        if text and not text.endswith("\n"):
            yield Finding(path, line_of(text, len(text)), "the last line has no end")
        for match in re.finditer(r"[ \t]+$|\t|\r", text, re.MULTILINE):
            yield Finding(path, line_of(text, match.start()), "tab, or white space at the line's end")


def check(tree):
    return [*_heads(tree), *_lengths(tree), *_words(tree), *_bytes(tree)]
