// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_STOP_REQUESTS_HPP
#define LEASEPOOL_CORE_STOP_REQUESTS_HPP

#include "core/pool/pool_record.hpp"

#include <stop_token>

// How the functions of a revoked lease are asked to stop; `pool_record` calls it.

namespace leasepool::detail {

/// Calls `source.request_stop()` on another thread, soon.
///
/// The callbacks of a stop token are the user's: they may take long, or destroy the manager. A
/// callback that runs holds up no other request: a thread that takes one request while there are more
/// starts the next thread first. At most one thread is on its way at a time, and a thread ends when
/// it finds no request, so the number of threads follows the number of callbacks that run, which is
/// not greater than the number of functions. Without memory or a thread the request is made in this
/// call, and so are those queued behind it, one after the other.
///
/// While the request is made its thread counts as one of the pool's (`worker_scope`), because the
/// function, and with it the pool, waits for the callback: a callback that destroys the manager must
/// not wait for the pool.
void request_stop_elsewhere(pool_ptr on, std::stop_source source) noexcept;

/// The same on this thread, inside the call.
void request_stop_here(pool_ptr const& on, std::stop_source const& source) noexcept;

}  // namespace leasepool::detail

#endif
