// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_STRAND_HPP
#define LEASEPOOL_CORE_STRAND_HPP

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/executor_ref.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
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

/// A strand over any executor whose entries are intrusive.
///
/// `asio::strand` allocates an entry for each function; a lease must be able to come back where
/// there is no memory, from a thread that runs no executor, and after the `io_context` is gone. So
/// this one takes nodes that exist already, posts itself with memory it owns, and can be taken over
/// and closed by whoever shuts the manager down.
class strand {
public:
    /// Keeps the strand's owner alive while a run of it is posted.
    class owner {
    public:
        virtual void strand_add_ref() noexcept = 0;
        virtual void strand_release() noexcept = 0;
        /// After each node.
        virtual void strand_settle() noexcept = 0;

    protected:
        ~owner() = default;
    };

    strand(boost::asio::any_io_executor const& ex, owner& keeper);
    ~strand() = default;
    strand(strand const&) = delete;
    strand& operator=(strand const&) = delete;

    /// Runs `node` soon, on the executor. After `close` it discards it instead, in this call. Any
    /// thread that keeps the owner alive meanwhile.
    void submit(strand_node& node) noexcept;

    /// To be on the strand here and now, if this thread runs the executor, the strand is free and
    /// nothing is queued: what one thread has submitted it does not overtake. What keeps the owner alive must outlast it.
    class visit {
    public:
        explicit visit(strand& on) noexcept;
        /// As after a node; and runs what was submitted meanwhile.
        ~visit();
        visit(visit const&) = delete;
        visit& operator=(visit const&) = delete;

        /// Whether the strand was entered.
        explicit operator bool() const noexcept { return on_ != nullptr; }

    private:
        strand* on_ = nullptr;
        strand const* outer_ = nullptr;
    };

    /// Waits until nothing runs on the strand and keeps it that way, for ever: whatever is or will
    /// be submitted is discarded, and the executor is not touched any more. On the strand itself
    /// it does not wait. False if it is closed already.
    bool close() noexcept;

    /// After `close`, before the executor's context is gone.
    void drop_executor() noexcept;

    /// Discards what was submitted before `close`. By the thread that closed it.
    void discard_pending() noexcept;

    /// Whether this thread is running the strand.
    bool running_in_this_thread() const noexcept;

private:
    enum class state { idle, posted, running, closed };

    /// The strand's one posted run; it never dies before the strand.
    struct turn final : completion {
        turn(strand& s, executor_ref&& ex) noexcept;
        static void go(completion* self, step what);
        void drop_executor() noexcept { take_executor(); }
        strand& on;
    };

    /// False: it is closed.
    bool push(strand_node& node) noexcept;
    strand_node* pop() noexcept;
    void run() noexcept;
    /// Lets go of the strand; true: something came meanwhile, and it is in hand again.
    bool let_go() noexcept;
    void post() noexcept;
    static strand_node* reversed(strand_node* nodes) noexcept;

    executor_ref executor_;
    turn turn_;
    owner& owner_;
    std::atomic<strand_node*> submitted_{nullptr};  // last in, first out, until it is closed
    strand_node* ready_ = nullptr;                  // first in, first out; the runner's own
    std::atomic<state> state_{state::idle};
    std::mutex post_mutex_;  // held while posting; after `close` the executor may be gone
};

}  // namespace leasepool::detail

#endif
