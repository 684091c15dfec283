// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/error.hpp>

#include <boost/system/errc.hpp>

#include <string>

namespace leasepool {
namespace {

class errc_category final : public boost::system::error_category {
public:
    constexpr errc_category() noexcept : error_category(0x6c656173'65706f6fULL) {}

    char const* name() const noexcept override { return "leasepool"; }

    std::string message(int value) const override
    {
        switch (static_cast<errc>(value)) {
        case errc::not_running:
            return "the manager is not running; call async_start and wait for it, and do not "
                   "acquire after async_stop has begun; the same applies to a work grinder";
        case errc::unavailable:
            return "no pool is free; wait for one (acquire_options::wait) or raise max_pools";
        case errc::acquire_timeout:
            return "no pool became free in time; raise acquire_options::timeout or max_pools, or "
                   "check the manager's stats for the owners of the leases";
        case errc::too_many_waiters:
            return "max_waiters acquires are waiting already; shed load, or raise max_waiters";
        case errc::lease_released:
            return "the lease is empty or was released; acquire another";
        case errc::lease_expired:
            return "the lease outlived its duration and grace and was revoked; acquire with a "
                   "longer duration, or renew it in time";
        case errc::invalid_duration:
            return "a duration must be greater than zero and small enough for the steady clock";
        case errc::worker_start_failed:
            return "a pool's workers could not be started; the manager's log has the reason";
        case errc::pool_broken:
            return "the pool of the lease broke; acquire another lease, the manager replaces the "
                   "pool";
        case errc::would_deadlock:
            return "the operation would wait for the thread that it was called on; release the "
                   "lease without waiting, or wait from another executor";
        case errc::no_worker_state:
            return "the worker has no state of this type; set worker_state in the backend's "
                   "options to a factory of exactly the type that with_state names";
        case errc::unknown_backend:
            return "no backend has this name; known names are: thread, process";
        case errc::unsupported_backend:
            return "this backend is not available in this build or on this system; use another "
                   "one, for example: thread";
        case errc::not_serializable:
            return "a value cannot be sent as JSON; pass finite numbers and valid UTF-8, and "
                   "stay within the limits on the depth and size of a message";
        case errc::protocol_error:
            return "a worker sent something that is not a message of its protocol; write only "
                   "messages to its stdout, and print to stderr";
        case errc::message_too_large:
            return "a message is longer than max_message_bytes; pass less at once (the name of a "
                   "file, for example), or raise max_message_bytes";
        case errc::worker_died:
            return "the worker process died while it ran the job; the error says how it died and "
                   "has its last lines on stderr; the job was not run again";
        case errc::remote_exception:
            return "the job threw an exception on its worker; the error has its type and text";
        case errc::unknown_job:
            return "the worker has no job of this name; list the job in the worker's run_worker, "
                   "and check that the command starts the intended worker";
        case errc::bad_arguments:
            return "the worker cannot accept these arguments; use the same declaration of the "
                   "job on both sides";
        case errc::bad_result:
            return "the job's result does not match its declaration; use the same declaration of "
                   "the job on both sides";
        case errc::job_timeout:
            return "the job did not end in time and was stopped; raise job_timeout, or do less "
                   "in one job";
        case errc::started_as_worker:
            return "this process was itself started as a worker, and would start itself without "
                   "end; at the beginning of main, return run_worker(...) if is_worker(argc, "
                   "argv), or set process_backend_options::command";
        case errc::job_not_local:
            return "the job's function is not in this program; declare the job with its "
                   "function, or run it on worker processes";
        case errc::queue_full:
            return "max_pending items are pending already; wait for room (submit_options::wait), "
                   "shed load, or raise max_pending";
        case errc::worker_lost:
            return "the worker process was killed and did not end; the job may still run; check "
                   "whether the worker runs as another user or waits for a file server";
        case errc::worker_error:
            return "the worker itself failed, and not the job; the error has its text";
        }
        return "unknown leasepool error " + std::to_string(value);
    }

    bool failed(int value) const noexcept override { return value != 0; }
};

class named_conditions final : public boost::system::error_category {
public:
    constexpr named_conditions() noexcept : error_category(0x6c656173'65636f6eULL) {}

    char const* name() const noexcept override { return "leasepool.condition"; }

    std::string message(int value) const override
    {
        switch (static_cast<condition>(value)) {
        case condition::timeout:
            return "a time limit passed";
        case condition::canceled:
            return "canceled by the caller or by the manager's stop";
        case condition::worker_failed:
            return "a worker or its pool failed";
        case condition::misuse:
            return "the call cannot succeed unless it is changed";
        case condition::busy:
            return "all capacity is in use; try again later";
        }
        return "unknown leasepool condition " + std::to_string(value);
    }

    bool equivalent(error_code const& code, int value) const noexcept override
    {
        switch (static_cast<condition>(value)) {
        case condition::timeout:
            return code == errc::acquire_timeout || code == errc::lease_expired ||
                code == errc::job_timeout;
        case condition::canceled:
            // This is also asio::error::operation_aborted. Asio is not named here, because workers
            // link these codes without it.
            return code == boost::system::errc::operation_canceled || code == errc::not_running;
        case condition::worker_failed:
            return code == errc::worker_start_failed || code == errc::pool_broken ||
                code == errc::protocol_error || code == errc::worker_died ||
                code == errc::worker_lost || code == errc::worker_error;
        case condition::misuse:
            return code == errc::lease_released || code == errc::invalid_duration ||
                code == errc::would_deadlock || code == errc::no_worker_state ||
                code == errc::unknown_backend || code == errc::not_serializable ||
                code == errc::message_too_large || code == errc::unknown_job ||
                code == errc::bad_arguments || code == errc::bad_result ||
                code == errc::job_not_local || code == errc::started_as_worker;
        case condition::busy:
            return code == errc::unavailable || code == errc::acquire_timeout ||
                code == errc::too_many_waiters || code == errc::queue_full;
        }
        return false;
    }
};

}  // namespace

boost::system::error_category const& error_category() noexcept
{
    static errc_category const instance;
    return instance;
}

boost::system::error_category const& condition_category() noexcept
{
    static named_conditions const instance;
    return instance;
}

}  // namespace leasepool
