// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_PROCESS_POOL_SUPPORT_HPP
#define LEASEPOOL_TEST_PROCESS_POOL_SUPPORT_HPP

#include "integration/support/events.hpp"
#include "integration/support/os_traces.hpp"

#include <leasepool/process_backend.hpp>
#include <leasepool/remote_error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Pools of misbehaving workers, and the jobs that they are given.

namespace leasepool::test {

namespace json = boost::json;

using process_manager = manager<process_backend>;
using process_lease = lease<process_backend>;

/// The misbehaving worker, with these arguments. It is not waited for when it does not stop: most of
/// those that are asked to have no mind to.
inline process_backend_options misbehaving_workers(
    std::vector<std::string> const& words = {}, std::size_t workers = 1)
{
    process_backend_options options;
    options.command = {LEASEPOOL_MISBEHAVING_WORKER};
    options.command.insert(options.command.end(), words.begin(), words.end());
    options.workers_per_pool = workers;
    options.kill_grace = 20ms;
    options.backoff = 1ms;
    options.limits.core_size = 0;
    return options;
}

/// Arguments of a job; as a call, because g++ 12 takes no braced lists in a coroutine.
template <class... Values>
json::array args(Values&&... values)
{
    json::array out;
    (out.emplace_back(std::forward<Values>(values)), ...);
    return out;
}

/// What became of a job.
struct job_result {
    json::value value{};
    error_code code{};
    std::string text{};
    std::exception_ptr reason{};
};

inline job_result job_result_of(std::exception_ptr reason, json::value value)
{
    job_result out{.value = std::move(value), .reason = reason};
    if (!reason)
        return out;
    try {
        std::rethrow_exception(std::move(reason));
    }
    catch (boost::system::system_error const& e) {
        out.code = e.code();
        out.text = e.what();
    }
    catch (std::exception const& e) {
        BOOST_ERROR("not a system_error: " << e.what());
    }
    return out;
}

/// A job that was begun. That it completes more than once is an error, wherever that is seen.
class attempt {
public:
    attempt(asio::io_context& io, process_lease& lease, std::string_view name,
        json::array arguments = {}, job_options options = {})
        : state_(std::make_shared<state>(io))
    {
        options.on_progress([on = state_](json::value const& value) {
            on->news.push_back(value);
            on->progressed();
        });
        lease.async_call(std::move(options), name, json::value(std::move(arguments)),
            asio::bind_cancellation_slot(
                state_->signal.slot(), [on = state_](std::exception_ptr reason, json::value value) {
                    on->result = job_result_of(std::move(reason), std::move(value));
                    on->completed();
                    if (on->completed.count() != 1)
                        BOOST_ERROR("a job completed more than once");
                }));
    }

    asio::awaitable<job_result> get()
    {
        co_await state_->completed.await();
        co_return state_->result;
    }

    bool done() const noexcept { return state_->completed.count() != 0; }
    job_result const& result() const noexcept { return state_->result; }
    void cancel(asio::cancellation_type how) { state_->signal.emit(how); }

    /// Until it has sent a progress message.
    asio::awaitable<void> progressed() { return state_->progressed.await(); }

    /// Until it is running: the process that it runs in.
    asio::awaitable<pid_t> begun()
    {
        co_await progressed();
        co_return static_cast<pid_t>(state_->news.front().at("pid").to_number<std::int64_t>());
    }
    std::vector<json::value> const& news() const noexcept { return state_->news; }

private:
    struct state {
        explicit state(asio::io_context& io) : completed(io), progressed(io) {}

        asio::cancellation_signal signal;
        happening completed;
        happening progressed;
        std::vector<json::value> news;
        job_result result;
    };
    std::shared_ptr<state> state_;
};

/// A manager of one pool of misbehaving workers, with its log and a lease.
class pool_fixture {
public:
    explicit pool_fixture(asio::io_context& io,
        process_backend_options backend = misbehaving_workers(), manager_options how = {})
        : log(io), pools(io, process_backend(backend), with_log(std::move(how), log)), io_(io),
          workers_(static_cast<std::ptrdiff_t>(backend.workers_per_pool))
    {
    }

    asio::awaitable<void> start()
    {
        co_await pools.async_start(asio::use_awaitable);
        lease = co_await pools.async_acquire({}, asio::use_awaitable);
    }

    attempt begin(std::string_view name, json::array arguments = {}, job_options options = {})
    {
        return attempt(io_, lease, name, std::move(arguments), std::move(options));
    }

    asio::awaitable<job_result> call(
        std::string_view name, json::array arguments = {}, job_options options = {})
    {
        auto job = begin(name, std::move(arguments), std::move(options));
        co_return co_await job.get();
    }

    /// Checks that a job goes well.
    asio::awaitable<void> check_service()
    {
        auto const result = co_await call("add", args(2, 3));
        BOOST_TEST(result.text == "");
        BOOST_TEST(result.value == json::value(5));
    }

    /// Until as many workers are in service as should be, after so many have ended.
    asio::awaitable<void> full_again(std::ptrdiff_t ended = 1)
    {
        co_await log.await("worker ended", ended);
        co_await log.await("worker ready", workers_ + ended);
    }

    asio::awaitable<void> stop()
    {
        lease.release();
        co_await pools.async_stop({}, asio::use_awaitable);
    }

    asio::io_context* context() noexcept { return &io_; }

    journal log;
    process_manager pools;
    process_lease lease;

private:
    static manager_options with_log(manager_options how, journal& log)
    {
        how.max_pools = 1;
        how.make_attempts = 1;
        how.log = std::ref(log);
        return how;
    }

    asio::io_context& io_;
    std::ptrdiff_t workers_;
};

/// Runs a test on a started fixture, and stops that.
template <class Body>
void with_pool(process_backend_options const& backend, Body const& body, manager_options how = {})
{
    nothing_left const checked;
    asio::io_context io;
    pool_fixture workers(io, backend, std::move(how));
    run(io, [&]() -> asio::awaitable<void> {
        co_await workers.start();
        co_await body(workers);
        co_await workers.stop();
    });
}

/// A folder that goes with the test.
class scratch_folder {
public:
    scratch_folder()
    {
        auto name = (std::filesystem::temp_directory_path() / "leasepool-XXXXXX").string();
        if (!::mkdtemp(name.data()))
            throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;

    std::string file(std::string const& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

inline bool contains(std::string_view text, std::string_view words)
{
    return text.find(words) != text.npos;
}

}  // namespace leasepool::test

#endif
