# SPDX-License-Identifier: ISC
"""Plants a violation of every rule in a tree of its own and expects each to be found."""

import pathlib
import tempfile

import banned
import citations
import errors
import format as formatting
import headers
import includes
import layout
import orphans
import shell
import symbols
import unused
from tree import Finding, Tree

_HEAD = "/* SPDX-License-Identifier: ISC */\n/* planted.c - for the self-test. */\n"
_H = "node/wire/slice.h"


def _function(lines):
    return "int f(void)\n{\n" + "    g();\n" * (lines - 2) + "}\n"


def _headers(tree):
    return headers.check(tree, ["cc"])


def _include(name):
    return f"#include {name}\n"


# check, path of the planted file, its text after the head, a word of the expected finding.
# An empty word: nothing may be found.
_CASES = [
    (includes.check, "node/wire/x.c", _include(f'"{_H}"'), ""),
    (includes.check, "node/wire/x.c", _include('"cursor.h"'), "no file below the root"),
    (includes.check, "node/wire/x.c", _include("<stdio.h>"), "without input or output"),
    (includes.check, "node/wire/x.c", _include('"earshot_version.h"'), "version"),
    (includes.check, "discovery/beacon.c", _include("<time.h>"), "without input or output"),
    (includes.check, "node/core/mesh/x.c", _include('"node/core/e2ee/x.h"'), "may not include"),
    (includes.check, "node/core/mesh/x.c", _include('"node/core/chat/x.h"'), "may not include"),
    (includes.check, "node/core/e2ee/x.c", _include('"node/core/chat/x.h"'), "may not include"),
    (includes.check, "node/core/x.c", _include('"node/store/x.h"'), "may not include"),
    (includes.check, "node/store/x.c", _include('"node/link/x.h"'), "may not include"),
    (includes.check, "node/link/x.c", _include('"discovery/x.h"'), "may not include"),
    (includes.check, "discovery/x.c", _include('"node/link/x.h"'), "may not include"),
    (includes.check, "cli/x.c", _include('"node/store/x.h"'), "may not include"),
    (includes.check, "sim/x.c", _include('"node/daemon/x.h"'), "may not include"),
    (includes.check, "node/daemon/x.c", _include('"node/store/x.h"'), ""),
    (includes.check, "node/daemon/x.c", _include("<zmq.h>"), "node/link/"),
    (includes.check, "elsewhere/x.c", "", "no folder of the architecture"),
    (errors.check, "node/daemon/x.c", 'es_daemon_error("usage", "Not so.", NULL);\n', ""),
    (errors.check, "node/daemon/x.c", 'es_daemon_error("new", "Not so.", NULL);\n', "list new"),
    (errors.check, "node/daemon/x.c", 'answer_error(c, 1, "Not so.",\n"new", NULL);\n', "list new"),
    (errors.check, "node/daemon/x.c", '{ES_STORE_FULL, "new", "hint"},\n', "list new"),
    (errors.check, "cli/x.c", 'es_fail(cli, ES_EXIT_FAILED, "new", NULL, "%d", 1);\n', "list new"),
    (errors.check, "node/core/error.h", 'X(A, "usage", "x")\n', ""),
    (errors.check, "node/core/error.h", 'X(A, "usage", \\\n  "y " \\\n "z") \\\n', "with: y z"),
    (errors.check, "docs/api.md", "\n## Errors\n\n| `gone` | x |\n", "gives the error code gone"),
    (banned.check, "node/core/x.c", "t = time(NULL);\n", "time is banned"),
    (banned.check, "node/store/x.c", "clock_gettime (a, b);\n", "clock_gettime is banned"),
    (banned.check, "node/daemon/x.c", "clock_gettime(a, b);\n", ""),
    (banned.check, "sim/x.c", "n = rand();\n", "rand is banned"),
    (banned.check, "node/core/x.c", "randombytes_buf(b, 8);\n", "randombytes_buf is banned"),
    (banned.check, "node/crypto/x.c", "crypto_box_keypair(a, b);\n", "keypair is banned"),
    (banned.check, "node/crypto/x.c", "crypto_box_seed_keypair(a, b, c);\n", ""),
    (banned.check, "cli/x.c", "strcpy(a, b);\n", "strcpy is banned"),
    (banned.check, "cli/x.c", "sprintf(a, b);\n", "sprintf is banned"),
    (banned.check, "cli/x.c", "/* sprintf(a) */ f(\"sprintf(a)\"); x->time(a); my_time(b);\n", ""),
    (banned.check, "tests/unit/x.c", "usleep(5);\n", "usleep is banned"),
    (banned.check, "node/core/e2ee/x.c", "if (memcmp(a, b, 32))\n", "es_bytes_equal"),
    (banned.check, "node/core/x.c", "p = malloc(3);\n", "arena"),
    (banned.check, "node/core/x.c", "double share;\n", "integers"),
    (banned.check, "sim/x.c", 'f("at %p", p);\n', "differs from run to run"),
    (layout.check, "cli/x.c", _function(layout.FUNCTION_LINES_MAX), ""),
    (layout.check, "cli/x.c", _function(layout.FUNCTION_LINES_MAX + 1), "function of 91 lines"),
    (layout.check, "cli/x.c", "int a;\n" * layout.FILE_LINES_MAX, "602 lines"),
    (layout.check, "cli/x.c", "/* TO" "DO: more */\n", "does not belong"),
    (layout.check, "cli/x.c", "/* see /wor" "k/main */\n", "does not belong"),
    (layout.check, "cli/x.c", "\tint a;\n", "tab"),
    (layout.check, "cli/x.c", "int a; \n", "white space"),
    (layout.check, "cli/x.c", "int a;", "no end"),
    (layout.check, "cli/x.c", "/* \udcff */\n", "UTF-8"),
    (citations.check, "cli/x.c", "/* docs/protocol.md, section 2.1 */\n", ""),
    (citations.check, "cli/x.c", "/* docs/protocol.md, section 9 */\n", "no section 9"),
    (unused.check, "cli/x.h", "int es_x(int a);\nint es_two(void);\n", "calls es_x"),
    (unused.check, "cli/x.h", "static inline int es_x(int a)\n{\n    return a;\n}\n", ""),
    (unused.check, "cli/x.h", "int es_used(\n    int a);\n", ""),
    (formatting.check, "cli/x.c", "int a;\n", ""),
    (formatting.check, "cli/x.c", "int   a;\n", "clang-format"),
    (_headers, "node/env/x.h", "#include <stdint.h>\nuint8_t f(void);\n", ""),
    (_headers, "node/env/x.h", "uint8_t f(void);\n", "does not compile alone"),
]


def _plant(root, path, body, head=_HEAD):
    file = pathlib.Path(root) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(head + body, encoding="utf-8", errors="surrogateescape")


def _run(check, path, body, head=_HEAD):
    with tempfile.TemporaryDirectory() as root:
        for header in (_H, "node/core/e2ee/x.h", "node/core/chat/x.h", "node/store/x.h",
                       "node/link/x.h", "discovery/x.h", "node/daemon/x.h"):
            _plant(root, header, "")
        _plant(root, "cli/meson.build", "other = 'named.c'\n", head="")
        _plant(root, "docs/api.md", "\n## Errors\n\n| `usage` | x |\n", head="")
        _plant(root, "docs/protocol.md", "## 2. Frames\n\n### 2.1 Hello\n", head="")
        for source in ("cli/one.c", "cli/two.c"):
            _plant(root, source, "int a = es_used(1);\n")
        _plant(root, path, body, head)
        return [f for f in check(Tree(root)) if f.path == path]


def _judge(name, findings, word):
    if not word and findings:
        return [Finding(name, 0, f"found what is allowed: {findings[0]}")]
    if word and not any(word in f.text for f in findings):
        return [Finding(name, 0, f"did not find: {word}")]
    return []


def _without_a_tree():
    """The checks that look at a build, given what a build would say."""
    allow = "# what the core calls\nmemcpy  # copies\nmemset\n? memmove\n"
    found = symbols.compare({"memcpy", "getenv"}, allow)
    result = _judge("symbols", found, "calls getenv")
    result += _judge("symbols", found, "memset is on the list")
    result += _judge("symbols", symbols.compare({"memcpy", "memset"}, allow), "")
    for sources, word in (({"cli/x.c"}, ""), (set(), "no target builds")):
        found = _run(lambda t, s=sources: orphans.compare(t, s), "cli/x.c", "")
        result += _judge("orphans", found, word)
    named = _run(lambda t: orphans.compare(t, set()), "cli/named.c", "")
    result += _judge("orphans", named, "")
    return result


def check():
    problems = _without_a_tree()
    for function, path, body, word in _CASES:
        if function is formatting.check and not formatting.available():
            continue
        name = f"{function.__module__.split('.')[-1]}: {path}: {body[:40]!r}"
        problems += _judge(name, _run(function, path, body), word)
    for path, head, word in (("cli/x.c", "int a;\n", "SPDX"), ("tools/x.py", "#!x\n\n", "SPDX"),
                             ("cli/x.c", _HEAD.split("\n", 1)[0] + "\nint a;\n", "what this is")):
        problems += _judge(f"layout: {path}", _run(layout.check, path, "", head), word)
    if shell.available():
        for script, word in (("echo \"$1\"\n", ""), ("echo $1\n", "SC2086")):
            found = _run(shell.check, "tools/x", script, "#!/bin/sh\n")
            problems += _judge("shell", found, word)
    return problems
