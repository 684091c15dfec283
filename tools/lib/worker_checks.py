# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""The checks of tools/worker-conformance. Each gets a worker that is ready, and is described by its
docstring."""

import json
import subprocess
import threading
import time

from worker_process import RESUME, Failure, Note, Skip, call, cancel, code_of, encode, expect, \
    expect_code, expect_result

LIMITS = {"max_message_bytes": 16777216, "max_depth": 64}
UNKNOWN = "no such job, of this name"


def ready(worker):
    """ready has a version, a pid, methods and capabilities as they should be"""
    params = worker.ready
    expect(params.get("version") == 1, f'"version" is {params.get("version")!r}, not 1')
    expect(type(params.get("pid")) is int and params["pid"] > 0, '"pid" is no process id')
    methods = params.get("methods")
    expect(isinstance(methods, list) and all(isinstance(m, str) for m in methods),
           '"methods" is no array of strings')
    expect(len(set(methods)) == len(methods), "a method is named twice")
    expect(all(m and not m.startswith("leasepool/") for m in methods),
           'a method has no name, or one that begins with "leasepool/"')
    capabilities = params.get("capabilities", [])
    expect(isinstance(capabilities, list) and all(isinstance(c, str) for c in capabilities),
           '"capabilities" is no array of strings')
    worker.finish()


def end_of_input(worker):
    """at EOF it exits with status 0 and sends nothing more"""
    worker.finish()


def unknown_method(worker):
    """a method it does not have is answered with error -32601"""
    for id, method in enumerate((UNKNOWN, "leasepool/ready", "leasepool/of_tomorrow")):
        expect_code(worker.ask(call(id, method)), -32601)
    worker.finish()


def ids(worker):
    """ids are repeated exactly, up to 2^64 - 1"""
    for id in 0, 1, 2**31, 2**53 + 1, 2**63, 2**64 - 1:
        worker.ask(call(id, UNKNOWN))
    worker.finish()


def params(worker):
    """params may be an array, an object, null or left out"""
    for id, params in enumerate(([], [1, {"a": [None, True]}], {}, {"a": 1}, None)):
        expect_code(worker.ask({"id": id, "method": UNKNOWN, "params": params}), -32601)
    expect_code(worker.ask({"id": 9, "method": UNKNOWN}), -32601)
    worker.finish()


def notifications(worker):
    """notifications that it does not know are passed over, unanswered"""
    worker.send({"method": "leasepool/of_tomorrow", "params": {"a": 1}}, {"method": UNKNOWN},
                {"method": "leasepool/of_tomorrow", "params": [1]})
    worker.ask(call(1, UNKNOWN))
    worker.finish()


def lines(worker):
    """a message is taken however it is written: order, escapes, blanks, \\r\\n, in pieces"""
    name = json.dumps(UNKNOWN)
    for text in (
        '{"id":1,"params":[],"method":%s,"jsonrpc":"2.0"}\n' % name,
        '{"jsonrpc":"2.0","method":%s,"params":["\\u00e9\\ud83d\\ude00\\n é😀"],"id":1}\n' % name,
        ' { "jsonrpc" : "2.0" , "method" : %s , "id" : 1 }\r\n' % name,
        '{"jsonrpc":"2.0","method":%s,"id":1,"of_tomorrow":{"id":2}}\n' % name,
    ):
        worker.send_bytes(text.encode())
        message = worker.answer()
        expect(message["id"] == 1, f"the answer to request 1 has id {message['id']!r}")
        expect_code(message, -32601)
    for byte in encode(call(2, UNKNOWN, "é")):
        worker.send_bytes(bytes([byte]))
        worker.wait_until_read()
    expect_code(worker.answer(), -32601)
    worker.finish()


def many(worker):
    """a thousand requests get an answer each, in their order"""
    requests = [call(id, UNKNOWN, id) for id in range(1000)]
    if worker.pipelines:
        # The parent reads at all times, while it writes too.
        sender = threading.Thread(target=lambda: worker.send(*requests), daemon=True)
        sender.start()
        found = [worker.answer()["id"] for _ in requests]
        sender.join()
    else:
        found = [worker.ask(request)["id"] for request in requests]
    expect(found == list(range(1000)), "the answers come in another order than the requests")
    worker.finish()


def large(worker):
    """a request of a mebibyte, and one that is 60 deep, are read"""
    worker.ask(call(1, UNKNOWN, "x" * 2**20))
    nested = []
    for _ in range(60):
        nested = [nested]
    worker.ask(call(2, UNKNOWN, nested))
    worker.finish()


def answered_or_ended(worker, line, codes):
    worker.send_bytes(line)
    try:
        message = worker.answer()
    except Failure:
        if worker.process.poll() is None:
            raise
        expect(worker.wait() != 0, "it exited with status 0, as if nothing were wrong")
        return
    expect(message["id"] is None, f"the id of such an answer is null, not {message['id']!r}")
    expect_code(message, *codes)


def not_json(worker):
    """what is not JSON is answered with error -32700, or ends it with another status than 0"""
    answered_or_ended(worker, b"This is not JSON.\n", [-32700])


def no_message(worker):
    """what is JSON but no message is answered with error -32600 or -32700, or ends it"""
    # Told apart from one that passes it over by the answer to the next request.
    worker.send_bytes(b"[]\n")
    try:
        worker.send(call(7, UNKNOWN))
        message = worker.answer()
    except Failure:
        if worker.process.poll() is None:
            raise
        expect(worker.wait() != 0, "it exited with status 0, as if nothing were wrong")
        return
    if message["id"] == 7:
        raise Note("it passed over an array; something between the two would go unnoticed")
    expect(message["id"] is None, f"the id of such an answer is null, not {message['id']!r}")
    expect_code(message, -32600, -32700)


def bar(worker):
    """after cancel nothing begins until resume, but everything is answered"""
    if not worker.pipelines:
        worker.ask(call(1, UNKNOWN))
        worker.send(cancel(1), RESUME)
        expect_code(worker.ask(call(2, UNKNOWN)), -32601)
        worker.send(cancel(99), RESUME)
        expect_code(worker.ask(call(3, UNKNOWN)), -32601)
        worker.finish()
        return
    worker.ask(call(1, UNKNOWN))
    worker.send(cancel(1))
    expect_code(worker.ask(call(2, UNKNOWN)), -32004)
    worker.send(cancel(99), call(3, UNKNOWN), RESUME, call(4, UNKNOWN), RESUME, call(5, UNKNOWN))
    found = worker.answers(3)
    expect(sorted(found) == [3, 4, 5], f"answers to {sorted(found)} instead of 3, 4 and 5")
    expect_code(found[3], -32004)
    expect_code(found[4], -32601)
    expect_code(found[5], -32601)
    worker.finish()


def bar_in_a_burst(worker):
    """cancel in a burst of requests: one answer each, whatever had begun"""
    need(worker, "pipelining")
    burst = [call(id, UNKNOWN) for id in range(50)]
    worker.send(*burst, cancel(49), call(50, UNKNOWN), RESUME, call(51, UNKNOWN))
    found = worker.answers(52)
    expect(sorted(found) == list(range(52)), "not every request of the burst was answered")
    aside = [code_of(found[id]) == -32004 for id in range(51)]
    expect(aside == sorted(aside), "a request was begun behind one that was put aside")
    expect(aside[50], "a request between cancel and resume was begun")
    for id in range(50):
        expect_code(found[id], -32004, -32601)
    expect_code(found[51], -32601)
    worker.finish()


def no_reader(worker):
    """it ends when its parent is gone, that is, when its stdin and stdout are closed"""
    worker.process.stdin.close()
    worker.process.stdout.close()
    worker.wait()


# With jobs that the tool knows ---------------------------------------------------------------------

def need(worker, *names):
    for name in names:
        have = worker.pipelines if name == "pipelining" else (
            worker.test_jobs and name in worker.ready["methods"])
        if not have:
            raise Skip(f"it has no {'job ' if name != 'pipelining' else ''}{name}")


def echo(worker):
    """values come back from echo as they were"""
    need(worker, "echo")
    for id, value in enumerate((
        None, True, False, 0, -1, 2**53 + 1, 2**63 - 1, -2**63, 2**64 - 1, 0.1, -1.5e-7, 1e308, "",
        "é😀\u2028\u0000\"\\/\n\x7f", [], {}, [[], {}], {"": None, "a": {"b": [1, 2.5, "c"]}},
        "x" * 2**20, list(range(10000)),
    )):
        expect_result(worker.ask(call(id, "echo", value)), value)
    worker.finish()


def fail(worker):
    """a job that fails is answered with error -32000 or its own, and the worker goes on"""
    need(worker, "fail")
    for id, text in enumerate(("boom", "bäng 😀", "")):
        message = worker.ask(call(id, "fail", text))
        expect("error" in message, "fail returned a result")
        code = code_of(message)
        own = -32099 <= code <= -32005 or code < -32768 or code > -32000
        expect(code == -32000 or own, f"error {code} does not say that a job failed")
        data = message["error"].get("data") or {}
        expect(isinstance(data, dict) and all(isinstance(v, str) for v in data.values()),
               "the members of data are not all strings")
        said = message["error"]["message"] + data.get("what", "")
        expect(not text.isascii() or text in said, "the text of the failure is not in the error")
    worker.finish()


def bad_arguments(worker):
    """wrong arguments are an error of the request alone"""
    need(worker, "echo")
    for id, params in enumerate(([], [1, 2, 3], {"no such parameter": 1})):
        message = worker.ask({"id": id, "method": "echo", "params": params})
        expect_code(message, -32602, -32000)
    expect_result(worker.ask(call(9, "echo", 1)), 1)
    worker.finish()


def printing(worker):
    """what a job prints does not get into stdout"""
    need(worker, "print")
    text = "printed by a job"
    message = worker.ask(call(1, "print", text))
    expect("result" in message, f"print failed: {message.get('error')}")
    worker.finish()
    worker.listener.join(worker.timeout)
    if text not in "".join(worker.stderr):
        raise Note("what a job prints is on stderr neither, so nobody will see it")


def too_large(worker):
    """an answer longer than the limits is error -32002"""
    need(worker, "repeat")
    message = worker.ask(call(1, "repeat", 2000))
    if "result" in message:
        raise Note("it passes over the limits; a larger answer would be the end of it")
    expect_code(message, -32002)
    message = worker.ask(call(2, "repeat", 900))
    expect("result" in message and len(message["result"]) == 900,
           "repeat(900) is not 900 characters long")
    worker.finish()


too_large.limits = {"max_message_bytes": 1024, "max_depth": 8}


def cancel_running(worker):
    """cancel stops the job that runs; what waits is put aside at once"""
    need(worker, "pipelining", "sleep")
    id, pause = 0, 0.01
    while True:
        worker.ask(call(id + 1, UNKNOWN))
        worker.send(call(id + 2, "sleep", 3600), call(id + 3, UNKNOWN))
        # There is no telling whether a job has begun; if it has not, it is given more time.
        time.sleep(pause)
        worker.send(cancel(id + 2))
        found = worker.answers(2)
        expect(sorted(found) == [id + 2, id + 3], f"answers to {sorted(found)}, not to the two requests")
        expect_code(found[id + 3], -32004)
        worker.send(RESUME)
        expect_code(worker.ask(call(id + 4, UNKNOWN)), -32601)
        code = code_of(found[id + 2])
        if code != -32004:
            break
        expect(pause < worker.timeout, "the job does not begin")
        id, pause = id + 4, pause * 2
    expect("result" in found[id + 2] or code == -32003,
           f"a job that was canceled is answered with error {code}")
    worker.finish()


def reads_while_busy(worker):
    """while a job runs, what is behind a cancel of another is answered"""
    need(worker, "pipelining", "sleep")
    worker.ask(call(0, UNKNOWN))
    worker.send(call(1, "sleep", 3600))
    time.sleep(0.05)
    worker.send(cancel(99), call(2, UNKNOWN))
    found = worker.answer()
    if found["id"] == 1:  # it had not begun
        expect_code(found, -32004)
        found = worker.answer()
    expect(found["id"] == 2, f"an answer to {found['id']!r} instead of 2")
    expect_code(found, -32004)


def dies_while_busy(worker):
    """it ends soon when its parent is gone while a job runs"""
    need(worker, "sleep")
    worker.send(call(1, "sleep", 3600))
    worker.process.stdin.close()
    worker.process.stdout.close()
    try:
        worker.process.wait(worker.timeout)
    except subprocess.TimeoutExpired:
        raise Note("it goes on for nobody; see whether the job can be stopped at EOF") from None


CHECKS = [ready, end_of_input, unknown_method, ids, params, notifications, lines, many, large,
          not_json, no_message, bar, bar_in_a_burst, no_reader, echo, fail, bad_arguments, printing,
          too_large, cancel_running, reads_while_busy, dies_while_busy]
