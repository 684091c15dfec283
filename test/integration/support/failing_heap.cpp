// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/failing_heap.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

// The linker is told to wrap this one: calls of it in this program and in the libraries that are
// linked into it come to __wrap_..., and __real_... is the function itself.
extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size);
}

namespace leasepool::test {
namespace {

thread_local long allocations = 0;
thread_local long left_here = 0;     // until one fails; 0: none will
thread_local long failing_here = 0;  // so many fail
std::atomic<long> left_of_all = 0;

bool fails()
{
    ++allocations;
    if (failing_here > 0) {
        --failing_here;
        return true;
    }
    if (left_here > 0 && --left_here == 0)
        return true;
    return left_of_all.load(std::memory_order_relaxed) > 0 && left_of_all.fetch_sub(1) == 1;
}

}  // namespace

failing_heap::failing_heap(long n, of which) : which_(which)
{
    if (which_ == of::this_thread)
        left_here = n;
    else
        left_of_all = n;
}

failing_heap::~failing_heap()
{
    if (which_ == of::this_thread)
        left_here = 0;
    else
        left_of_all = 0;
}

bool failing_heap::failed() const
{
    return which_ == of::this_thread ? left_here == 0 : left_of_all <= 0;
}

empty_heap::empty_heap(long n)
{
    failing_here = n;
}

empty_heap::~empty_heap()
{
    failing_here = 0;
}

long empty_heap::left() const
{
    return failing_here;
}

long allocations_here()
{
    return allocations;
}

}  // namespace leasepool::test

void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size)
{
    return leasepool::test::fails() ? nullptr : __real_aligned_alloc(alignment, size);
}

// The other forms end up in these, but for those with an alignment, which nobody uses here.
// (That of `nothrow` would, too, were it not for AddressSanitizer, which has one of its own.)

void* operator new(std::size_t size)
{
    if (!leasepool::test::fails())
        if (void* const p = std::malloc(size ? size : 1))
            return p;
    throw std::bad_alloc();
}

void* operator new(std::size_t size, std::nothrow_t const&) noexcept
{
    return leasepool::test::fails() ? nullptr : std::malloc(size ? size : 1);
}

// The sanitizers have their own forms for arrays, too.
void* operator new[](std::size_t size)
{
    return ::operator new(size);
}

void operator delete[](void* p) noexcept
{
    std::free(p);
}

void operator delete[](void* p, std::size_t) noexcept
{
    std::free(p);
}

void operator delete(void* p) noexcept
{
    std::free(p);
}

void operator delete(void* p, std::size_t) noexcept
{
    std::free(p);
}

void operator delete(void* p, std::nothrow_t const&) noexcept
{
    std::free(p);
}
