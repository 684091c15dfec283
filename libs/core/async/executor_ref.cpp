// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/executor_ref.hpp>

#include "core/async/allocator_over.hpp"
#include "core/support/back_off.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <new>
#include <optional>
#include <type_traits>

// The kinds of executors through which handlers are delivered, and how a completion is posted to
// each. `completion::post` calls it.

namespace leasepool::detail {

namespace asio = boost::asio;
namespace execution = boost::asio::execution;

// A delivery is destroyed during its post if the executor could not take it, and also if the
// executor dropped it. The owner of the completion is different in these two cases. So such a
// delivery only sets a mark, and `executor_ref::post` decides.
namespace {

struct posting {
    completion const* op;
    bool dropped;
    posting* outer;  // an executor may post other completions inside the call
};
thread_local posting* posting_here = nullptr;

/// Allocates a block that does not fit in the memory of a completion, because of another version of
/// Asio, or handler tracking. It must not fail: a strand that has queued a function, and then gets
/// no memory to run, stays locked.
void* allocate_from_heap(std::size_t size) noexcept
{
    back_off until_there_is_memory;
    for (;;) {
        if (void* const p = ::operator new(size, std::nothrow))
            return p;
        until_there_is_memory.sleep();
    }
}

/// The memory for an executor that allocates once for a function, and deallocates before it calls
/// the function.
class completion_memory {
public:
    static constexpr std::size_t alignment = alignof(void*);

    explicit completion_memory(completion& op) noexcept : memory_(op.memory()) {}

    void* allocate(std::size_t size) noexcept
    {
        return size <= completion::memory_size ? memory_ : allocate_from_heap(size);
    }

    void deallocate(void* p) noexcept
    {
        if (p != memory_)
            ::operator delete(p);
    }

    void const* identity() const noexcept { return memory_; }

private:
    void* memory_;
};

/// The two blocks that a strand allocates for a function: one for the function, in the completion,
/// and one for the function that runs the strand.
///
/// When these run, both blocks are deallocated before the function is called. When their context is
/// shut down, the function is destroyed first, with the strand, and the other block later, with the
/// queue of the context. So a dropped completion can only be destroyed with the last block.
class strand_blocks {
public:
    explicit strand_blocks(completion& op) noexcept : op_(op) {}

    void* allocate(std::size_t size) noexcept
    {
        if (size <= completion::memory_size && !function_in_use_) {
            function_in_use_ = true;
            return op_.memory();
        }
        if (size <= sizeof invoker_ && !invoker_in_use_) {
            invoker_in_use_ = true;
            return invoker_;
        }
        return allocate_from_heap(size);
    }

    void deallocate(void* p) noexcept
    {
        if (p == op_.memory())
            function_in_use_ = false;
        else if (p == invoker_)
            invoker_in_use_ = false;
        else
            return ::operator delete(p);
        if (dropped_)
            drop();
    }

    /// Destroys the completion, and this with it, as soon as no block is in use.
    void drop() noexcept
    {
        dropped_ = true;
        if (!function_in_use_ && !invoker_in_use_)
            op_.destroy();
    }

private:
    completion& op_;
    bool function_in_use_ = false;
    bool invoker_in_use_ = false;
    bool dropped_ = false;
    // The size that Asio needs for a strand of a thread_pool. A strand of an io_context needs 8
    // bytes less.
    alignas(void*) std::byte invoker_[72];
};

/// Allocates from `strand_blocks`. A copy of this object, in the function that runs the strand,
/// outlives the completion. The copy deallocates only blocks that it has allocated.
class strand_memory {
public:
    static constexpr std::size_t alignment = alignof(void*);

    explicit strand_memory(strand_blocks& blocks) noexcept : blocks_(&blocks) {}

    void* allocate(std::size_t size) noexcept { return blocks_->allocate(size); }
    void deallocate(void* p) noexcept { blocks_->deallocate(p); }

    void const* identity() const noexcept { return blocks_; }

private:
    strand_blocks* blocks_;
};

template <class Executor, class Memory>
void execute(Executor const& on, Memory const& memory, completion& op)
{
    // A copy, because `on` may be destroyed before this returns. It tracks work, so the context does
    // not run out of work, and is not destroyed, while Asio still signals its threads.
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): the copy counts as work
    auto const work = asio::prefer(on, execution::outstanding_work.tracked);
    // Untracked, because each step of `require` copies the executor, and a copy that tracks work
    // counts it.
    auto const ex = asio::require(asio::prefer(work, execution::outstanding_work.untracked),
        execution::blocking.never, execution::allocator(allocator_over<void, Memory>(memory)));
    ex.execute(delivery(op));
}

template <class T>
T& as(void* self) noexcept
{
    return *std::launder(static_cast<T*>(self));
}

// The kinds. `kept` is the type in which the executor is kept, `room` the number of bytes behind an
// operation, and `post` and `drop` are the functions of `executor_functions`.

template <class Executor>
struct plain_kind {
    using kept = Executor;
    static constexpr std::size_t room = sizeof(kept) <= sizeof(void*) ? 0 : sizeof(kept);

    static void post(void* self, completion& op)
    {
        execute(as<kept>(self), completion_memory(op), op);
    }
    static void drop(void*, completion& op) noexcept { op.destroy(); }
};

template <class Strand>
struct strand_kind {
    using kept = Strand;
    static constexpr std::size_t room = sizeof(kept) + sizeof(strand_blocks);
    static_assert(sizeof(kept) % alignof(strand_blocks) == 0);

    static void* blocks(void* self) noexcept
    {
        return static_cast<std::byte*>(self) + sizeof(kept);
    }

    static void post(void* self, completion& op)
    {
        auto& made = *::new (blocks(self)) strand_blocks(op);
        execute(as<kept>(self), strand_memory(made), op);
    }
    static void drop(void* self, completion&) noexcept { as<strand_blocks>(blocks(self)).drop(); }
};

/// Any other executor, in the room behind an operation. It gets no allocator, because it may use
/// the allocator of a function as often and for as long as it likes.
struct any_kind {
    using kept = asio::any_io_executor;
    static constexpr std::size_t room = sizeof(kept);

    static void post(void* self, completion& op)
    {
        asio::post(as<kept>(self), [what = delivery(op)]() mutable { what(); });
    }
    static void drop(void*, completion& op) noexcept { op.destroy(); }
};

/// Any other executor, on the heap.
struct foreign_kind {
    using kept = std::unique_ptr<foreign_executor>;
    static constexpr std::size_t room = 0;

    static void post(void* self, completion& op) { as<kept>(self)->post(op); }
    static void drop(void*, completion& op) noexcept { op.destroy(); }
};

template <class Kind>
struct functions_of {
    using kept = typename Kind::kept;
    static_assert(sizeof(kept) <= sizeof(asio::any_io_executor));
    static_assert(alignof(kept) <= alignof(void*));
    static_assert(Kind::room != 0 || sizeof(kept) <= sizeof(void*));
    static_assert(std::is_nothrow_move_constructible_v<kept>);

    static void relocate(void* from, void* to) noexcept
    {
        ::new (to) kept(std::move(as<kept>(from)));
        as<kept>(from).~kept();
    }

    static void destroy(void* self) noexcept { as<kept>(self).~kept(); }

    static constexpr executor_functions value{&Kind::post, &Kind::drop, &relocate, &destroy,
        Kind::room, std::is_same_v<Kind, any_kind> || std::is_same_v<Kind, foreign_kind>};
};

using io_executor = asio::io_context::executor_type;
using pool_executor = asio::thread_pool::executor_type;
using io_strand = asio::strand<io_executor>;
using pool_strand = asio::strand<pool_executor>;

/// An executor of a thread_pool, on the heap. It is posted to without allocation, too, because the
/// executor of a manager may be one.
class pool_executor_on_heap final : public foreign_executor {
public:
    pool_executor_on_heap(pool_executor const& ex, bool tracked) : executor_(ex)
    {
        if (tracked)
            work_.emplace(ex);
    }

    void post(completion& op) const override { execute(executor_, completion_memory(op), op); }

private:
    pool_executor executor_;
    std::optional<asio::executor_work_guard<pool_executor>> work_;
};

template <class Executor>
auto tracked(Executor const& ex)
{
    return asio::prefer(ex, execution::outstanding_work.tracked);
}

template <class Executor>
using tracked_t = decltype(tracked(std::declval<Executor const&>()));

template <class Executor>
inline constexpr auto const& functions_for = functions_of<plain_kind<tracked_t<Executor>>>::value;
template <class Executor>
inline constexpr auto const& functions_for<asio::strand<Executor>> =
    functions_of<strand_kind<tracked_t<asio::strand<Executor>>>>::value;
template <>
inline constexpr auto const& functions_for<asio::any_io_executor> = functions_of<any_kind>::value;

/// Calls `use` with the executor in its own type, if `find.operator()<Executor>()` finds it.
/// Returns whether it is found.
template <class Find, class Use>
bool use_known(Find const& find, Use const& use)
{
    auto const tried = [&]<class Executor>(std::type_identity<Executor>) {
        auto const* const ex = find.template operator()<Executor>();
        if (ex)
            use(*ex);
        return ex != nullptr;
    };
    return tried(std::type_identity<io_executor>()) || tried(std::type_identity<io_strand>()) ||
        tried(std::type_identity<pool_executor>()) || tried(std::type_identity<pool_strand>());
}

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
    op_->drop();
}

void delivery::operator()()
{
    std::exchange(op_, nullptr)->deliver();
}

template <class Executor>
void held_executor::keep(Executor const& ex)
{
    using kept = tracked_t<Executor>;
    ::new (static_cast<void*>(storage_)) kept(tracked(ex));
    functions_ = &functions_for<Executor>;
}

void held_executor::hold(asio::any_io_executor const& ex)
{
    auto const find = [&]<class Executor>() { return ex.target<Executor>(); };
    if (!use_known(find, [&](auto const& known) { keep(known); }))
        keep(ex);
}

bool held_executor::hold_known(std::type_info const& type, void const* ex)
{
    auto const find = [&]<class Executor>() {
        return type == typeid(Executor) ? static_cast<Executor const*>(ex) : nullptr;
    };
    return use_known(find, [&](auto const& known) { keep(known); });
}

void held_executor::hold(std::unique_ptr<foreign_executor> ex) noexcept
{
    ::new (static_cast<void*>(storage_)) foreign_kind::kept(std::move(ex));
    functions_ = &functions_of<foreign_kind>::value;
}

executor_ref::executor_ref(asio::any_io_executor const& ex, work w)
{
    auto const emplace = [this]<class Kind>(std::type_identity<Kind>, auto&& value) {
        using kept = typename Kind::kept;
        ::new (static_cast<void*>(storage_)) kept(std::forward<decltype(value)>(value));
        functions_ = &functions_of<Kind>::value;
    };
    bool const tracks = w == work::tracked;
    auto const* const io = ex.target<io_executor>();
    if (auto const* const pool = ex.target<pool_executor>())
        emplace(std::type_identity<foreign_kind>(),
            std::make_unique<pool_executor_on_heap>(*pool, tracks));
    else if (!io)
        emplace(std::type_identity<foreign_kind>(),
            std::make_unique<foreign_executor_of<asio::any_io_executor>>(ex, tracks));
    else if (tracks)
        emplace(std::type_identity<plain_kind<tracked_t<io_executor>>>(), tracked(*io));
    else
        emplace(std::type_identity<plain_kind<io_executor>>(), *io);
}

std::exception_ptr executor_ref::post(completion& op) noexcept
{
    posting here{&op, false, posting_here};
    posting_here = &here;
    std::exception_ptr error;
    back_off until_there_is_memory;
    for (;;) {
        here.dropped = false;
        try {
            // `op`, and this object with it, may be destroyed when the call returns.
            functions_->post(self(), op);
            break;
        }
        catch (std::bad_alloc const&) {
            // If the function was not destroyed, a strand has kept it although it threw.
            if (!here.dropped) {
                error = std::current_exception();
                break;
            }
        }
        catch (...) {
            error = std::current_exception();
            break;
        }
        until_there_is_memory.sleep();
    }
    posting_here = here.outer;
    if (here.dropped)
        op.drop();
    return error;
}

}  // namespace leasepool::detail
