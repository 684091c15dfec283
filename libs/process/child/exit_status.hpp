// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_EXIT_STATUS_HPP
#define LEASEPOOL_PROCESS_EXIT_STATUS_HPP

#include <string>

namespace leasepool::detail {

/// How a process ended.
struct exit_status {
    enum class kind {
        /// Somebody else has taken the status: the program ignores SIGCHLD, so that the kernel
        /// throws it away, or it waits for children that are not its own.
        unknown,
        /// It returned from `main` or called `exit`; `value` is what it gave.
        exited,
        /// `value` is the number of the signal that ended it.
        signaled,
    };

    kind how = kind::unknown;
    int value = 0;
    bool core_dumped = false;

    bool success() const noexcept { return how == kind::exited && value == 0; }

    friend bool operator==(exit_status const&, exit_status const&) = default;
};

/// "exited with status 3", "killed by SIGSEGV (core dumped)": to follow "the worker …".
std::string to_string(exit_status const& status);

/// "SIGSEGV", "SIGRTMIN+2", "signal 99".
std::string signal_name(int signal);

}  // namespace leasepool::detail

#endif
