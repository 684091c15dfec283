# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""A worker with tools/worker-conformance as its parent. The checks call it; it calls worker_messages.

One thread does everything: `pump` writes to the worker and reads its stdout and stderr whenever it is
possible, so that neither side can block the other. Each wait and each buffer has a bound."""

import fcntl
import os
import select
import signal
import subprocess
import termios
import time

from worker_messages import GOODBYE, MAX_MESSAGE_BYTES, NOT_BEGUN, READY, Ended, Failure, Skip, \
    StartFailure, check_ready, code_of, encode, expect, is_id, parse, show, too_long

BLOCK = 65536
MAX_UNREAD_BYTES = 4 * MAX_MESSAGE_BYTES  # sent by the worker while the tool did not wait for it
KEPT_STDERR_BYTES = 65536


class Worker:
    """A worker, with the tool as its parent."""

    def __init__(self, options):
        self.timeout = options.timeout
        self.test_jobs = not options.no_test_jobs
        self.received = bytearray()
        self.scanned = 0  # number of bytes at the start of `received` that contain no line end
        self.unsent = b""
        self.stderr = bytearray()  # its end
        self.sought = b""  # empty from when it was on stderr
        self.notes = []
        self.input_closed = False
        self.said_goodbye = False
        self.ready = None
        self.pipelines = False
        environment = {"LEASEPOOL_LOG_LEVEL": "info", **os.environ, "LEASEPOOL_WORKER": "1"}
        try:
            self.process = subprocess.Popen(
                options.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                bufsize=0, env=environment, start_new_session=True)
        except (OSError, ValueError) as e:
            raise StartFailure(f"it cannot be started: {e}") from None
        for stream in self.process.stdin, self.process.stdout, self.process.stderr:
            os.set_blocking(stream.fileno(), False)

    def start(self, limits):
        try:
            message = self.receive("ready")
            self.ready = check_ready(message)
            self.pipelines = "pipelining" in self.ready.get("capabilities", [])
            self.send({"method": "leasepool/limits", "params": limits})
        except Failure as e:
            raise StartFailure(str(e)) from None

    def note(self, text):
        """Remarks on what is allowed, but unwise."""
        if text not in self.notes:
            self.notes.append(text)

    # Input and output -----------------------------------------------------------------------------

    def pump(self, seconds):
        """Waits at most this long until a pipe can be read or written, and does that."""
        process = self.process
        readable = [stream for stream in (process.stdout, process.stderr) if not stream.closed]
        writable = [process.stdin] if self.unsent and not process.stdin.closed else []
        if not readable and not writable:
            time.sleep(max(min(seconds, 0.01), 0))
            return False
        readable, writable, _ = select.select(readable, writable, [], max(seconds, 0))
        for stream in readable:
            data = os.read(stream.fileno(), BLOCK)
            if not data:
                stream.close()
            elif stream is process.stderr:
                self.stderr += data
                if self.sought in self.stderr:
                    self.sought = b""
                del self.stderr[:-KEPT_STDERR_BYTES]
            else:
                self.received += data
                expect(len(self.received) <= MAX_UNREAD_BYTES,
                       f"it sent more than {MAX_UNREAD_BYTES} bytes that were not asked for")
        if writable:
            try:
                self.unsent = self.unsent[os.write(process.stdin.fileno(), self.unsent):]
            except BlockingIOError:
                pass
            except BrokenPipeError:
                # It may have sent a goodbye before. So this is no failure yet: no answer comes either.
                self.close_input()
                self.input_closed = True
        return bool(readable or writable)

    def wait_a_while(self, seconds):
        give_up = time.monotonic() + seconds
        while (left := give_up - time.monotonic()) > 0:
            self.pump(left)

    def drain(self):
        """Reads what the worker had sent when it exited; others may hold its pipes open."""
        give_up = self.deadline()
        while self.pump(0) and time.monotonic() < give_up:
            pass

    def deadline(self):
        return time.monotonic() + self.timeout

    def send(self, *messages):
        self.send_bytes(b"".join(encode(message) for message in messages))

    def send_bytes(self, data):
        give_up = self.deadline()
        self.unsent += data
        while self.unsent and not self.input_closed:
            expect(time.monotonic() < give_up, f"it does not read its stdin within {self.timeout:g} s")
            self.pump(give_up - time.monotonic())

    def wait_until_read(self):
        """Returns when the worker has taken out of the pipe what was sent."""
        give_up = self.deadline()
        while not self.input_closed and self.process.poll() is None and \
                fcntl.ioctl(self.process.stdin, termios.FIONREAD, bytes(4)) != bytes(4):
            expect(time.monotonic() < give_up, f"it does not read its stdin within {self.timeout:g} s")
            self.pump(0.001)

    def close_input(self):
        self.unsent = b""
        self.process.stdin.close()

    def close_output(self):
        self.process.stdout.close()
        self.received.clear()
        self.scanned = 0

    # Messages -------------------------------------------------------------------------------------

    def buffered_line(self):
        """The next complete line; none if it is not there yet."""
        end = self.received.find(b"\n", self.scanned)
        if end < 0:
            self.scanned = len(self.received)
            expect(self.scanned <= MAX_MESSAGE_BYTES + 1, too_long(self.received))
            return None
        line = bytes(self.received[:end + 1])
        del self.received[:end + 1]
        self.scanned = 0
        return line

    def line(self, what, give_up):
        while (line := self.buffered_line()) is None:
            if self.process.stdout.closed:
                if self.received:
                    parse(self.received)  # fails: the line has no end
                self.ended(what)
            if time.monotonic() >= give_up:
                raise Failure(f"{what} did not come within {self.timeout:g} s"
                              + (f"; {len(self.received)} bytes of a line did" if self.received else "")
                              + ("; it has closed its stdin" if self.input_closed else "")
                              + self.last_words())
            self.pump(give_up - time.monotonic())
        return line

    def receive(self, what, give_up=None):
        """The next message. Everything on stdout must be one."""
        return self.take(self.line(what, give_up or self.deadline()))

    def take(self, line):
        message, remarks = parse(line)
        for remark in remarks:
            self.note(remark)
        method = message.get("method")
        expect(method != READY or self.ready is None, "it sent a second ready")
        if method == GOODBYE:
            self.said_goodbye = True
        elif method is None and self.said_goodbye:
            expect(code_of(message) == NOT_BEGUN, f"it sent an answer after its goodbye: {show(message)}")
        return message

    def any_answer(self):
        """The next answer, whatever its id is. Notifications are passed over."""
        give_up = self.deadline()
        while True:
            message = self.receive("an answer", give_up)
            if "method" not in message:
                return message
            if self.said_goodbye:
                self.finish()
                raise Skip("it sent a goodbye, and ended, before the check was done")
            expect(time.monotonic() < give_up, f"an answer did not come within {self.timeout:g} s, "
                   "only notifications")

    def answer(self):
        """The next answer to a request."""
        message = self.any_answer()
        id = message["id"]
        expect(id is not None or "error" not in message,
               f"it could not read a message that is right: {show(message.get('error'))}")
        expect(is_id(id), f"the id of an answer is {show(id)}, no unsigned 64-bit integer")
        return message

    def answers(self, count):
        """By id, of this many requests; a second answer to one is a failure."""
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
        expect(message["id"] == request["id"],
               f"the answer to request {request['id']} has id {show(message['id'])}")
        return message

    # The end --------------------------------------------------------------------------------------

    def wait(self, late="it did not exit", quiet=False):
        """The exit status; `quiet`: it may send no more answers."""
        give_up = self.deadline()
        while self.process.poll() is None:
            if quiet:
                self.expect_no_answer()
            if time.monotonic() >= give_up:
                raise Failure(f"{late} within {self.timeout:g} s" + self.last_words())
            self.pump(min(0.02, give_up - time.monotonic()))
        return self.process.returncode

    def ended(self, what):
        """Fails, because the worker has closed its stdout."""
        status = self.wait("it closed its stdout and did not exit")
        self.drain()
        raise Ended(f"it ended ({describe(status)}) where it should send {what}" + self.last_words(), status)

    def expect_no_answer(self):
        while (line := self.buffered_line()) is not None:
            message = self.take(line)
            expect("method" in message or self.said_goodbye,
                   f"it sent more answers than it had requests: {line[:80]!r}")

    def finish(self):
        """The end of every check that goes well: EOF, no more answers, status 0."""
        self.close_input()
        status = self.wait("after the end of its stdin it did not exit", quiet=True)
        self.drain()
        self.expect_no_answer()
        if self.received:
            parse(self.received)  # fails: the line has no end
        expect(status == 0 or self.said_goodbye,
               f"at EOF it exited with {describe(status)} instead of status 0" + self.last_words())
        self.note_survivors()

    def note_survivors(self):
        """Remarks on processes that the worker has started and not ended."""
        give_up = time.monotonic() + 1  # they may be about to end
        while survives(self.process.pid) or not self.process.stdout.closed:
            if time.monotonic() >= give_up:
                self.note("a process that it started outlives it" if survives(self.process.pid)
                          else "a process that it started still has its stdout")
                return
            self.pump(0.01)

    def last_words(self):
        lines = [line for line in self.stderr.decode(errors="replace").splitlines() if line.strip()]
        return f"; stderr: {' | '.join(lines[-3:])[-300:]}" if lines else ""

    def drop(self):
        """Kills the process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        for stream in self.process.stdin, self.process.stdout, self.process.stderr:
            stream.close()
        try:
            self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            pass  # it belongs to another user, or hangs in the kernel


def survives(group):
    try:
        os.killpg(group, 0)
        return True
    except ProcessLookupError:
        return False
    except PermissionError:
        return True


def describe(status):
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
