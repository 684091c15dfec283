// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_PENDING_COMMAND_HPP
#define LEASEPOOL_DETAIL_PENDING_COMMAND_HPP

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/ref_counted.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace leasepool::detail {

/// A start, a stop or a request for stats, without the operation that waits for its result. It
/// outlives that operation for as long as a cancellation slot refers to it. Any thread.
class pending_command : public ref_counted {
public:
    /// Begins the command, which completes `op`. Called at most once. `op` is of the type that the
    /// maker of the command specifies.
    virtual void submit(plain_completion& op) noexcept = 0;
    /// Completes the operation with `operation_aborted`, if it still waits.
    virtual void cancel() noexcept = 0;

protected:
    ~pending_command() = default;
};

using command_ptr = boost::intrusive_ptr<pending_command>;

}  // namespace leasepool::detail

#endif
