# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""The checks of tools/worker-conformance. Each gets a worker that is ready, and is described by its
docstring."""

import json
import signal

from worker_messages import MAX_DEPTH, MAX_MESSAGE_BYTES, NOT_BEGUN, RESUME, Ended, Failure, Skip, \
    call, cancel, code_of, encode, expect, expect_code, expect_result, same, same_as_double, show

LIMITS = {"max_message_bytes": MAX_MESSAGE_BYTES, "max_depth": MAX_DEPTH}
SMALL_LIMITS = {"max_message_bytes": 1024, "max_depth": 8}
UNKNOWN = "no such job, of this name"
DOUBLES = ("its numbers are doubles, so jobs cannot take or return integers above 2^53; the ids of "
           "requests are small enough")


def ready(worker):
    """ready has a version, a pid, methods and capabilities as they should be"""
    methods = worker.ready["methods"]
    expect(len(set(methods)) == len(methods), "a method is named twice")
    expect(all(m and not m.startswith("leasepool/") for m in methods),
           'a method has no name, or one that begins with "leasepool/"')
    if worker.ready["pid"] != worker.process.pid:
        worker.note(f'"pid" is {worker.ready["pid"]}, but the process that was started is '
                    f"{worker.process.pid}: a parent sends it one request at a time")
    worker.finish()


def end_of_input(worker):
    """at EOF it exits with status 0 and sends no answer"""
    worker.finish()


def requests_then_eof(worker):
    """requests with EOF right behind them are answered, in their order"""
    worker.send(*(call(id, UNKNOWN) for id in (1, 2, 3)))
    worker.close_input()
    for id in 1, 2, 3:
        message = worker.answer()
        expect(message["id"] == id, f"an answer to {show(message['id'])} where that to {id} is due")
        expect_code(message, -32601)
    worker.finish()


def unknown_method(worker):
    """a method it does not have is answered with error -32601"""
    for id, method in enumerate((UNKNOWN, "leasepool/ready", "leasepool/of_tomorrow"), 1):
        expect_code(worker.ask(call(id, method)), -32601)
    worker.finish()


def ids(worker):
    """ids are repeated exactly, up to 2^64 - 1"""
    for id in 1, 2**31, 2**53, 2**53 + 1, 2**63, 2**64 - 1:
        worker.send(call(id, UNKNOWN))
        found = worker.any_answer()["id"]
        if same_as_double(found, id) and not same(found, id):
            worker.note(DOUBLES)
        else:
            expect(type(found) is int and found == id,
                   f"the answer to request {id} has id {show(found)}")
    worker.finish()


def params(worker):
    """params may be an array, an object, null or left out"""
    for id, params in enumerate(([], [1, {"a": [None, True]}], {}, {"a": 1}, None), 1):
        expect_code(worker.ask({"id": id, "method": UNKNOWN, "params": params}), -32601)
    expect_code(worker.ask({"id": 9, "method": UNKNOWN}), -32601)
    worker.finish()


def notifications(worker):
    """notifications that it does not know are ignored, and not answered"""
    worker.send({"method": "leasepool/of_tomorrow", "params": {"a": 1}}, {"method": UNKNOWN},
                {"method": "leasepool/of_tomorrow", "params": [1]})
    worker.ask(call(1, UNKNOWN))
    worker.finish()


def lines(worker):
    """a message is taken however it is written: order, escapes, blanks, \\r\\n, in pieces"""
    name = json.dumps(UNKNOWN)
    for id, text in enumerate((
        '{"id":1,"params":[],"method":%s,"jsonrpc":"2.0"}\n' % name,
        '{"jsonrpc":"2.0","method":%s,"params":["\\u00e9\\ud83d\\ude00\\n é😀"],"id":2}\n' % name,
        ' { "jsonrpc" : "2.0" , "method" : %s , "id" : 3 }\r\n' % name,
        '{"jsonrpc":"2.0","method":%s,"id":4,"of_tomorrow":{"id":2}}\n' % name,
    ), 1):
        worker.send_bytes(text.encode())
        message = worker.answer()
        expect(message["id"] == id, f"the answer to request {id} has id {show(message['id'])}")
        expect_code(message, -32601)
    for byte in encode(call(5, UNKNOWN, "é")):
        worker.send_bytes(bytes([byte]))
        worker.wait_until_read()
    expect_code(worker.answer(), -32601)
    worker.finish()


def many(worker):
    """a thousand requests get an answer each, in their order"""
    requests = [call(id, UNKNOWN, id) for id in range(1, 1001)]
    if worker.pipelines:
        worker.send(*requests)
        found = [worker.answer()["id"] for _ in requests]
    else:
        found = [worker.ask(request)["id"] for request in requests]
    expect(found == list(range(1, 1001)), "the answers come in another order than the requests")
    worker.finish()


def large(worker):
    """a request of a mebibyte, and one that is 60 deep, are read"""
    worker.ask(call(1, UNKNOWN, "x" * 2**20))
    nested = []
    for _ in range(60):
        nested = [nested]
    worker.ask(call(2, UNKNOWN, nested))
    worker.finish()


def ignores(worker, line, *codes):
    """Whether the worker ignores a line that it cannot read. If not, it must answer with one of the
    errors, or end."""
    worker.send_bytes(line + encode(call(1, UNKNOWN)))
    try:
        message = worker.any_answer()
    except Ended as e:
        expect(e.status != 0, "it exited with status 0, as if nothing were wrong")
        return False
    if message["id"] == 1 and code_of(message) == -32601:
        return True
    expect(message["id"] is None, f"the id of such an answer is null, not {show(message['id'])}")
    expect_code(message, *codes)
    return False


def not_json(worker):
    """what is not JSON is answered with error -32700, or ends it with another status than 0"""
    expect(not ignores(worker, b"This is not JSON.\n", -32700), "it ignored a line that is not JSON")


def not_a_message(worker):
    """what is JSON but no message is answered with error -32600 or -32700, or ends it"""
    if ignores(worker, b"[]\n", -32600, -32700):
        worker.note("it ignored an array, so a fault between it and its parent goes unnoticed")


def pause(worker):
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
    expect_code(worker.ask(call(2, UNKNOWN)), NOT_BEGUN)
    worker.send(cancel(99), call(3, UNKNOWN), RESUME, call(4, UNKNOWN), RESUME, call(5, UNKNOWN))
    found = worker.answers(3)
    expect(sorted(found) == [3, 4, 5], f"answers to {sorted(found)} instead of 3, 4 and 5")
    expect_code(found[3], NOT_BEGUN)
    expect_code(found[4], -32601)
    expect_code(found[5], -32601)
    worker.finish()


def pause_in_a_burst(worker):
    """cancel in a burst of requests: one answer each, whatever had begun"""
    need(worker, "pipelining")
    burst = [call(id, UNKNOWN) for id in range(1, 51)]
    worker.send(*burst, cancel(50), call(51, UNKNOWN), RESUME, call(52, UNKNOWN))
    found = worker.answers(52)
    expect(sorted(found) == list(range(1, 53)), "not every request of the burst was answered")
    not_begun = [code_of(found[id]) == NOT_BEGUN for id in range(1, 52)]
    expect(not_begun == sorted(not_begun), "a request was begun after one that was answered as not begun")
    expect(not_begun[-1], "a request between cancel and resume was begun")
    for id in range(1, 51):
        expect_code(found[id], NOT_BEGUN, -32601)
    expect_code(found[52], -32601)
    worker.finish()


def no_reader(worker):
    """it ends when its parent is gone, that is, when its stdin and stdout are closed"""
    worker.close_input()
    worker.close_output()
    worker.wait()


def sigterm(worker):
    """SIGTERM does not end it"""
    worker.ask(call(1, UNKNOWN))
    worker.process.send_signal(signal.SIGTERM)
    try:
        worker.send(call(2, UNKNOWN))
        worker.answer()
    except Ended:
        worker.note("SIGTERM ends it, so a service manager that stops the service ends its jobs")
        return
    worker.finish()


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
        None, True, False, 0, -1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -2**63, 2**64 - 1,
        # Doubles that need 17 digits, and the ends of their range.
        0.1, -1.5e-7, 0.1 + 0.2, 1 / 3, 100 / 3, -2 / 3e-9, 9.87654321098765e22 / 7,
        1.7976931348623157e308, 2.2250738585072014e-308, 5e-324,
        "", "\u00e9\U0001f600\u2028\u0000\"\\/\n\x7f", [], {}, [[], {}],
        {"": None, "a": {"b": [1, 2.5, "c"]}}, "x" * 2**20, list(range(10000)),
    ), 1):
        message = worker.ask(call(id, "echo", value))
        found = message.get("result")
        if same_as_double(found, value) and not same(found, value):
            worker.note(DOUBLES)
        else:
            expect_result(message, value)
    worker.finish()


def fail(worker):
    """a job that fails is answered with error -32000 or its own, and the worker goes on"""
    need(worker, "fail")
    for id, text in enumerate(("boom", "bäng 😀", ""), 1):
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
    for id, params in enumerate(([], [1, 2, 3], {"no such parameter": 1}), 1):
        message = worker.ask({"id": id, "method": "echo", "params": params})
        expect_code(message, -32602, -32000)
    expect_result(worker.ask(call(9, "echo", 1)), 1)
    worker.finish()


def printing(worker):
    """what a job prints does not get into stdout"""
    need(worker, "print")
    text = "printed by a job"
    worker.sought = text.encode()
    message = worker.ask(call(1, "print", text))
    expect("result" in message, f"print failed: {message.get('error')}")
    worker.finish()
    if worker.sought:
        worker.note("what a job prints is not on stderr either, so it is lost")


def too_large(worker):
    """an answer longer than the limits is error -32002"""
    need(worker, "repeat")
    message = worker.ask(call(1, "repeat", 2000))
    if "result" in message:
        worker.note("it ignores the limits, so a larger answer would be the end of it")
        return
    expect_code(message, -32002)
    message = worker.ask(call(2, "repeat", 900))
    text = message.get("result")
    expect(isinstance(text, str) and len(text) == 900, "repeat(900) is no string of 900 characters")
    worker.finish()


def long_error(worker):
    """the text of an error is shortened, so that the answer keeps to the limits"""
    need(worker, "fail")
    message = worker.ask(call(1, "fail", "x" * 900))
    expect("error" in message, "fail returned a result")
    if len(encode(message)) > 1024:
        worker.note("it ignores the limits, so an error with a longer text would be the end of it")
    worker.finish()


too_large.limits = long_error.limits = SMALL_LIMITS


def cancel_running(worker):
    """cancel stops the job that runs; what waits is answered at once, and does not begin"""
    need(worker, "pipelining", "sleep")
    id, pause = 1, 0.01
    while True:
        worker.ask(call(id + 1, UNKNOWN))
        worker.send(call(id + 2, "sleep", 3600), call(id + 3, UNKNOWN))
        # There is no telling whether a job has begun; if it has not, it is given more time.
        worker.wait_a_while(pause)
        worker.send(cancel(id + 2))
        found = worker.answers(2)
        expect(sorted(found) == [id + 2, id + 3], f"answers to {sorted(found)}, not to the two requests")
        expect_code(found[id + 3], NOT_BEGUN)
        worker.send(RESUME)
        expect_code(worker.ask(call(id + 4, UNKNOWN)), -32601)
        code = code_of(found[id + 2])
        if code != NOT_BEGUN:
            break
        expect(pause < worker.timeout, "the job does not begin")
        id, pause = id + 4, pause * 2
    expect("result" in found[id + 2] or code == -32003,
           f"a job that was canceled is answered with error {code}")
    worker.finish()


def reads_while_busy(worker):
    """while a job runs, what is behind a cancel of another is answered"""
    need(worker, "pipelining", "sleep")
    worker.ask(call(1, UNKNOWN))
    worker.send(call(2, "sleep", 3600))
    worker.wait_a_while(0.05)
    worker.send(cancel(99), call(3, UNKNOWN))
    found = worker.answer()
    if found["id"] == 2:  # it had not begun
        expect_code(found, NOT_BEGUN)
        found = worker.answer()
    expect(found["id"] == 3, f"an answer to {show(found['id'])} instead of 3")
    expect_code(found, NOT_BEGUN)


def must_end_soon(worker):
    try:
        worker.wait()
    except Failure:
        worker.note("it goes on, although its answer will not be read; a worker that cannot stop the job "
                    "kills its process group")


def dies_while_busy(worker):
    """it ends soon when its parent is gone while a job runs"""
    need(worker, "sleep")
    worker.send(call(1, "sleep", 3600))
    worker.close_input()
    worker.close_output()
    must_end_soon(worker)


def eof_while_busy(worker):
    """it ends soon after EOF while a job runs, also if something still reads its stdout"""
    need(worker, "sleep")
    worker.send(call(1, "sleep", 3600))
    worker.close_input()
    must_end_soon(worker)


CHECKS = [ready, end_of_input, requests_then_eof, unknown_method, ids, params, notifications, lines, many,
          large, not_json, not_a_message, pause, pause_in_a_burst, no_reader, sigterm, echo, fail,
          bad_arguments, printing, too_large, long_error, cancel_running, reads_while_busy,
          dies_while_busy, eof_while_busy]
