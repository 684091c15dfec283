// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_PROGRESS_QUEUE_HPP
#define LEASEPOOL_DETAIL_PROGRESS_QUEUE_HPP

#include <leasepool/job_options.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <list>
#include <mutex>
#include <utility>

namespace leasepool::detail {

/// The values of a job's progress that wait for the executor of the callback. `job_operation` adds
/// them and posts the calls of `deliver_one`.
///
/// A call is posted for each value, so that all are posted before the handler of the job is. Values
/// that wait take at most about `max_bytes`. The oldest are dropped for a new one, which then uses
/// a call that is posted already. Any thread.
class progress_queue {
public:
    static constexpr std::size_t max_bytes = std::size_t{1} << 20;

    explicit progress_queue(job_options::progress_callback&& callback);

    /// Counts dropped values. `first`: none had been dropped before.
    struct drops {
        std::size_t count = 0;
        bool first = false;
    };

    /// Adds a value. Calls `post()`, which posts a call of `deliver_one`, if too few are posted.
    /// Exceptions of `post` leave this function, and the value is dropped.
    template <class Post>
    drops add(boost::json::value&& value, Post const& post)
    {
        bool missing = false;
        auto const dropped = push(std::move(value), missing);
        if (missing)
            try {
                post();
            }
            catch (...) {
                not_posted();
                throw;
            }
        return dropped;
    }

    /// Calls the callback with the oldest value, if there is one. Its exceptions leave this function.
    void deliver_one();

private:
    struct waiting {
        boost::json::value value;
        std::size_t bytes;
    };

    drops push(boost::json::value&& value, bool& missing);
    void not_posted() noexcept;

    job_options::progress_callback const callback_;
    std::mutex mutex_;
    std::list<waiting> waiting_;
    std::size_t bytes_ = 0;
    std::size_t posted_ = 0;  // calls that are posted; at least as many as values wait
    bool has_dropped_ = false;
};

}  // namespace leasepool::detail

#endif
