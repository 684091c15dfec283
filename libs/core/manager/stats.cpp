// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/grinder_stats.hpp>
#include <leasepool/stats.hpp>

#include "core/manager/event_reporter.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <utility>

// The conversion of statistics to JSON (`boost::json::value_from`).

namespace leasepool {
namespace {

namespace json = boost::json;

json::object to_json(histogram const& h)
{
    json::array buckets;
    for (auto const& bucket : h.buckets())
        if (bucket.count != 0)
            buckets.push_back({{"up_to", bucket.upper_bound}, {"count", bucket.count}});
    return {{"count", h.count()}, {"sum", h.sum()}, {"max", h.max()}, {"p50", h.quantile(0.5)},
        {"p99", h.quantile(0.99)}, {"buckets", std::move(buckets)}};
}

json::object to_json(lease_info const& lease)
{
    return {{"id", lease.id}, {"pool", lease.pool}, {"owner", lease.owner},
        {"where", detail::to_text(lease.where)}, {"held_ns", lease.held.count()},
        {"until_soft_expiry_ns", lease.until_soft_expiry.count()},
        {"until_hard_expiry_ns", lease.until_hard_expiry.count()}, {"draining", lease.draining}};
}

}  // namespace

void tag_invoke(json::value_from_tag const&, json::value& to, grinder_stats const& from)
{
    to = json::object{{"started", from.started}, {"stopping", from.stopping},
        {"batch_size", from.batch_size}, {"max_wait_ns", from.max_wait.count()},
        {"max_pending", from.max_pending}, {"max_concurrent_batches", from.max_concurrent_batches},
        {"max_batch", from.max_batch ? json::value(*from.max_batch) : json::value()},
        {"waiting", from.waiting}, {"pending", from.pending}, {"in_flight", from.in_flight},
        {"oldest_ns", from.oldest.count()}, {"batches_acquiring", from.batches_acquiring},
        {"batches_in_flight", from.batches_in_flight}, {"batches_lost", from.batches_lost},
        {"submitted", from.submitted}, {"refused", from.refused}, {"completed", from.completed},
        {"threw", from.threw}, {"canceled", from.canceled}, {"failed", from.failed},
        {"returned", from.returned}, {"batches", from.batches},
        {"batches_failed", from.batches_failed}, {"mean_batch_size", from.mean_batch_size},
        {"queue_time_ns", to_json(from.queue_time)}};
}

void tag_invoke(json::value_from_tag const&, json::value& to, stats const& from)
{
    json::array leases;
    for (auto const& lease : from.leases)
        leases.push_back(to_json(lease));
    to = json::object{{"backend", from.backend}, {"started", from.started},
        {"stopping", from.stopping}, {"max_pools", from.max_pools}, {"min_pools", from.min_pools},
        {"max_retired", from.max_retired}, {"workers_per_pool", from.workers_per_pool},
        {"desired", from.desired}, {"total", from.total}, {"starting", from.starting},
        {"available", from.available}, {"leased", from.leased}, {"draining", from.draining},
        {"retired", from.retired}, {"abandoned", from.abandoned}, {"capacity", from.capacity},
        {"waiters", from.waiters}, {"acquired", from.acquired}, {"released", from.released},
        {"overdue", from.overdue}, {"revoked", from.revoked}, {"renewed", from.renewed},
        {"acquire_timeouts", from.acquire_timeouts}, {"acquire_cancels", from.acquire_cancels},
        {"acquire_failures", from.acquire_failures}, {"pools_created", from.pools_created},
        {"pools_closed", from.pools_closed}, {"pools_failed", from.pools_failed},
        {"runs", from.runs}, {"runs_failed", from.runs_failed},
        {"runs_canceled", from.runs_canceled}, {"unhandled_exceptions", from.unhandled_exceptions},
        {"callback_errors", from.callback_errors}, {"wait_time_ns", to_json(from.wait_time)},
        {"hold_time_ns", to_json(from.hold_time)}, {"queue_time_ns", to_json(from.queue_time)},
        {"run_time_ns", to_json(from.run_time)}, {"message_bytes", to_json(from.message_bytes)},
        {"leases", std::move(leases)}};
}

}  // namespace leasepool
