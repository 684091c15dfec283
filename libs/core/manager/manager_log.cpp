// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/manager_core.hpp"

#include <list>
#include <new>
#include <string>
#include <utility>

// The log records that any thread may write. They are queued for the strand, where `event_reporter`
// passes them to the user's log.

namespace leasepool::detail {

struct manager_core::unhandled_report final : strand_node {
    unhandled_report(core_ptr c, std::uint64_t l, std::exception_ptr e) noexcept
        // NOLINTNEXTLINE(bugprone-throw-keyword-missing): a member, not a forgotten throw
        : core(std::move(c)), lease(l), error(std::move(e))
    {
    }
    void run_on_strand() noexcept override
    {
        std::unique_ptr<unhandled_report> const self(this);
        core->reporter_.unhandled(lease, error);
    }
    void discard() noexcept override { delete this; }

    core_ptr core;
    std::uint64_t lease;
    std::exception_ptr error;
};

void manager_core::report_unhandled(std::uint64_t lease, std::exception_ptr error) noexcept
{
    unhandled_.fetch_add(1, std::memory_order_relaxed);
    if (!reporter_.any())
        return;
    // Without memory the exception is still counted.
    if (auto* const report =
            new (std::nothrow) unhandled_report(core_ptr(this), lease, std::move(error)))
        strand_.submit(*report);
}

void manager_core::log(
    severity level, std::string_view message, std::vector<log_field> fields) noexcept
{
    if (!reporter_.logs())
        return;
    records_.add(level, message, std::move(fields));
    signal(records_waiting);
}

/// Passes a record to the log. One at a time, because the log may be slow, and other nodes wait for the
/// strand.
void manager_core::deliver_record() noexcept
{
    std::list<log_queue::record> next;
    if (!records_.take(next))
        return;
    auto const& r = next.front();
    reporter_.record(r.level, r.message, r.fields, r.dropped_before);
    signal(records_waiting);
}

void manager_core::log_refused(std::string_view operation, std::exception_ptr const& error,
    std::string_view named, std::source_location const* where) noexcept
{
    if (!logs())
        return;
    try {
        std::vector<log_field> fields{
            {"operation", std::string(operation)}, {"error", what_of(error)}};
        if (!named.empty())
            fields.push_back({"owner", std::string(named)});
        if (where)
            fields.push_back({"where", to_text(*where)});
        log(severity::error,
            "a handler's executor threw; the handler is not called unless the executor kept it",
            std::move(fields));
    }
    catch (std::bad_alloc const&) {
        records_.count_dropped();
    }
}

void manager_core::log_likely_deadlock(
    lease_record const& waiting, std::uint64_t pool_of_caller) noexcept
{
    try {
        std::string held_by;
        std::string held_at;
        {
            lease_record_ptr holder;
            {
                std::lock_guard lock(mutex_);
                ledger_.for_each_lease([&](ledger::claim& held) {
                    if (auto& lease = record_of(held); lease.pool()->id() == pool_of_caller)
                        holder.reset(&lease);
                });
            }
            if (holder) {
                held_by = holder->owner();
                held_at = to_text(holder->where());
            }
        }
        log(severity::warning,
            "an acquire begun on one of the manager's own threads has to wait: a likely deadlock",
            {{"owner", std::string(waiting.owner())}, {"where", to_text(waiting.where())},
                {"pool", std::to_string(pool_of_caller)}, {"held_by", std::move(held_by)},
                {"held_at", std::move(held_at)}});
    }
    catch (std::bad_alloc const&) {
        records_.count_dropped();
    }
}

}  // namespace leasepool::detail
