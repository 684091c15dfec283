#!/usr/bin/env python3
# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""Writes headers that the parser of isolated_parse cannot bear: hard_headers.py FOLDER"""

import pathlib
import sys


def deep(levels):
    """As many parentheses inside each other, and with them as many calls: 150 000 are too many for a
    stack of 8 MiB, even at 60 bytes each."""
    return "#define DEEP " + "(" * levels + "1" + ")" * levels + "\n"


def endless():
    """Each is the other: none is ever a number."""
    return "#define EGG HEN\n#define HEN EGG\n"


def laughs(times):
    """A short text that stands for a long one: times ** 4 times "ha"."""
    return "".join(f"#define LAUGH{n} " + f"LAUGH{n + 1} " * times + "\n" for n in range(3)) + \
        "#define LAUGH3 " + "ha " * times + "\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    (folder / "deep.h").write_text(deep(150_000))
    (folder / "endless.h").write_text(endless())
    (folder / "laughs.h").write_text(laughs(1000))


if __name__ == "__main__":
    main()
