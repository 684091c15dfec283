// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_PROCESS_POOL_HPP
#define LEASEPOOL_PROCESS_PROCESS_POOL_HPP

#include "process/child/spawn.hpp"
#include "process/pool/crew_state.hpp"
#include "process/pool/worker_link.hpp"

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/remote_call.hpp>
#include <leasepool/process_backend.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool::detail {

/// The operation that was sent as this; null: none.
inline run_operation* operation_of(link_state::flight const* flight) noexcept
{
    return flight ? static_cast<run_operation*>(flight->what) : nullptr;
}

/// The shell of a pool of worker processes: waits for what happens, has it decided by `link_state`
/// and `crew_state`, and carries it out.
///
/// One lock guards it all, and is held for short: messages are parsed, results converted and
/// handlers posted without it. There is no strand, since the manager may end a pool on any thread,
/// when its executor runs no more; and so a job can be written by the very call that submits it.
///
/// Whatever is done to a worker ends with `step`, which looks at everything that may be due.
class process_pool final : public job_pool, public std::enable_shared_from_this<process_pool> {
public:
    process_pool(pool_site site, std::shared_ptr<process_backend_options const> options);

    /// Has all workers end, by and by; then says so.
    void close() noexcept;
    /// Kills all workers, now; fails what they had.
    void end() noexcept;

    /// Starts the first workers, too: one that is ready has jobs taken for it.
    void serve(job_source& from) noexcept override;
    void prepare(remote_call& call) const override { write_body(call, bounds_); }
    void jobs_waiting() noexcept override;
    void stop_job(std::uint64_t request_id, error_code why) noexcept override;

private:
    using time = link_state::time;
    using link_ptr = std::shared_ptr<worker_link>;
    using outcomes = std::vector<worker_link::outcome>;
    using lock = std::unique_lock<std::mutex>;

    /// A `step` that needs no memory to be posted.
    struct another_look final : completion {
        another_look(process_pool& p, boost::asio::any_io_executor const& ex)
            : completion(&go, executor_ref(ex, executor_ref::work::untracked)), pool(p)
        {
        }
        static void go(completion* self, step what);
        void drop_executor() noexcept { take_executor(); }
        process_pool& pool;
    };

    // Without the lock.
    template <class F>
    void guarded(F const& f) noexcept;
    void on_readable(link_ptr const& link) noexcept;
    void serve(link_ptr const& link, bool then_step) noexcept;
    void on_timer() noexcept;
    void on_errors_readable(link_ptr const& link) noexcept;
    void on_exit(link_ptr const& link) noexcept;
    void settle(outcomes& done) noexcept;
    void settle(worker_link::outcome& done, time now) noexcept;

    // With it.
    void step(outcomes& done);
    void out_of_memory() noexcept;
    void start_workers();
    void on_launched(link_ptr const& link, started_program&& program, outcomes& done);
    void pump();
    void post_pump() noexcept;
    void give_job(worker_link& link, run_operation& op);
    void act(link_ptr const& link);
    void watch(link_ptr const& link);
    void arm_timer();
    time next_deadline() const noexcept;

    bool serve_once(link_ptr const& link, lock& held, outcomes& done);
    void apply(worker_link& link, worker_link::received&& from, outcomes& done);
    void on_notification(worker_link& link, wire::notification&& what);
    void on_ready(worker_link& link, boost::json::value const& params);
    void on_log(worker_link& link, boost::json::value const& params);
    void on_answer(worker_link& link, std::uint64_t id, link_state::answer how,
        worker_link::received&& from, outcomes& done);
    void violation(worker_link& link, errc code, std::string const& what, bool legible = true);
    void log_error_lines(worker_link& link);
    void log_from(worker_link& link, severity level, std::string_view text, std::string_view source,
        run_operation* job) noexcept;

    void has_exited(link_ptr const& link);
    void bury(link_ptr const& link, outcomes& done);
    void leave_service(worker_link& link) noexcept;
    void report_workers() noexcept;
    void retire(worker_link& link) noexcept;
    void consider_recycling(worker_link& link) noexcept;
    void start_failed(std::exception_ptr const& why);
    void start_trouble(std::exception_ptr const& why);
    void look_at_memory(worker_link& link);
    void log_worker(worker_link& link, severity level, std::string_view text,
        std::string_view error = {}) noexcept;
    worker_facts facts_of(worker_link const& link) const;
    time now() noexcept { return now_ = std::chrono::steady_clock::now(); }

    pool_site const site_;
    std::shared_ptr<process_backend_options const> const options_;
    wire::limits const bounds_;
    std::shared_ptr<spawn_options const> const spawn_;
    link_state::options const link_options_;
    job_source* source_ = nullptr;

    std::mutex mutex_;
    boost::asio::any_io_executor executor_;
    std::optional<boost::asio::steady_timer> timer_;
    another_look look_;
    std::atomic<bool> look_posted_{false};
    std::shared_ptr<process_pool> kept_;  // while it is
    time armed_for_ = link_state::never;
    time now_{};
    crew_state crew_;
    std::vector<link_ptr> links_;
    bool has_workers_ = true;  // as the manager knows it
    bool announced_ = false;   // it was said that it is ready
    bool failed_ = false;      // or that it is not, or that it broke
    bool closing_ = false;
    bool dead_ = false;
    bool pump_posted_ = false;
    run_operation* homeless_ = nullptr;  // was taken, and could not be given to a worker
    /// No worker takes another job now. Whatever changes that looks into the queue itself, so that
    /// who has put something there need not, and takes no lock.
    std::atomic<bool> no_room_{true};
};

/// `f(done)` under the lock, unless the pool has ended; then what it has put into `done` is settled.
template <class F>
void process_pool::guarded(F const& f) noexcept
{
    outcomes done;
    {
        lock const held(mutex_);
        if (dead_)
            return;
        now();
        try {
            f(done);
        }
        catch (std::exception const&) {
            out_of_memory();
        }
    }
    settle(done);
}

}  // namespace leasepool::detail

#endif
