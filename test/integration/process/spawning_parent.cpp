// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Starts a program that is to die with it, says its pid, and waits to be killed.

#include "process/child/child.hpp"
#include "process/child/spawn.hpp"

#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

int main(int argc, char** argv)
{
    if (argc < 2)
        return 1;
    leasepool::detail::spawn_options options;
    options.command = {argv[1], "stay"};
    options.parent_death_signal = SIGKILL;

    boost::asio::io_context io;
    std::promise<leasepool::detail::started_program> started;
    leasepool::detail::spawn(
        std::make_shared<leasepool::detail::spawn_options>(options),
        [&](leasepool::detail::started_program&& program) {
            started.set_value(std::move(program));
        },
        [] {});
    leasepool::detail::child child(io.get_executor(), started.get_future().get());
    char line[6];
    for (std::size_t got = 0; got != sizeof line;)
        got +=
            child.standard_output().read_some(boost::asio::buffer(line + got, sizeof line - got));
    std::printf("%d\n", static_cast<int>(child.pid()));
    std::fflush(stdout);
    for (;;)
        ::pause();
}
