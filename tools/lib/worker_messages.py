# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""The messages of doc/protocol.md as tools/worker-conformance reads and writes them. worker_process
calls these functions; each fault is a Failure."""

import json
import math
import re

# The limits that the tool sends to a worker, unless a check sends others. They bound what it reads.
MAX_MESSAGE_BYTES = 16 * 2**20
MAX_DEPTH = 64

READY = "leasepool/ready"
LOG = "leasepool/log"
PROGRESS = "leasepool/progress"
GOODBYE = "leasepool/goodbye"
NOT_BEGUN = -32004
MEMBERS = ("jsonrpc", "id", "method", "params", "result", "error")


class Failure(Exception):
    """What a worker did wrong."""


class StartFailure(Failure):
    """What is wrong with a worker before it has a request; no check can be made then."""


class Ended(Failure):
    """A worker ended where it should not."""

    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


class Skip(Exception):
    """What a check would need."""


def expect(condition, reason):
    if not condition:
        raise Failure(reason)


# Reading ------------------------------------------------------------------------------------------

def parse(line):
    """The message in a complete line, and remarks about it."""
    shown = quoted(line)
    expect(line.endswith(b"\n"), f"it stopped in the middle of a line: {shown}")
    body = line[:-2] if line.endswith(b"\r\n") else line[:-1]
    expect(body, "it sent an empty line")
    expect(len(body) <= MAX_MESSAGE_BYTES, too_long(line))
    expect(not too_deep(body), f"arrays and objects are nested deeper than {MAX_DEPTH}: {shown}")
    repeated = RepeatedMembers()
    try:
        message = json.loads(body.decode("utf-8"), parse_constant=refuse_constant, parse_int=to_integer,
                             parse_float=to_double, object_pairs_hook=repeated.hook)
    except ValueError as e:
        raise Failure(f"what it sent is not JSON ({e}): {shown}") from None
    expect(isinstance(message, dict), f"what it sent is no object: {shown}")
    expect(not has_surrogates(message, body), f"a string has a lone surrogate: {shown}")
    for name in repeated.last:
        expect(name not in MEMBERS, f'"{name}" occurs twice: {shown}')
    check_message(message, shown)
    return message, ["an object in what it sent has a key twice"] if repeated.nested else []


class RepeatedMembers:
    """Finds the keys that occur twice in an object. The outermost object is the last one."""

    def __init__(self):
        self.last = []
        self.nested = False

    def hook(self, pairs):
        made = dict(pairs)
        self.nested = self.nested or bool(self.last)
        self.last = []
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            self.last = [name for name in made if names.count(name) > 1] if len(names) < 1000 else names
        return made


def too_long(line):
    return f"a line is too long: more than {MAX_MESSAGE_BYTES} bytes: {quoted(line)}"


def quoted(line):
    return repr(bytes(line[:80])) + ("..." if len(line) > 80 else "")


def too_deep(body):
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    without_escapes = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    without_strings = re.sub(rb'"[^"]*"', b"", without_escapes)
    depth = 0
    for bracket in re.sub(rb"[^][{}]+", b"", without_strings):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def refuse_constant(name):
    raise ValueError(f"{name} is no number of JSON")


def to_integer(text):
    # int() refuses some thousand digits, and takes quadratic time for fewer.
    if len(text) <= 20:
        number = int(text)
        if -2**63 <= number < 2**64:
            return number
    return to_double(text)


def to_double(text):
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:20]}{'...' if len(text) > 20 else ''} "
                         "is too large for a double")
    return number


def has_surrogates(message, body):
    if not re.search(rb"\\u[dD][89a-fA-F]", body):
        return False
    try:
        json.dumps(message, ensure_ascii=False).encode()
        return False
    except UnicodeEncodeError:
        return True


def check_message(message, shown):
    expect(message.get("jsonrpc") == "2.0", f'"jsonrpc" is not "2.0": {shown}')
    if "method" in message:
        expect("id" not in message, f"a worker sends no requests: {shown}")
        expect("result" not in message and "error" not in message,
               f'a message has "method" and also "result" or "error": {shown}')
        check_notification(message["method"], message.get("params"), shown)
        return
    expect("result" in message or "error" in message,
           f'a message has no "method", "result" or "error": {shown}')
    expect(("result" in message) != ("error" in message),
           f'an answer has both "result" and "error": {shown}')
    expect("id" in message, f'an answer has no "id": {shown}')
    expect("params" not in message, f'an answer has "params": {shown}')
    if "error" in message:
        check_error(message["error"], shown)


def check_notification(method, params, shown):
    expect(isinstance(method, str) and method, f'"method" is no string, or empty: {shown}')
    expect(params is None or isinstance(params, (dict, list)),
           f'"params" is neither an array nor an object: {shown}')
    if method not in (LOG, PROGRESS):
        return
    expect(isinstance(params, dict), f'"params" of {method} is no object: {shown}')
    if method == LOG:
        for name in "severity", "message":
            expect(isinstance(params.get(name), str), f'"{name}" of {method} is no string: {shown}')
    if method == PROGRESS or params.get("id") is not None:
        expect(is_id(params.get("id")), f'"id" of {method} is no unsigned 64-bit integer: {shown}')


def check_error(error, shown):
    expect(isinstance(error, dict), f'"error" is no object: {shown}')
    code = error.get("code")
    expect(type(code) is int and -2**31 <= code < 2**31,
           f'"code" of an error is no 32-bit integer: {shown}')
    expect(isinstance(error.get("message"), str), f'"message" of an error is no string: {shown}')


def check_ready(message):
    """Checks what a parent needs of the first message."""
    expect(message.get("method") == READY, f"the first message is not {READY}, but {show(message)}")
    params = message.get("params")
    expect(isinstance(params, dict), '"params" of ready is no object')
    version = params.get("version")
    expect(type(version) is int and version == 1, f'"version" is {show(version)}, not 1')
    pid = params.get("pid")
    expect(type(pid) is int and 0 < pid < 2**63, f'"pid" is {show(pid)}, which is no process id')
    for name in "methods", "capabilities":
        value = params.get(name, None if name == "methods" else [])
        expect(isinstance(value, list) and all(isinstance(each, str) for each in value),
               f'"{name}" is {show(value)}, no array of strings')
    return params


def is_id(value):
    return type(value) is int and 0 <= value < 2**64


def show(value):
    """A value in a reason, as short text."""
    text = json.dumps(value)
    return text if len(text) <= 120 else text[:120] + "..."


# Writing ------------------------------------------------------------------------------------------

def encode(message):
    text = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False)
    return text.encode() + b"\n"


def call(id, method, *params):
    return {"id": id, "method": method, "params": list(params)}


def cancel(id):
    return {"method": "leasepool/cancel", "params": {"id": id}}


RESUME = {"method": "leasepool/resume"}


# Answers ------------------------------------------------------------------------------------------

def code_of(message):
    return message["error"]["code"] if "error" in message else None


def expect_code(message, *codes):
    found = code_of(message)
    expect(found in codes, f"the answer to request {message['id']} should be error "
           f"{' or '.join(map(str, codes))}, but is {'a result' if found is None else found}")


def same(a, b):
    """Whether two values are the same in JSON; 1.0 is 1, but true is not."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return a == b


def same_as_double(a, b):
    """Whether a number is an integer above 2^53 as a language knows it whose numbers are doubles."""
    return (type(b) is int and abs(b) > 2**53 and type(a) in (int, float) and float(a) == float(b))


def expect_result(message, value):
    expect("result" in message, f"a result was expected, but it is error {show(message.get('error'))}")
    found = message["result"]
    expect(same(found, value), f"{show(value)} was expected, but it is {show(found)}")
