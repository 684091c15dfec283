// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_TASK_MEMORY_HPP
#define LEASEPOOL_CORE_TASK_MEMORY_HPP

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace leasepool::detail {

/// Memory for tasks that are posted to a context. A fixed number of tasks can be posted at a time
/// without another allocation. Thread-safe.
class task_memory {
public:
    /// The largest task, the wait of a timer, takes about 150 bytes.
    static constexpr std::size_t block_size = 192;

    explicit task_memory(std::size_t blocks) : blocks_(new block[blocks]), count_(blocks) {}

    void* allocate(std::size_t size)
    {
        if (size <= block_size)
            for (std::size_t i = 0; i != count_; ++i)
                if (!blocks_[i].used.load(std::memory_order_relaxed) &&
                    !blocks_[i].used.exchange(true, std::memory_order_acquire))
                    return blocks_[i].bytes;
        return ::operator new(size);
    }

    void deallocate(void* p) noexcept
    {
        for (std::size_t i = 0; i != count_; ++i)
            if (p == blocks_[i].bytes) {
                blocks_[i].used.store(false, std::memory_order_release);
                return;
            }
        ::operator delete(p);
    }

private:
    struct block {
        alignas(std::max_align_t) std::byte bytes[block_size];
        std::atomic<bool> used{false};
    };

    std::unique_ptr<block[]> const blocks_;
    std::size_t const count_;
};

template <class T>
class task_allocator {
public:
    using value_type = T;

    explicit task_allocator(task_memory& memory) noexcept : memory_(&memory) {}
    template <class U>
    task_allocator(task_allocator<U> const& other) noexcept : memory_(other.memory())
    {
    }

    T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
    void deallocate(T* p, std::size_t) noexcept { memory_->deallocate(p); }
    task_memory* memory() const noexcept { return memory_; }

    template <class U>
    friend bool operator==(task_allocator const& a, task_allocator<U> const& b) noexcept
    {
        return a.memory() == b.memory();
    }

private:
    task_memory* memory_;
};

/// Like `task_allocator`, for memory without an owner that outlives the posted tasks. Each copy of
/// the allocator keeps the memory alive.
template <class T>
class shared_task_allocator {
public:
    using value_type = T;

    explicit shared_task_allocator(std::shared_ptr<task_memory> memory) noexcept
        : memory_(std::move(memory))
    {
    }
    template <class U>
    shared_task_allocator(shared_task_allocator<U> const& other) noexcept : memory_(other.memory())
    {
    }

    T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
    void deallocate(T* p, std::size_t) noexcept { memory_->deallocate(p); }
    std::shared_ptr<task_memory> const& memory() const noexcept { return memory_; }

    template <class U>
    friend bool operator==(
        shared_task_allocator const& a, shared_task_allocator<U> const& b) noexcept
    {
        return a.memory() == b.memory();
    }

private:
    std::shared_ptr<task_memory> memory_;
};

}  // namespace leasepool::detail

#endif
