#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Writes the corpus of the decoders of node/wire and discovery: the golden vectors as bytes, and
orders and reports, which are no part of the protocol. With --check it only compares, and prints TAP."""

import pathlib
import struct
import sys

sys.dont_write_bytecode = True
FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "golden"))

# pylint: disable=wrong-import-position
import vectors

HIDDEN = b"\1" * 8 + b"\2" * 32 + b"\3" * 16 + b"\4" * 64
VISIBLE = b"\1" + b"\5" * 32


def text(string):
    return bytes([len(string)]) + string


def number(value):
    return struct.pack("<I", value)


def port(value):
    return struct.pack("<H", value)


# name: kind, body (node/wire/network.h)
ORDERS = {
    "setup": (1, b"\1" + text(b"eth0,wlan0")),
    "listen": (2, number(7) + b"\6" * 32 + port(20000) + port(30000) + text(b"192.0.2.1")),
    "unlisten": (3, number(7)),
    "dial": (4, number(3) + text(b"fe80::1%eth0") + port(4711) + b"\7" * 32),
    "close": (5, number(0x80000001)),
    "frame": (6, number(3) + b"\6" + b"\1" * 8),
    "ban": (7, number(60000) + text(b"2001:db8::1")),
    "advertise_hidden": (8, text(b"0123456789abcdef") + text(b"fedcba9876543210") + port(4711) +
                         HIDDEN + b"\0"),
    "advertise_visible": (8, text(b"0123456789abcdef") + text(b"fedcba9876543210") + port(4711) +
                          HIDDEN + VISIBLE + text(b"Gr\xc3\xbc\xc3\x9fe")),
    "withdraw": (9, b""),
}
REPORTS = {
    "listening": (1, number(7) + port(4711)),
    "link_up": (2, number(0x80000001) + number(7) + b"\1" * 32 + b"\2" * 32 + text(b"192.0.2.2")),
    "link_down": (3, number(3) + b"\4"),
    "frame": (4, number(3) + b"\6" + b"\1" * 8),
    "advert_hidden": (5, text(b"192.0.2.3") + port(4712) + HIDDEN + b"\0"),
    "advert_visible": (5, text(b"192.0.2.3") + port(4712) + HIDDEN + VISIBLE + text(b"Ada")),
    "advert_gone": (6, b"\x08" * 32),
    "discovery": (7, b"\1" + struct.pack("<HBB", 2, 1, 1) + text(b"eth0,wlan0") +
                  text(b"no multicast")),
    "counts": (8, struct.pack("<QQQQ", 1, 2, 3, 2**64 - 1)),
}


def from_vectors(file, key):
    return {vector.name.replace(" ", "_").replace("'", ""): vector.bytes(key)
            for vector in vectors.load(file)}


def from_network(records):
    inputs = {name: bytes([kind]) + number(len(body)) + body
              for name, (kind, body) in records.items()}
    inputs["all"] = b"".join(inputs.values())
    return inputs


def envelopes():
    inputs = {"padding": b"text\x80" + bytes(11)}
    for vector in vectors.load("envelopes"):
        if vector.number("class") < 3:  # the largest shows nothing that the others do not
            inputs[vector.name.replace(" ", "_")] = vector.bytes("header") + vector.bytes("sealed")
    return inputs


def payloads():
    inputs = from_vectors("records", "bytes")
    inputs["all"] = b"".join(inputs.values())
    return inputs


CORPUS = {
    "frame": lambda: from_vectors("frames", "bytes"),
    "record": payloads,
    "envelope": envelopes,
    "advert": lambda: from_vectors("adverts", "txt"),
    "order": lambda: from_network(ORDERS),
    "report": lambda: from_network(REPORTS),
}


def write():
    for target, inputs in CORPUS.items():
        (FOLDER / "corpus" / target).mkdir(parents=True, exist_ok=True)
        for name, data in inputs().items():
            (FOLDER / "corpus" / target / name).write_bytes(data)


def check():
    """Inputs that a fuzzer has found may stand beside those made here."""
    print(f"1..{len(CORPUS)}")
    failures = 0
    for count, (target, inputs) in enumerate(CORPUS.items(), 1):
        wrong = []
        for name, data in inputs().items():
            path = FOLDER / "corpus" / target / name
            if not path.is_file() or path.read_bytes() != data:
                wrong.append(name)
        failures += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {count} - {target}")
        for name in wrong:
            print(f"# {target}/{name} differs: run tests/fuzz/make_corpus.py")
    return failures > 0


if __name__ == "__main__":
    sys.exit(check() if sys.argv[1:] == ["--check"] else write())
