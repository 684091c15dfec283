// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_CORE_OS_HPP
#define LEASEPOOL_LIBS_CORE_OS_HPP

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What the core asks of threads beyond std::thread. The one place that names pthreads.

namespace leasepool::detail {

/// Most bytes of a thread's name, without the final NUL: pthread_setname_np(3) allows 16 with it on
/// Linux (TASK_COMM_LEN), 64 on macOS. Elsewhere nothing is set and the limit is only a sane size.
#if defined(__linux__)
inline constexpr std::size_t thread_name_limit = 15;
#else
inline constexpr std::size_t thread_name_limit = 63;
#endif

/// `prefix-pool-n`, of at most `limit` bytes. The prefix is cut first, never inside a UTF-8
/// sequence, and goes with its dash when nothing of it is left, so that the numbers survive. Where
/// even they do not fit, their last `limit` bytes, which differ most between threads, are kept.
std::string thread_name(
    std::string_view prefix, std::uint64_t pool, std::size_t n, std::size_t limit);

/// Best effort: cut to `thread_name_limit` (not inside a UTF-8 sequence); ignored where the OS has
/// no names or refuses. On Linux the name of the main thread is that of the process.
void set_current_thread_name(std::string_view name) noexcept;

/// Empty where the OS has no names.
std::string current_thread_name();

/// Lets the calling thread run on exactly these CPUs.
/// @throws std::system_error naming the CPUs: `EINVAL` where the list is empty or one of them does
///     not exist or is not allowed here (Linux alone would drop it in silence);
///     `std::errc::not_supported` where the OS has no such call. The affinity is then unchanged.
void set_current_thread_affinity(std::span<int const> cpus);

/// The CPUs the calling thread may run on, ascending.
/// @throws std::system_error `std::errc::not_supported` where the OS has no such call.
std::vector<int> current_thread_affinity();

/// Blocks every signal on this thread while it lives. A thread started meanwhile inherits the mask.
class all_signals_blocked {
public:
    all_signals_blocked() noexcept;
    ~all_signals_blocked();
    all_signals_blocked(all_signals_blocked const&) = delete;
    all_signals_blocked& operator=(all_signals_blocked const&) = delete;

private:
    sigset_t before_;
};

/// Something that waits for the end of a thread.
class thread_exit_listener {
public:
    virtual void thread_exited() noexcept = 0;

protected:
    ~thread_exit_listener() = default;
};

/// Has `thread_exited` called when this thread ends: on this thread, after the destructors of its
/// `thread_local` objects, and after one round of those of other pthread keys. What is left of the
/// thread then takes no time of the user's, so that it can be joined without a wait worth the name.
/// One listener a thread.
/// @throws std::system_error
void call_at_thread_exit(thread_exit_listener& listener);

/// How often this process, since the first call in it or in an ancestor, has become another by
/// fork(): not the same in parent and child. (vfork() and posix_spawn() do not count.)
/// @throws std::system_error only at the first call.
unsigned fork_generation();

}  // namespace leasepool::detail

#endif
