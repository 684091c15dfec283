// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_EVENTS_HPP
#define LEASEPOOL_TEST_EVENTS_HPP

#include "integration/support/support.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool::test {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

/// Counts what happens on the one thread of an io_context, and lets coroutines wait for it. Pass it
/// as a callback by `std::ref`.
class happening {
public:
    explicit happening(asio::io_context& io) : guard_(io, std::chrono::minutes{2}) {}

    template <class... Args>
    void operator()(Args const&...)
    {
        ++count_;
        guard_.cancel();
    }

    /// As a completion handler, whatever the result.
    auto handler()
    {
        return [this](auto const&...) { (*this)(); };
    }

    int count() const noexcept { return count_; }

    /// Until it has happened `n` times.
    asio::awaitable<void> await(int n = 1)
    {
        while (count_ < n) {
            auto const [error] = co_await guard_.async_wait(as_tuple);
            if (!error)
                throw std::runtime_error("it did not happen");
        }
    }

private:
    asio::steady_timer guard_;
    int count_ = 0;
};

/// A log sink that remembers. Pass it by `std::ref`.
class journal {
public:
    struct entry {
        severity level;
        std::string message;
        std::string manager;
        std::map<std::string, std::string, std::less<>> fields;

        std::string operator[](std::string_view name) const
        {
            auto const found = fields.find(name);
            return found == fields.end() ? std::string("(none)") : found->second;
        }
    };

    explicit journal(asio::io_context& io) : logged_(io) {}

    void operator()(log_record const& record)
    {
        entry e{record.level, std::string(record.message), std::string(record.manager), {}};
        for (auto const& field : record.fields)
            e.fields.emplace(field.name, field.value);
        entries_.push_back(std::move(e));
        logged_();
    }

    /// How many messages begin like this.
    std::ptrdiff_t count(std::string_view beginning) const
    {
        return std::count_if(entries_.begin(), entries_.end(),
            [&](entry const& e) { return e.message.starts_with(beginning); });
    }

    /// All of them.
    std::vector<entry> entries(std::string_view beginning) const
    {
        std::vector<entry> found;
        for (auto const& e : entries_)
            if (e.message.starts_with(beginning))
                found.push_back(e);
        return found;
    }

    /// The last of them.
    entry last(std::string_view beginning) const
    {
        auto const found = std::find_if(entries_.rbegin(), entries_.rend(),
            [&](entry const& e) { return e.message.starts_with(beginning); });
        if (found == entries_.rend())
            throw std::runtime_error("not logged: " + std::string(beginning));
        return *found;
    }

    /// The last of them, when there are `n`.
    asio::awaitable<entry> await(std::string_view beginning, std::ptrdiff_t n = 1)
    {
        while (count(beginning) < n)
            co_await logged_.await(logged_.count() + 1);
        co_return last(beginning);
    }

private:
    std::vector<entry> entries_;
    happening logged_;
};

/// For BOOST_CHECK_EXCEPTION.
template <class Code>
auto has_code(Code expected)
{
    return [expected](boost::system::system_error const& e) { return e.code() == expected; };
}

/// A completion handler that keeps an outcome for a coroutine of the same thread.
template <class... Results>
class outcome {
public:
    explicit outcome(asio::io_context& io) : done_(io) {}

    auto handler()
    {
        return [this](std::exception_ptr e, Results... values) {
            error_ = std::move(e);
            ((value_ = std::move(values)), ...);
            done_();
        };
    }

    bool done() const noexcept { return done_.count() != 0; }

    /// The result; rethrows what was thrown.
    asio::awaitable<int> get()
    {
        co_await done_.await();
        if (error_)
            std::rethrow_exception(error_);
        co_return value_;
    }

private:
    happening done_;
    std::exception_ptr error_;
    int value_ = 0;
};

/// The same for void(error_code).
class verdict {
public:
    explicit verdict(asio::io_context& io) : done_(io) {}

    auto handler()
    {
        return [this](error_code e) {
            error_ = e;
            done_();
        };
    }

    bool done() const noexcept { return done_.count() != 0; }

    asio::awaitable<error_code> get()
    {
        co_await done_.await();
        co_return error_;
    }

private:
    happening done_;
    error_code error_;
};

/// An acquire, begun and not awaited.
template <class Backend>
class pending_acquire {
public:
    explicit pending_acquire(asio::io_context& io) : done_(io) {}

    pending_acquire(asio::io_context& io, manager<Backend>& pools, acquire_options options = {})
        : done_(io)
    {
        pools.async_acquire(options, handler());
    }

    auto handler()
    {
        return [this](error_code e, lease<Backend> l) {
            error = e;
            granted = std::move(l);
            done_();
        };
    }

    bool done() const noexcept { return done_.count() != 0; }

    asio::awaitable<error_code> get()
    {
        co_await done_.await();
        co_return error;
    }

    error_code error;
    lease<Backend> granted;

private:
    happening done_;
};

/// What posts: turns of the io_context until everything that is ready has run.
inline asio::awaitable<void> settle()
{
    for (int i = 0; i != 10; ++i)
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

}  // namespace leasepool::test

#endif
