// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LINK_WORKER_HPP
#define LEASEPOOL_TEST_UNIT_LINK_WORKER_HPP

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>

namespace leasepool::detail::test {

/// A worker that keeps to doc/protocol.md to the letter, and the pipes to and from it. It does what
/// it does one step at a time, when it is told to; so it can be as slow, and die as suddenly, as any.
///
/// What it has answered and not flushed is lost when it dies; what it has flushed is not.
class link_worker {
public:
    enum class kind { request, cancel, resume, end };
    /// To the worker.
    struct line {
        kind what;
        std::uint64_t id;       ///< of a request or a cancel
        std::uint64_t ends_at;  ///< in the stream of bytes
    };
    /// From it.
    struct reply {
        std::uint64_t id;  ///< 0: it says goodbye
        bool not_begun;
    };

    explicit link_worker(bool pipelining) : pipelines_(pipelining) {}

    std::deque<line> input;     ///< what it has not read
    std::uint64_t arrived = 0;  ///< how many bytes of all that was sent are in its pipe, or read
    std::deque<reply> output;   ///< what the parent has not read
    std::uint64_t read_to = 0;  ///< where the last line that it has read ends

    bool alive() const { return alive_; }
    bool barred() const { return barred_; }
    bool began(std::uint64_t id) const { return begun_.contains(id); }
    /// The job that runs; 0: none.
    std::uint64_t running() const { return running_; }

    // Its steps. False: there is no such step to take now.

    /// Takes note of the next line.
    bool read()
    {
        // One that does not pipeline reads when it has answered.
        bool const reads =
            alive_ && !said_goodbye_ && (pipelines_ || (running_ == 0 && held_.empty()));
        if (!reads || input.empty() || input.front().ends_at > arrived)
            return false;
        auto const next = input.front();
        input.pop_front();
        read_to = next.ends_at;
        switch (next.what) {
        case kind::request:
            if (pipelines_ && barred_)
                held_.push_back({next.id, true});
            else
                waiting_.push_back(next.id);
            break;
        case kind::cancel:
            if (!pipelines_)
                break;
            barred_ = true;
            for (auto const id : waiting_)
                held_.push_back({id, true});
            waiting_.clear();
            break;
        case kind::resume:
            barred_ = false;
            break;
        case kind::end:
            ended_ = true;
            break;
        }
        return true;
    }
    /// Begins the next job, all answers before it being flushed.
    bool begin()
    {
        if (!alive_ || said_goodbye_ || running_ != 0 || waiting_.empty() || !held_.empty())
            return false;
        running_ = waiting_.front();
        waiting_.pop_front();
        begun_.insert(running_);
        return true;
    }
    bool finish()
    {
        if (!alive_ || running_ == 0)
            return false;
        held_.push_back({running_, false});
        running_ = 0;
        return true;
    }
    /// Flushes the first `count` of the answers it holds.
    bool flush(std::size_t count)
    {
        if (!alive_ || held_.empty())
            return false;
        for (; count != 0 && !held_.empty(); --count) {
            output.push_back(held_.front());
            held_.pop_front();
        }
        return true;
    }
    /// Says that it begins no job any more, all that it has begun being answered.
    bool say_goodbye()
    {
        if (!alive_ || said_goodbye_ || running_ != 0 || !held_.empty())
            return false;
        said_goodbye_ = true;
        waiting_.clear();
        output.push_back({0, false});
        return true;
    }
    /// Exits, if its input has ended and it has nothing left to do.
    bool exit()
    {
        if (!alive_ || !(ended_ || said_goodbye_) || running_ != 0 || !waiting_.empty() ||
            !held_.empty())
            return false;
        alive_ = false;
        return true;
    }
    void die() { alive_ = false; }

private:
    bool const pipelines_;
    bool alive_ = true;
    bool said_goodbye_ = false;
    bool barred_ = false;
    bool ended_ = false;
    std::uint64_t running_ = 0;
    std::deque<std::uint64_t> waiting_;
    std::deque<reply> held_;
    std::set<std::uint64_t> begun_;
};

}  // namespace leasepool::detail::test

#endif
