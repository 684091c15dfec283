#!/usr/bin/env python3
# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""conformance_tool.py <tools/worker-conformance> <protocol.md>: the tool passes the workers printed
there, and finds each fault of a worker that has one."""

import concurrent.futures
import pathlib
import re
import subprocess
import sys
import unittest

page = open(sys.argv.pop(), encoding="utf-8").read()
tool = sys.argv.pop()
sys.path.insert(0, str(pathlib.Path(tool).resolve().parent / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from page_samples import samples  # noqa: E402
from planted_faults import FAULTS_AT_START, HANGS, LEGAL, PLANTED, worker  # noqa: E402
from worker_checks import CHECKS  # noqa: E402

# The jobs that the tool knows.
JOBS = '''
def fail(text):
    raise RuntimeError(text)

jobs.update(echo=lambda value: value, fail=fail, print=print, repeat=lambda count: "x" * count)
'''


def with_jobs(source, jobs):
    assert "\nsend(encode(" in source
    return source.replace("\nsend(encode(", JOBS + jobs + "\nsend(encode(", 1)


# How long a job may run after EOF does not matter here.
page = page.replace("        time.sleep(2)\n", "        time.sleep(0.1)\n")
simple, goodbye, pipelining, event_loop = samples(page)
SIMPLE = with_jobs(simple, "jobs.update(sleep=time.sleep)")
GOODBYE = with_jobs(goodbye, "jobs.update(sleep=time.sleep)")
PIPELINING = with_jobs(pipelining, "jobs.update(sleep=long_job)")
EVENT_LOOP = with_jobs(event_loop, '''
def coroutine(job):
    async def run(*args):
        return job(*args)
    return run

jobs.update({name: coroutine(jobs[name]) for name in ("echo", "fail", "print", "repeat")}, sleep=long_job)
''')

# Begins nothing before there is something to get wrong, so the speed of its two threads does not matter.
HELD = (PIPELINING.replace("threading.Condition()", "threading.Condition(); begin = threading.Event()", 1)
        .replace("lambda: waiting or closed", "lambda: closed or waiting and begin.is_set()", 1))
HELD_UNTIL_CANCEL = HELD.replace("paused = True", "paused = True; begin.set()", 1)
HELD_UNTIL_TWO = HELD.replace("lock.notify()", "len(waiting) < 2 or begin.set(); lock.notify()", 1)

# Workers of the page with one change, and the check that finds it.
CHANGED = (
    (SIMPLE, "    channel.flush()", "    pass", "ready"),
    (SIMPLE, "import json,", "print('hello'); import json,", "ready"),
    (SIMPLE, '"version": 1', '"version": 2', "ready"),
    (SIMPLE, '"pid": os.getpid(), ', "", "ready"),
    (SIMPLE, "for line in requests:", "import atexit; atexit.register(os._exit, 3)\n"
     "for line in requests:", "end_of_input"),
    (SIMPLE, "for line in requests:", "import atexit; atexit.register(send, b'{}\\n')\n"
     "for line in requests:", "end_of_input"),
    (SIMPLE, "in requests:", "in [requests.readline(), requests.readline()]:", "requests_then_eof"),
    (SIMPLE, "-32601", "-32600", "unknown_method"),
    (SIMPLE, '{"id": request["id"], **outcome', '{"id": float(request["id"]), **outcome', "ids"),
    (SIMPLE, 'request.get("params") or []', 'request["params"]', "params"),
    (SIMPLE, 'if "id" in message:', 'if message.setdefault("id", 0) or 1:', "notifications"),
    (SIMPLE, "in requests:", "in iter(lambda: requests.read1(), b''):", "lines"),
    (HELD_UNTIL_TWO, "request = waiting.popleft()", "request = waiting.pop()", "many"),
    (SIMPLE, "message = json.loads(line)", "message = json.loads(line[:65536])", "large"),
    (SIMPLE, "    message = json.loads(line)\n", "    try: message = json.loads(line)\n"
     "    except ValueError: break\n", "not_json"),
    (SIMPLE, "    message = json.loads(line)\n", "    try: message = json.loads(line)\n"
     "    except ValueError: continue\n", "not_json"),
    (PIPELINING, "                paused = True\n", "                pass\n", "pause"),
    (PIPELINING, "paused = False\n            elif", "pass\n            elif", "pause"),
    (HELD_UNTIL_CANCEL, "answer_not_begun(waiting.popleft())", "waiting.popleft()", "pause_in_a_burst"),
    (SIMPLE, "value: value", "value: [value]", "echo"),
    (SIMPLE, ", ensure_ascii=False, allow_nan=False)", ").replace('0.1', '0.10001')", "echo"),
    (SIMPLE, "-32000", "-32603", "fail"),
    (SIMPLE, "    except Exception as e:", "    except RuntimeError as e:", "bad_arguments"),
    (SIMPLE, "os.dup2(2, 1)\n", "", "printing"),
    (PIPELINING, "                    should_stop.set()", "                    pass", "cancel_running"),
    (SIMPLE, "sorted(jobs)", "sorted(jobs), \"capabilities\": [\"pipelining\"]", "reads_while_busy"),
)

# The same for what is allowed but unwise.
UNWISE = (
    (SIMPLE, "signal.signal(signal.SIGTERM, lambda *_: None)", "", "sigterm"),
    (SIMPLE, "threading.Thread(target=watch, daemon=True).start()", "", "dies_while_busy"),
    (SIMPLE, "threading.Thread(target=watch, daemon=True).start()", "", "eof_while_busy"),
    (SIMPLE, "os.dup2(2, 1)", "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)", "printing"),
)

# The wait of the tool, in seconds. A worker that fails in any case need not be waited for long; one
# that must fail for a certain reason must have the time to get there. LONG only guards against a hang.
BRIEF, SHORT, LONG = "1", "5", "120"

# The tool must not keep an endless line.
WITH_BOUNDED_MEMORY = ["sh", "-c", 'ulimit -v 1048576 2>/dev/null; exec "$@"', "sh"]


def changed(source, old, new):
    assert source.count(old) == 1, (source.count(old), old)
    return source.replace(old, new)


def run_tool(command, *options):
    """The verdict of each check with its line, and the exit status."""
    done = subprocess.run(
        [*WITH_BOUNDED_MEMORY, sys.executable, tool, *options, "--", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="replace")
    lines = re.findall(r"^(ok|FAIL|note|skip) +(\w+)", text, re.M)
    found = {name: verdict for verdict, name in lines}
    return found, done.returncode, text


def python(source):
    return [sys.executable, "-c", source]


def verdicts(source, *options):
    return run_tool(python(source), *options)


def parallel(function, rows, threads=3):
    """The rows with what the function returns for them."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(zip(rows, pool.map(lambda row: function(*row), rows)))


class ConformanceTool(unittest.TestCase):
    maxDiff = None

    def test_workers_of_the_page_pass(self):
        # They ignore the limits, and the simple ones also what they cannot understand.
        simple_notes, notes = {"not_a_message", "too_large", "long_error"}, {"too_large", "long_error"}
        needs_pipelining = {"pause_in_a_burst", "cancel_running", "reads_while_busy"}
        rows = ((SIMPLE, simple_notes, needs_pipelining), (GOODBYE, simple_notes, needs_pipelining),
                (PIPELINING, notes, set()), (EVENT_LOOP, notes, set()))
        for (_, notes, skipped), (found, status, text) in parallel(
                lambda source, *_: verdicts(source, "--timeout", LONG), rows):
            self.assertEqual(status, 0, text)
            self.assertEqual({name for name, what in found.items() if what == "note"}, notes, text)
            self.assertEqual({name for name, what in found.items() if what == "skip"}, skipped, text)
            self.assertEqual(len(found), len(CHECKS))

    def test_changed_workers_of_the_page(self):
        rows = [(*row, "FAIL", BRIEF) for row in CHANGED] + [(*row, "note", SHORT) for row in UNWISE]
        for (_, old, new, check, verdict, _), (found, status, text) in parallel(
                lambda source, old, new, check, _, wait: verdicts(
                    changed(source, old, new), "--timeout", wait, "--only", check), rows):
            with self.subTest(check=check, new=new):
                self.assertEqual((found, status), ({check: verdict}, int(verdict == "FAIL")), text)

    def test_held_workers_are_right_but_for_the_fault(self):
        for source, check in (HELD_UNTIL_TWO, "many"), (HELD_UNTIL_CANCEL, "pause_in_a_burst"):
            self.assertEqual(verdicts(source, "--only", check)[0], {check: "ok"})

    def check_planted(self, rows, wait=LONG, threads=3):
        def run(name, check, reason, fault):
            return verdicts(worker(fault), "--timeout", wait, "--only", check)

        for (name, check, reason, _), (found, status, text) in parallel(run, rows, threads):
            with self.subTest(fault=name):
                verdict, _, reason = reason.partition(" ")
                self.assertEqual(found, {check: verdict}, text)
                self.assertIn(reason, text)
                self.assertEqual(status, int(verdict == "FAIL"))
                self.assertNotIn("Traceback", text)
                self.assertNotIn("the tool itself failed", text)

    def test_planted_faults_are_found(self):
        self.check_planted(PLANTED)

    def test_planted_hangs_are_found(self):
        self.check_planted(HANGS, SHORT, 8)  # nearly all of the time is spent waiting

    def test_what_is_legal_passes(self):
        self.check_planted(LEGAL)

    def test_worker_that_does_not_start_fails_once(self):
        rows = [("no such program", "No such file", ["/no/such/program"]),
                ("a folder", "cannot be started", ["/"]),
                ("binary noise", "not JSON", ["sh", "-c", r"printf '\000\377\n'"]),
                *((name, reason, python(worker(fault))) for name, reason, fault in FAULTS_AT_START)]
        for (name, reason, _), (found, status, text) in parallel(
                lambda name, reason, command: run_tool(command, "--timeout", LONG), rows):
            with self.subTest(fault=name):
                self.assertEqual(found.pop("ready"), "FAIL", text)
                self.assertEqual(set(found.values()), {"skip"}, text)
                self.assertEqual((len(found), status), (len(CHECKS) - 1, 1))
                self.assertIn(reason, text)
                self.assertNotIn("Traceback", text)

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
