// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_FAILING_HEAP_HPP
#define LEASEPOOL_TEST_FAILING_HEAP_HPP

namespace leasepool::test {

/// While it lives, the nth allocation fails: on this thread, or of all threads together. It sees
/// operator new, and std::aligned_alloc, which is what Asio's own allocators call. One at a time.
class failing_heap {
public:
    enum class of { this_thread, all_threads };
    explicit failing_heap(long n, of which = of::this_thread);
    ~failing_heap();
    failing_heap(failing_heap const&) = delete;
    failing_heap& operator=(failing_heap const&) = delete;

    /// Whether it has come to that.
    bool failed() const;

private:
    of const which_;
};

/// While it lives the next `n` allocations of this thread fail.
class empty_heap {
public:
    explicit empty_heap(long n);
    ~empty_heap();
    empty_heap(empty_heap const&) = delete;
    empty_heap& operator=(empty_heap const&) = delete;

    /// How many are still to fail.
    long left() const;
};

/// How often this thread has allocated so far.
long allocations_here();

}  // namespace leasepool::test

#endif
