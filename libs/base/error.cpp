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
            return "the manager is not running; call async_start and wait for it, and acquire "
                   "nothing once async_stop has begun; for a work grinder the same holds";
        case errc::unavailable:
            return "no pool is free; wait for one (acquire_options::wait) or raise max_pools";
        case errc::acquire_timeout:
            return "no pool became free in time; raise acquire_options::timeout or max_pools, or "
                   "look in the manager's stats for who holds the leases";
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
            return "the pool broke under the lease; acquire another, the manager replaces it";
        case errc::would_deadlock:
            return "this would wait for the very thread it was called on; release the lease "
                   "without waiting, or wait from another executor";
        case errc::no_worker_state:
            return "the worker holds no state of this type; set worker_state in the backend's "
                   "options to a factory of exactly the type that with_state names";
        case errc::unknown_backend:
            return "no backend has this name; known names are: thread, process";
        case errc::unsupported_backend:
            return "this backend cannot be had in this build or on this system; use another one, "
                   "for instance: thread";
        case errc::not_serializable:
            return "a value cannot travel as JSON; pass finite numbers and valid UTF-8, less deep "
                   "and smaller than the message limits";
        case errc::protocol_error:
            return "a worker sent what is no message of its protocol; let only messages go to its "
                   "stdout, and print to stderr";
        case errc::message_too_large:
            return "a message is longer than max_message_bytes; pass less at once (the name of a "
                   "file, say), or raise max_message_bytes";
        case errc::worker_died:
            return "the worker process ended while it ran the job; the error names its end and its "
                   "last lines on stderr, and the job was not run again";
        case errc::remote_exception:
            return "the job threw an exception on its worker; the error has its type and text";
        case errc::unknown_job:
            return "the worker has no job of this name; list the job in the worker's run_worker, "
                   "and look whether the command starts the worker that is meant";
        case errc::bad_arguments:
            return "the worker cannot take these arguments; declare the job alike on both sides";
        case errc::bad_result:
            return "the job's result is not what its declaration says; declare the job alike on "
                   "both sides";
        case errc::job_timeout:
            return "the job did not end in time and its worker was told to stop it; raise "
                   "job_timeout, or do less in one job";
        case errc::started_as_worker:
            return "this process was itself started as a worker, and would start itself again and "
                   "again; in main, first of all, return run_worker(...) if is_worker(argc, argv), "
                   "or set process_backend_options::command";
        case errc::job_not_local:
            return "the job's function is not in this program; declare the job with its function, "
                   "or run it on worker processes";
        case errc::queue_full:
            return "max_pending items are pending already; wait for room (submit_options::wait), "
                   "shed load, or raise max_pending";
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
            return "the call cannot succeed as it stands";
        case condition::busy:
            return "all capacity is taken; try again later";
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
            // This is asio::error::operation_aborted too. Asio is not named here, because workers
            // link these codes without it.
            return code == boost::system::errc::operation_canceled || code == errc::not_running;
        case condition::worker_failed:
            return code == errc::worker_start_failed || code == errc::pool_broken ||
                code == errc::protocol_error || code == errc::worker_died;
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
