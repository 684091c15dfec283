# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""Runs isolated_parse in one situation."""

import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True
import hard_headers  # noqa: E402

# In the environment of the program and of all that it starts, to find these again.
MARK = f"ISOLATED_PARSE_TEST={os.getpid()}"
OK, FAILED = 0, 1


class Skipped(Exception):
    pass


def command(*arguments):
    # Where nothing is to time out, nothing does, however slow the machine is.
    return [args.program, "--timeout", "100", *(("--memory", "0") if args.sanitized else ()),
            *map(str, arguments)]


def environment():
    result = {**os.environ, **dict([MARK.split("=")])}
    if args.sanitized:  # a signal is to end the worker as it does otherwise
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS"):
            result[name] = result.get(name, "") + ":handle_segv=0"
    return result


def run(*arguments, **options):
    return subprocess.run(command(*arguments), stdin=subprocess.DEVNULL, env=environment(),
                          **{"capture_output": True, "text": True, "check": False,
                             "errors": "surrogateescape", **options})


def check(condition, result):
    if not condition:
        raise AssertionError(f"exit status {result.returncode}\n{result.stdout}{result.stderr}")


def printed(result):
    """{path: {name: value}}"""
    constants = {}
    for line in result.stdout.splitlines():
        path, name, value = re.fullmatch(r"(.+): (\w+) = (-?\d+)", line).groups()
        constants.setdefault(path, {})[name] = int(value)
    return constants


def failures(result):
    """[(path, what happened)]"""
    return re.findall(r"^  (/.*?): (.*)$", result.stderr, re.MULTILINE)


def make_good(folder, number):
    """{path: {name: value}}, and the files."""
    expected = {}
    for i in range(number):
        path = folder / f"good {i}.h"
        path.write_text(f"#define A_{i} (B_{i} + 1)\n#define B_{i} ({i} << 3)\n#define NO_{i} x\n")
        expected[str(path)] = {f"A_{i}": 8 * i + 1, f"B_{i}": 8 * i}
    return expected


def wrap(value):
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def random_expression(rng, depth):
    """(C, value)"""
    if depth == 0:
        value = rng.choice((0, 1, 2, rng.randrange(1000), rng.randrange(1 << 63)))
        text = rng.choice((f"{value}", f"{value:#x}", f"{value}UL", f"0{value:o}", f"{value:#b}"))
        return text, value
    kind = rng.randrange(4)
    a, x = random_expression(rng, depth - 1)
    if kind == 0:
        sign = rng.choice("-~!+")
        value = {"-": -x, "~": ~x, "!": int(x == 0), "+": x}[sign]
        return f"{sign} {a}" if a[0].isdigit() else f"{sign}({a})", wrap(value)
    b, y = random_expression(rng, depth - 1)
    if kind == 1:
        c, z = random_expression(rng, depth - 1)
        return f"({a} ? {b} : {c})", y if x else z
    values = {"+": x + y, "-": x - y, "*": x * y, "|": x | y, "&": x & y, "^": x ^ y,
              "<": x < y, ">": x > y, "<=": x <= y, ">=": x >= y, "==": x == y, "!=": x != y,
              "&&": x != 0 and y != 0, "||": x != 0 or y != 0}
    if y != 0:
        quotient = abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
        values |= {"/": quotient, "%": x - y * quotient}
    if 0 <= y <= 63:
        values |= {"<<": x << y, ">>": x >> y}
    sign = rng.choice(list(values))
    space = rng.choice(("", " "))
    return f"({a}{space}{sign}{space or ' '}{b})", wrap(int(values[sign]))


def values_are_those_of_the_expressions(folder):
    rng = random.Random(1)
    expected = {"HEX": 255, "SEPARATED": 1000000, "CHARACTER": 65, "NEWLINE": 10, "OCTAL": 27,
                "HAS_COMMENTS": 7, "CONTINUED": 12, "LAST": 2, "PRIORITIES": 1 + 2 * 3 << 1 | 128,
                "CHAIN": 11, "NEGATIVE": -6, "LEFT": -4, "NESTED": 20}
    lines = ["#define HEX 0xffUL", "#define SEPARATED 1'000'000", "#define CHARACTER 'A'",
             r"#define NEWLINE '\n'", r"#define OCTAL '\33'",
             "#  define HAS_COMMENTS /* 5 + */ 3 + // 9", "    4 \"not a macro\"",
             "#define HAS_COMMENTS /* 5 + */ 3 + \\", "  4 // 9",
             "#define CONTINUED 1\\", "2", "#define LAST 1", "#define LAST 2",
             "#define PRIORITIES 1+2*3<<1|128", "#define CHAIN LINK+1", "#define LINK NEXT",
             "#define NEXT 10", "#define NEGATIVE -MINUS", "#define MINUS 6",
             "#define LEFT 1-2-3", "#define NESTED 0 ? 10 : 1 ? 20 : 30",
             # No constants.
             "#define EMPTY", "#define CALL(x) 1", "#define FLOAT 1.5", "#define TEXT \"1\"",
             "#define OPEN (1", "#define ZERO 1/0", "#define ITSELF ITSELF", "#define CAST (int)1",
             "#define BIG 99999999999999999999", "#define WORDS 1 2", "#define OTHER elsewhere",
             "/* #define COMMENTED 1", "#define COMMENTED_TOO 1 */", "#define CHARACTERS 'ab'"]
    expected |= {"LINK": 10, "NEXT": 10, "MINUS": 6}
    for i in range(500):
        text, value = random_expression(rng, i % 5)
        lines.append(f"#define RANDOM_{i} {text}")
        expected[f"RANDOM_{i}"] = value
    path = folder / "values.h"
    path.write_text("\n".join(lines) + "\n")
    result = run("--print", path)
    check(result.returncode == OK, result)
    got = printed(result)[str(path)]
    wrong = {name: (got.get(name), expected.get(name)) for name in {*got, *expected}
             if got.get(name) != expected.get(name)}
    if wrong:
        raise AssertionError(f"(got, expected): {wrong}")


def flat_expression(rng):
    """What it is depends on how strongly its operators bind."""
    signs = ("+", "-", "*", "|", "&", "^", "<", ">", "<=", ">=", "==", "!=", "&&", "||", "?")
    text = str(rng.randrange(10))
    for _ in range(rng.randrange(2, 8)):
        sign = rng.choice(signs)
        operands = [rng.choice(("", "-", "~", "!")) + str(rng.randrange(10)) for _ in range(2)]
        text += f" {sign} {operands[0]}" + (f" : {operands[1]}" if sign == "?" else "")
    return text


def values_equal_the_compilers(folder):
    rng = random.Random(2)
    flat = folder / "flat.h"
    flat.write_text("".join(f"#define FLAT_{i} {flat_expression(rng)}\n" for i in range(1000)))
    # Those are full of constants that depend on no condition.
    linux = (pathlib.Path("/usr/include", name) for name in
             ("linux/input-event-codes.h", "linux/limits.h", "asm-generic/ioctl.h"))
    for path in (flat, *filter(pathlib.Path.exists, linux)):
        result = run("--print", path)
        check(result.returncode == OK, result)
        constants = printed(result)[str(path)]
        check(path != flat or len(constants) == 1000, result)
        source = folder / "check.cpp"
        source.write_text(f"#include \"{path}\"\n" + "".join(
            f"static_assert(({constant}) == {value}, \"{constant}\");\n"
            for constant, value in constants.items()))
        subprocess.run([args.compiler, "-std=c++20", "-w", "-fsyntax-only", source], check=True)


def nesting_that_fits_is_evaluated(folder):
    path = folder / "nested.h"
    path.write_text(hard_headers.deep(1000))
    result = run("--print", path)
    check(result.returncode == OK and printed(result) == {str(path): {"DEEP": 1}}, result)


def fails_alone(folder, text, *options):
    """What happens with this header; there is a good one that the same worker gets after it."""
    bad = folder / "bad.h"
    bad.write_text(text)
    expected = make_good(folder, 1)
    result = run("--print", "--workers", 1, *options, bad, folder / "good 0.h")
    check(result.returncode == FAILED and printed(result) == expected, result)
    check([path for path, _ in failures(result)] == [str(bad)], result)
    return result, failures(result)[0][1]


def cost_of(result):
    return re.search(r"^failed: +1, of which (\d) cost a worker", result.stderr, re.MULTILINE)[1]


def stack_overflow_is_named_by_its_signal(folder):
    result, what = fails_alone(folder, hard_headers.deep(150_000))
    check(what == "killed by SIGSEGV" and cost_of(result) == "1", result)


def endless_loop_is_ended_at_its_timeout(folder):
    result, what = fails_alone(folder, hard_headers.endless(), "--timeout", 1)
    check(what == "no end in time" and cost_of(result) == "1", result)


def memory_limit_is_an_exception_and_the_worker_lives(folder):
    result, what = fails_alone(folder, hard_headers.laughs(1000))
    check(what.startswith("threw std::bad_alloc") and cost_of(result) == "0", result)


def good_results_arrive_whatever_the_others_do(folder):
    good, bad = folder / "good", folder / "bad"
    good.mkdir()
    bad.mkdir()
    expected = make_good(good, 300)
    (bad / "deep.h").write_text(hard_headers.deep(150_000))
    (bad / "endless.h").write_text(hard_headers.endless())
    ends = [(str(bad / "deep.h"), "killed by SIGSEGV"), (str(bad / "endless.h"), "no end in time")]
    for workers in (1, 3):
        # As long as the slowest good end may take, on a busy machine too.
        result = run("--print", "--timeout", 10, "--workers", workers, bad, good)
        check(result.returncode == FAILED and printed(result) == expected, result)
        check(len(result.stdout.splitlines()) == 2 * len(expected), result)
        check(sorted(failures(result)) == ends, result)
        check("\n300 headers, " in result.stderr, result)
    check_nothing_left()


def workers_are_lost_again_and_again(folder):
    expected = make_good(folder, 40)
    for i in range(20):
        (folder / f"deep {i}.h").write_text(hard_headers.deep(150_000))
    result = run("--print", "--workers", 2, folder)
    check(result.returncode == FAILED and printed(result) == expected, result)
    check(len(result.stdout.splitlines()) == 2 * len(expected), result)
    check(sorted(failures(result)) == sorted(
        (str(folder / f"deep {i}.h"), "killed by SIGSEGV") for i in range(20)), result)
    check("\nfailed:    20, of which 20 cost a worker" in result.stderr, result)
    check_nothing_left()


def only_headers_in_folders_are_read(folder):
    expected = make_good(folder, 3)
    (folder / "no header.c").write_text("#define NO 1\n")
    (folder / "loop").symlink_to(folder)
    (folder / "link.h").symlink_to("good 0.h")
    inner = folder / "sub" / "sub"
    inner.mkdir(parents=True)
    for suffix in ("h", "hpp", "hh", "hxx"):
        path = inner / f"one.{suffix}"
        path.write_text("#define YES 1\n")
        expected[str(path)] = {"YES": 1}
    result = run("--print", folder)
    check(result.returncode == OK and printed(result) == expected, result)
    result = run("--print", folder / "no header.c")
    check(printed(result) == {str(folder / "no header.c"): {"NO": 1}}, result)


def unreadable_file_is_named_and_the_rest_is_done(folder):
    unreadable = "/proc/self/mem"  # also for root: nothing is mapped where it begins
    if not os.path.exists(unreadable):
        raise Skipped(f"there is no {unreadable}")
    expected = make_good(folder, 10)
    result = run("--print", unreadable, folder)
    check(result.returncode == FAILED and printed(result) == expected, result)
    check([path for path, what in failures(result) if what.startswith("threw std::system_error")]
          == [unreadable], result)


def name_that_is_no_utf8_is_named_and_the_rest_is_done(folder):
    expected = make_good(folder, 10)
    with open(bytes(folder) + b"/\xff.h", "w", encoding="ascii") as file:
        file.write("#define A 1\n")
    result = run("--print", folder)
    check(result.returncode == FAILED and printed(result) == expected, result)
    (path, what), = failures(result)
    check(path.endswith("/\udcff.h") and what.startswith("cannot be sent: "), result)


def missing_path_is_reported_and_the_rest_is_done(folder):
    expected = make_good(folder, 10)
    result = run("--print", folder / "missing", folder)
    check(result.returncode == FAILED and printed(result) == expected, result)
    check(f"could not be read: {folder / 'missing'}: No such file or directory\n" in result.stderr,
          result)


def full_disk_is_reported(folder):
    if not os.path.exists("/dev/full"):
        raise Skipped("there is no /dev/full")
    make_good(folder, 10)
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = run("--print", folder, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    check(result.returncode == FAILED and "cannot write to stdout" in result.stderr, result)


def usage_errors(folder):
    for arguments in (("--nonsense", folder), ("--workers",), ("--workers", "0", folder),
                      ("--timeout", "0", folder), ("--timeout", "1s", folder),
                      ("--memory", "-1", folder), ("--memory", "99999999999999999999", folder), ()):
        result = run(*arguments)
        check(result.returncode == 2 and result.stdout == "", result)
        check(result.stderr.startswith("isolated_parse: "), result)
        check("\nusage: isolated_parse " in result.stderr, result)


def help(folder):
    result = run("--help")
    check(result.returncode == OK and result.stderr == "", result)
    check(result.stdout.startswith("usage: isolated_parse "), result)


def check_nothing_left():
    left = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ"):
        try:
            if MARK.encode() in entry.read_bytes().split(b"\0"):
                left.append(entry.parent.name)
        except OSError:  # it is gone, or another user's
            pass
    if left:
        raise AssertionError(f"these processes are left: {left}")


def check_interrupt(folder, number):
    """While every worker is in an endless loop, and others wait behind it."""
    for i in range(8):
        (folder / f"endless {i}.h").write_text(hard_headers.endless())
    with subprocess.Popen(command("--workers", 2, folder), stderr=subprocess.PIPE, text=True,
                          stdout=subprocess.PIPE, env=environment()) as process:
        line = process.stderr.readline()  # it has begun, and minds signals
        process.send_signal(number)
        output, errors = process.communicate()
        result = subprocess.CompletedProcess([], process.returncode, output, line + errors)
    check(result.returncode == 128 + number, result)
    check("\ninterrupted after 0 headers, " in result.stderr, result)
    check(failures(result) == [] and "failed:" not in result.stderr, result)
    check_nothing_left()


def interrupt_stops_cleanly(folder):
    check_interrupt(folder, signal.SIGINT)


def terminate_stops_cleanly(folder):
    check_interrupt(folder, signal.SIGTERM)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="isolated_parse_test_")).resolve()
    try:
        globals()[args.situation](folder)
    except Skipped as reason:
        print(f"skipped: {reason}")
        return 77
    finally:
        shutil.rmtree(folder)
    return 0


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("program")
parser.add_argument("situation")
parser.add_argument("--compiler")
parser.add_argument("--sanitized", action="store_true")
args = parser.parse_args()

if __name__ == "__main__":
    sys.exit(main())
