// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Starts a program that is to die with it, says its pid, and waits to be killed.

#include "process/spawn.hpp"

#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <unistd.h>

int main(int argc, char** argv)
{
    if (argc < 2)
        return 1;
    leasepool::detail::spawn_options options;
    options.command = {argv[1], "stay"};
    options.parent_death_signal = SIGKILL;

    boost::asio::io_context io;
    leasepool::detail::child child;
    // Not the thread that the child has to outlive.
    std::thread([&] { child = leasepool::detail::spawn(io.get_executor(), options); }).join();
    char line[6];
    for (std::size_t got = 0; got != sizeof line;)
        got +=
            child.standard_output().read_some(boost::asio::buffer(line + got, sizeof line - got));
    std::printf("%d\n", static_cast<int>(child.pid()));
    std::fflush(stdout);
    for (;;)
        ::pause();
}
