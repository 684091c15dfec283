// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_STOP_REQUESTS_HPP
#define LEASEPOOL_CORE_STOP_REQUESTS_HPP

#include "core/pool/pool_record.hpp"

#include <stop_token>

// The requests to stop that go to the functions of a pool. `pool_record` calls these functions.

namespace leasepool::detail {

/// Calls `source.request_stop()` soon, on another thread.
///
/// The callbacks of a stop token are the user's. They may take long, or destroy the manager. A
/// callback that runs does not delay another request: a thread that takes one request while there
/// are more starts the next thread first. At most one started thread has not taken a request yet,
/// and a thread ends when it finds no request. So the number of threads follows the number of
/// callbacks that run, which is not greater than the number of functions. If there is no memory, or
/// if no thread can be started, the request is made inside this call, and so are the requests
/// queued behind it, one after the other.
///
/// While the request is made, its thread counts as one of the threads of the pool (`worker_scope`).
/// The function, and with it the pool, waits for the callback, so a callback that destroys the
/// manager must not wait for the pool.
void request_stop_elsewhere(pool_ptr on, std::stop_source source) noexcept;

/// Calls `source.request_stop()` on this thread, inside this call. This thread counts as one of the
/// threads of the pool meanwhile.
void request_stop_here(pool_ptr const& on, std::stop_source const& source) noexcept;

}  // namespace leasepool::detail

#endif
