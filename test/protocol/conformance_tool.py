#!/usr/bin/env python3
# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""conformance_tool.py <tools/worker-conformance> <protocol.md>: the tool passes the workers printed
there, and finds what is wrong with others."""

import pathlib
import re
import subprocess
import sys
import unittest

page = open(sys.argv.pop(), encoding="utf-8").read()
tool = sys.argv.pop()
sys.path.insert(0, str(pathlib.Path(tool).resolve().parent / "lib"))
sys.dont_write_bytecode = True

from worker_checks import CHECKS, dies_while_busy  # noqa: E402

simple, pipelining = re.findall(r"```python\n(.*?)```", page, re.S)
pipelining = simple[: simple.index("jobs = {")] + pipelining

# The jobs that the tool knows.
JOBS = '''
def fail(text):
    raise RuntimeError(text)

jobs.update(echo=lambda value: value, fail=fail, print=print, repeat=lambda count: "x" * count)
'''


def with_jobs(source, sleep):
    assert "\nsend(encode(" in source
    return source.replace("\nsend(encode(", JOBS + sleep + "\nsend(encode(", 1)


SIMPLE = with_jobs(simple, "import time; jobs.update(sleep=time.sleep)")
PIPELINING = with_jobs(pipelining, "jobs.update(sleep=long_job)")

# Begins nothing before there is something to get wrong: how fast its two threads are is no matter then.
HELD = (PIPELINING.replace("threading.Condition()", "threading.Condition(); begin = threading.Event()", 1)
        .replace("lambda: waiting or closed", "lambda: closed or waiting and begin.is_set()", 1))
HELD_UNTIL_CANCEL = HELD.replace("barred = True", "barred = True; begin.set()", 1)
HELD_UNTIL_TWO = HELD.replace("lock.notify()", "len(waiting) < 2 or begin.set(); lock.notify()", 1)


def verdicts(source, *options):
    """What the tool says of each check, and its exit status."""
    done = subprocess.run([tool, *options, "--", sys.executable, "-c", source],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    found = {}
    for line in done.stdout.splitlines():
        words = line.split()
        if words[0] in ("ok", "FAIL", "note", "skip"):
            found[words[1]] = words[0]
    return found, done.returncode, done.stdout + done.stderr


class ConformanceTool(unittest.TestCase):
    def assert_passes(self, source, allowed_notes):
        # Only the last check waits in vain; the others get the time that a busy machine may need.
        others = [f"--only={check.__name__}" for check in CHECKS if check is not dies_while_busy]
        found, status, text = verdicts(source, "--timeout", "120", *others)
        self.assertEqual(status, 0, text)
        self.assertEqual({name for name, what in found.items() if what == "note"}, allowed_notes, text)
        busy, status, text = verdicts(source, "--timeout", "1", "--only", "dies_while_busy")
        self.assertEqual((busy, status), ({"dies_while_busy": "note"}, 0), text)
        return found

    def assert_fails(self, source, check):
        found, status, text = verdicts(source, "--timeout", "1", "--only", check)
        self.assertEqual(found, {check: "FAIL"}, text)
        self.assertEqual(status, 1)

    def changed(self, source, old, new):
        self.assertIn(old, source)
        return source.replace(old, new)

    def test_workers_of_the_page_pass(self):
        # The page's simple ones read on after what is no message, take no notice of the limits, and
        # sleep through the end of their parent.
        found = self.assert_passes(SIMPLE, {"no_message", "too_large"})
        self.assertEqual({name for name, what in found.items() if what == "skip"},
                         {"bar_in_a_burst", "cancel_running", "reads_while_busy"})
        found = self.assert_passes(PIPELINING, {"too_large"})
        self.assertNotIn("skip", found.values())

    def test_faults_are_found(self):
        for source, old, new, check in (
            (SIMPLE, "    channel.flush()", "    pass", "ready"),
            (SIMPLE, "import json,", "print('hello'); import json,", "ready"),
            (SIMPLE, '"version": 1', '"version": 2', "ready"),
            (SIMPLE, '"pid": os.getpid(), ', "", "ready"),
            (SIMPLE, "for line in sys.stdin.buffer:", "import atexit; atexit.register(os._exit, 3)\n"
             "for line in sys.stdin.buffer:", "end_of_input"),
            (SIMPLE, "for line in sys.stdin.buffer:", "import atexit; atexit.register(send, b'{}\\n')\n"
             "for line in sys.stdin.buffer:", "end_of_input"),
            (SIMPLE, "-32601", "-32600", "unknown_method"),
            (SIMPLE, '{"id": request["id"], **run', '{"id": float(request["id"]), **run', "ids"),
            (SIMPLE, 'request.get("params", [])', 'request["params"]', "params"),
            (SIMPLE, 'if "id" in message:', 'if message.setdefault("id", 0) or 1:', "notifications"),
            (SIMPLE, "sys.stdin.buffer:", "iter(lambda: sys.stdin.buffer.read1(), b''):", "lines"),
            (HELD_UNTIL_TWO, "request = waiting.popleft()", "request = waiting.pop()", "many"),
            (SIMPLE, "message = json.loads(line)", "message = json.loads(line[:65536])", "large"),
            (SIMPLE, "    message = json.loads(line)\n", "    try: message = json.loads(line)\n"
             "    except ValueError: break\n", "not_json"),
            (PIPELINING, "            if message[\"method\"] == \"leasepool/cancel\":\n"
             "                barred = True", "            if message[\"method\"] == \"leasepool/cancel\":\n"
             "                pass", "bar"),
            (PIPELINING, "barred = False\n            elif", "pass\n            elif", "bar"),
            (HELD_UNTIL_CANCEL, "put_aside(waiting.popleft())", "waiting.popleft()", "bar_in_a_burst"),
            (SIMPLE, "value: value", "value: [value]", "echo"),
            (SIMPLE, ", ensure_ascii=False, allow_nan=False)", ").replace('0.1', '0.10001')", "echo"),
            (SIMPLE, "-32000", "-32603", "fail"),
            (SIMPLE, "except Exception as e:", "except RuntimeError as e:", "bad_arguments"),
            (SIMPLE, "os.dup2(2, 1)", "", "printing"),
            (PIPELINING, "should_stop.set()", "pass", "cancel_running"),
            (SIMPLE, "sorted(jobs)", "sorted(jobs), \"capabilities\": [\"pipelining\"]",
             "reads_while_busy"),
        ):
            with self.subTest(check=check, new=new):
                self.assert_fails(self.changed(source, old, new), check)

    def test_held_workers_are_right_but_for_the_fault(self):
        for source, check in (HELD_UNTIL_TWO, "many"), (HELD_UNTIL_CANCEL, "bar_in_a_burst"):
            self.assertEqual(verdicts(source, "--only", check)[0], {check: "ok"})

    def test_job_of_the_caller_is_called(self):
        job = ["--only", "ready", "--job", "add", "--args", "[1, 2]"]
        self.assertEqual(verdicts(SIMPLE, *job)[1], 0)
        self.assertEqual(verdicts(SIMPLE, *job, "--expect", "3")[1], 0)
        found, status, _ = verdicts(SIMPLE, *job, "--expect", "4")
        self.assertEqual((found["job"], status), ("FAIL", 1))

    def test_wrong_usage_has_a_status_of_its_own(self):
        for options in ["--job", "add"], ["--only", "none"], ["--job", "add", "--args", "["]:
            self.assertEqual(verdicts(SIMPLE, *options)[1], 2)


if __name__ == "__main__":
    unittest.main()
