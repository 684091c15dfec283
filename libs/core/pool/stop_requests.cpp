// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/pool/stop_requests.hpp"

#include "core/support/os.hpp"
#include "core/support/process_wide.hpp"

#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

// The queue of requests to stop, and the threads that make them. One queue serves all pools of the
// process.

namespace leasepool::detail {
namespace {

struct stop_request {
    pool_ptr on;
    std::stop_source source;
};

/// The requests that no thread has taken yet.
class stop_request_queue {
public:
    /// @throws std::bad_alloc with nothing changed.
    void push(stop_request const& request)
    {
        {
            std::lock_guard lock(mutex_);
            waiting_.push_back(request);
            if (std::exchange(thread_on_its_way_, true))
                return;
        }
        if (!start_thread())
            serve();
    }

private:
    bool start_thread() noexcept
    {
        try {
            std::thread([this] {
                set_current_thread_name("leasepool-stop");
                serve();
            }).detach();
            return true;
        }
        catch (std::exception const&) {
            return false;
        }
    }

    void serve() noexcept
    {
        std::unique_lock lock(mutex_);
        thread_on_its_way_ = false;
        while (!waiting_.empty()) {
            auto request = std::move(waiting_.front());
            waiting_.pop_front();
            if (!waiting_.empty() && !thread_on_its_way_)
                thread_on_its_way_ = start_thread();
            lock.unlock();
            request_stop_here(request.on, request.source);
            request.on.reset();  // without the lock: may destroy the rest of the manager
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::deque<stop_request> waiting_;
    bool thread_on_its_way_ = false;  // one is started that has not looked at `waiting_` yet
};

}  // namespace

void request_stop_here(pool_ptr const& on, std::stop_source const& source) noexcept
{
    worker_scope const scope(on.get());
    source.request_stop();
}

void request_stop_elsewhere(pool_ptr on, std::stop_source source) noexcept
{
    stop_request const request{std::move(on), std::move(source)};
    try {
        process_wide<stop_request_queue>().push(request);
    }
    catch (std::exception const&) {
        request_stop_here(request.on, request.source);
    }
}

}  // namespace leasepool::detail
