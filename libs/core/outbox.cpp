// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "outbox.hpp"

#include "turn_clock.hpp"

#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/require.hpp>

#include <new>
#include <utility>

namespace leasepool::detail {

namespace asio = boost::asio;

namespace {

thread_local turn_clock* clock_here = nullptr;

}  // namespace

turn_clock::turn_clock() noexcept : outer_(std::exchange(clock_here, this)) {}

turn_clock::~turn_clock()
{
    clock_here = outer_;
}

turn_clock::time turn_clock::now() noexcept
{
    auto* const here = clock_here;
    if (!here)
        return std::chrono::steady_clock::now();
    if (here->read_ == time{})
        here->read_ = std::chrono::steady_clock::now();
    return here->read_;
}

void intrusive_ptr_add_ref(outbox* box) noexcept
{
    box->references_.fetch_add(1, std::memory_order_relaxed);
}

void intrusive_ptr_release(outbox* box) noexcept
{
    if (box->references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete box;
}

outbox::outbox(asio::io_context& context)
    : context_(context),
      for_pushed_(*this, executor_ref(context.get_executor(), executor_ref::work::untracked)),
      for_the_rest_(*this, executor_ref(context.get_executor(), executor_ref::work::untracked))
{
}

void outbox::push(completion& op) noexcept
{
    auto* head = pushed_.load(std::memory_order_relaxed);
    do
        next(op) = head;
    while (!pushed_.compare_exchange_weak(head, &op));
    // With a turn on its way `op` may be gone, and with it all else. Without one it is still here; but
    // not any more when Asio, which has the turn, signals the thread that is to run it.
    if (head)
        return;
    auto const work =
        asio::require(context_.get_executor(), asio::execution::outstanding_work.tracked);
    send(for_pushed_);
}

void outbox::send(turn& which) noexcept
{
    intrusive_ptr_add_ref(this);
    which.post();
}

void outbox::turn::go(completion* self, step what)
{
    auto& which = *static_cast<turn*>(self);
    outbox_ptr const box(&which.box, false);
    if (what == step::deliver)
        box->run(which);
    else
        box->destroy_all(which);
}

void outbox::run(turn const& which)
{
    auto* op = begin(which);
    while (op) {
        turn_clock const one_time_for_all;
        for (int n = 0; op && n != handlers_at_once; ++n) {
            op->deliver();
            // Whoever has stopped the context does not want all of the others.
            bool const look_up = n == handlers_at_once - 1;
            op = look_up && context_.stopped() ? nullptr : pop();
        }
    }
}

completion* outbox::begin(turn const& which) noexcept
{
    completion* first = nullptr;
    bool another = false;
    {
        std::lock_guard lock(mutex_);
        if (&which == &for_pushed_)
            gather();
        else
            turn_for_the_rest_ = false;
        first = take();
        another = wants_turn_for_the_rest();
    }
    if (another)
        send(for_the_rest_);
    return first;
}

completion* outbox::pop() noexcept
{
    std::lock_guard lock(mutex_);
    return take();
}

bool outbox::wants_turn_for_the_rest() noexcept
{
    return first_ && !std::exchange(turn_for_the_rest_, true);
}

void outbox::gather() noexcept
{
    auto* later = pushed_.exchange(nullptr);
    auto* const last = later;
    completion* first = nullptr;
    while (later) {
        auto* const earlier = std::exchange(next(*later), first);
        first = std::exchange(later, earlier);
    }
    if (!first)
        return;
    (first_ ? next(*last_) : first_) = first;
    last_ = last;
}

completion* outbox::take() noexcept
{
    return first_ ? std::exchange(first_, next(*first_)) : nullptr;
}

void outbox::destroy_all(turn const& which) noexcept
{
    // The context is shutting down. What is pushed after this is destroyed with the turn that is
    // sent for it.
    for (auto* op = begin(which); op; op = pop())
        op->destroy();
}

outboxes::~outboxes()
{
    for (auto& box : boxes_)
        if (auto* const made = box.load())
            intrusive_ptr_release(made);
}

void outboxes::deliver(completion& op) noexcept
{
    auto* const context = op.executor().context();
    if (auto* const box = context ? find(*context) : nullptr)
        box->push(op);
    else
        op.post();
}

outbox* outboxes::find(asio::io_context& context) noexcept
{
    for (auto& box : boxes_) {
        auto* const made = box.load(std::memory_order_acquire);
        if (!made)
            break;
        if (&made->context() == &context)
            return made;
    }
    std::lock_guard lock(mutex_);
    for (auto& box : boxes_) {
        auto* made = box.load(std::memory_order_relaxed);
        if (!made) {
            made = new (std::nothrow) outbox(context);
            if (!made)
                return nullptr;
            intrusive_ptr_add_ref(made);
            box.store(made, std::memory_order_release);
        }
        if (&made->context() == &context)
            return made;
    }
    return nullptr;  // too many contexts: each completion is posted by itself
}

}  // namespace leasepool::detail
