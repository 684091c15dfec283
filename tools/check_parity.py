#!/usr/bin/env python3
# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)
"""Checks that the tests doc/parity.md names exist.

A row of the table is `| A1 | behavior | `test`, `other_test` |`. Each name in
backquotes in its last column must be a Boost.Test case in test/ or a test that
CTest knows. A line

    <!-- owed: L1-L5 A1 A2 -->

in that file lists the rows that must be there and must name a test.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

TEST_CASE = re.compile(r"\b\w*TEST_CASE(?P<kind>\w*)\s*\(\s*(?P<first>\w+)\s*(?:,\s*(?P<second>\w+))?")
ROW = re.compile(r"^\|\s*(?P<id>[A-Z]+\d+)\s*\|(?P<cells>.*)\|\s*$")
OWED = re.compile(r"<!--\s*owed:(?P<ids>.*?)-->", re.DOTALL)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def boost_test_cases(folder):
    names = set()
    for path in sorted(folder.rglob("*.[ch]pp")):
        for match in TEST_CASE.finditer(COMMENT.sub(" ", path.read_text(encoding="utf-8"))):
            # BOOST_DATA_TEST_CASE_F takes the fixture first.
            names.add(match["second"] if match["kind"] == "_F" else match["first"])
    return names


def ctest_tests(ctest, build_dir):
    command = [ctest, "--test-dir", str(build_dir), "--show-only=json-v1"]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {test["name"] for test in json.loads(listing)["tests"]}


def expand(ids):
    """'L1-L3 A1' or 'L1-3 A1' -> ['L1', 'L2', 'L3', 'A1']"""
    for word in re.split(r"[\s,]+", ids.strip()):
        match = re.fullmatch(r"([A-Z]+)(\d+)(?:-([A-Z]*)(\d+))?", word)
        if not match or (match[3] and match[3] != match[1]):
            sys.exit(f"doc/parity.md: '{word}' in the owed line is neither an id nor a range of ids")
        for number in range(int(match[2]), int(match[4] or match[2]) + 1):
            yield f"{match[1]}{number}"


def check(text, known):
    faults = []
    tests_of = {}
    for number, line in enumerate(text.splitlines(), 1):
        row = ROW.match(line)
        if not row:
            continue
        # A bar inside a cell is written \|.
        last = re.split(r"(?<!\\)\|", row["cells"])[-1]
        names = re.findall(r"`([^`]+)`", last)
        if row["id"] in tests_of:
            faults.append(f"line {number}: {row['id']} has two rows")
        tests_of[row["id"]] = names
        faults += [f"line {number}: {row['id']} names `{name}`, and there is no such test"
                   for name in names if name not in known]

    owed = OWED.search(text)
    if not owed:
        faults.append("there is no <!-- owed: ... --> line")
    for row_id in expand(owed["ids"]) if owed and owed["ids"].strip() else ():
        if row_id not in tests_of:
            faults.append(f"{row_id} is owed and has no row")
        elif not tests_of[row_id]:
            faults.append(f"{row_id} is owed and names no test")
    return faults


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=pathlib.Path, required=True)
    parser.add_argument("--ctest", default="ctest")
    parser.add_argument("--table", type=pathlib.Path, default=root / "doc" / "parity.md")
    args = parser.parse_args()

    if not args.table.exists():
        sys.exit(f"{args.table} is missing")
    known = boost_test_cases(root / "test") | ctest_tests(args.ctest, args.build_dir)
    faults = check(args.table.read_text(encoding="utf-8"), known)
    for fault in faults:
        print(f"doc/parity.md: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
