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
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

// Functions of the system for threads that std::thread lacks, and fork detection. Only os.cpp uses
// pthreads.

namespace leasepool::detail {

/// Maximum number of bytes of a thread's name, without the final NUL: pthread_setname_np(3) allows
/// 16 with it on Linux (TASK_COMM_LEN), 64 on macOS. On other systems no name is set, and the limit
/// is only a reasonable size.
#if defined(__linux__)
inline constexpr std::size_t thread_name_limit = 15;
#else
inline constexpr std::size_t thread_name_limit = 63;
#endif

/// The end of the text of an error: there can be no more processes or threads.
inline constexpr std::string_view too_many_processes =
    ", this user or this container has too many processes and threads (RLIMIT_NPROC, pids.max)";

[[noreturn]] void throw_thread_error(std::error_code error);

/// Starts a thread that runs `f`.
/// @throws std::bad_alloc; std::system_error, with the usual reason in its text, if there can be no
///     thread.
template <class F>
std::thread start_thread(F&& f)
{
    try {
        return std::thread(std::forward<F>(f));
    }
    catch (std::system_error const& e) {
        throw_thread_error(e.code());
    }
}

/// Returns `prefix-pool-n`, of at most `limit` bytes. The prefix is cut first, never inside a UTF-8
/// sequence. If nothing of the prefix is left, its dash is dropped too. If the numbers alone do not
/// fit, their last `limit` bytes are kept, because these differ most between threads.
std::string thread_name(
    std::string_view prefix, std::uint64_t pool, std::size_t n, std::size_t limit);

/// Sets the name of this thread, cut to `thread_name_limit` (not inside a UTF-8 sequence). Does
/// nothing if the OS has no names or refuses. On Linux the name of the main thread is that of the
/// process.
void set_current_thread_name(std::string_view name) noexcept;

/// Returns the name of this thread; empty if the OS has no names.
std::string current_thread_name();

/// Lets the calling thread run on exactly these CPUs.
/// @throws std::system_error with the CPUs in its text: `EINVAL` if the list is empty, or if one of
///     them does not exist or is not allowed here (Linux itself would ignore such a CPU);
///     `std::errc::not_supported` if the OS has no such call. The affinity is then unchanged.
void set_current_thread_affinity(std::span<int const> cpus);

/// Returns the CPUs on which the calling thread may run, in ascending order.
/// @throws std::system_error `std::errc::not_supported` if the OS has no such call.
std::vector<int> current_thread_affinity();

/// Adds `n` to the nice value of the calling thread. The system limits the sum to -20 to 19.
/// @throws std::system_error with `n` in its text: `EACCES` or `EPERM` if `n` is negative and the
///     process lacks the privilege; `std::errc::not_supported` if only processes have a nice value.
void add_to_current_thread_nice(int n);

/// Returns the nice value of the calling thread.
/// @throws std::system_error `std::errc::not_supported` if only processes have one.
int current_thread_nice();

/// Blocks every signal on this thread during its lifetime. A thread that is started meanwhile
/// inherits the mask.
class all_signals_blocked {
public:
    all_signals_blocked() noexcept;
    ~all_signals_blocked();
    all_signals_blocked(all_signals_blocked const&) = delete;
    all_signals_blocked& operator=(all_signals_blocked const&) = delete;

private:
    sigset_t before_;
};

/// Is notified of the end of a thread.
class thread_exit_listener {
public:
    virtual void thread_exited() noexcept = 0;

protected:
    ~thread_exit_listener() = default;
};

/// Arranges that `thread_exited` is called when this thread ends: on this thread, after the
/// destructors of its `thread_local` objects, and after one round of the destructors of other
/// pthread keys. After that the thread runs no code of the user, so joining it takes almost no
/// time. One listener for each thread.
/// @throws std::system_error
void call_at_thread_exit(thread_exit_listener& listener);

/// Returns how often fork() has made this process from another one since the first call, in this
/// process or in an ancestor. So the number is different in a parent and its child. vfork() and
/// posix_spawn() do not count.
/// @throws std::system_error only at the first call.
unsigned fork_generation();

}  // namespace leasepool::detail

#endif
