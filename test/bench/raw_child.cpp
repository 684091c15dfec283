// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "raw_child.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern "C" char** environ;  // NOLINT: POSIX wants it declared by its user

namespace leasepool::bench {
namespace {

void check(bool ok, char const* what)
{
    if (!ok)
        throw std::system_error(errno, std::system_category(), what);
}

}  // namespace

std::string worker_program()
{
    return LEASEPOOL_BENCH_WORKER;
}

raw_child::raw_child(std::vector<std::string> command)
{
    ::setenv("LEASEPOOL_WORKER", "1", 1);
    int in[2];
    int out[2];
    check(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0, "pipe2");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::vector<char*> argv;
    for (auto& word : command)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    int const error = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    ::unsetenv("LEASEPOOL_WORKER");
    to_ = in[1];
    from_ = out[0];
    errno = error;
    check(error == 0, "posix_spawn");
}

raw_child::~raw_child()
{
    ::close(to_);
    ::close(from_);
    ::waitpid(pid_, nullptr, 0);
}

void raw_child::write(char const* from, std::size_t bytes)
{
    while (bytes != 0) {
        auto const put = ::write(to_, from, bytes);
        check(put > 0, "write");
        from += put;
        bytes -= static_cast<std::size_t>(put);
    }
}

void raw_child::read(char* to, std::size_t bytes)
{
    while (bytes != 0) {
        auto const got = read_some(to, bytes);
        to += got;
        bytes -= got;
    }
}

std::size_t raw_child::read_some(char* to, std::size_t bytes)
{
    auto const got = ::read(from_, to, bytes);
    if (got == 0)
        throw std::runtime_error("the child has gone");
    check(got > 0, "read");
    return static_cast<std::size_t>(got);
}

}  // namespace leasepool::bench
