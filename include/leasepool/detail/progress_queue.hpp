// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_PROGRESS_QUEUE_HPP
#define LEASEPOOL_DETAIL_PROGRESS_QUEUE_HPP

#include <leasepool/job_options.hpp>

#include <boost/asio/post.hpp>
#include <boost/json/value.hpp>

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace leasepool::detail {

/// The values of a job's progress that wait for the executor of the callback. `progress_sink` adds
/// them. Any thread.
///
/// A `call` is posted for each value, so that all are posted before the handler of the job is. Values
/// that wait take at most about `max_bytes`, or there is one value. The oldest are dropped for a new
/// one, which then uses a call that is posted already. If a call is destroyed uncalled, the oldest
/// value is dropped.
class progress_queue : public std::enable_shared_from_this<progress_queue> {
public:
    static constexpr std::size_t max_bytes = std::size_t{1} << 20;

    /// Calls the callback with the oldest value that waits, if there is one.
    class call {
    public:
        explicit call(std::shared_ptr<progress_queue> of) noexcept : of_(std::move(of)) {}
        call(call&&) noexcept = default;
        call& operator=(call&&) = delete;
        ~call()
        {
            if (of_)
                of_->not_called();
        }
        /// Exceptions of the callback leave this function.
        void operator()()
        {
            auto const queue = std::move(of_);
            queue->deliver_one();
        }

    private:
        std::shared_ptr<progress_queue> of_;
    };

    explicit progress_queue(job_options::progress_callback&& callback);

    /// Adds a value. Calls `post(call)` if too few calls are posted. Exceptions leave this function.
    template <class Post>
    void add(boost::json::value&& value, Post const& post)
    {
        if (push(std::move(value)))
            post(call(shared_from_this()));
    }

    /// Returns the number of values that were dropped since the last time.
    std::size_t take_dropped() noexcept;

private:
    struct waiting {
        boost::json::value value;
        std::size_t bytes;
    };
    using waiting_list = std::list<waiting>;

    /// Returns whether a call must be posted. It counts as posted.
    bool push(boost::json::value&& value);
    void deliver_one();
    void not_called() noexcept;
    void drop_oldest(waiting_list& to) noexcept;

    job_options::progress_callback const callback_;
    std::mutex mutex_;
    waiting_list waiting_;
    std::size_t bytes_ = 0;
    std::size_t posted_ = 0;  // calls that exist; at least as many as values wait
    std::size_t dropped_ = 0;
};

/// Where the progress of one job goes. It may be used after the operation of the job has ended.
class progress_sink {
public:
    progress_sink(std::string_view name, job_options::progress_callback&& callback)
        : job(name), queue(std::make_shared<progress_queue>(std::move(callback)))
    {
    }
    virtual ~progress_sink() = default;
    progress_sink(progress_sink const&) = delete;
    progress_sink& operator=(progress_sink const&) = delete;

    /// Adds a value. Exceptions of the executor, and `bad_alloc`, leave this function.
    virtual void add(boost::json::value&& value) = 0;

    std::string const job;
    std::shared_ptr<progress_queue> const queue;
    std::atomic<bool> logged_a_loss = false;
};

/// The sink for an executor of this type.
template <class Executor>
class progress_sink_on final : public progress_sink {
public:
    progress_sink_on(
        std::string_view name, job_options::progress_callback&& callback, Executor const& ex)
        : progress_sink(name, std::move(callback)), executor_(ex)
    {
    }
    void add(boost::json::value&& value) override
    {
        queue->add(std::move(value),
            [this](progress_queue::call&& c) { boost::asio::post(executor_, std::move(c)); });
    }

private:
    Executor const executor_;
};

}  // namespace leasepool::detail

#endif
