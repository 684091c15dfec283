# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""Runs the traced program and counts which files of leasepool an operation enters.

A unit is a source and its header. A change is an entry of a function in another unit than the one
that the same thread entered before. Functions of other libraries and of the traced program do not
count. tools/trace-path calls this."""

import argparse
import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Entry:
    def __init__(self, thread, file, line, function):
        self.thread = thread
        self.file = file
        self.line = line
        self.function = function
        self.unit = unit_of(file)


def unit_of(file):
    """include/leasepool/stats.hpp and libs/core/manager/stats.cpp -> core/stats;
    include/leasepool/lease.hpp, which has no source -> leasepool/lease"""
    if file.parts[0] == "libs":
        return f"{file.parts[1]}/{file.stem}"
    sources = sorted(ROOT.glob(f"libs/**/{file.stem}.cpp"))
    if len(sources) == 1:
        return f"{sources[0].relative_to(ROOT).parts[1]}/{file.stem}"
    return "/".join(file.with_suffix("").parts[1:])


def own_file(path):
    """The path from the root if the file is leasepool's own, or else None."""
    try:
        file = pathlib.Path(path).resolve().relative_to(ROOT)
    except ValueError:
        return None
    own = file.parts[0] == "libs" or file.parts[:2] == ("include", "leasepool")
    return file if own else None


def without_arguments(function):
    """'void leasepool::f<int>(long)::{lambda(int)#1}::operator()(int) const' -> 'f::{lambda#1}::operator()'"""
    name = function.replace("(anonymous namespace)::", "")
    name = name.replace("operator()", "operator@").replace("operator->", "operator")
    name = re.sub(r"operator[<>=]+", "operator", name)
    name = re.sub(r"operator (\w)", r"operator~\1", name)
    before = None
    while name != before:
        before, name = name, re.sub(r"\([^()]*\)|<[^<>]*>", "", name)
    name = re.sub(r"\bleasepool::(detail::)?", "", name)
    name = re.sub(r"( const| noexcept| \[clone .*\])+$", "", name.strip())
    return name.split(" ")[-1].replace("operator@", "operator()").replace("operator~", "operator ")


def resolve(program, addresses):
    """A dict from each address to (file from the root, line, function), of leasepool's own only."""
    found = subprocess.run(
        ["addr2line", "--exe", str(program), "--functions", "--demangle"], check=True,
        input="\n".join(addresses) + "\n", capture_output=True, text=True).stdout.splitlines()
    if len(found) != 2 * len(addresses):
        sys.exit("error: addr2line did not answer for each address")
    own = {}
    for address, function, place in zip(addresses, found[::2], found[1::2]):
        path, _, line = place.split(" ")[0].rpartition(":")
        file = own_file(path)
        if file:
            own[address] = file, line, without_arguments(function)
    return own


def trace(program, operation):
    run = subprocess.run([str(program), operation], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"error: {program} {operation} failed: {run.stderr.strip()}")
    lines = [line.split(" ") for line in run.stdout.splitlines()]
    own = resolve(program, sorted({address for _, address in lines}))
    return [Entry(thread, *own[address]) for thread, address in lines if address in own]


def changes(entries):
    """(from, to) of each, in order."""
    last = {}
    found = []
    for entry in entries:
        before = last.get(entry.thread)
        if before not in (None, entry.unit):
            found.append((before, entry.unit))
        last[entry.thread] = entry.unit
    return found


def print_list(entries):
    numbers = {}
    last = {}
    for entry in entries:
        number = numbers.setdefault(entry.thread, len(numbers) + 1)
        mark = "  " if last.get(entry.thread) in (None, entry.unit) else "->"
        last[entry.thread] = entry.unit
        print(f"  thread {number} {mark} {entry.unit:<32} {entry.function}  ({entry.file}:{entry.line})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--transitions", type=int, default=0, metavar="N")
    parser.add_argument("operations", nargs="*")
    args = parser.parse_args()
    known = subprocess.run(
        [str(args.program)], check=True, capture_output=True, text=True).stdout.split()
    for operation in args.operations:
        if operation not in known:
            sys.exit(f"error: '{operation}' is not one of: {' '.join(known)}")

    print(f"{'operation':<18}{'files':>6}{'units':>7}{'functions':>11}{'changes':>9}")
    for operation in args.operations or known:
        entries = trace(args.program, operation)
        found = changes(entries)
        print(f"{operation:<18}{len({entry.file for entry in entries}):>6}"
              f"{len({entry.unit for entry in entries}):>7}{len(entries):>11}{len(found):>9}")
        for (before, after), times in collections.Counter(found).most_common(args.transitions):
            print(f"  {times:>4}  {before} -> {after}")
        if args.list:
            print_list(entries)


if __name__ == "__main__":
    main()
