// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/async/strand.hpp"

#include "core/support/back_off.hpp"
#include "core/support/os.hpp"
#include "core/support/thread_scope.hpp"

#include <boost/asio/execution/allocator.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>

// The strand of a manager. `manager_core` and every `event_node` submit nodes to it; it posts its
// turns to the executor of the manager, through a strand of Asio.

namespace leasepool::detail {
namespace {

namespace asio = boost::asio;
namespace execution = boost::asio::execution;

// After this many nodes the turn ends, so that the executor can run other functions.
constexpr int nodes_per_turn = 128;

// One block for the turn, one for the strand's invoker, one for the invoker of a strand that is the
// manager's executor.
constexpr std::size_t blocks = 3;

using running_scope = thread_scope<strand>;
using posting_scope = thread_scope<strand, struct posting_tag>;

/// The executor under Asio's strand. It posts to another executor, from memory that lives as long
/// as any function of the strand is queued there.
///
/// With an allocator from `prefer(allocator)` the strand would use Asio's recycling allocator when
/// it posts its invoker again, and a `bad_alloc` there ends the program.
template <class Executor>
class memory_executor {
public:
    memory_executor(Executor const& ex, std::shared_ptr<task_memory> memory) noexcept
        : to_(ex), memory_(std::move(memory))
    {
    }

    asio::execution_context& query(execution::context_t) const noexcept
    {
        return asio::query(to_, execution::context);
    }
    static constexpr execution::blocking_t query(execution::blocking_t) noexcept
    {
        return execution::blocking.never;
    }
    shared_task_allocator query(execution::allocator_t<void>) const noexcept
    {
        return shared_task_allocator(memory_);
    }
    memory_executor require(execution::blocking_t::never_t) const noexcept { return *this; }

    /// Posts `function`. If there is no memory, waits and tries again: Asio's strand has changed
    /// its state before it calls this, and after a `bad_alloc` it would never run a function again.
    /// Passes on any other exception of the executor.
    template <class Function>
    void execute(Function const& function) const
    {
        auto const ex = asio::prefer(asio::require(to_, execution::blocking.never),
            execution::allocator(shared_task_allocator(memory_)));
        for (back_off until_there_is_memory;; until_there_is_memory.sleep())
            try {
                return ex.execute(Function(function));
            }
            catch (std::bad_alloc const&) {
                continue;
            }
    }

    friend bool operator==(memory_executor const& a, memory_executor const& b) noexcept
    {
        return a.to_ == b.to_ && a.memory_ == b.memory_;
    }
    friend bool operator!=(memory_executor const& a, memory_executor const& b) noexcept
    {
        return !(a == b);
    }

private:
    Executor to_;
    std::shared_ptr<task_memory> memory_;
};

}  // namespace

/// The function that is posted. It keeps the owner alive until it has run or was destroyed.
class strand::turn {
public:
    explicit turn(strand& on) noexcept : on_(&on) {}
    turn(turn&& other) noexcept : on_(std::exchange(other.on_, nullptr)) {}
    turn& operator=(turn&&) = delete;
    ~turn()
    {
        if (on_)
            on_->owner_.strand_release();
    }

    void operator()() { on_->run(); }

private:
    strand* on_;
};

class strand::poster {
public:
    virtual ~poster() = default;
    /// Posts a turn. Releases the lock before the post. If the post throws after that, the Asio
    /// strand never runs a function again.
    virtual void post(turn&& what, std::unique_lock<std::mutex>& lock) = 0;
    /// Replaces the Asio strand by a new one. Called with the lock held. Posts to the old one may
    /// not have returned yet.
    virtual void renew() = 0;
};

template <class Executor>
class strand::poster_to final : public poster {
public:
    poster_to(Executor const& ex, std::shared_ptr<task_memory> const& memory)
        : strand_(make(memory_executor(ex, memory)))
    {
    }
    void post(turn&& what, std::unique_lock<std::mutex>& lock) override
    {
        auto const to = strand_;
        lock.unlock();
        to.execute(std::move(what));
    }
    void renew() override { strand_ = make(strand_.get_inner_executor()); }

private:
    using asio_strand = asio::strand<memory_executor<Executor>>;

    /// Makes a strand of Asio. If memory runs out in Asio's function, it destroys an object whose
    /// members are not initialized yet (strand_executor_service::create_implementation). So this
    /// first allocates and frees more memory than Asio needs.
    static asio_strand make(memory_executor<Executor> const& on)
    {
        constexpr std::size_t more_than_enough = 1024;
        ::operator delete(::operator new(more_than_enough));
        return asio_strand(on);
    }

    asio_strand strand_;
};

std::unique_ptr<strand::poster> strand::make_poster(
    asio::any_io_executor const& ex, std::shared_ptr<task_memory> const& memory)
{
    std::unique_ptr<poster> made;
    auto const try_as = [&]<class Executor>(std::type_identity<Executor>) {
        if (auto const* const held = made ? nullptr : ex.target<Executor>())
            made = std::make_unique<poster_to<Executor>>(*held, memory);
    };
    try_as(std::type_identity<asio::io_context::executor_type>());
    try_as(std::type_identity<asio::thread_pool::executor_type>());
    try_as(std::type_identity<asio::strand<asio::io_context::executor_type>>());
    try_as(std::type_identity<asio::strand<asio::thread_pool::executor_type>>());
    if (!made)
        made = std::make_unique<poster_to<asio::any_io_executor>>(ex, memory);
    return made;
}

strand::strand(asio::any_io_executor const& ex, owner& keeper)
    : owner_(keeper), generation_(fork_generation()),
      poster_(make_poster(ex, std::make_shared<task_memory>(blocks)))
{
}

strand::~strand() = default;

strand_node* strand::dequeue() noexcept
{
    if (queue_.empty())
        return nullptr;
    auto& node = queue_.front();
    queue_.pop_front();
    return &node;
}

void strand::submit(strand_node& node) noexcept
{
    std::unique_lock lock(mutex_);
    if (state_ == state::closed) {
        lock.unlock();
        return node.discard();
    }
    queue_.push_back(node);
    if (state_ == state::idle) {
        state_ = state::posted;
        post(lock);
    }
}

void strand::wake() noexcept
{
    std::unique_lock lock(mutex_);
    woken_ = true;
    if (state_ == state::idle) {
        state_ = state::posted;
        post(lock);
    }
}

void strand::post(std::unique_lock<std::mutex>& lock) noexcept
{
    // The post is made without the lock, because an executor may run the turn inside the call.
    ++posting_;
    bool refused = false;
    {
        posting_scope const here(*this);
        try {
            if (broken_)
                poster_->renew();
            broken_ = false;
            owner_.strand_add_ref();
            poster_->post(turn(*this), lock);
        }
        catch (...) {
            refused = true;
        }
    }
    if (!lock.owns_lock())
        lock.lock();
    if (refused && state_ == state::posted) {
        broken_ = true;
        state_ = state::idle;  // the next event tries again
    }
    if (--posting_ == 0 && state_ == state::closed)
        quiet_.notify_all();
}

void strand::run() noexcept
{
    std::unique_lock lock(mutex_);
    if (state_ != state::posted)
        return;
    state_ = state::running;
    running_scope const here(*this);
    for (int n = 1; state_ == state::running; ++n) {
        auto* const node = dequeue();
        if (!node && !std::exchange(woken_, false)) {
            state_ = state::idle;
            break;
        }
        lock.unlock();
        if (node)
            node->run_on_strand();
        owner_.strand_settle();
        lock.lock();
        bool const paused = std::exchange(paused_, false);
        if ((n == nodes_per_turn || paused) && state_ == state::running) {
            state_ = state::posted;
            quiet_.notify_all();
            return post(lock);
        }
    }
    quiet_.notify_all();
}

void strand::pause() noexcept
{
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    std::lock_guard lock(mutex_);
    paused_ = true;
}

bool strand::close() noexcept
{
    std::unique_lock lock(mutex_);
    if (!running_in_this_thread())
        quiet_.wait(lock, [this] { return state_ != state::running || inherited(); });
    if (state_ == state::closed)
        return false;
    state_ = state::closed;
    quiet_.notify_all();
    int const own = posting_scope::count_here(*this);
    quiet_.wait(lock, [&] { return posting_ == own || inherited(); });
    return true;
}

void strand::drop_executor() noexcept
{
    poster_.reset();
}

void strand::discard_pending() noexcept
{
    for (;;) {
        strand_node* node = nullptr;
        {
            std::lock_guard lock(mutex_);
            node = dequeue();
        }
        if (!node)
            return;
        node->discard();
    }
}

bool strand::inherited() const noexcept
{
    return fork_generation() != generation_;
}

bool strand::entered_by_this_thread() const noexcept
{
    return running_in_this_thread() || posting_scope::count_here(*this) != 0;
}

bool strand::running_in_this_thread() const noexcept
{
    return running_scope::count_here(*this) != 0;
}

}  // namespace leasepool::detail
