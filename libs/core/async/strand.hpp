// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_STRAND_HPP
#define LEASEPOOL_CORE_STRAND_HPP

#include "core/async/task_memory.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/intrusive/slist.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace leasepool::detail {

/// A piece of work for a strand. It must stay alive until it has run or was discarded.
class strand_node
    : public boost::intrusive::slist_base_hook<boost::intrusive::tag<class queued_on_strand>> {
public:
    virtual void run_on_strand() noexcept = 0;
    /// Called instead of `run_on_strand` if the strand is closed.
    virtual void discard() noexcept = 0;

protected:
    ~strand_node() = default;
};

/// Runs the work of a manager in order: a queue of nodes in front of a `boost::asio::strand`.
///
/// The queue has properties that Asio's strand lacks. Its nodes exist already, so submitting one
/// needs no memory. One *turn* at a time is posted to the strand, through memory of its own, and
/// runs the nodes. The thread that shuts the manager down can close the queue and wait for a turn
/// that runs. After that neither the strand nor its context is used any more.
///
/// A post allocates nothing if the executor is one of `io_context`, `thread_pool` or a strand of
/// those, also inside an `any_io_executor`. Any other executor may allocate. If that fails, the
/// post is repeated until there is memory.
class strand {
public:
    class owner {
    public:
        /// Keep the owner of the strand alive while a turn is posted.
        virtual void strand_add_ref() noexcept = 0;
        virtual void strand_release() noexcept = 0;
        /// Called on the strand after each node, and after `wake`.
        virtual void strand_settle() noexcept = 0;

    protected:
        ~owner() = default;
    };

    strand(boost::asio::any_io_executor const& ex, owner& keeper);
    ~strand();
    strand(strand const&) = delete;
    strand& operator=(strand const&) = delete;

    /// Runs `node` soon, on the executor. After `close` discards it instead, inside this call. Any
    /// thread; the caller keeps the owner alive during the call.
    void submit(strand_node& node) noexcept;

    /// Makes the strand call `owner::strand_settle` soon. Any thread; the caller keeps the owner
    /// alive during the call.
    void wake() noexcept;

    /// Sleeps for a moment and ends the turn, so that the executor runs other functions in between.
    /// Called on the strand after an allocation has failed, when the next node tries again.
    void pause() noexcept;

    /// Closes the strand: waits until nothing runs on it. After that nothing runs on it any more,
    /// each node that is submitted is discarded, and the executor is not used any more.
    /// `discard_pending` discards the nodes that are queued. A call on the strand itself, or inside
    /// its post, does not wait for that turn or that post. Returns false if the strand is closed
    /// already.
    bool close() noexcept;

    /// Destroys the executor. Called after `close`, before the context of the executor is gone.
    void drop_executor() noexcept;

    /// Discards the nodes that were submitted before `close`. Called by the thread that closed the
    /// strand.
    void discard_pending() noexcept;

    /// Returns whether the strand was made in a parent of this process. Threads that used it there
    /// do not exist here, so nothing waits for them.
    bool inherited() const noexcept;

    /// Returns whether this thread is running the strand.
    bool running_in_this_thread() const noexcept;
    /// Returns whether this thread is running the strand, or posting to it.
    bool entered_by_this_thread() const noexcept;

private:
    enum class state { idle, posted, running, closed };
    using node_list = boost::intrusive::slist<strand_node,
        boost::intrusive::base_hook<
            boost::intrusive::slist_base_hook<boost::intrusive::tag<class queued_on_strand>>>,
        boost::intrusive::cache_last<true>>;

    class turn;
    class poster;
    template <class Executor>
    class poster_to;

    /// Removes and returns the first node; null: there is none. Called with the lock held.
    strand_node* dequeue() noexcept;
    /// Posts a turn. Precondition: the state has just been set to `posted`. Releases the lock
    /// during the post.
    void post(std::unique_lock<std::mutex>& lock) noexcept;
    void run() noexcept;
    static std::unique_ptr<poster> make_poster(
        boost::asio::any_io_executor const& ex, std::shared_ptr<task_memory> const& memory);

    owner& owner_;
    unsigned const generation_;  // of the process
    std::unique_ptr<poster> poster_;

    std::mutex mutex_;
    std::condition_variable quiet_;  // notified when a turn or a post ends
    node_list queue_;
    state state_ = state::idle;
    bool woken_ = false;
    bool paused_ = false;  // the turn must end
    bool broken_ = false;  // a post threw; the next one uses a new Asio strand
    int posting_ = 0;      // threads that are posting
};

}  // namespace leasepool::detail

#endif
