// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_EXECUTOR_OVER_HPP
#define LEASEPOOL_TEST_EXECUTOR_OVER_HPP

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>

namespace leasepool::test {

/// Base class of the tests' own executors over an io_context. It has all that an executor needs but
/// `execute`.
struct executor_over {
    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept
    {
        return *io;
    }
    static constexpr boost::asio::execution::blocking_t query(
        boost::asio::execution::blocking_t) noexcept
    {
        return boost::asio::execution::blocking.never;
    }
    bool operator==(executor_over const&) const noexcept = default;

    boost::asio::io_context* io;
};

}  // namespace leasepool::test

#endif
