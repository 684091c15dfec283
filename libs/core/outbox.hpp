// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_OUTBOX_HPP
#define LEASEPOOL_CORE_OUTBOX_HPP

#include <leasepool/detail/completion.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace leasepool::detail {

class outbox;
void intrusive_ptr_add_ref(outbox* box) noexcept;
void intrusive_ptr_release(outbox* box) noexcept;
using outbox_ptr = boost::intrusive_ptr<outbox>;

/// Delivers completions to one `io_context`, many for one function posted there.
///
/// Handlers are called in the order of `push`, each by itself: one that throws loses no other, and
/// one that takes long holds up no other where more threads run the context.
///
/// What is pushed gathers on a stack. Whoever finds that empty sends a turn, which alone takes it: so
/// whoever pushes can rely on the context and this until he has done that, and touches nothing after.
/// The turn delivers what is there when it begins. That is what would stand before all else if each
/// had been posted by itself; what comes later waits for others that have been posted meanwhile.
/// Before it calls its first handler it sends another turn for the rest, which another thread may
/// begin; and which is there if a handler throws.
class outbox {
public:
    explicit outbox(boost::asio::io_context& context);
    outbox(outbox const&) = delete;
    outbox& operator=(outbox const&) = delete;

    boost::asio::io_context& context() const noexcept { return context_; }

    /// Any thread. The completion is outstanding work of the context.
    void push(completion& op) noexcept;

private:
    friend void intrusive_ptr_add_ref(outbox* box) noexcept;
    friend void intrusive_ptr_release(outbox* box) noexcept;

    /// So many handlers are called at what counts as one time, and without a look whether the context
    /// has been stopped.
    static constexpr int handlers_at_once = 16;

    struct turn final : completion {
        turn(outbox& b, executor_ref&& ex) noexcept : completion(&go, std::move(ex)), box(b) {}
        static void go(completion* self, step what);
        outbox& box;
    };

    ~outbox() = default;
    void send(turn& which) noexcept;
    void run(turn const& which);
    void destroy_all(turn const& which) noexcept;
    /// The first of all that a turn finds.
    completion* begin(turn const& which) noexcept;
    completion* pop() noexcept;

    // Locked.
    void gather() noexcept;
    completion* take() noexcept;
    bool wants_turn_for_the_rest() noexcept;

    /// The next one, in memory that is not needed before a completion is posted by itself.
    static completion*& next(completion& op) noexcept
    {
        return *static_cast<completion**>(op.memory());
    }

    boost::asio::io_context& context_;
    turn for_pushed_;
    turn for_the_rest_;
    std::atomic<std::uint32_t> references_{0};
    std::atomic<completion*> pushed_{nullptr};  // last in, first out
    std::mutex mutex_;                          // over what is below
    completion* first_ = nullptr;               // first in, first out
    completion* last_ = nullptr;
    bool turn_for_the_rest_ = false;  // it is on its way; always, outside the lock, if any are left
};

/// The outboxes of a manager, one for each `io_context` that its users' handlers run on.
class outboxes {
public:
    outboxes() = default;
    outboxes(outboxes const&) = delete;
    outboxes& operator=(outboxes const&) = delete;
    ~outboxes();

    /// Posts the handler to its executor, with others if that is one of an `io_context`. Any thread
    /// that keeps this alive meanwhile.
    void deliver(completion& op) noexcept;

private:
    outbox* find(boost::asio::io_context& context) noexcept;

    std::mutex mutex_;                             // held while one is appended
    std::array<std::atomic<outbox*>, 4> boxes_{};  // those there are come first
};

}  // namespace leasepool::detail

#endif
