// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/thread_backend.hpp>

#include "os.hpp"
#include "pool_context.hpp"
#include "pool_record.hpp"

#include <leasepool/error.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/require.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace leasepool {

namespace asio = boost::asio;
using detail::pool_context;

namespace detail {
namespace {

int concurrency_hint(std::size_t workers) noexcept
{
    return workers == 1 ? 1 : static_cast<int>(std::min<std::size_t>(workers, 1024));
}

}  // namespace

template class pool_adaptor<thread_backend::pool_type>;
template class backend_adaptor<thread_backend>;

}  // namespace detail

/// What a pool and its threads share; the last of them frees it.
class thread_backend::pool_type::impl : public std::enable_shared_from_this<impl> {
public:
    impl(pool_site s, std::shared_ptr<thread_backend_options const> o)
        : options(std::move(o)), site(std::move(s)),
          context(std::make_shared<pool_context>(
              options->workers_per_pool, detail::concurrency_hint(options->workers_per_pool))),
          guard_(context->get_executor()), starting_(options->workers_per_pool),
          running_(options->workers_per_pool)
    {
    }

    void start()
    {
        auto const n = options->workers_per_pool;
        threads_.reserve(n);
        for (std::size_t i = 0; i != n; ++i)
            try {
                threads_.emplace_back([self = shared_from_this(), i] { self->run_thread(i); });
            }
            catch (...) {
                note_failure(std::current_exception());
                thread_started(n - i);
                thread_ended(n - i);
                return;
            }
    }

    /// No function begins any more; those that run return.
    void stop() noexcept { context->stop(); }

    void join() noexcept
    {
        for (auto& thread : threads_)
            if (thread.joinable())
                thread.join();
    }

    std::shared_ptr<thread_backend_options const> const options;
    pool_site const site;
    std::shared_ptr<pool_context> const context;

private:
    void run_thread(std::size_t n) noexcept
    {
        worker_id const id{site.id(), n};
        detail::set_current_thread_name(detail::thread_name(
            options->name_prefix, id.pool, id.worker, detail::thread_name_limit));
        detail::worker_scope const scope(site);
        std::unique_ptr<detail::worker_state_base> state;
        bool hooked = false;
        try {
            if (!options->affinity.empty())
                detail::set_current_thread_affinity(options->affinity);
            if (options->on_thread_start)
                options->on_thread_start(id);
            hooked = true;
            if (options->worker_state)
                state = options->worker_state();
        }
        catch (...) {
            note_failure(std::current_exception());
        }
        {
            detail::worker_state_scope const here(state.get());
            thread_started(1);
            run_functions();
        }
        state.reset();
        if (hooked && options->on_thread_stop)
            guarded([&] { options->on_thread_stop(id); });
        thread_ended(1);
    }

    void run_functions() noexcept
    {
        // Exceptions of functions posted through a lease's executor do not get here; those of what
        // somebody put on the context by another way may.
        auto const run = [this] {
            if (options->spin > steady_duration::zero())
                poll_and_sleep();
            else
                context->run();
        };
        while (!guarded(run)) {}
    }

    /// False if `f` threw, which is reported.
    template <class F>
    bool guarded(F const& f) noexcept
    {
        std::exception_ptr error;
        try {
            f();
        }
        catch (...) {
            error = std::current_exception();
        }
        if (!error)
            return true;
        detail::report_unhandled(site, std::move(error));
        return false;
    }

    void poll_and_sleep()
    {
        using clock = std::chrono::steady_clock;
        while (!context->stopped()) {
            auto const give_up = clock::now() + options->spin;
            bool found = false;
            while (!found && clock::now() < give_up && !context->stopped())
                found = context->poll_one() != 0;
            if (!found)
                context->run_one();
        }
    }

    void thread_started(std::size_t n) noexcept
    {
        if (starting_.fetch_sub(n) != n)
            return;
        if (failure())
            stop();
        else
            site.ready();
    }

    void thread_ended(std::size_t n) noexcept
    {
        if (running_.fetch_sub(n) != n)
            return;
        if (auto why = failure()) {
            failure_ = nullptr;  // no other thread is left: the manager's copy is the last
            site.failed(std::move(why));
        }
        else
            site.closed();
    }

    void note_failure(std::exception_ptr why) noexcept
    {
        std::lock_guard lock(mutex_);
        if (!failure_)
            failure_ = std::move(why);
    }

    std::exception_ptr failure() noexcept
    {
        std::lock_guard lock(mutex_);
        return failure_;
    }

    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::atomic<std::size_t> starting_;
    std::atomic<std::size_t> running_;
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::exception_ptr failure_;
};

thread_backend::pool_type::pool_type(
    pool_site site, std::shared_ptr<thread_backend_options const> options)
    : impl_(std::make_shared<impl>(std::move(site), std::move(options)))
{
    impl_->start();
}

thread_backend::pool_type::~pool_type()
{
    impl_->stop();
    impl_->join();
}

void thread_backend::pool_type::execute(pool_task&& task)
{
    // Not more tasks than workers are under way, so there is memory for each.
    asio::require(impl_->context->get_executor(), asio::execution::blocking.never,
        asio::execution::allocator(detail::task_allocator<void>(impl_->context->tasks)))
        .execute(std::move(task));
}

std::size_t thread_backend::pool_type::workers() const noexcept
{
    return impl_->options->workers_per_pool;
}

void thread_backend::pool_type::close() noexcept
{
    impl_->stop();
}

std::shared_ptr<pool_context> thread_backend::pool_type::context() const noexcept
{
    return impl_->context;
}

thread_backend::thread_backend(thread_backend_options options)
{
    validate(options);
    options_ = std::make_shared<thread_backend_options const>(std::move(options));
}

std::unique_ptr<thread_backend::pool_type> thread_backend::make_pool(pool_site site)
{
    return std::make_unique<pool_type>(std::move(site), options_);
}

}  // namespace leasepool
