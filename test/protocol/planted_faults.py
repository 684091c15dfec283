# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""Workers for conformance_tool: with one fault each, and with one oddity each that is legal. Both are
Python code that replaces a function of the worker below."""

WORKER = r'''
import json, os, subprocess, sys, time

channel = os.dup(1)
os.dup2(2, 1)
INFO = {"severity": "info", "message": "x"}

def write(data):
    while data:
        data = data[os.write(channel, data):]

def encode(message):
    return json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"

def send(message):
    write(encode(message))

def notify(method, params=None):
    send({"method": "leasepool/" + method, "params": params})

def raw(id, result):
    """Sends an answer whose result is this text."""
    write(b'{"jsonrpc":"2.0","id":%d,"result":%s}\n' % (id, result))

def ready():
    return {"version": 1, "pid": os.getpid(), "methods": ["echo"]}

def start():
    notify("ready", ready())

def reply(id, value):
    """Answers echo."""
    send({"id": id, "result": value})

def parse(line):
    return json.loads(line)

def no_job(id):
    send({"id": id, "error": {"code": -32601, "message": "no such job"}})

def end():
    pass

# FAULT

start()
for line in sys.stdin.buffer:
    message = parse(line)
    if "id" not in message:
        continue
    id, params = message["id"], message.get("params") or []
    if message["method"] == "echo":
        reply(id, *params)
    else:
        no_job(id)
end()
'''


def worker(fault):
    return WORKER.replace("# FAULT", fault)


def before_answer(code):
    return f"def reply(id, value):\n    {code}\n    send({{'id': id, 'result': value}})"


def after_answer(code):
    return f"def reply(id, value):\n    send({{'id': id, 'result': value}})\n    {code}"


def instead(code):
    return f"def reply(id, value):\n    {code}"


def in_ready(**changes):
    return f"def ready(): return {{'version': 1, 'pid': os.getpid(), 'methods': ['echo'], **{changes}}}"


# Name, reason, fault: the worker does not get to its first request.
FAULTS_AT_START = (
    ("exits", "status 3", "def start(): sys.exit(3)"),
    ("says why on stderr", "no license", "def start(): sys.exit('no license')"),
    ("is killed", "SIGKILL", "def start(): os.kill(os.getpid(), 9)"),
    ("prints a banner", "not JSON", "def start(): write(b'Welcome\\n')"),
    ("closes stdout", "stdout", "def start(): os.close(channel); sys.exit()"),
    ("logs before ready", "the first message", "def start(): notify('log', INFO)"),
    ("has another version", '"version" is 2', in_ready(version=2)),
    ("has a version of 400 digits", '"version"',
     "def start(): write(encode({'method': 'leasepool/ready', 'params': {}})"
     ".replace(b'{}', b'{\"version\":1%s}' % (b'0' * 300)))"),
    ("has a huge number in ready", "too large for a double",
     "def start(): write(encode({'method': 'leasepool/ready', 'params': {}})"
     ".replace(b'{}', b'{\"version\":1e999}'))"),
    ("has a pid that is a string", '"pid"', in_ready(pid="7")),
    ("has methods that are null", '"methods" is null', in_ready(methods=None)),
    ("has no methods", '"methods" is null',
     "def ready(): return {'version': 1, 'pid': os.getpid()}"),
    ("has a method that is a number", '"methods"', in_ready(methods=["echo", 7])),
    ("has capabilities that are a string", '"capabilities"', in_ready(capabilities="pipelining")),
    ("has a deep ready", "nested deeper",
     "def start(): write(b'{\"params\":' + b'[' * 100000 + b']' * 100000 + b'}\\n')"),
    ("has no params", '"params" of ready', "def start(): notify('ready')"),
    ("sends an endless line", "too long", "def start():\n    while True: write(b'x' * 65536)"),
)

# Name, check, verdict with reason, fault.
PLANTED = (
    # Lines
    ("line of 17 MiB", "echo", "FAIL too long", instead("raw(id, b'\"' + b'x' * (17 << 20) + b'\"')")),
    ("line that is one byte too long", "echo", "FAIL too long",
     instead("raw(id, b'\"' + b'x' * ((16 << 20) + 1 - 36) + b'\"')")),
    ("line that is as long as allowed", "echo", "FAIL was expected",
     instead("raw(id, b'\"' + b'x' * ((16 << 20) - 36) + b'\"')")),
    ("endless line", "echo", "FAIL too long", instead("[write(b'x' * 65536) for _ in iter(int, 1)]")),
    ("endless line at the end", "ready", "FAIL too long",
     "def end():\n    while True: write(b'x' * 65536)"),
    ("line without an end", "echo", "FAIL in the middle of a line", instead("write(b'{'); os._exit(0)")),
    ("empty line", "echo", "FAIL empty line", before_answer("write(b'\\n')")),
    ("empty line with a carriage return", "echo", "FAIL empty line", before_answer("write(b'\\r\\n')")),
    ("binary noise", "echo", "FAIL not JSON", before_answer("write(bytes(range(128, 256)) + b'\\n')")),
    ("zeros", "echo", "FAIL not JSON", before_answer("write(bytes(100) + b'\\n')")),
    ("no object", "echo", "FAIL no object", instead("write(b'[1]\\n')")),
    ("two messages on a line", "echo", "FAIL not JSON",
     instead("write(encode({'id': id, 'result': value})[:-1] * 2 + b'\\n')")),
    # Values
    ("a result twice", "echo", 'FAIL "result" occurs twice',
     instead("write(b'{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":1,\"result\":2}\\n' % id)")),
    ("an id twice", "echo", 'FAIL "id" occurs twice',
     instead("write(b'{\"jsonrpc\":\"2.0\",\"id\":%d,\"id\":%d,\"result\":1}\\n' % (id, id))")),
    ("number too large", "echo", "FAIL too large for a double", instead("raw(id, b'1e999')")),
    ("integer of 400 digits", "echo", "FAIL too large for a double", instead("raw(id, b'1' + b'0' * 400)")),
    ("integer of 5000 digits", "echo", "FAIL too large for a double",
     instead("raw(id, b'1' + b'0' * 5000)")),
    ("integer of 25 digits", "echo", "FAIL was expected", instead("raw(id, b'1' + b'0' * 25)")),
    ("NaN", "echo", "FAIL NaN is no number", instead("raw(id, b'NaN')")),
    ("nested 65 deep", "echo", "FAIL nested deeper", instead("raw(id, b'[' * 64 + b']' * 64)")),
    ("nested 100,000 deep", "echo", "FAIL nested deeper", instead("raw(id, b'[' * 100000 + b']' * 100000)")),
    ("nested 100,000 deep, without an end", "echo", "FAIL nested deeper",
     instead("raw(id, b'[{\"a\":' * 100000)")),
    ("lone surrogate", "echo", "FAIL lone surrogate", instead("raw(id, b'\"\\\\ud800\"')")),
    ("invalid UTF-8", "echo", "FAIL not JSON", instead("raw(id, b'\"\\xe9\"')")),
    ("doubles with 16 digits", "echo", "FAIL was expected",
     instead("send({'id': id, 'result': float('%.16g' % value) if type(value) is float else value})")),
    ("true for 1", "echo", "FAIL was expected",
     instead("send({'id': id, 'result': True if value == 1 else [True] * 10000 if type(value) is list "
             "and len(value) == 10000 else value})")),
    # Messages
    ("no jsonrpc", "echo", 'FAIL "jsonrpc" is not', instead("write(b'{\"id\":%d,\"result\":1}\\n' % id)")),
    ("result and error", "echo", "FAIL both",
     instead("send({'id': id, 'result': 1, 'error': {'code': 1, 'message': ''}})")),
    ("neither result nor error", "echo", "FAIL has no", instead("send({'id': id})")),
    ("method and result", "echo", "FAIL also", before_answer("send({'method': 'a', 'result': 1})")),
    ("empty method", "echo", 'FAIL "method"', before_answer("send({'method': ''})")),
    ("params that are a number", "echo", "FAIL neither an array",
     before_answer("send({'method': 'a', 'params': 1})")),
    ("answer with params", "echo", "FAIL params", instead("send({'id': id, 'result': value, 'params': []})")),
    ("answer without an id", "echo", 'FAIL no "id"', instead("send({'result': value})")),
    ("id as a string", "echo", "FAIL no unsigned", instead("send({'id': str(id), 'result': value})")),
    ("id below zero", "echo", "FAIL no unsigned", instead("send({'id': -1, 'result': value})")),
    ("id true", "echo", "FAIL no unsigned", instead("send({'id': True, 'result': value})")),
    ("id null with an error", "echo", "FAIL could not read",
     instead("send({'id': None, 'error': {'code': -32700, 'message': 'what?'}})")),
    ("id of another request", "echo", "FAIL has id", instead("send({'id': id + 1, 'result': value})")),
    ("two answers", "echo", "FAIL has id", after_answer("send({'id': id, 'result': value})")),
    ("two answers to the last request", "params", "FAIL more answers",
     "def no_job(id): [send({'id': id, 'error': {'code': -32601, 'message': ''}}) for _ in range(1 + (id == 9))]"),
    ("not begun without a cancel", "echo", "FAIL -32004",
     instead("send({'id': id, 'error': {'code': -32004, 'message': ''}})")),
    ("code as a string", "echo", "FAIL 32-bit integer",
     instead("send({'id': id, 'error': {'code': '1', 'message': ''}})")),
    ("code of 33 bits", "echo", "FAIL 32-bit integer",
     instead("send({'id': id, 'error': {'code': 2**32, 'message': ''}})")),
    ("error without a message", "echo", 'FAIL "message"', instead("send({'id': id, 'error': {'code': 1}})")),
    ("error as a string", "echo", 'FAIL "error" is no object', instead("send({'id': id, 'error': 'oh'})")),
    ("a request", "echo", "FAIL sends no requests", before_answer("send({'id': 7, 'method': 'please'})")),
    ("an answer before any request", "ready", "FAIL more answers",
     "def start():\n    notify('ready', ready())\n    no_job(1)"),
    ("second ready", "echo", "FAIL second ready", before_answer("start()")),
    ("second ready at once", "unknown_method", "FAIL second ready",
     "def start(): [notify('ready', ready()) for _ in range(2)]"),
    ("method twice in ready", "ready", "FAIL twice", in_ready(methods=["echo", "echo"])),
    ("reserved method in ready", "ready", "FAIL begins with", in_ready(methods=["leasepool/echo"])),
    # Log and progress
    ("log without a message", "echo", 'FAIL "message" of', before_answer("notify('log', {'severity': 'info'})")),
    ("log with a severity of 3", "echo", 'FAIL "severity" of',
     before_answer("notify('log', {'severity': 3, 'message': ''})")),
    ("log with an id of -1", "echo", 'FAIL "id" of', before_answer("notify('log', {**INFO, 'id': -1})")),
    ("log without params", "echo", 'FAIL "params" of', before_answer("notify('log')")),
    ("progress without an id", "echo", 'FAIL "id" of', before_answer("notify('progress', {'value': 1})")),
    ("wrong log at the end", "ready", 'FAIL "message" of', "def end(): notify('log', {'severity': ''})"),
    # Ends
    ("dies of a signal", "echo", "FAIL SIGSEGV", instead("os.kill(os.getpid(), 11)")),
    ("exits in a job", "echo", "FAIL status 0", instead("os._exit(0)")),
    # Goodbye
    ("answers after its goodbye", "echo", "FAIL after its goodbye", before_answer("notify('goodbye')")),
    ("answers at EOF after its goodbye", "ready", "FAIL after its goodbye",
     "def end():\n    notify('goodbye')\n    no_job(1)"),
)

# The same, where the tool has to wait for what does not come.
HANGS = (
    ("never answers", "echo", "FAIL an answer did not come", instead("time.sleep(3600)")),
    ("line without an end, and goes on", "echo", "FAIL 1 bytes of a line",
     instead("write(b'{'); time.sleep(3600)")),
    ("log without end", "echo", "FAIL only notifications",
     instead("[notify('log', INFO) for _ in iter(int, 1)]")),
    ("log without end at the end", "ready", "FAIL did not exit",
     "def end():\n    while True: notify('log', INFO)"),
    ("closes stdout and goes on", "echo", "FAIL closed its stdout",
     instead("os.close(channel); time.sleep(3600)")),
    ("closes stdin and goes on", "echo", "FAIL closed its stdin",
     instead("os.close(0); send({'id': id, 'result': value}); time.sleep(3600)")),
    ("does not read", "large", "FAIL does not read its stdin", "def start():\n"
     "    notify('ready', ready())\n    time.sleep(3600)"),
    ("hangs at EOF", "ready", "FAIL did not exit", "def end(): time.sleep(3600)"),
    ("does not end after its goodbye", "echo", "FAIL did not exit",
     after_answer("notify('goodbye'); time.sleep(3600)")),
)

LEGAL = (
    ("log after the answer", "echo", "ok", after_answer("notify('log', {**INFO, 'id': id})")),
    ("progress after the answer", "echo", "ok", after_answer("notify('progress', {'id': id, 'value': 1})")),
    ("progress of an unknown job", "echo", "ok", before_answer("notify('progress', {'id': 99, 'value': []})")),
    ("log after the last answer", "params", "ok",
     "def no_job(id):\n    send({'id': id, 'error': {'code': -32601, 'message': ''}})\n    notify('log', INFO)"),
    ("log at the end", "ready", "ok", "def end(): notify('log', {'severity': 'loud', 'message': '', 'id': None})"),
    ("unknown notification", "echo", "ok", before_answer("send({'method': 'a/b', 'params': [1]})")),
    ("carriage returns", "echo", "ok", "def encode(message):\n"
     "    return json.dumps({'jsonrpc': '2.0', **message}).encode() + b'\\r\\n'"),
    ("unknown members", "echo", "ok", instead("send({'id': id, 'result': value, 'time': 1})")),
    ("ten thousand log records", "unknown_method", "ok",
     "def start():\n    notify('ready', ready())\n    [notify('log', INFO) for _ in range(10000)]"),
    ("flood on stderr", "echo", "ok", before_answer("[os.write(2, b'e' * 65536) for _ in range(20)]")),
    ("many lines on stderr", "unknown_method", "ok",
     "def start():\n    [os.write(2, b'line\\n') for _ in range(100000)]\n    notify('ready', ready())"),
    ("pid of another", "ready", 'note "pid" is 1', in_ready(pid=1)),
    ("numbers are doubles: values", "echo", "note doubles",
     "def parse(line): return json.loads(line, parse_int=lambda text: int(float(text)))"),
    ("numbers are doubles: ids", "ids", "note doubles",
     "def parse(line): return json.loads(line, parse_int=lambda text: int(float(text)))"),
    ("a key twice in what is ignored", "echo", "note a key twice",
     before_answer("write(b'{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":{\"b\":1,\"b\":2}}\\n')")),
    ("leaves a program behind", "params", "note outlives it",
     "def end(): subprocess.Popen(['sleep', '60'], stdin=subprocess.DEVNULL)"),
    ("says goodbye", "echo", "skip goodbye", after_answer("notify('goodbye'); sys.stdin.read(); sys.exit(7)")),
    ("says goodbye and exits", "echo", "skip goodbye", after_answer("notify('goodbye'); sys.exit(7)")),
    ("says goodbye and answers as not begun", "echo", "skip goodbye", after_answer(
     "notify('goodbye'); send({'id': id + 1, 'error': {'code': -32004, 'message': ''}}); sys.exit()")),
    ("says goodbye at the end", "ready", "ok", "def end():\n    notify('goodbye')\n    sys.exit(7)"),
)
