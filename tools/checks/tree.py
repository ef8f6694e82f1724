# SPDX-License-Identifier: ISC
"""The files that a source check looks at, and how it reports what it found."""

import pathlib
import re
import subprocess
import typing

# The core library: what meson puts into libearshot-core.
CORE = ("node/core/", "node/wire/", "node/crypto/", "discovery/beacon.", "discovery/advert.")


class Finding(typing.NamedTuple):
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


class Tree:
    """All text files of the project: what git tracks or would track; without git, all there is."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.paths = sorted(self._list())

    def _list(self):
        git = ["git", "-c", "safe.directory=*", "-C", str(self.root), "ls-files",
               "--cached", "--others", "--exclude-standard", "-z"]
        if (self.root / ".git").exists():
            names = subprocess.run(git, check=True, capture_output=True).stdout.decode().split("\0")
        else:
            built = {p.name for p in self.root.iterdir() if (p / "meson-info").is_dir()}
            paths = [p.relative_to(self.root) for p in self.root.rglob("*")]
            names = [str(p) for p in paths if p.parts[0] not in built]
        return [n for n in set(names) if n and self._is_text(self.root / n)]

    @staticmethod
    def _is_text(path):
        if not path.is_file() or path.is_symlink():
            return False
        with path.open("rb") as file:
            return b"\0" not in file.read(8192)

    def select(self, *suffixes):
        return [p for p in self.paths if p.endswith(suffixes)]

    def read(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="surrogateescape")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_only(text, keep_strings=False):
    """C text with comments (and the insides of strings) blanked out, every line in its place."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'" and keep_strings:
            return token
        return re.sub(r"[^\n]", " ", token) if token[0] == "/" else token[0] * 2

    return _TOKEN.sub(blank, text)
