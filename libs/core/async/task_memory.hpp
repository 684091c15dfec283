// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_TASK_MEMORY_HPP
#define LEASEPOOL_CORE_TASK_MEMORY_HPP

#include "core/async/allocator_over.hpp"

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

/// A handle of task memory for `allocator_over`. `Pointer` is a plain pointer, or a shared pointer
/// if no owner of the memory outlives the posted tasks.
template <class Pointer>
class task_memory_handle {
public:
    static constexpr std::size_t alignment = alignof(std::max_align_t);

    task_memory_handle(Pointer memory) noexcept : memory_(std::move(memory)) {}

    void* allocate(std::size_t size) const { return memory_->allocate(size); }
    void deallocate(void* p) const noexcept { memory_->deallocate(p); }
    void const* identity() const noexcept { return &*memory_; }

private:
    Pointer memory_;
};

using task_allocator = allocator_over<void, task_memory_handle<task_memory*>>;
using shared_task_allocator =
    allocator_over<void, task_memory_handle<std::shared_ptr<task_memory>>>;

}  // namespace leasepool::detail

#endif
