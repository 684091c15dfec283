// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "counted_heap.hpp"

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

// The linker is told to wrap these two: calls of them in this program and in the libraries that are
// linked into it come to __wrap_..., and __real_... is the function itself.
extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size);
void __real_free(void* p);
void __wrap_free(void* p);
}

namespace leasepool::bench {
namespace {

/// For the book itself, which must not be in the book.
template <class T>
struct uncounted_allocator {
    using value_type = T;

    uncounted_allocator() = default;
    template <class U>
    uncounted_allocator(uncounted_allocator<U> const&) noexcept
    {
    }

    T* allocate(std::size_t n)
    {
        if (void* const p = std::malloc(n * sizeof(T)))
            return static_cast<T*>(p);
        throw std::bad_alloc();
    }
    void deallocate(T* p, std::size_t) noexcept { __real_free(p); }

    template <class U>
    friend bool operator==(uncounted_allocator const&, uncounted_allocator<U> const&) noexcept
    {
        return true;
    }
};

class book {
public:
    void clear()
    {
        sizes_.clear();
        in_use_ = 0;
        allocations_ = 0;
    }

    std::size_t in_use()
    {
        std::lock_guard const lock(mutex_);
        return in_use_;
    }

    std::size_t allocations()
    {
        std::lock_guard const lock(mutex_);
        return allocations_;
    }

    void allocated(void* p, std::size_t size)
    {
        std::lock_guard const lock(mutex_);
        ++allocations_;
        sizes_[p] = size;
        in_use_ += size;
    }

    void freed(void* p)
    {
        std::lock_guard const lock(mutex_);
        if (auto const at = sizes_.find(p); at != sizes_.end()) {
            in_use_ -= at->second;
            sizes_.erase(at);
        }
    }

private:
    std::mutex mutex_;
    std::size_t in_use_ = 0;
    std::size_t allocations_ = 0;
    std::unordered_map<void*, std::size_t, std::hash<void*>, std::equal_to<>,
        uncounted_allocator<std::pair<void* const, std::size_t>>>
        sizes_;
};

// The other rows pay for a load and a branch that is never taken.
std::atomic<book*> open_book{nullptr};

void* note(void* p, std::size_t size)
{
    if (auto* const b = open_book.load(std::memory_order_relaxed); b && p)
        b->allocated(p, size);
    return p;
}

}  // namespace

counted_heap::counted_heap()
{
    static book the_book;
    the_book.clear();
    open_book = &the_book;
}

counted_heap::~counted_heap()
{
    open_book = nullptr;
}

std::size_t counted_heap::bytes_in_use() const
{
    return open_book.load()->in_use();
}

std::size_t counted_heap::allocations() const
{
    return open_book.load()->allocations();
}

}  // namespace leasepool::bench

void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size)
{
    return leasepool::bench::note(__real_aligned_alloc(alignment, size), size);
}

void __wrap_free(void* p)
{
    if (auto* const b = leasepool::bench::open_book.load(std::memory_order_relaxed))
        b->freed(p);
    __real_free(p);
}

// The other forms end up in these, but for those with an alignment, which nobody uses here.

void* operator new(std::size_t size)
{
    if (void* const p = leasepool::bench::note(std::malloc(size ? size : 1), size))
        return p;
    throw std::bad_alloc();
}

void operator delete(void* p) noexcept
{
    std::free(p);
}

void operator delete(void* p, std::size_t) noexcept
{
    std::free(p);
}
