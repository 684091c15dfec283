// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_STARTED_PROGRAM_HPP
#define LEASEPOOL_TEST_STARTED_PROGRAM_HPP

#include "integration/support/support.hpp"

#include "process/child/child.hpp"
#include "process/child/descriptors.hpp"
#include "process/child/spawn.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <exception>
#include <future>
#include <memory>
#include <string_view>
#include <sys/uio.h>
#include <utility>

namespace leasepool::test {

using detail::spawn_options;

/// A program that was started, with operations for tests.
class program : public detail::child {
public:
    program() = default;
    /// Waits for the start. Throws the error of the start.
    program(asio::any_io_executor const& ex, spawn_options const& options)
        : program(ex, options, std::make_shared<std::promise<void>>())
    {
    }

    /// Waits until it has exited; not reaped.
    detail::exit_status wait()
    {
        exited_.wait();
        return *status();
    }

    void close_input()
    {
        error_code ignored;
        standard_input().close(ignored);
    }

    /// Writes all, and waits for it.
    error_code write(std::string_view text)
    {
        standard_input().native_non_blocking(false);
        error_code ec;
        while (!text.empty() && !ec) {
            iovec const piece{const_cast<char*>(text.data()), text.size()};
            text.remove_prefix(
                detail::write_without_sigpipe(standard_input().native_handle(), &piece, 1, ec));
        }
        return ec;
    }

private:
    program(asio::any_io_executor const& ex, spawn_options const& options,
        std::shared_ptr<std::promise<void>> const& exited)
        : child(ex, started(options, exited)), exited_(exited->get_future())
    {
    }

    static detail::started_program started(
        spawn_options const& options, std::shared_ptr<std::promise<void>> const& exited)
    {
        auto const begun = std::make_shared<std::promise<detail::started_program>>();
        detail::spawn(
            std::make_shared<spawn_options>(options),
            [begun](detail::started_program&& to) { begun->set_value(std::move(to)); },
            [exited] { exited->set_value(); });
        auto program = begun->get_future().get();
        if (program.error)
            std::rethrow_exception(program.error);
        return program;
    }

    std::future<void> exited_;
};

}  // namespace leasepool::test

#endif
