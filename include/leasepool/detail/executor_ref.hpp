// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_EXECUTOR_REF_HPP
#define LEASEPOOL_DETAIL_EXECUTOR_REF_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/asio_settings.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace boost::asio {
class io_context;
}

namespace leasepool::detail {

class completion;

/// The first allocation that fits is made in memory of the completion itself, so that posting one
/// to an Asio context cannot fail.
template <class T>
class in_place_allocator {
public:
    using value_type = T;

    explicit in_place_allocator(void* memory) noexcept : memory_(memory) {}
    template <class U>
    in_place_allocator(in_place_allocator<U> const& other) noexcept : memory_(other.memory())
    {
    }

    static constexpr std::size_t capacity = 40;

    T* allocate(std::size_t n)
    {
        if (n * sizeof(T) <= capacity && alignof(T) <= alignof(void*))
            return static_cast<T*>(memory_);
        return static_cast<T*>(::operator new(n * sizeof(T)));
    }

    void deallocate(T* p, std::size_t) noexcept
    {
        if (static_cast<void*>(p) != memory_)
            ::operator delete(p);
    }

    void* memory() const noexcept { return memory_; }

    template <class U>
    friend bool operator==(in_place_allocator const& a, in_place_allocator<U> const& b) noexcept
    {
        return a.memory() == b.memory();
    }

private:
    void* memory_;
};

/// What is posted to deliver a completion: owns it until it runs.
class delivery {
public:
    explicit delivery(completion* op) noexcept : op_(op) {}
    delivery(delivery&& other) noexcept : op_(std::exchange(other.op_, nullptr)) {}
    delivery& operator=(delivery&&) = delete;
    ~delivery();

    using allocator_type = in_place_allocator<void>;
    allocator_type get_allocator() const noexcept;

    void operator()();

private:
    completion* op_;
};

/// The executor that a completion is delivered through, in two words.
///
/// An executor of `io_context`, also inside an `any_io_executor`, is kept in place; others are held
/// on the heap. To both `io_context` and `thread_pool` it posts without allocation. It may hold
/// outstanding work.
class executor_ref {
public:
    enum class work : bool { untracked, tracked };

    executor_ref() noexcept = default;
    executor_ref(boost::asio::any_io_executor const& ex, work w);

    executor_ref(executor_ref&& other) noexcept
        : functions_(std::exchange(other.functions_, nullptr))
    {
        if (functions_)
            functions_->relocate(other.storage_, storage_);
    }

    executor_ref& operator=(executor_ref&& other) noexcept
    {
        if (this != &other) {
            reset();
            ::new (static_cast<void*>(this)) executor_ref(std::move(other));
        }
        return *this;
    }

    ~executor_ref() { reset(); }

    /// The executor of a handler, with outstanding work.
    template <class Executor>
    static executor_ref tracked(Executor const& ex)
    {
        if constexpr (std::same_as<Executor, boost::asio::any_io_executor>)
            return {ex, work::tracked};
        else if constexpr (std::convertible_to<Executor const&, boost::asio::any_io_executor>)
            return {boost::asio::any_io_executor(ex), work::tracked};
        else
            return executor_ref(std::make_unique<foreign<Executor>>(ex, work::tracked));
    }

    void reset() noexcept
    {
        if (auto* f = std::exchange(functions_, nullptr))
            f->destroy(storage_);
    }

    explicit operator bool() const noexcept { return functions_ != nullptr; }

    /// Posts `op`; never runs it inline. While memory is lacking it waits for some, because a
    /// completion is never lost. `continuation`: the caller is about to return to the executor.
    void post(completion& op, bool continuation = false) const noexcept;

    /// The context, if it is an `io_context` and the executor is kept in place; else null.
    boost::asio::io_context* context() const noexcept
    {
        return functions_ ? functions_->context(storage_) : nullptr;
    }

    /// Whether this thread runs the executor's context; false where that cannot be told.
    bool running_in_this_thread() const noexcept
    {
        return functions_ && functions_->running_in_this_thread(storage_);
    }

private:
    struct functions {
        void (*post)(void const* self, delivery&& what, bool continuation);
        bool (*running_in_this_thread)(void const* self) noexcept;
        boost::asio::io_context* (*context)(void const* self) noexcept;
        void (*relocate)(void* from, void* to) noexcept;
        void (*destroy)(void* self) noexcept;
    };

    template <class T>
    struct functions_of;

    struct foreign_base {
        virtual ~foreign_base() = default;
        virtual void post(delivery&& what) const = 0;
        virtual bool running_in_this_thread() const noexcept = 0;
    };

    template <class Executor, bool InPlace = false>
    struct foreign final : foreign_base {
        foreign(Executor const& ex, work w) : executor(ex)
        {
            if (w == work::tracked)
                guard.emplace(ex);
        }

        void post(delivery&& what) const override
        {
            // Any other may use a function's allocator as often and for as long as it likes, but
            // the memory in the completion serves once, until the function is called.
            if constexpr (InPlace)
                boost::asio::post(executor, std::move(what));
            else
                boost::asio::post(executor, [op = std::move(what)]() mutable { op(); });
        }

        bool running_in_this_thread() const noexcept override
        {
            if constexpr (requires { executor.running_in_this_thread(); })
                return executor.running_in_this_thread();
            else
                return false;
        }

        Executor executor;
        std::optional<boost::asio::executor_work_guard<Executor>> guard;
    };

    explicit executor_ref(std::unique_ptr<foreign_base> ex) noexcept;

    template <class T>
    void emplace(T&& value) noexcept;

    functions const* functions_ = nullptr;
    alignas(void*) std::byte storage_[sizeof(void*)];
};

}  // namespace leasepool::detail

#endif
