// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_OS_HPP
#define LEASEPOOL_LIBS_WORKER_OS_HPP

#include <csignal>
#include <cstdint>
#include <string_view>

/// @file
/// What a worker asks of the system, but for waiting.

namespace leasepool::worker {

/// The descriptors that carry the protocol.
struct protocol_descriptors {
    int in;
    int out;
};

/// Moves the protocol from stdin and stdout to descriptors above 2 that nobody inherits. Stdin is
/// empty then, and stdout is where stderr is.
/// @throws std::system_error with the streams as they were, or nearly.
protocol_descriptors take_standard_streams();

/// Writes all of it. Does not return if nobody can read it: `abandon`.
/// @throws std::system_error
void write_all(int fd, std::string_view bytes);

/// A clock that costs next to nothing and goes in steps of a few milliseconds.
std::int64_t coarse_time() noexcept;

/// Whether it is known that nobody reads what is written there.
bool has_no_reader(int fd) noexcept;

/// Ends this process at once, by SIGKILL; if it leads its process group, the group with it. For when
/// the parent is gone.
[[noreturn]] void abandon() noexcept;

/// Whether this process leads its process group.
bool leads_group() noexcept;

/// Where the parent had us killed at its end: no more. A worker notices that by itself, and more
/// thoroughly, and the signal would come in the middle of an orderly end too.
void forgo_parent_death_signal() noexcept;

/// Names this thread, for who looks at the process; where threads have names.
void name_watcher() noexcept;

/// A thread that is started while this lives has every signal blocked.
class signals_blocked {
public:
    signals_blocked() noexcept;
    ~signals_blocked();
    signals_blocked(signals_blocked const&) = delete;
    signals_blocked& operator=(signals_blocked const&) = delete;

private:
    sigset_t before_;
};

}  // namespace leasepool::worker

#endif
