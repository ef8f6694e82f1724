# SPDX-License-Identifier: ISC
"""Who may include whom: the architecture as a table."""

import re

from tree import CORE, Finding

_PURE_HEADERS = {"assert.h", "errno.h", "limits.h", "sodium.h", "stdalign.h", "stdbool.h",
                 "stddef.h", "stdint.h", "string.h"}
_GROUND = ("node/env/", "node/wire/", "node/crypto/")
_GENERATED = {"earshot_version.h"}

# The first row whose prefix fits decides: prefix, what it may include, what it may not.
_RULES = [
    ("node/wire/", _GROUND, ()),
    ("node/crypto/", ("node/crypto/", "node/wire/"), ()),
    ("node/core/mesh/", (*CORE, "node/env/"), ("node/core/e2ee/", "node/core/chat/")),
    ("node/core/e2ee/", (*CORE, "node/env/"), ("node/core/chat/",)),
    ("node/core/", (*CORE, "node/env/"), ()),
    ("discovery/beacon.", (*CORE, "node/env/"), ()),
    ("discovery/advert.", (*CORE, "node/env/"), ()),
    ("node/env/", (*CORE, "node/env/"), ()),
    ("node/store/", ("node/store/", *_GROUND), ()),
    ("node/link/", ("node/link/", *_GROUND), ()),
    ("discovery/", ("discovery/", *_GROUND), ()),
    ("node/daemon/", ("node/", "discovery/"), ()),
    ("cli/", ("cli/", *_GROUND), ()),
    ("sim/", ("sim/", "node/", "discovery/"), ("node/daemon/",)),
    ("tests/", ("",), ()),
]

# A library's header is known in one place, so that replacing the library means changing one place.
_LIBRARY_HOMES = [
    (r"zmq\.h$", ("node/link/", "tests/")),
    (r"avahi-", ("discovery/", "tests/")),
    (r"sqlite3\.h$", ("node/store/", "sim/disk/", "tests/")),
    (r"jansson\.h$", ("node/daemon/", "cli/", "sim/", "tests/")),
    (r"qrencode\.h$", ("cli/",)),
    (r"ini\.h$", ("node/daemon/", "cli/", "tests/")),
    (r"cmocka\.h$", ("tests/",)),
]

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def _quoted(tree, path, name, allowed, forbidden):
    if name in _GENERATED:
        if path.startswith(CORE):
            return "the core does not depend on the version"
        return None
    if not (tree.root / name).is_file():
        return f'"{name}" is no file below the root of the repository'
    if name.startswith(forbidden) or not name.startswith(allowed):
        return f'may not include "{name}"'
    return None


def _system(path, name):
    if path.startswith(CORE) and name not in _PURE_HEADERS:
        return f"<{name}>: the core includes C headers without input or output, and sodium.h"
    for pattern, homes in _LIBRARY_HOMES:
        if re.match(pattern, name) and not path.startswith(homes):
            return f"<{name}> is included in {', '.join(homes)} only"
    return None


def check(tree):
    findings = []
    for path in tree.select(".c", ".h"):
        rule = next((r for r in _RULES if path.startswith(r[0])), None)
        if rule is None:
            findings.append(Finding(path, 1, "stands in no folder of the architecture"))
            continue
        text = tree.read(path)
        for match in _INCLUDE.finditer(text):
            kind, name = match.groups()
            problem = _system(path, name) if kind == "<" else _quoted(tree, path, name, *rule[1:])
            if problem:
                findings.append(Finding(path, text.count("\n", 0, match.start(1)) + 1, problem))
    return findings
