// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "outbox.hpp"

#include "turn_clock.hpp"

#include <new>
#include <utility>

namespace leasepool::detail {
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

outbox::outbox(boost::asio::io_context& context)
    : context_(context),
      turn_(*this, executor_ref(context.get_executor(), executor_ref::work::untracked))
{
}

void outbox::push(completion& op) noexcept
{
    auto* head = pushed_.load(std::memory_order_relaxed);
    do
        next(op) = head;
    while (!pushed_.compare_exchange_weak(head, &op));
    // `op` may be gone. A turn that began meanwhile has either taken it or shows here.
    if (!turn_on_its_way_.load() && !turn_on_its_way_.exchange(true))
        send_turn();
}

void outbox::send_turn() noexcept
{
    intrusive_ptr_add_ref(this);
    turn_.post();
}

void outbox::turn::go(completion* self, step what)
{
    outbox_ptr const box(&static_cast<turn*>(self)->box, false);
    if (what == step::deliver)
        box->run();
    else
        box->destroy_all();
}

void outbox::run()
{
    turn_on_its_way_.store(false);
    auto* op = pop(from::all);
    if (op)
        see_to_the_rest();
    while (op) {
        turn_clock const one_time_for_all;
        for (int n = 0; op && n != handlers_at_once; ++n) {
            op->deliver();
            // Whoever has stopped the context does not want all of the others.
            bool const look_up = n == handlers_at_once - 1;
            op = look_up && context_.stopped() ? nullptr : pop(from::gathered);
        }
    }
    // If it was stopped: the turn that was sent for before may have come and gone.
    see_to_the_rest();
}

/// Another turn for what is left.
void outbox::see_to_the_rest() noexcept
{
    if (!is_empty() && !turn_on_its_way_.exchange(true))
        send_turn();
}

completion* outbox::pop(from where) noexcept
{
    std::lock_guard lock(mutex_);
    auto* first = ready_.load(std::memory_order_relaxed);
    if (!first && where == from::all) {
        auto* pushed =
            pushed_.load(std::memory_order_relaxed) ? pushed_.exchange(nullptr) : nullptr;
        while (pushed) {
            auto* const later = std::exchange(next(*pushed), first);
            first = std::exchange(pushed, later);
        }
    }
    if (!first)
        return nullptr;
    ready_.store(next(*first), std::memory_order_relaxed);
    return first;
}

void outbox::destroy_all() noexcept
{
    // The context is shutting down. What is pushed after this is destroyed with the turn that is
    // sent for it.
    turn_on_its_way_.store(false);
    while (auto* const op = pop(from::all))
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

outbox* outboxes::find(boost::asio::io_context& context) noexcept
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
