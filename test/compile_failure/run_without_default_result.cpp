// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool.hpp>

struct handle {
    explicit handle(int) {}
};

// What would the handler get with an error?
void f(leasepool::lease<leasepool::thread_backend>& lease)
{
    lease.async_run([] { return handle(1); }, [](auto...) {});
}
