// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_GRINDER_ITEM_HPP
#define LEASEPOOL_DETAIL_GRINDER_ITEM_HPP

#include <leasepool/detail/run_operation.hpp>

#include <utility>

namespace leasepool::detail {

/// One operation of a work grinder. It waits in the grinder and is then handed to a lease like any
/// other function. Until it is handed over, `run_operation::queued_at` is the time of its
/// submission.
class grinder_item : public run_operation {
public:
    using place = item_marks::place;

protected:
    grinder_item(function f, answerer a, executor_ref&& ex, lease_ptr&& none) noexcept
        : run_operation(f, a, std::move(ex), std::move(none))
    {
    }
    ~grinder_item() = default;
};

}  // namespace leasepool::detail

#endif
