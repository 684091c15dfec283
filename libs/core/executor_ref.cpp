// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/executor_ref.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <thread>
#include <type_traits>

namespace leasepool::detail {

namespace asio = boost::asio;
namespace execution = boost::asio::execution;

// Asio destroys a function that it could not take, or that the executor dropped. Which of the two
// it was decides who owns the completion, so a delivery that dies while it is being posted only
// leaves a note.
namespace {

struct posting {
    completion const* op;
    bool dropped;
    posting* outer;  // an executor may post others meanwhile
};
thread_local posting* posting_here = nullptr;

}  // namespace

delivery::~delivery()
{
    if (!op_)
        return;
    for (auto* p = posting_here; p; p = p->outer)
        if (p->op == op_) {
            p->dropped = true;
            return;
        }
    op_->destroy();
}

template <class T>
struct executor_ref::functions_of {
    static constexpr bool is_foreign = std::is_same_v<T, std::unique_ptr<foreign_base>>;

    static T& get(void* self) noexcept { return *static_cast<T*>(self); }
    static T const& get(void const* self) noexcept { return *static_cast<T const*>(self); }

    static void post(void const* self, delivery&& what, bool continuation)
    {
        if constexpr (is_foreign)
            get(self)->post(std::move(what));
        else {
            auto const ex = asio::require(
                get(self), execution::blocking.never, execution::allocator(what.get_allocator()));
            if (continuation)
                asio::require(ex, execution::relationship.continuation).execute(std::move(what));
            else
                asio::require(ex, execution::relationship.fork).execute(std::move(what));
        }
    }

    static bool running_in_this_thread(void const* self) noexcept
    {
        if constexpr (is_foreign)
            return get(self)->running_in_this_thread();
        else
            return get(self).running_in_this_thread();
    }

    static asio::io_context* context([[maybe_unused]] void const* self) noexcept
    {
        if constexpr (is_foreign)
            return nullptr;
        else
            return static_cast<asio::io_context*>(&asio::query(get(self), execution::context));
    }

    static void relocate(void* from, void* to) noexcept
    {
        ::new (to) T(std::move(get(from)));
        get(from).~T();
    }

    static void destroy(void* self) noexcept { get(self).~T(); }

    static constexpr functions value{&post, &running_in_this_thread, &context, &relocate, &destroy};
};

template <class T>
void executor_ref::emplace(T&& value) noexcept
{
    using stored = std::remove_cvref_t<T>;
    static_assert(sizeof(stored) <= sizeof storage_ && alignof(stored) <= alignof(void*));
    ::new (static_cast<void*>(storage_)) stored(std::forward<T>(value));
    functions_ = &functions_of<stored>::value;
}

executor_ref::executor_ref(asio::any_io_executor const& ex, work w)
{
    auto const hold = [&](auto const& held) {
        using executor = std::remove_cvref_t<decltype(held)>;
        constexpr bool in_place = std::is_same_v<executor, asio::thread_pool::executor_type>;
        emplace(
            std::unique_ptr<foreign_base>(std::make_unique<foreign<executor, in_place>>(held, w)));
    };
    if (auto const* io = ex.target<asio::io_context::executor_type>()) {
        if (w == work::tracked)
            emplace(asio::require(*io, execution::outstanding_work.tracked));
        else
            emplace(*io);
    }
    else if (auto const* pool = ex.target<asio::thread_pool::executor_type>())
        hold(*pool);
    else
        hold(ex);
}

executor_ref::executor_ref(std::unique_ptr<foreign_base> ex) noexcept
{
    emplace(std::move(ex));
}

void executor_ref::post(completion& op, bool continuation) const noexcept
{
    posting here{&op, false, posting_here};
    posting_here = &here;
    auto pause = std::chrono::microseconds{1};
    for (;;) {
        here.dropped = false;
        try {
            // `op` may be gone when this returns.
            functions_->post(storage_, delivery(&op), continuation);
            break;
        }
        catch (std::bad_alloc const&) {
            if (!here.dropped)
                break;  // it kept the function all the same, as a strand may
            std::this_thread::sleep_for(pause);
            pause = std::min(2 * pause, std::chrono::microseconds{10'000});
        }
    }
    posting_here = here.outer;
    if (here.dropped)
        op.destroy();
}

}  // namespace leasepool::detail
