# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""A worker with tools/worker-conformance as its parent: what every message of it must be."""

import fcntl
import json
import os
import select
import signal
import subprocess
import termios
import threading
import time


class Failure(Exception):
    """What a worker did wrong."""


class Note(Exception):
    """What is allowed, but unwise."""


class Skip(Exception):
    """What a check would need."""


def expect(condition, reason):
    if not condition:
        raise Failure(reason)


class Worker:
    """A worker, with the tool as its parent."""

    def __init__(self, options):
        self.timeout = options.timeout
        self.test_jobs = not options.no_test_jobs
        self.process = subprocess.Popen(
            options.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
            env={**os.environ, "LEASEPOOL_WORKER": "1"}, start_new_session=True)
        self.received = b""
        self.stderr = []
        self.listener = threading.Thread(target=self._read_stderr, daemon=True)
        self.listener.start()
        self.ready = None
        self.pipelines = False

    def start(self, limits):
        message = self.receive("leasepool/ready")
        expect(message.get("method") == "leasepool/ready", f"the first message is {message}")
        self.ready = message.get("params")
        expect(isinstance(self.ready, dict), "the params of ready are no object")
        self.pipelines = "pipelining" in self.ready.get("capabilities", [])
        self.send({"method": "leasepool/limits", "params": limits})

    def _read_stderr(self):
        for line in self.process.stderr:
            self.stderr.append(line.decode(errors="replace"))

    def send_bytes(self, data):
        try:
            while data:
                data = data[self.process.stdin.write(data):]
        except BrokenPipeError:
            raise Failure("it has closed its stdin") from None

    def wait_until_read(self):
        """Returns when the worker has taken out of the pipe what was sent."""
        give_up = time.monotonic() + self.timeout
        while fcntl.ioctl(self.process.stdin, termios.FIONREAD, bytes(4)) != bytes(4):
            if time.monotonic() > give_up:
                raise Failure(f"it has not read for {self.timeout} s")
            time.sleep(0.001)

    def send(self, *messages):
        self.send_bytes(b"".join(encode(message) for message in messages))

    def read(self, what):
        """Some bytes; none at the end."""
        if not select.select([self.process.stdout], [], [], self.timeout)[0]:
            raise Failure(f"it was waited {self.timeout} s for {what}")
        return os.read(self.process.stdout.fileno(), 65536)

    def line(self, what):
        while b"\n" not in self.received:
            data = self.read(what)
            if not data:
                break
            self.received += data
        line, end, self.received = self.received.partition(b"\n")
        if line or end:
            return line + end
        status = self.wait()
        self.listener.join(self.timeout)
        said = "".join(self.stderr[-3:]).strip()
        raise Failure(f"it ended (status {status}) where it should send {what}"
                      + (f"; stderr: {said}" if said else ""))

    def receive(self, what):
        """The next message. Everything on stdout must be one."""
        line = self.line(what)
        shown = repr(line[:80])
        expect(line.endswith(b"\n"), f"it stopped in the middle of a line: {shown}")
        try:
            message = json.loads(line.decode("utf-8"), parse_constant=forbid_constant)
        except ValueError as e:
            raise Failure(f"what it sent is not JSON ({e}): {shown}") from None
        expect(isinstance(message, dict), f"what it sent is no object: {shown}")
        expect(message.get("jsonrpc") == "2.0", f'"jsonrpc" is not "2.0": {shown}')
        if "method" in message:
            expect("id" not in message, f"a worker sends no requests: {shown}")
        else:
            expect("id" in message, f'an answer without "id": {shown}')
            expect(("result" in message) != ("error" in message),
                   f'an answer has either "result" or "error": {shown}')
            if "error" in message:
                check_error(message["error"])
        return message

    def answer(self):
        """The next answer; log and progress are passed over."""
        while True:
            message = self.receive("an answer")
            if "method" not in message:
                return message

    def answers(self, count):
        """By id, of as many requests; a second answer to one is a failure."""
        found = {}
        for _ in range(count):
            message = self.answer()
            expect(message["id"] not in found, f"two answers to request {message['id']}")
            found[message["id"]] = message
        return found

    def ask(self, request):
        """Sends a request and takes its answer."""
        self.send(request)
        message = self.answer()
        same = type(message["id"]) is int and message["id"] == request["id"]
        expect(same, f"the answer to request {request['id']} has id {message['id']!r}")
        return message

    def wait(self):
        try:
            return self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"it did not exit within {self.timeout} s") from None

    def finish(self):
        """The end of every check that goes well: EOF, nothing more on stdout, status 0."""
        self.process.stdin.close()
        rest = self.received + self.read("end of stdout after that of stdin")
        expect(not rest, f"it sent more than was asked for: {rest[:80]!r}")
        status = self.wait()
        expect(status == 0, f"at EOF it exited with status {status} instead of 0")

    def drop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.listener.join(self.timeout)
        for stream in self.process.stdin, self.process.stdout, self.process.stderr:
            try:
                stream.close()
            except BrokenPipeError:
                pass


def forbid_constant(name):
    raise ValueError(f"{name} is not JSON")


def encode(message):
    text = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False)
    return text.encode() + b"\n"


def call(id, method, *params):
    return {"id": id, "method": method, "params": list(params)}


def cancel(id):
    return {"method": "leasepool/cancel", "params": {"id": id}}


RESUME = {"method": "leasepool/resume"}


def check_error(error):
    expect(isinstance(error, dict), '"error" is no object')
    code = error.get("code")
    expect(type(code) is int and -2**31 <= code < 2**31, '"code" is no whole number of 32 bits')
    expect(isinstance(error.get("message"), str), '"message" of an error is no string')


def code_of(message):
    return message["error"]["code"] if "error" in message else None


def expect_code(message, *codes):
    found = code_of(message)
    expect(found in codes, f"the answer to request {message['id']} should be error "
           f"{' or '.join(map(str, codes))}, but is {found if found else 'a result'}")


def expect_result(message, value):
    expect("result" in message, f"a result was expected, but it is {message.get('error')}")
    found = message["result"]
    same = found == value and isinstance(found, bool) == isinstance(value, bool)
    expect(same, f"{value!r} was expected, but it is {str(found)[:80]!r}")
