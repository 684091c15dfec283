// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_PROCESS_SUPPORT_HPP
#define LEASEPOOL_TEST_PROCESS_SUPPORT_HPP

#include "integration/support/os_traces.hpp"
#include "integration/support/started_program.hpp"
#include "integration/support/support.hpp"

#include "process/child/exit_status.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fcntl.h>
#include <ostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace leasepool::detail {

inline std::ostream& boost_test_print_type(std::ostream& to, exit_status const& status)
{
    return to << to_string(status);
}

}  // namespace leasepool::detail

namespace leasepool::test {

using detail::exit_status;
using stream = asio::posix::stream_descriptor;

/// What can be read without waiting, at most `limit` bytes.
inline std::string read_what_is_there(stream& from, std::size_t limit = std::size_t{1} << 20)
{
    std::string text(limit, '\0');
    auto const got = ::read(from.native_handle(), text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

inline exit_status exited(int value)
{
    return {exit_status::kind::exited, value, false};
}

inline exit_status killed_by(int signal)
{
    return {exit_status::kind::signaled, signal, false};
}

/// The program `spawned_child` in one of its modes.
inline spawn_options spawned_child(std::vector<std::string> words)
{
    spawn_options options;
    options.command = {LEASEPOOL_SPAWNED_CHILD};
    options.command.insert(options.command.end(), words.begin(), words.end());
    return options;
}

inline asio::awaitable<std::string> read_to_end(stream& from)
{
    std::string text;
    auto const [ec, n] = co_await asio::async_read(from, asio::dynamic_buffer(text), as_tuple);
    BOOST_TEST(ec == asio::error::eof);
    co_return text;
}

inline asio::awaitable<std::string> read_line(stream& from)
{
    std::string text;
    auto const n = co_await asio::async_read_until(
        from, asio::dynamic_buffer(text), '\n', asio::use_awaitable);
    co_return text.substr(0, n - 1);
}

struct outcome {
    exit_status status;
    std::string output;
};

/// Runs a program to its end.
inline outcome outcome_of(spawn_options const& options)
{
    asio::io_context io;
    outcome result;
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), options);
        result.output = co_await read_to_end(started.standard_output());
        result.status = started.wait();
    });
    return result;
}

}  // namespace leasepool::test

#endif
