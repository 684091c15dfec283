// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/run_operation.hpp>

#include "core/lease/lease_record.hpp"
#include "core/pool/pool_record.hpp"

#include <boost/system/system_error.hpp>

#include <new>

// The way of a function or job onto a lease and off it. The templates in detail/initiate.hpp call
// it; it passes operations to the lease's pool record and receives them as their sink.

namespace leasepool::detail {
namespace {

/// The sink of `lease::async_run`. If `releases`, it releases the lease too, and is the sink of
/// `manager::async_run`.
class lease_sink final : public run_sink {
public:
    explicit constexpr lease_sink(bool releases) noexcept : releases_(releases) {}

    void finished(run_operation& op) noexcept override
    {
        // The work ends before the handler can run, so that a caller that awaits the operation and
        // then releases the lease finds it drained. The operation keeps the memory of the lease
        // alive.
        auto& lease = *op.lease;
        lease.end_work();
        if (releases_)
            lease.release();
        op.post_handler();
    }

    void dropped(run_operation& op) noexcept override
    {
        op.lease->end_work();
        op.destroy();
    }

private:
    bool const releases_;
};

constinit lease_sink to_held_lease(false);
constinit lease_sink to_own_lease(true);

}  // namespace

std::exception_ptr run_operation::outcome() const
{
    if (exception)
        return exception;
    if (error)
        try {
            return std::make_exception_ptr(boost::system::system_error(error));
        }
        catch (std::bad_alloc const&) {
            return std::current_exception();
        }
    return nullptr;
}

void run_operation::run() noexcept
{
    if (!sink)
        sink = &to_held_lease;
    if (!lease->begin_new_work()) {
        error = lease->ended();
        return post_handler();
    }
    record_of(*lease).pool()->push(*this);
}

void run_operation::acquire_and_run() noexcept
{
    sink = &to_own_lease;
    lease->acquire(*this);
}

void run_operation::run_settled() noexcept
{
    error = lease->failure();
    if (error)
        post_handler();
    else
        run();
}

}  // namespace leasepool::detail
