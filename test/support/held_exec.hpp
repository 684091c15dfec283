// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_HELD_EXEC_HPP
#define LEASEPOOL_TEST_HELD_EXEC_HPP

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>

namespace leasepool::test {

/// Makes executions of a program hang until the end of the object, as those of a program on a file
/// server that does not answer. Linux only; needs no privilege.
///
/// A filter of system calls passes every `execve` and `execveat` of this process and its descendants
/// to the *supervisor*, a thread of this process. It reads the words of the execution (argv,
/// including the name of the program), and either lets the execution go on or holds it. A process
/// that is held waits at the entry of the system call; signals that it does not block, and SIGKILL,
/// end that wait. An execution that no object holds takes some microseconds longer than without the
/// filter.
///
/// The functions may be called on any thread except the supervisor.
class held_exec {
public:
    /// Starts the supervisor and sets the filter. `main` calls it once, before another thread is
    /// started, because the filter applies to the calling thread and to the threads and processes
    /// that it starts later. It cannot be undone. Sets PR_SET_NO_NEW_PRIVS.
    /// @return why executions cannot be held on this system, for a test that is then skipped; empty:
    ///     they can.
    static std::string install();

    /// Holds the next executions that have this word, at most `most` of them.
    /// @param on_held is called on the supervisor for each, with the number of the process, and may
    ///     not call this object. It is not called after the end of the destructor.
    explicit held_exec(std::string word, std::size_t most = static_cast<std::size_t>(-1),
        std::function<void(pid_t)> on_held = {});
    /// As `release`.
    ~held_exec();
    held_exec(held_exec const&) = delete;
    held_exec& operator=(held_exec const&) = delete;

    /// Lets the held executions go on, and holds no other.
    void release() noexcept;

    /// Returns how many executions have been held, including those that were released or killed.
    std::size_t count() const;

    /// Blocks until `n` executions have been held.
    /// @return the number of the process of the `n`th.
    /// @throws std::runtime_error after two minutes.
    pid_t await(std::size_t n = 1) const;

    struct state;

private:
    std::shared_ptr<state> state_;
};

}  // namespace leasepool::test

#endif
