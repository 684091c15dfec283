// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_RUN_CANCELER_HPP
#define LEASEPOOL_DETAIL_RUN_CANCELER_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/asio_settings.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

namespace leasepool::detail {

class run_operation;

constexpr auto any_cancellation = boost::asio::cancellation_type::terminal |
    boost::asio::cancellation_type::partial | boost::asio::cancellation_type::total;

inline bool is_cancellation(boost::asio::cancellation_type type) noexcept
{
    return (type & any_cancellation) != boost::asio::cancellation_type::none;
}

/// The part of an operation to which a cancellation slot refers. It is reference-counted. It refers
/// to the operation until the operation calls or destroys its handler. A signal may be emitted on
/// another thread at that time, and also later, because an operation that ends does not touch the
/// slot.
class run_canceler;
void intrusive_ptr_add_ref(run_canceler* what) noexcept;
void intrusive_ptr_release(run_canceler* what) noexcept;
using run_canceler_ptr = boost::intrusive_ptr<run_canceler>;

/// Makes the canceler of `op`. Throws if there is no memory.
run_canceler_ptr make_canceler(run_operation& op);

/// Cancels an operation. If it has not begun, it completes with operation_aborted. A function that
/// runs is asked to stop, unless `type` is only `total`. Any thread.
void cancel_run(run_canceler& what, boost::asio::cancellation_type type) noexcept;

/// Called by an operation before any part of it is destroyed: `what` does not refer to it any more.
void detach(run_canceler& what) noexcept;

}  // namespace leasepool::detail

#endif
