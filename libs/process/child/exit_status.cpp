// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/exit_status.hpp"

#include <csignal>

namespace leasepool::detail {

std::string to_string(exit_status const& status)
{
    switch (status.how) {
    case exit_status::kind::exited:
        return "exited with status " + std::to_string(status.value);
    case exit_status::kind::signaled:
        return "killed by " + signal_name(status.value) +
            (status.core_dumped ? " (core dumped)" : "");
    case exit_status::kind::unknown:
        break;
    }
    return "ended, but somebody else in this program took its status: wait for your own children "
           "by their pids, and do not ignore SIGCHLD";
}

std::string signal_name(int signal)
{
    // strsignal() speaks of "Segmentation fault", in the user's language; sigabbrev_np() is new.
    switch (signal) {
#define LEASEPOOL_SIGNAL(name) \
    case name:                 \
        return #name;
        LEASEPOOL_SIGNAL(SIGABRT)
        LEASEPOOL_SIGNAL(SIGALRM)
        LEASEPOOL_SIGNAL(SIGBUS)
        LEASEPOOL_SIGNAL(SIGCHLD)
        LEASEPOOL_SIGNAL(SIGCONT)
        LEASEPOOL_SIGNAL(SIGFPE)
        LEASEPOOL_SIGNAL(SIGHUP)
        LEASEPOOL_SIGNAL(SIGILL)
        LEASEPOOL_SIGNAL(SIGINT)
        LEASEPOOL_SIGNAL(SIGKILL)
        LEASEPOOL_SIGNAL(SIGPIPE)
        LEASEPOOL_SIGNAL(SIGPROF)
        LEASEPOOL_SIGNAL(SIGQUIT)
        LEASEPOOL_SIGNAL(SIGSEGV)
        LEASEPOOL_SIGNAL(SIGSTOP)
        LEASEPOOL_SIGNAL(SIGSYS)
        LEASEPOOL_SIGNAL(SIGTERM)
        LEASEPOOL_SIGNAL(SIGTRAP)
        LEASEPOOL_SIGNAL(SIGTSTP)
        LEASEPOOL_SIGNAL(SIGTTIN)
        LEASEPOOL_SIGNAL(SIGTTOU)
        LEASEPOOL_SIGNAL(SIGURG)
        LEASEPOOL_SIGNAL(SIGUSR1)
        LEASEPOOL_SIGNAL(SIGUSR2)
        LEASEPOOL_SIGNAL(SIGVTALRM)
        LEASEPOOL_SIGNAL(SIGWINCH)
        LEASEPOOL_SIGNAL(SIGXCPU)
        LEASEPOOL_SIGNAL(SIGXFSZ)
#if defined(SIGIO)
        LEASEPOOL_SIGNAL(SIGIO)
#endif
#if defined(SIGPWR)
        LEASEPOOL_SIGNAL(SIGPWR)
#endif
#if defined(SIGSTKFLT)
        LEASEPOOL_SIGNAL(SIGSTKFLT)
#endif
#undef LEASEPOOL_SIGNAL
    default:
        break;
    }
#if defined(SIGRTMIN) && defined(SIGRTMAX)
    if (int const first = SIGRTMIN; signal >= first && signal <= SIGRTMAX)
        return signal == first ? "SIGRTMIN" : "SIGRTMIN+" + std::to_string(signal - first);
#endif
    return "signal " + std::to_string(signal);
}

}  // namespace leasepool::detail
