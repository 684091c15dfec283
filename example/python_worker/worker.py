#!/usr/bin/env python3
# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""A worker in Python, whose jobs are called from C++. How they talk: doc/protocol.md."""

import collections
import inspect
import json
import os
import re
import select
import signal
import sys
import threading
import time


def richness(text: str) -> float:
    """How many of the words are there for the first time."""
    words = re.findall(r"\w+", text.lower())
    return len(set(words)) / len(words)


def top_words(text: str, count: int) -> list:
    """The words that are there most often, each with its number."""
    return collections.Counter(re.findall(r"\w+", text.lower())).most_common(count)


JOBS = {job.__name__: job for job in (richness, top_words)}
channel = os.fdopen(os.dup(1), "wb")  # stdout carries messages only,
os.dup2(2, 1)  # and a print() in a job goes to stderr
os.environ.pop("LEASEPOOL_WORKER", None)  # a program that a job starts is not a worker
signal.signal(signal.SIGTERM, lambda *_: None)  # the parent decides when a worker ends
running = None  # the id of the job that runs


def watch():
    """Ends this process when a job has run for 2 s after EOF: the parent is dead then."""
    end = select.poll()
    end.register(sys.stdin, 0)  # POLLHUP only
    end.poll()
    while True:
        before = running
        time.sleep(2)
        if before is not None and running == before:
            if os.getpgrp() == os.getpid():
                os.killpg(0, signal.SIGKILL)  # with the programs that the job has started
            os._exit(1)


threading.Thread(target=watch, daemon=True).start()


def send(**message):
    line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False, allow_nan=False)
    channel.write(line.encode() + b"\n")
    channel.flush()


def answer(id, method, params):
    def error(code, why, data):
        send(id=id, error={"code": code, "message": ascii(why), "data": data})

    if method not in JOBS:
        return error(-32601, f"no such job: {method}", None)
    if isinstance(params, dict):
        return error(-32602, f"{method} takes positional arguments only", None)
    try:
        inspect.signature(JOBS[method]).bind(*params)
    except TypeError as e:
        return error(-32602, str(e), {"at": "", "expected": str(inspect.signature(JOBS[method]))})
    try:
        result = JOBS[method](*params)
    except Exception as e:  # the caller gets it as leasepool::remote_error
        return error(-32000, str(e), {"type": type(e).__name__, "what": ascii(str(e))})
    send(id=id, result=result)


send(method="leasepool/ready", params={"version": 1, "pid": os.getpid(), "methods": sorted(JOBS)})
for line in sys.stdin.buffer:  # one job at a time, so cancel and resume may be ignored
    message = json.loads(line)
    if "id" in message:
        running = message["id"]
        answer(message["id"], message["method"], message.get("params") or [])
        running = None
