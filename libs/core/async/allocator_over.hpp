// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_ALLOCATOR_OVER_HPP
#define LEASEPOOL_CORE_ALLOCATOR_OVER_HPP

#include <cstddef>

namespace leasepool::detail {

/// An allocator for Asio. `Memory` is a handle of memory that can be copied; it has
/// `allocate(bytes)`, `deallocate(pointer)`, the constant `alignment` of what it allocates, and
/// `identity()`, a pointer that is equal for handles of the same memory.
template <class T, class Memory>
class allocator_over {
public:
    using value_type = T;
    template <class U>
    struct rebind {
        using other = allocator_over<U, Memory>;
    };

    explicit allocator_over(Memory const& memory) noexcept : memory_(memory) {}
    template <class U>
    allocator_over(allocator_over<U, Memory> const& other) noexcept : memory_(other.memory())
    {
    }

    T* allocate(std::size_t n)
    {
        static_assert(alignof(T) <= Memory::alignment);
        return static_cast<T*>(memory_.allocate(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t) noexcept { memory_.deallocate(p); }

    Memory const& memory() const noexcept { return memory_; }

    template <class U>
    friend bool operator==(allocator_over const& a, allocator_over<U, Memory> const& b) noexcept
    {
        return a.memory().identity() == b.memory().identity();
    }

private:
    Memory memory_;
};

}  // namespace leasepool::detail

#endif
