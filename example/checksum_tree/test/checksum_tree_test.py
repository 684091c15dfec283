# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""Runs checksum_tree in one situation: checksum_tree_test.py PROGRAM SITUATION"""

import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
SIZES = (0, 1, 2, 255, 256, 65535, 65536, 65537, 262143, 262144, 262145, 3_000_001)


class Skipped(Exception):
    pass


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, **options)


def check(condition, result):
    if not condition:
        raise AssertionError(f"exit status {result.returncode}\n{result.stdout}{result.stderr}")


def make_trees(folder):
    """Five trees, one of them empty, and nested folders."""
    trees = [folder / name for name in ("one", "two words", "trÿ", "-four", "empty")]
    number = 0
    for tree in trees:
        tree.mkdir()
        if tree.name == "empty":
            continue
        for place in (tree, tree / "sub", tree / "sub" / "deep" / "deeper", tree / " blank "):
            place.mkdir(parents=True, exist_ok=True)
            for size in SIZES[number % 3 :: 3]:
                pattern = bytes((number + i * i) % 251 for i in range(1021))
                content = (pattern * (size // len(pattern) + 1))[:size]
                (place / f"file {number} of {size}").write_bytes(content)
                number += 1
        (tree / "sub" / "nothing here").mkdir()
    return trees


def expected_lines(trees):
    files = [os.path.join(folder, name)
             for tree in trees for folder, _, names in os.walk(tree) for name in names
             if os.path.isfile(os.path.join(folder, name))
             and not os.path.islink(os.path.join(folder, name))]
    result = subprocess.run(["cksum", "--", *files], capture_output=True, text=True, check=True)
    return sorted(result.stdout.splitlines())


def equals_cksum(folder, *options):
    trees = make_trees(folder)
    expected = expected_lines(trees)
    for more in ((), ("--pools", 1, "--workers", 1), ("--pools", 5, "--workers", 3)):
        result = run("--print", *options, *more, *trees)
        check(result.returncode == 0, result)
        check(sorted(result.stdout.splitlines()) == expected, result)
    # Relative names, one that looks like an option among them.
    os.chdir(folder)
    names = [tree.name for tree in trees]
    result = run("--print", *options, "--", *names)
    check(result.returncode == 0, result)
    check(sorted(result.stdout.splitlines()) == expected_lines(names), result)


def equals_cksum_inline(folder):
    equals_cksum(folder, "--inline")


def both_modes_count_the_same(folder):
    trees = make_trees(folder)
    totals = []
    for options in ((), ("--inline",)):
        result = run(*options, *trees)
        check(result.returncode == 0 and result.stdout == "", result)
        check(re.search(r"^io_context held up: median .*, longest .*, 99 % within ",
                        result.stderr, re.MULTILINE), result)
        check(("leases: " in result.stderr) == (options == ()), result)
        totals.append(re.search(r"^\d+ files, \d+ bytes in ", result.stderr, re.MULTILINE)[0])
    check(totals[0] == totals[1], result)
    files = [path for tree in trees for path in tree.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    check(totals[0] == f"{len(files)} files, {size} bytes in ", result)


def links_are_not_followed_but_on_the_command_line(folder):
    tree = make_trees(folder)[0]
    expected = expected_lines([tree])
    (tree / "loop").symlink_to(tree)
    (tree / "sub" / "loop").symlink_to("../sub")
    (tree / "dangling").symlink_to("nowhere")
    (tree / "to a file").symlink_to(next(p for p in tree.rglob("*") if p.is_file()))
    result = run("--print", tree)
    check(result.returncode == 0, result)
    check(sorted(result.stdout.splitlines()) == expected, result)
    check("symbolic links, not followed: 4\n" in result.stderr, result)

    (folder / "link").symlink_to(tree)
    result = run("--print", folder / "link")
    check(result.returncode == 0, result)
    named = [line.replace(str(tree), str(folder / "link"), 1) for line in expected]
    check(sorted(result.stdout.splitlines()) == named, result)


def special_files_are_skipped(folder):
    tree = make_trees(folder)[0]
    expected = expected_lines([tree])
    for number in range(7):
        os.mkfifo(tree / f"fifo {number}")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tree)
        server.bind("socket")
    result = run("--print", tree)
    check(result.returncode == 0, result)
    check(sorted(result.stdout.splitlines()) == expected, result)
    check("neither files nor folders, skipped: 8\n" in result.stderr, result)
    check(result.stderr.count("\n  " + str(tree)) == 5 and "\n  ...\n" in result.stderr, result)


def check_one_unreadable(result, trees, path):
    check(result.returncode == 1, result)
    check(sorted(result.stdout.splitlines()) == expected_lines(trees), result)
    check("could not be read: 1\n" in result.stderr, result)
    check(f"\n  {path}" in result.stderr, result)


def unreadable_folder_is_reported_and_the_rest_is_done(folder):
    # A path that is too long for the system stops root as well.
    trees = make_trees(folder)
    os.chdir(trees[0])
    for _ in range(os.pathconf(trees[0], "PC_PATH_MAX") // 200 + 1):
        os.mkdir("x" * 200)
        os.chdir("x" * 200)
    os.chdir(folder)
    for mode in ((), ("--inline",)):
        check_one_unreadable(run("--print", *mode, *trees), trees, trees[0] / ("x" * 200))


def unreadable_file_is_reported_and_the_rest_is_done(folder):
    unreadable = "/proc/self/mem"  # also for root: nothing is mapped where it begins
    if not os.path.exists(unreadable):
        raise Skipped(f"there is no {unreadable}")
    trees = make_trees(folder)
    for mode in ((), ("--inline",)):
        check_one_unreadable(run("--print", *mode, unreadable, *trees), trees, unreadable)


def missing_tree_is_reported_and_the_rest_is_done(folder):
    trees = make_trees(folder)
    for mode in ((), ("--inline",)):
        result = run("--print", *mode, folder / "missing", *trees)
        check_one_unreadable(result, trees, f"{folder / 'missing'}: No such file or directory\n")


def full_disk_is_reported(folder):
    if not os.path.exists("/dev/full"):
        raise Skipped("there is no /dev/full")
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run([PROGRAM, "--print", *make_trees(folder)], stdout=full,
                                stderr=subprocess.PIPE, text=True, check=False)
    check(result.returncode == 1 and "stdout" in result.stderr, result)


def usage_errors(folder):
    for arguments in ((), ("--nonsense", folder), ("--pools",), ("--pools", "0", folder),
                      ("--pools", "-1", folder), ("--workers", "4x", folder),
                      ("--workers", "", folder), ("--pools", "99999999999999999999", folder)):
        result = run(*arguments)
        check(result.returncode == 2 and result.stdout == "", result)
        check(result.stderr.startswith("checksum_tree: "), result)
        check("\nusage: checksum_tree " in result.stderr, result)


def help(folder):
    result = run("--help")
    check(result.returncode == 0 and result.stderr == "", result)
    check(result.stdout.startswith("usage: checksum_tree "), result)


def progress_is_drawn_on_a_terminal(folder):
    trees = make_trees(folder)
    with open(folder / "big", "wb") as big:
        big.truncate(200_000_000)
    main, terminal = pty.openpty()
    with subprocess.Popen([PROGRAM, *trees, folder / "big"], stderr=terminal) as process:
        os.close(terminal)
        text = b""
        try:
            while part := os.read(main, 4096):
                text += part
        except OSError:  # how a terminal ends
            pass
    os.close(main)
    text = text.decode()
    if process.returncode != 0 or not re.search(r"\r\[#+\.+\] +\d+ %  \d+ files, ", text):
        raise AssertionError(text)


def check_interrupt(trees, *options, number=signal.SIGINT):
    with subprocess.Popen([PROGRAM, *options, *trees], stderr=subprocess.PIPE, text=True,
                          stdout=subprocess.PIPE) as process:
        line = process.stderr.readline()  # it has begun, and minds signals
        process.send_signal(number)
        output, errors = process.communicate()
        result = subprocess.CompletedProcess([], process.returncode, output, line + errors)
    check(result.returncode == 128 + number, result)
    check(re.search(r"^interrupted after \d+ files, \d+ bytes in ", result.stderr, re.MULTILINE),
          result)
    check("io_context held up: " in result.stderr, result)
    check(("leases: " in result.stderr) == ("--inline" not in options), result)
    check("could not be read" not in result.stderr, result)
    return result


def make_endless_trees(folder, number, size):
    """Would take hours, but is all holes."""
    trees = make_trees(folder)
    for tree in trees:
        for i in range(number):
            with open(tree / f"endless {i}", "wb") as file:
                file.truncate(size)
    return trees


def interrupt_stops_cleanly(folder):
    check_interrupt(make_endless_trees(folder, 3, 1 << 40))


def interrupt_stops_cleanly_inline(folder):
    # Nothing is interrupted while a file holds up the io_context, so these are not as large.
    check_interrupt(make_endless_trees(folder, 10_000, 1 << 26), "--inline")


def terminate_stops_cleanly(folder):
    check_interrupt(make_endless_trees(folder, 3, 1 << 40), number=signal.SIGTERM)


def interrupt_while_trees_wait_for_a_lease(folder):
    check_interrupt(make_endless_trees(folder, 1, 1 << 40), "--pools", "1", "--workers", "1")


def main():
    # A path of bytes that is unlike any other's, and absolute.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="checksum_tree_test_")).resolve()
    try:
        globals()[sys.argv[2]](folder)
    except Skipped as reason:
        print(f"skipped: {reason}")
        return 77
    finally:
        os.chdir("/")
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
