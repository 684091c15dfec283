#!/usr/bin/env python3
# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)
"""Fails if something that a header of the core declares is defined in a file of another name.

A class may be defined in several files: those of `manager_core` begin with `manager_`.
usage: check_homes.py ROOT
"""

import collections
import pathlib
import re
import sys

# Also of a nested class.
CLASS = re.compile(r"^\s*(?:class|struct)\s+(\w+)(?:\s+final)?\s*(?::(?!:)|\{|$)", re.M)
# A declaration at the beginning of a line is one of a namespace.
FUNCTION = re.compile(
    r"^(?!return|using|inline|template|constexpr|static|friend)"
    r"[\w:<>&*, ]*?[ &*](\w+)\([^;{}]*\)\s*(?:noexcept)?;",
    re.M,
)
DEFINITION = re.compile(
    r"^(?!\s|#|namespace|using|return|\}|class|struct|template|extern|static|constexpr|constinit"
    r"|thread_local)[\w:<>&*, .]*?[\s&*]?((?:\w+::)*~?\w+)\(",
    re.M,
)
# Function templates are left out: an instance stands where its arguments are.
TEMPLATE = re.compile(r"^template <[^\n]*>\n(?!class|struct)[^;{]*", re.M)
NAMELESS = re.compile(r"^namespace \{\n.*?^\}  ?\n", re.M | re.S)


def text_of(path):
    return TEMPLATE.sub("", re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8")))


def declarations(headers):
    classes = collections.defaultdict(set)
    functions = collections.defaultdict(set)
    for path in headers:
        text = text_of(path)
        for name in CLASS.findall(text):
            classes[name].add(path.stem)
        for name in FUNCTION.findall(text):
            functions[name].add(path.stem)
    return classes, functions


def strangers(path, classes, functions):
    """Yields what is defined in `path` and declared in a header of another name."""
    for name in DEFINITION.findall(NAMELESS.sub("", text_of(path))):
        if "::" in name:
            homes = classes.get(name.split("::")[-2], set())
        else:
            homes = functions.get(name, set())
        prefixes = {home.split("_")[0] + "_" for home in homes if home.endswith("_core")}
        if homes and path.stem not in homes and not path.stem.startswith(tuple(prefixes)):
            yield name, sorted(homes)


def main(root):
    headers = [
        path
        for folder in ("include/leasepool", "libs/base", "libs/core")
        for path in sorted((root / folder).rglob("*.hpp"))
    ]
    classes, functions = declarations(headers)
    wrong = [
        f"{path.relative_to(root)}: {name} is declared in {', '.join(homes)}.hpp"
        for path in sorted((root / "libs/core").rglob("*.cpp"))
        for name, homes in strangers(path, classes, functions)
    ]
    print("\n".join(wrong) if wrong else "Everything is defined where its declaration says.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
