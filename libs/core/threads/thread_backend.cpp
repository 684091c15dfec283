// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/thread_backend.hpp>

#include "core/pool/pool_context.hpp"
#include "core/pool/pool_record.hpp"
#include "core/support/os.hpp"
#include "core/support/process_wide.hpp"
#include "core/threads/thread_reaper.hpp"

#include <leasepool/error.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/require.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

// The thread backend: pools whose workers are threads that run a `pool_context`. A manager calls it
// through detail/backend_base.hpp; a pool reports to its manager through its `pool_site`.

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

/// The state that a pool, its threads and the reaper share. The pool owns it, and keeps it until
/// the reaper has joined the threads and does not use it any more.
class thread_backend::pool_type::impl final : private detail::thread_exit_listener,
                                              private detail::thread_reaper::client {
public:
    impl(pool_site s, std::shared_ptr<thread_backend_options const> o)
        : options(std::move(o)), site(std::move(s)),
          context(std::make_shared<pool_context>(
              options->workers_per_pool, detail::concurrency_hint(options->workers_per_pool))),
          guard_(context->get_executor()), reaper_(detail::process_wide<detail::thread_reaper>()),
          starting_(options->workers_per_pool), not_ended_(options->workers_per_pool + 1)
    {
    }

    /// Starts the threads. A thread that cannot be started makes the pool fail; `site.failed`
    /// reports it.
    /// @throws std::system_error, std::bad_alloc before any thread is started.
    void start()
    {
        auto const n = options->workers_per_pool;
        threads_.reserve(n);
        reaper_.start();
        for (std::size_t i = 0; i != n; ++i)
            try {
                threads_.push_back(detail::start_thread([this, i] { run_thread(i); }));
            }
            catch (...) {
                note_failure(std::current_exception());
                thread_started(n - i);
                ended(n - i);
                break;
            }
        ended(1);  // `threads_` is complete
    }

    /// Stops the context. No function begins any more. Functions that run are not interrupted.
    void stop() noexcept { context->stop(); }

    /// Waits until the reaper has joined the threads. Called after `start`.
    void wait_until_joined() noexcept
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return joined_; });
    }

    std::shared_ptr<thread_backend_options const> const options;
    pool_site const site;
    std::shared_ptr<pool_context> const context;

private:
    void run_thread(std::size_t n) noexcept
    {
        bool const watched = guarded_start([this] { detail::call_at_thread_exit(*this); });
        worker_id const id{site.id(), n};
        detail::set_current_thread_name(detail::thread_name(
            options->name_prefix, id.pool, id.worker, detail::thread_name_limit));
        detail::worker_scope::enter(site);
        std::unique_ptr<detail::worker_state_base> state;
        bool hooked = false;
        if (watched)
            guarded_start([&] {
                if (!options->affinity.empty())
                    detail::set_current_thread_affinity(options->affinity);
                if (options->nice != 0)
                    detail::add_to_current_thread_nice(options->nice);
                if (options->on_thread_start)
                    options->on_thread_start(id);
                hooked = true;
                if (options->worker_state)
                    state = options->worker_state();
            });
        {
            detail::worker_state_scope const here(state.get());
            thread_started(1);
            run_functions();
        }
        state.reset();
        if (hooked && options->on_thread_stop)
            guarded([&] { options->on_thread_stop(id); });
        if (!watched)
            ended(1);
    }

    void thread_exited() noexcept override { ended(1); }

    /// Calls `f`. Returns false if it threw; the pool fails to start for this reason then.
    template <class F>
    bool guarded_start(F const& f) noexcept
    {
        try {
            f();
            return true;
        }
        catch (...) {
            note_failure(std::current_exception());
            return false;
        }
    }

    void run_functions() noexcept
    {
        // Exceptions of functions posted through a lease's executor do not get here. Exceptions of
        // functions that were posted to the context in another way may.
        auto const run = [this] {
            if (options->spin > steady_duration::zero())
                poll_and_sleep();
            else
                context->run();
        };
        while (!guarded(run)) {}
    }

    /// Calls `f`. Returns false if it threw; the exception is reported then.
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

    /// Counts threads that run no code of the user any more, and the end of `start`. The last call
    /// hands the threads over to the reaper.
    void ended(std::size_t n) noexcept
    {
        if (not_ended_.fetch_sub(n) == n)
            reaper_.hand_over(*this);
    }

    void join_threads() noexcept override
    {
        for (auto& thread : threads_)
            thread.join();
        // Reported before the pool may destroy this object, so that the last reference to the
        // manager, and to objects that the user has given to it, is not dropped on the thread of
        // the reaper.
        if (auto why = failure()) {
            failure_ = nullptr;  // no other thread is left, so the manager has the last copy
            site.failed(std::move(why));
        }
        else
            site.closed();
        std::lock_guard lock(mutex_);
        joined_ = true;
        changed_.notify_all();
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
    detail::thread_reaper& reaper_;
    std::atomic<std::size_t> starting_;
    std::atomic<std::size_t> not_ended_;  // threads, and one more while `start` runs
    std::vector<std::thread> threads_;    // written by `start`, then used by the reaper
    std::mutex mutex_;
    std::condition_variable changed_;
    std::exception_ptr failure_;
    bool joined_ = false;
};

thread_backend::pool_type::pool_type(
    pool_site site, std::shared_ptr<thread_backend_options const> options)
    : impl_(std::make_unique<impl>(std::move(site), std::move(options)))
{
    impl_->start();
}

thread_backend::pool_type::~pool_type()
{
    if (impl_->context->inherited()) {
        // The threads do not exist in this process, so they cannot be joined. The destructor of a
        // condition variable on which they wait would wait for them.
        static_cast<void>(impl_.release());
        return;
    }
    impl_->stop();
    impl_->wait_until_joined();
}

void thread_backend::pool_type::execute(pool_task&& task)
{
    // At most as many tasks as there are workers are posted at a time, so there is memory for each.
    asio::require(impl_->context->get_executor(), asio::execution::blocking.never,
        asio::execution::allocator(detail::task_allocator(&impl_->context->tasks)))
        .execute(std::move(task));
}

std::size_t thread_backend::pool_type::workers() const noexcept
{
    return impl_->options->workers_per_pool;
}

void thread_backend::pool_type::close() noexcept
{
    if (impl_->context->inherited())
        impl_->site.closed();
    else
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
