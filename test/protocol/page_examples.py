#!/usr/bin/env python3
# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""page_examples.py <protocol.md>: runs the workers printed there and talks to them as a parent."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

page = open(sys.argv.pop(), encoding="utf-8").read()
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from page_samples import samples  # noqa: E402

simple, goodbye, pipelining, event_loop = samples(page)
transcript = re.search(r"This is a conversation.*?```\n(.*?)```", page, re.S).group(1)
from_a_shell, wrapper = re.findall(r"```sh\n(.*?)```", page, re.S)
EVERY_WORKER = simple, goodbye, pipelining, event_loop
PIPELINING = pipelining, event_loop

# Says on stderr that it runs, as a function and as a coroutine.
LONG_JOB_SAYS = (
    (pipelining, "def long_job(seconds):"), (event_loop, "async def long_job(seconds):"))


def says_that_it_runs(source, definition):
    assert definition in source
    return source.replace(definition, definition + "\n    os.write(2, b'x')")


class Worker:
    def __init__(self, source, command=None):
        # As the parent starts it: with the mark, and as the leader of a session of its own.
        self.process = subprocess.Popen(
            command or [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
            env={**os.environ, "LEASEPOOL_WORKER": "1"})

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
    def launch(self, source, command=None):
        worker = Worker(source, command)
        self.addCleanup(worker.process.stdout.close)
        self.addCleanup(worker.process.stderr.close)
        self.addCleanup(worker.process.kill)
        return worker

    def start(self, source, command=None):
        worker = self.launch(source, command)
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

    def test_what_all_answer_alike(self):
        for source in EVERY_WORKER:
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
        worker = self.launch(simple)
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

    def test_cancel_stops_the_job_that_runs_and_what_waits_does_not_begin(self):
        for source in PIPELINING:
            worker, ready = self.start(source)
            self.assertEqual(ready["capabilities"], ["pipelining"])
            # The first answer tells that nothing stands before the long job.
            worker.send(call(1, "add", 1, 1), call(2, "long", 3600), call(3, "add", 3, 3))
            self.assertEqual(self.codes(worker, 1), [(1, 2)])
            # If it does not run yet, it does not begin: both are right, and one answer each.
            worker.send(cancel(2), call(4, "add", 4, 4))
            answers = dict(self.codes(worker, 3))
            self.assertIn(answers.pop(2), (-32003, -32004))
            self.assertEqual(answers, {3: -32004, 4: -32004})
            worker.send(call(5, "add", 5, 5), RESUME, call(6, "add", 6, 6))
            self.assertEqual(self.codes(worker, 2), [(5, -32004), (6, 12)])
            self.assertEqual(worker.finish(), (0, b"", b""))

    def test_cancel_of_a_job_that_waits_leaves_the_one_that_runs_alone(self):
        for change in LONG_JOB_SAYS:
            worker, _ = self.start(says_that_it_runs(*change))
            worker.send(call(1, "long", 3600), call(2, "add", 2, 2), call(3, "add", 3, 3))
            self.assertEqual(worker.process.stderr.read(1), b"x")
            worker.send(cancel(2))
            self.assertEqual(self.codes(worker, 2), [(2, -32004), (3, -32004)])
            worker.send(RESUME, call(4, "add", 3, 3), cancel(1), RESUME, call(5, "add", 4, 4))
            self.assertEqual(self.codes(worker, 3), [(4, -32004), (1, -32003), (5, 8)])
            self.assertEqual(worker.finish()[0], 0)

    def test_cancel_that_comes_too_late_still_pauses(self):
        for source in PIPELINING:
            worker, _ = self.start(source)
            worker.send(call(1, "add", 1, 1))
            self.assertEqual(self.codes(worker, 1), [(1, 2)])
            worker.send(cancel(1), cancel(99), call(2, "add", 2, 2), RESUME, RESUME, call(3, "add", 3, 3))
            self.assertEqual(self.codes(worker, 2), [(2, -32004), (3, 6)])
            self.assertEqual(worker.finish(), (0, b"", b""))

    def test_long_text_of_an_error_is_cut(self):
        for source in EVERY_WORKER:
            worker, _ = self.start(source)
            worker.send({"id": 1, "method": "add", "params": {"x" * 100000: 1}})
            self.assertEqual(len(worker.receive()["error"]["message"]), 1000)
            self.assertEqual(worker.finish()[0], 0)

    def test_requests_are_answered_although_eof_is_behind_them(self):
        # More than the pipe holds, so that EOF is far from the first of them.
        requests = [call(id, "add", id, "x" * 1000) for id in range(1, 201)]
        for source in EVERY_WORKER:
            worker, _ = self.start(source)
            text = "".join(json.dumps({"jsonrpc": "2.0", **each}) + "\n" for each in requests)
            out, err = worker.process.communicate(text.encode())
            self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], list(range(1, 201)))
            self.assertEqual((err, worker.process.returncode), (b"", 0))

    def test_line_of_the_shell_does_what_it_says(self):
        command = from_a_shell.strip().replace("python3 worker.py", '"$0" -c "$1"')
        done = subprocess.run(["sh", "-c", command, sys.executable, simple], stdout=subprocess.PIPE,
                              check=True)
        ready, answer = done.stdout.splitlines()
        self.assertEqual(json.loads(ready)["method"], "leasepool/ready")
        self.assertEqual(json.loads(answer), {"jsonrpc": "2.0", "id": 1, "result": 5})

    def test_job_is_ended_with_its_programs_some_time_after_eof(self):
        # The program that the job starts holds stderr open as long as it lives.
        job = "(os.system('echo x >&2; sleep 3600'), )"
        worker, _ = self.start(simple.replace('"upper": str.upper', f'"upper": lambda: {job}'))
        worker.send(call(1, "upper"))
        self.assertEqual(worker.process.stderr.read(2), b"x\n")
        self.assertEqual(worker.finish(), (-signal.SIGKILL, b"", b""))

    def test_job_that_can_stop_stops_at_eof(self):
        for change in LONG_JOB_SAYS:
            worker, _ = self.start(says_that_it_runs(*change))
            worker.send(call(1, "long", 3600))
            self.assertEqual(worker.process.stderr.read(1), b"x")
            status, out, err = worker.finish()
            self.assertEqual(json.loads(out)["error"]["code"], -32003)
            self.assertEqual((status, err), (0, b""))

    def test_kill_at_eof_spares_a_group_that_the_worker_does_not_lead(self):
        source = simple.replace('"upper": str.upper', '"upper": time.sleep').replace(
            "time.sleep(2)", "time.sleep(0.1)")
        both = ("import subprocess, sys\n"
                f"print(subprocess.run([sys.executable, '-c', {source!r}]).returncode, file=sys.stderr)")
        worker = self.launch(both)
        worker.receive()
        worker.send(call(1, "upper", 3600))
        self.assertEqual(worker.finish(), (0, b"", b"1\n"))

    def test_program_of_a_job_has_neither_the_mark_nor_the_pipes(self):
        code = ("import os, sys, subprocess; sys.exit("
                "('LEASEPOOL_WORKER' in os.environ) + 2 * len(sys.stdin.read()))")
        source = simple.replace('"upper": str.upper',
                                '"upper": lambda: subprocess.run([sys.executable, "-c", CODE]).returncode')
        worker, _ = self.start(f"import subprocess\nCODE = {code!r}\n" + source)
        worker.send(call(1, "upper"), call(2, "add", 1, 2))
        self.assertEqual(self.codes(worker, 2), [(1, 0), (2, 3)])
        self.assertEqual(worker.finish(), (0, b"", b""))

    def test_sigterm_ends_no_worker_but_the_programs_of_its_jobs(self):
        for source in EVERY_WORKER:
            worker, _ = self.start(source)
            worker.process.terminate()
            worker.send(call(1, "add", 1, 2))
            self.assertEqual(self.codes(worker, 1), [(1, 3)])
            self.assertEqual(worker.finish(), (0, b"", b""))
        worker, _ = self.start("import subprocess\n" + simple.replace(
            '"upper": str.upper', '"upper": lambda: subprocess.run(["sh", "-c", "kill $$"]).returncode'))
        worker.send(call(1, "upper"))
        self.assertEqual(self.codes(worker, 1), [(1, -signal.SIGTERM)])
        self.assertEqual(worker.finish(), (0, b"", b""))

    def test_goodbye_is_sent_between_two_jobs_and_nothing_begins_after_it(self):
        worker, _ = self.start(goodbye.replace("left = 1000", "left = 2"))
        worker.send(*(call(id, "add", id, 1) for id in (1, 2, 3, 4)))
        self.assertEqual(self.codes(worker, 2), [(1, 2), (2, 3)])
        self.assertEqual(worker.receive(), {"method": "leasepool/goodbye"})
        self.assertEqual(worker.finish(), (0, b"", b""))

    def test_messages_can_be_written_to_descriptor_3(self):
        for opened in 'os.fdopen(3, "wb")', 'open("/dev/fd/3", "wb")':
            source = simple.replace('os.fdopen(os.dup(1), "wb")', opened)
            source = source.replace("os.dup2(2, 1)\n", "").replace("str.upper", "print")
            command = wrapper.strip().replace("my_worker", '"$0" -c "$1"')
            worker, _ = self.start(None, ["sh", "-c", command, sys.executable, source])
            worker.send(call(1, "add", 1, 2), call(2, "upper", "printed"))
            self.assertEqual(self.codes(worker, 2), [(1, 3), (2, None)])
            self.assertEqual(worker.finish(), (0, b"", b"printed\n"))

    def test_command_with_the_shell_is_the_line_of_the_shell(self):
        self.assertIn("`" + '{"sh", "-c", "' + wrapper.strip() + '"}`', page)


if __name__ == "__main__":
    unittest.main()
