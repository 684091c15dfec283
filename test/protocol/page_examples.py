#!/usr/bin/env python3
# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""page_examples.py <protocol.md>: runs the workers printed there and talks to them as a parent."""

import json
import re
import subprocess
import sys
import unittest

page = open(sys.argv.pop(), encoding="utf-8").read()
simple, pipelining = re.findall(r"```python\n(.*?)```", page, re.S)
# As the page says: the second stands in place of everything from `jobs = ` on.
pipelining = simple[: simple.index("jobs = {")] + pipelining
transcript = re.search(r"It talks like this.*?```\n(.*?)```", page, re.S).group(1)


class Worker:
    def __init__(self, source):
        self.process = subprocess.Popen(
            [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def send(self, *messages):
        lines = [json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages]
        self.process.stdin.write("".join(lines).encode())
        self.process.stdin.flush()

    def receive(self):
        line = self.process.stdout.readline()
        assert line.endswith(b"\n"), line
        message = json.loads(line)
        assert message.pop("jsonrpc") == "2.0"
        return message

    def finish(self):
        """Closes stdin; the exit status, and what is left on stdout and stderr."""
        out, err = self.process.communicate()
        return self.process.returncode, out, err


def cancel(id):
    return {"method": "leasepool/cancel", "params": {"id": id}}


RESUME = {"method": "leasepool/resume"}


def call(id, method, *params):
    return {"id": id, "method": method, "params": list(params)}


class PageExamples(unittest.TestCase):
    def start(self, source):
        worker = Worker(source)
        self.addCleanup(worker.process.stdout.close)
        self.addCleanup(worker.process.stderr.close)
        self.addCleanup(worker.process.kill)
        ready = worker.receive()
        self.assertEqual(ready["method"], "leasepool/ready")
        self.assertEqual(ready["params"]["version"], 1)
        self.assertEqual(ready["params"]["pid"], worker.process.pid)
        worker.send({"method": "leasepool/limits",
                     "params": {"max_message_bytes": 16777216, "max_depth": 64}})
        return worker, ready["params"]

    def codes(self, worker, count):
        """The next answers: id and error code, or the result."""
        answers = [worker.receive() for _ in range(count)]
        return [(a["id"], a["error"]["code"] if "error" in a else a["result"]) for a in answers]

    def test_what_both_answer_alike(self):
        for source in simple, pipelining:
            worker, _ = self.start(source)
            for message in call(1, "add", 2, 3), {"id": 2, "method": "add", "params": {"a": "x", "b": "ü"}}, \
                    call(3, "none"), call(4, "add", 2), call(5, "add", [1], float(1)), \
                    call(6, "add", 1e308, 1e308), {"id": 7, "method": "none"}:
                worker.send(message)
            self.assertEqual(self.codes(worker, 7), [
                (1, 5), (2, "xü"), (3, -32601), (4, -32000), (5, -32000), (6, -32001), (7, -32601)])
            self.assertEqual(worker.finish(), (0, b"", b""))

    def test_error_says_type_and_what(self):
        worker, ready = self.start(simple)
        self.assertEqual(ready["methods"], ["add", "upper"])
        worker.send(call(1, "add", 2, "x"))
        error = worker.receive()["error"]
        self.assertEqual(error["data"]["type"], "TypeError")
        self.assertEqual(error["data"]["what"], error["message"])
        self.assertEqual(worker.finish()[0], 0)

    def test_transcript_is_what_happens(self):
        worker = Worker(simple)
        self.addCleanup(worker.process.stdout.close)
        self.addCleanup(worker.process.stderr.close)
        for line in transcript.splitlines():
            printed = json.loads(line[2:])
            printed.pop("jsonrpc")
            if line.startswith("<"):
                worker.send(printed)
                continue
            received = worker.receive()
            if "pid" in received.get("params", {}):
                received["params"]["pid"] = printed["params"]["pid"]
            if "error" in received:  # its text is up to the version of Python
                received["error"]["message"] = printed["error"]["message"]
                received["error"]["data"]["what"] = printed["error"]["message"]
            self.assertEqual(received, printed)
        self.assertEqual(worker.finish()[0], 0)

    def test_print_in_a_job_goes_to_stderr(self):
        worker, _ = self.start(simple.replace("str.upper", "print"))
        worker.send(call(1, "upper", "hello"))
        self.assertEqual(worker.receive(), {"id": 1, "result": None})
        self.assertEqual(worker.finish(), (0, b"", b"hello\n"))

    def test_cancel_and_resume_are_passed_over_by_the_simple_worker(self):
        worker, _ = self.start(simple)
        worker.send(call(1, "add", 1, 1), cancel(1), RESUME, call(2, "add", 2, 2))
        self.assertEqual(self.codes(worker, 2), [(1, 2), (2, 4)])
        self.assertEqual(worker.finish(), (0, b"", b""))

    def test_cancel_stops_the_job_that_runs_and_puts_aside_what_waits(self):
        worker, ready = self.start(pipelining)
        self.assertEqual(ready["capabilities"], ["pipelining"])
        # The first answer tells that nothing stands before the long job.
        worker.send(call(1, "add", 1, 1), call(2, "long", 3600), call(3, "add", 3, 3))
        self.assertEqual(self.codes(worker, 1), [(1, 2)])
        # Until it runs, a cancel would put it aside as well: both are right, and one answer each.
        worker.send(cancel(2), call(4, "add", 4, 4))
        answers = dict(self.codes(worker, 3))
        self.assertIn(answers.pop(2), (-32003, -32004))
        self.assertEqual(answers, {3: -32004, 4: -32004})
        worker.send(call(5, "add", 5, 5), RESUME, call(6, "add", 6, 6))
        self.assertEqual(self.codes(worker, 2), [(5, -32004), (6, 12)])
        self.assertEqual(worker.finish(), (0, b"", b""))

    def test_cancel_of_a_job_that_waits_leaves_the_one_that_runs_alone(self):
        # The job says on stderr that it runs.
        worker, _ = self.start(pipelining.replace(
            "def long_job(seconds):", "def long_job(seconds):\n    os.write(2, b'x')"))
        worker.send(call(1, "long", 3600), call(2, "add", 2, 2), call(3, "add", 3, 3))
        self.assertEqual(worker.process.stderr.read(1), b"x")
        worker.send(cancel(2))
        self.assertEqual(self.codes(worker, 2), [(2, -32004), (3, -32004)])
        worker.send(RESUME, call(3, "add", 3, 3), cancel(1), RESUME, call(4, "add", 4, 4))
        self.assertEqual(self.codes(worker, 3), [(3, -32004), (1, -32003), (4, 8)])
        self.assertEqual(worker.finish()[0], 0)

    def test_cancel_that_comes_too_late_still_bars(self):
        worker, _ = self.start(pipelining)
        worker.send(call(1, "add", 1, 1))
        self.assertEqual(self.codes(worker, 1), [(1, 2)])
        worker.send(cancel(1), cancel(99), call(2, "add", 2, 2), RESUME, RESUME, call(3, "add", 3, 3))
        self.assertEqual(self.codes(worker, 2), [(2, -32004), (3, 6)])
        self.assertEqual(worker.finish(), (0, b"", b""))


if __name__ == "__main__":
    unittest.main()
