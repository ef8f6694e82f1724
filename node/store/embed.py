# SPDX-License-Identifier: ISC
"""Writes a text file as a C string constant.

usage: embed.py NAME INPUT OUTPUT"""

import pathlib
import sys


def main():
    name, source, target = sys.argv[1:]
    lines = pathlib.Path(source).read_text(encoding="utf-8").splitlines()
    # Comments stay out: what a released program runs is the statements.
    quoted = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines
              if line.strip() and not line.lstrip().startswith("--")]
    body = "\n".join(f'    "{line}\\n"' for line in quoted)
    pathlib.Path(target).write_text(
        '#include "node/store/migrations.h"\n\n'
        f"const char {name}[] =\n{body};\n", encoding="utf-8")


if __name__ == "__main__":
    main()
