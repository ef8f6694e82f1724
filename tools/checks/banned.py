# SPDX-License-Identifier: ISC
"""Calls that are banned, the places where they are allowed, and what takes their place."""

import re

from tree import CORE, Finding, code_only, line_of

_CLOCKS = ("node/daemon/", "cli/", "sim/", "tests/")
_ENTROPY = ("node/daemon/", "tests/")
_NOWHERE = ()


def _call(*names):
    return re.compile(r"(?<![\w.>])(?:" + "|".join(names) + r")\s*\(")


# pattern, where it is banned (None: everywhere), where it is allowed nevertheless, replacement
_BANS = [
    (_call("time", "clock_gettime", "gettimeofday", "clock", "timespec_get"), None, _CLOCKS,
     "time enters with the input: now_ms, wall_ms"),
    (_call("rand", "random", "srand", "srandom", "rand_r", r"[dlm]rand48", r"arc4random\w*"),
     None, _NOWHERE, "es_entropy; in a simulation the world's own generator"),
    (_call(r"randombytes_\w+", "getrandom", "getentropy"), None, _ENTROPY,
     "es_entropy, handed in by the daemon"),
    (_call(r"crypto_\w+_keygen", r"crypto_\w+_keypair(?<!_seed_keypair)"), None, ("tests/",),
     "a seed from es_entropy and the seeded form"),
    (_call("strcpy", "stpcpy", "strcat", "strncpy", "strncat"), None, ("tests/",),
     "memcpy with a checked length, or snprintf"),
    (_call("sprintf", "vsprintf"), None, _NOWHERE, "snprintf"),
    (_call("gets"), None, _NOWHERE, "getline"),
    (_call("strtok"), None, _NOWHERE, "strtok_r, or a cursor"),
    (_call("alloca"), None, _NOWHERE, "an array with a maximum"),
    (_call("atoi", "atol", "atoll", "atof", "sscanf", "scanf", "fscanf"), None, ("tests/", "sim/"),
     "strtol or strtoull with errno and the end checked"),
    (_call("system", "popen"), None, _NOWHERE, "posix_spawn with an argument vector"),
    (_call("fork", "vfork"), None, ("tests/", "sim/lab/", "sim/commands/", "sim/shrink/"), "posix_spawn"),
    (_call("tmpnam", "mktemp", "tempnam"), None, _NOWHERE, "mkstemp or mkdtemp"),
    (_call("signal"), None, _NOWHERE, "sigaction or signalfd"),
    (_call("gmtime", "localtime", "asctime", "ctime", "strerror_r"), None, _NOWHERE,
     "gmtime_r, localtime_r, strftime"),
    (_call("sleep", "usleep", "nanosleep"), None, ("tests/bench/",),
     "wait for the event: poll with a deadline"),
    (_call("memcmp", "bcmp", "sodium_memcmp"), ("node/core/e2ee/", "node/crypto/"),
     ("node/crypto/types.",), "es_bytes_equal"),
    (_call("malloc", "calloc", "realloc", "free", "strdup"), CORE, _NOWHERE,
     "the environment's arena"),
    (re.compile(r"\b(?:float|double)\b"), CORE, _NOWHERE, "integers: the same on every machine"),
]
_POINTER_TEXT = re.compile(r'"[^"\n]*%p[^"\n]*"')


def check(tree):
    findings = []
    for path in tree.select(".c", ".h"):
        text = tree.read(path)
        code = code_only(text)
        for pattern, banned_in, allowed_in, replacement in _BANS:
            if path.startswith(allowed_in) or (banned_in and not path.startswith(banned_in)):
                continue
            for match in pattern.finditer(code):
                name = match.group(0).rstrip("( \t\n")
                findings.append(Finding(path, line_of(code, match.start()),
                                        f"{name} is banned here; instead: {replacement}"))
        for match in _POINTER_TEXT.finditer(code_only(text, keep_strings=True)):
            findings.append(Finding(path, line_of(text, match.start()),
                                    "%p differs from run to run; print an index or an id"))
    return findings
