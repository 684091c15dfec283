// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_THREAD_SCOPE_HPP
#define LEASEPOOL_CORE_THREAD_SCOPE_HPP

namespace leasepool::detail {

/// Marks during its lifetime that this thread is inside a function of an object of type `T`. Scopes
/// nest. `Tag` distinguishes kinds of marks for one type.
template <class T, class Tag = void>
class thread_scope {
public:
    explicit thread_scope(T const& of) noexcept : of_(&of) { innermost = this; }
    thread_scope(thread_scope const&) = delete;
    thread_scope& operator=(thread_scope const&) = delete;
    ~thread_scope() { innermost = outer_; }

    /// Returns how many marks for `of` this thread has.
    static int count_here(T const& of) noexcept
    {
        int n = 0;
        for (auto const* at = innermost; at; at = at->outer_)
            n += at->of_ == &of;
        return n;
    }

private:
    static inline thread_local thread_scope const* innermost = nullptr;

    T const* const of_;
    thread_scope const* const outer_ = innermost;
};

}  // namespace leasepool::detail

#endif
