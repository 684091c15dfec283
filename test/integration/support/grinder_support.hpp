// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_GRINDER_SUPPORT_HPP
#define LEASEPOOL_TEST_GRINDER_SUPPORT_HPP

#include "integration/support/events.hpp"
#include "integration/support/support.hpp"

#include <leasepool/work_grinder.hpp>

#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <memory>
#include <utility>

namespace leasepool::test {

using thread_grinder = work_grinder<thread_backend>;

/// A manager of threads and a grinder on it.
class mill {
    std::unique_ptr<asio::io_context> own_io_;

public:
    explicit mill(grinder_options options, manager_options of_manager = {},
        thread_backend_options of_threads = {.workers_per_pool = 2})
        : own_io_(std::make_unique<asio::io_context>()), io(*own_io_),
          pools(io, thread_backend(std::move(of_threads)), std::move(of_manager)),
          grinder(pools, std::move(options))
    {
    }
    mill(grinder_options options, manager_options of_manager, thread_backend_options of_threads,
        asio::io_context& context)
        : io(context), pools(io, thread_backend(std::move(of_threads)), std::move(of_manager)),
          grinder(pools, std::move(options))
    {
    }

    /// `body` with both started; both are stopped after it.
    template <class Body>
    void run(Body body)
    {
        run_unstarted([&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            co_await grinder.async_start();
            co_await body();
            co_await grinder.async_stop();
            auto const stats = co_await grinder.async_stats();
            BOOST_TEST(!stats.started);
            BOOST_TEST(stats.submitted == stats.completed + stats.canceled + stats.failed);
            co_await pools.async_stop();
        });
    }

    template <class Body>
    void run_unstarted(Body body)
    {
        test::run(io, body);
    }

    asio::io_context& io;
    thread_manager pools;
    thread_grinder grinder;
};

/// Completion handlers, each of which must be called or destroyed exactly once.
class endings {
public:
    explicit endings(asio::io_context& io) : ended_(io) {}

    struct end {
        int called = 0;
        int destroyed = 0;
        std::exception_ptr error;

        /// Of a system_error; no error: it was none, or another exception.
        error_code code() const
        {
            try {
                if (error)
                    std::rethrow_exception(error);
            }
            catch (boost::system::system_error const& e) {
                return e.code();
            }
            catch (...) {
            }
            return {};
        }
        bool well() const { return called == 1 && !error; }
    };

    /// For void(std::exception_ptr) and void(std::exception_ptr, R).
    auto make()
    {
        return [token = std::make_unique<request_id>(*this, all_.emplace_back())](
                   std::exception_ptr e, auto const&...) { token->called(std::move(e)); };
    }

    end const& operator[](std::size_t n) const { return all_.at(n); }
    std::size_t size() const { return all_.size(); }

    std::size_t with(error_code code) const
    {
        return count([&](end const& e) { return e.called == 1 && e.code() == code; });
    }
    std::size_t well() const
    {
        return count([](end const& e) { return e.well(); });
    }
    std::size_t called() const
    {
        return count([](end const& e) { return e.called == 1; });
    }
    std::size_t destroyed() const
    {
        return count([](end const& e) { return e.called == 0 && e.destroyed == 1; });
    }
    /// None has ended twice.
    bool each_at_most_once() const
    {
        return count([](end const& e) { return e.called + e.destroyed > 1; }) == 0;
    }

    asio::awaitable<void> await(int n) { co_await ended_.await(n); }

private:
    struct request_id {
        request_id(endings& o, end& e) : of(o), to(e) {}
        ~request_id() { to.destroyed += !done; }
        void called(std::exception_ptr e)
        {
            done = true;
            ++to.called;
            to.error = std::move(e);
            of.ended_();
        }
        endings& of;
        end& to;
        bool done = false;
    };

    template <class Is>
    std::size_t count(Is is) const
    {
        return static_cast<std::size_t>(std::count_if(all_.begin(), all_.end(), is));
    }

    happening ended_;
    std::deque<end> all_;
};

}  // namespace leasepool::test

#endif
