// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_OS_TRACES_HPP
#define LEASEPOOL_TEST_OS_TRACES_HPP

#include "process/child/process_reaper.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <set>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// What is left in the system of what a test has started.

namespace leasepool::test {

inline std::set<int> open_descriptors()
{
    std::set<int> found;
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        found.insert(std::stoi(entry.path().filename()));
    // That of the listing, which is closed by now.
    std::erase_if(found, [](int fd) { return ::fcntl(fd, F_GETFD) < 0; });
    return found;
}

/// Waits until this program has no child, not even a zombie.
inline void await_no_child()
{
    siginfo_t info = {};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0)
        ::sched_yield();
    BOOST_TEST(errno == ECHILD);
}

inline bool has_child()
{
    siginfo_t info = {};
    return ::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
}

/// Whether there is such a process, a zombie or not.
inline bool exists(pid_t pid)
{
    return ::kill(pid, 0) == 0;
}

/// Waits until there is no such process. The system says that there is no child a moment before.
inline void await_gone(pid_t pid)
{
    while (exists(pid))
        ::sched_yield();
}

/// Fails if a test leaves a descriptor or a child that it did not find.
struct nothing_left {
    nothing_left()
    {
        // The reaper and its descriptors last as long as the program.
        auto& reaper = detail::process_reaper::instance();
        boost::asio::posix::stream_descriptor const watched(reaper.watching());
        boost::asio::posix::stream_descriptor const held(reaper.holding());
        descriptors_before = open_descriptors();
    }
    ~nothing_left()
    {
        await_no_child();
        // A start that was canceled closes its pipes on its own thread, and nobody waits for it. Where
        // there are no pidfds, a thread that has seen the end of a process closes its pipe, too.
        auto const guard = std::chrono::steady_clock::now() + std::chrono::minutes{2};
        while (open_descriptors() != descriptors_before && std::chrono::steady_clock::now() < guard)
            ::sched_yield();
        BOOST_TEST(open_descriptors() == descriptors_before, boost::test_tools::per_element());
    }

    std::set<int> descriptors_before;
};

/// Handles a signal in another way while it lives.
class disposition {
public:
    disposition(int signal, void (*handler)(int)) : signal_(signal)
    {
        struct sigaction action = {};
        action.sa_handler = handler;
        action.sa_flags = SA_RESTART;
        ::sigaction(signal, &action, &before_);
    }
    ~disposition() { ::sigaction(signal_, &before_, nullptr); }
    disposition(disposition const&) = delete;
    disposition& operator=(disposition const&) = delete;

private:
    int signal_;
    struct sigaction before_ = {};
};

}  // namespace leasepool::test

#endif
