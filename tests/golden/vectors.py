# SPDX-License-Identifier: ISC
"""Reads the files of golden vectors beside it; vectors.h says what they look like."""

import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent


class Vector:
    def __init__(self, name):
        self.name = name
        self.fields = {}

    def has(self, key):
        return key in self.fields

    def word(self, key):
        return self.fields[key].strip()

    def numbers(self, key):
        return [int(word) for word in self.fields[key].split()]

    def number(self, key):
        (number,) = self.numbers(key)
        return number

    def bytes(self, key):
        result = b""
        for text, byte, times in re.findall(r'"([^"]*)"|([0-9a-f]{2})(?:\*(\d+))?',
                                            self.fields[key]):
            result += bytes.fromhex(byte) * int(times or 1) if byte else text.encode()
        return result


def load(name):
    """The vectors of a file, by its name without .txt."""
    vectors = []
    key = None
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].rstrip()
        if line.startswith("["):
            vectors.append(Vector(line.strip("[]")))
        elif line.startswith(" "):
            vectors[-1].fields[key] += line
        elif line:
            key, value = line.split(" =", 1)
            vectors[-1].fields[key] = value
    return vectors
