// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_STRAND_HPP
#define LEASEPOOL_CORE_STRAND_HPP

#include "core/async/task_memory.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace leasepool::detail {

/// Something to do on a strand. It must stay alive until it has run or was discarded.
class strand_node {
public:
    virtual void run_on_strand() noexcept = 0;
    /// The strand is closed and will not run it.
    virtual void discard() noexcept = 0;

protected:
    ~strand_node() = default;

private:
    friend class strand;
    strand_node* next_ = nullptr;
};

/// What a manager does, in order: a queue of nodes in front of a `boost::asio::strand`.
///
/// The queue is what Asio's strand lacks. Its nodes exist already, so that handing something over
/// needs no memory; one *turn* at a time is posted to the strand, through memory of its own, and runs
/// the nodes; and whoever shuts the manager down can close it, wait for a turn that runs, and be
/// sure that neither the strand nor its context is touched after that.
///
/// A post allocates nothing if the executor is one of `io_context`, `thread_pool` or a strand of
/// those, also inside an `any_io_executor`. Any other executor may allocate; if that fails, the post
/// is repeated until there is memory.
class strand {
public:
    class owner {
    public:
        /// Keep the strand's owner alive while a turn is posted.
        virtual void strand_add_ref() noexcept = 0;
        virtual void strand_release() noexcept = 0;
        /// On the strand: after each node, and after `wake`.
        virtual void strand_settle() noexcept = 0;

    protected:
        ~owner() = default;
    };

    strand(boost::asio::any_io_executor const& ex, owner& keeper);
    ~strand();
    strand(strand const&) = delete;
    strand& operator=(strand const&) = delete;

    /// Runs `node` soon, on the executor. After `close` it discards it instead, in this call. Any
    /// thread that keeps the owner alive meanwhile.
    void submit(strand_node& node) noexcept;

    /// Has `owner::strand_settle` called soon. Any thread that keeps the owner alive meanwhile.
    void wake() noexcept;

    /// On the strand, where something failed for lack of memory and is tried again by the next node:
    /// sleeps for a moment, and ends the turn, so that the executor runs other functions in between.
    void pause() noexcept;

    /// Waits until nothing runs on the strand and keeps it that way, for ever: whatever is or will
    /// be submitted is discarded, and the executor is not touched any more. On the strand itself, or
    /// inside its post, it does not wait for that. False if it is closed already.
    bool close() noexcept;

    /// After `close`, before the executor's context is gone.
    void drop_executor() noexcept;

    /// Discards what was submitted before `close`. By the thread that closed it.
    void discard_pending() noexcept;

    /// Whether it comes from the parent of this process. What other threads did with it there
    /// never ends here, so nothing waits for that.
    bool inherited() const noexcept;

    /// Whether this thread is running the strand.
    bool running_in_this_thread() const noexcept;
    /// Whether this thread is running the strand, or posting to it.
    bool entered_by_this_thread() const noexcept;

private:
    enum class state { idle, posted, running, closed };

    class turn;
    class poster;
    template <class Executor>
    class poster_to;

    void enqueue(strand_node& node) noexcept;
    strand_node* dequeue() noexcept;
    /// Precondition: the state has just been set to `posted`. Unlocks meanwhile.
    void post(std::unique_lock<std::mutex>& lock) noexcept;
    void run() noexcept;
    static std::unique_ptr<poster> make_poster(
        boost::asio::any_io_executor const& ex, std::shared_ptr<task_memory> const& memory);

    owner& owner_;
    unsigned const generation_;  // of the process
    std::unique_ptr<poster> poster_;

    std::mutex mutex_;
    std::condition_variable quiet_;  // nothing runs, and nothing is being posted
    strand_node* first_ = nullptr;
    strand_node* last_ = nullptr;
    state state_ = state::idle;
    bool woken_ = false;
    bool paused_ = false;  // the turn is to end
    bool broken_ = false;  // a post failed halfway
    int posting_ = 0;      // threads that are posting
};

}  // namespace leasepool::detail

#endif
