// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "strand.hpp"

#include <thread>
#include <utility>

namespace leasepool::detail {
namespace {

thread_local strand const* running_here = nullptr;

// So many nodes in one go; then others that wait for the executor get their turn.
constexpr int nodes_per_run = 128;

/// Stands where the submitted nodes were, once the strand is closed.
struct : strand_node {
    void run_on_strand() noexcept override {}
    void discard() noexcept override {}
} closed_mark;

}  // namespace

strand::turn::turn(strand& s, executor_ref&& ex) noexcept : completion(&go, std::move(ex)), on(s) {}

void strand::turn::go(completion* self, step what)
{
    auto& on = static_cast<turn*>(self)->on;
    auto posted = state::posted;
    if (what == step::deliver && on.state_.compare_exchange_strong(posted, state::running)) {
        auto const* const outer = std::exchange(running_here, &on);
        on.run();
        running_here = outer;
    }
    on.owner_.strand_release();
}

strand::strand(boost::asio::any_io_executor const& ex, owner& keeper)
    : executor_(ex, executor_ref::work::untracked),
      turn_(*this, executor_ref(ex, executor_ref::work::untracked)), owner_(keeper)
{
}

void strand::submit(strand_node& node) noexcept
{
    if (!push(node))
        return node.discard();
    // Otherwise it runs already and will see the node, or whoever closes it takes the node.
    auto idle = state::idle;
    if (state_.compare_exchange_strong(idle, state::posted))
        post();
}

strand::visit::visit(strand& on) noexcept
{
    // With the strand in hand, because `close` waits for it and after that the executor may be gone.
    auto idle = state::idle;
    if (!on.state_.compare_exchange_strong(idle, state::running))
        return;
    if (!on.submitted_.load(std::memory_order_relaxed) && on.executor_.running_in_this_thread()) {
        on_ = &on;
        outer_ = std::exchange(running_here, &on);
    }
    else if (on.let_go()) {
        on.state_.store(state::posted);
        on.post();
    }
}

strand::visit::~visit()
{
    if (!on_)
        return;
    on_->owner_.strand_settle();
    on_->run();
    running_here = outer_;
}

bool strand::push(strand_node& node) noexcept
{
    auto* head = submitted_.load(std::memory_order_acquire);
    do {
        if (head == &closed_mark)
            return false;
        node.next_ = head;
    } while (!submitted_.compare_exchange_weak(head, &node));
    return true;
}

void strand::run() noexcept
{
    for (int n = 0; state_.load(std::memory_order_relaxed) != state::closed; ++n) {
        if (n == nodes_per_run) {
            state_.store(state::posted);
            return post();
        }
        if (auto* const node = pop()) {
            node->run_on_strand();
            owner_.strand_settle();
        }
        else if (!let_go())
            return;
    }
}

bool strand::let_go() noexcept
{
    state_.store(state::idle);
    auto idle = state::idle;
    return submitted_.load() && state_.compare_exchange_strong(idle, state::running);
}

strand_node* strand::pop() noexcept
{
    if (!ready_ && submitted_.load(std::memory_order_relaxed))
        ready_ = reversed(submitted_.exchange(nullptr, std::memory_order_acquire));
    if (!ready_)
        return nullptr;
    return std::exchange(ready_, ready_->next_);
}

strand_node* strand::reversed(strand_node* nodes) noexcept
{
    strand_node* first = nullptr;
    while (nodes) {
        auto* const next = std::exchange(nodes->next_, first);
        first = std::exchange(nodes, next);
    }
    return first;
}

void strand::post() noexcept
{
    std::lock_guard lock(post_mutex_);
    if (state_.load() == state::closed)
        return;
    owner_.strand_add_ref();
    turn_.post();
}

bool strand::close() noexcept
{
    bool const here = running_in_this_thread();
    for (auto seen = state_.load();;) {
        if (seen == state::closed)
            return false;
        if (seen == state::running && !here) {
            std::this_thread::yield();
            seen = state_.load();
        }
        else if (state_.compare_exchange_weak(seen, state::closed))
            break;
    }
    // From here on each node is discarded by who submits it; those before are the closer's.
    auto** end = &ready_;
    while (*end)
        end = &(*end)->next_;
    *end = reversed(submitted_.exchange(&closed_mark));
    std::lock_guard wait_for_posting(post_mutex_);
    return true;
}

void strand::drop_executor() noexcept
{
    executor_.reset();
    turn_.drop_executor();
}

void strand::discard_pending() noexcept
{
    while (auto* const node = ready_) {
        ready_ = node->next_;
        node->discard();
    }
}

bool strand::running_in_this_thread() const noexcept
{
    return running_here == this;
}

}  // namespace leasepool::detail
