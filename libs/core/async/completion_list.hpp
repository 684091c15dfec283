// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_COMPLETION_LIST_HPP
#define LEASEPOOL_CORE_COMPLETION_LIST_HPP

#include <leasepool/detail/completion.hpp>

#include <utility>

namespace leasepool::detail {

/// Completions that are about to be delivered, in order. They are linked through the memory that
/// the post of each will use.
class completion_list {
public:
    completion_list() = default;
    completion_list(completion_list const&) = delete;
    completion_list& operator=(completion_list const&) = delete;

    /// Returns the first completion; null: the list is empty.
    completion* front() const noexcept { return first_; }
    bool empty() const noexcept { return first_ == nullptr; }

    void push_back(completion& op) noexcept
    {
        next(op) = nullptr;
        (last_ ? next(*last_) : first_) = &op;
        last_ = &op;
    }

    /// Removes and returns the first completion; null: the list is empty.
    completion* pop_front() noexcept
    {
        auto* const op = first_;
        if (!op)
            return nullptr;
        first_ = next(*op);
        if (!first_)
            last_ = nullptr;
        return op;
    }

private:
    static completion*& next(completion& op) noexcept
    {
        return *static_cast<completion**>(op.memory());
    }

    completion* first_ = nullptr;
    completion* last_ = nullptr;
};

}  // namespace leasepool::detail

#endif
