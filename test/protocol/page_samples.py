# Copyright (c) 2026 The leasepool authors
# Distributed under the Boost Software License, Version 1.0.
# (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

"""The workers printed in doc/protocol.md, for page_examples and conformance_tool."""

import re


def samples(page):
    """The sources of the simple worker, of the one that says goodbye, of the one that pipelines, and of
    the one with an event loop."""
    simple, goodbye, pipelining, event_loop = re.findall(r"```python\n(.*?)```", page, re.S)
    # As the page says: the others replace the loop, and everything from `jobs = ` on.
    before_loop = simple[:simple.index("for line in requests:")]
    before_jobs = simple[:simple.index("jobs = {")]
    return simple, before_loop + goodbye, before_jobs + pipelining, before_jobs + event_loop
