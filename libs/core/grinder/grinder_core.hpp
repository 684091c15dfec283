// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_GRINDER_CORE_HPP
#define LEASEPOOL_CORE_GRINDER_CORE_HPP

#include "core/async/event_node.hpp"
#include "core/grinder/grinder_batch.hpp"
#include "core/grinder/grinder_state.hpp"
#include "core/manager/manager_core.hpp"
#include "core/support/string_interner.hpp"

#include <leasepool/detail/grinder_interface.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool::detail {

class grinder_core;
using grinder_core_ptr = boost::intrusive_ptr<grinder_core>;

/// A stop that an operation waits for.
class grinder_stop final : public pending_command, public boost::intrusive::list_base_hook<> {
public:
    grinder_stop(grinder_core& core, grinder_stop_options const& opts) noexcept
        : options(opts), core_(&core)
    {
    }

    void submit(plain_completion& to) noexcept override;
    void cancel() noexcept override;
    void add_ref() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
    void drop_ref() noexcept override
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    grinder_stop_options const options;
    plain_completion* op = nullptr;
    bool waits = false;  // guarded by the grinder's lock

private:
    grinder_core_ptr const core_;
    std::atomic<std::uint32_t> references_{0};
};

/// The shell of a grinder: reports events to `grinder_state`, and performs the actions that it
/// decides on.
///
/// Two things guard the state. A call by a user (a submission, a cancellation, a start, a stop, a
/// request for stats) takes the lock. Nothing is called and nothing is posted while the lock is
/// held. All work on leases is done on the strand of the manager. A caller that finds work for the
/// strand signals it.
class grinder_core final : public grinder_interface,
                           public event_node<grinder_core>,
                           public shutdown_listener {
public:
    enum event : std::uint32_t {
        look = 1,
        timer_fired = 2,
        let_go = 4,  // the grinder was destroyed
        has_started = 8,
        stops = 16,
    };

    ~grinder_core();

    manager_core& manager() const noexcept override { return *manager_; }

    // Any thread.

    void submit(grinder_item& item, bool wait, std::string_view owner) override;
    void cancel(run_canceler& what, boost::asio::cancellation_type type) noexcept override;
    void start(plain_completion& op) noexcept override;
    void read_stats(stats_completion_of<grinder_stats>& op) noexcept override;
    command_ptr make_stop(grinder_stop_options const& options) override;
    void stop(grinder_stop& what, plain_completion& op) noexcept;
    void cancel(grinder_stop& what) noexcept;
    void shut_down() noexcept override { signal(let_go); }

    /// Completes an item: posts its handler.
    void complete(grinder_item& item) noexcept;
    void complete(grinder_item& item, error_code error) noexcept;
    /// Destroys the handler of an item uncalled.
    void drop(grinder_item& item) noexcept;
    /// Takes an item that came back before it began. Returns true if it waits for another lease.
    /// Returns false if the caller must complete it with the error that it has now.
    bool take_back(grinder_item& item, grinder_batch& from) noexcept;
    /// Removes an item of a batch that will not run, and counts it as failed.
    void forget(grinder_item& item, grinder_batch& of) noexcept;

    // strand

    void poll() noexcept;
    void granted(grinder_batch& batch) noexcept;
    void acquire_failed(grinder_batch& batch, error_code why) noexcept;
    /// Handles a batch whose acquire is settled after the strand is closed.
    void give_up(grinder_batch& batch) noexcept;
    void batch_lost(grinder_batch& batch) noexcept;
    /// Called also after the strand is closed.
    void batch_done(grinder_batch& batch) noexcept;

    strand& home() noexcept { return manager_->home(); }
    void add_ref() noexcept override { event_node<grinder_core>::add_ref(); }
    void drop_ref() noexcept override { event_node<grinder_core>::drop_ref(); }
    void last_reference_dropped() noexcept { delete this; }
    void on_events(std::uint32_t bits) noexcept;
    void on_discard(std::uint32_t) noexcept {}

private:
    friend class grinder_interface;
    using stop_list = boost::intrusive::list<grinder_stop>;

    grinder_core(manager_core& manager, grinder_options&& options, std::source_location where);
    /// Called once, when the grinder has a reference: the manager may end it from now on.
    void attach() noexcept;

    bool try_share() noexcept override { return try_add_ref(); }
    void unshare() noexcept override { drop_ref(); }
    void manager_ended(bool context_gone) noexcept override;

    grinder_stats snapshot();
    /// Returns whether the strand must poll earlier than it would without a signal. Called with the
    /// lock held.
    bool wakes_strand() noexcept;

    void perform(grinder_state::action const& act) noexcept;
    void begin() noexcept;
    std::string owner_of(grinder_batch const& batch);
    void finish_stop() noexcept;
    void arm_timer(steady_time next) noexcept;
    void drop_timer_if_let_go() noexcept;
    void complete_all(grinder_state::item_list& items, error_code why) noexcept;
    void end_all(grinder_state::item_list& items, bool context_gone) noexcept;
    /// Takes all stops that wait. Called with the lock held.
    void take_stops(stop_list& to) noexcept;
    void answer(stop_list& answered, error_code error) noexcept;
    void say(severity level, std::string_view message, std::vector<log_field> fields) noexcept;
    static std::vector<log_field> fields_of(grinder_batch const& batch, std::size_t items) noexcept;

    core_ptr const manager_;
    grinder_options const options_;
    std::source_location const where_;

    std::mutex mutex_;
    grinder_state state_;
    string_interner owners_;
    steady_time looks_at_ = grinder_state::never;  // when the strand polls without a signal
    bool let_go_ = false;
    bool ended_ = false;
    executor_ref work_;  // engaged from start to stop
    stop_list stops_;
    std::uint64_t completed_ = 0;  // items of batches that are done
    std::uint64_t threw_ = 0;
    std::uint64_t canceled_ = 0;  // items that had been handed over
    std::uint64_t failed_ = 0;    // items that had been handed over

    // strand
    std::optional<boost::asio::steady_timer> timer_;
    steady_time armed_for_ = grinder_state::never;
    std::uint64_t last_batch_ = 0;
};

}  // namespace leasepool::detail

#endif
