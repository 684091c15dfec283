// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_SPAWN_HPP
#define LEASEPOOL_LIBS_PROCESS_SPAWN_HPP

#include "child.hpp"
#include "spawn_options.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace leasepool::detail {

/// Starts a program with pipes to its standard streams.
///
/// It sees no descriptors but 0, 1 and 2, leads a process group of its own, and has every signal at
/// its default and none blocked, whatever this program has. Blocks for about a millisecond, until the
/// program is executed, independent of how much memory this program has. Any thread.
///
/// @param ex Where the child's I/O is done; see `child`.
/// @throws std::invalid_argument as `validate(options)` does.
/// @throws boost::system::system_error with the errno of what failed, naming the program and, where
///     it is that, the working directory or the limit. No process and no descriptor is left then. (A
///     descriptor table that another thread fills up just now can make it fail after the start: then
///     the program is killed, and reaped soon.)
child spawn(boost::asio::any_io_executor const& ex, spawn_options const& options);

/// Whether this program was itself started by `spawn`.
bool is_marked_as_worker() noexcept;

}  // namespace leasepool::detail

#endif
