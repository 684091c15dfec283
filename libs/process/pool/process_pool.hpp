// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_PROCESS_POOL_HPP
#define LEASEPOOL_PROCESS_PROCESS_POOL_HPP

#include "process/child/spawn.hpp"
#include "process/pool/job_outcome.hpp"
#include "process/pool/worker_index.hpp"
#include "process/pool/worker_link.hpp"
#include "process/pool/worker_supply.hpp"

#include "core/support/thread_scope.hpp"

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/remote_call.hpp>
#include <leasepool/process_backend.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
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

/// The shell of a pool of worker processes. An event comes in, the pure states decide (`link_state`
/// for a worker, `worker_supply` for their number), and the pool acts.
///
/// One lock guards everything. It is held for a short time: messages are parsed, results converted,
/// progress passed on and handlers posted without it. There is no strand, because the manager may end a pool on any
/// thread, also when its executor does not run any more, and because a job can then be written by
/// the call that submits it.
///
/// An event concerns one worker, and ends with `after`: the actions of the worker are carried out,
/// what it may send is waited for, and its place in the index is updated.
class process_pool final : public job_pool, public std::enable_shared_from_this<process_pool> {
public:
    process_pool(pool_site site, std::shared_ptr<process_backend_options const> options);

    /// Has all workers end when their jobs are done; then reports that the pool is closed.
    void close() noexcept;
    /// Kills all workers, and fails what they had. Does not wait.
    void end() noexcept;

    /// Starts the first workers, too.
    void serve(job_source& from) noexcept override;
    void prepare(remote_call& call) const override { write_body(call, bounds_); }
    void jobs_waiting() noexcept override;
    void stop_job(std::uint64_t request_id, error_code why) noexcept override;

private:
    using time = link_state::time;
    using link_ptr = std::shared_ptr<worker_link>;
    using lock = std::unique_lock<std::mutex>;

    /// What has become of an operation; to be carried out without the lock.
    struct outcome {
        enum class kind { result, failed, given_back, not_run };

        run_operation* op;
        kind what;
        boost::json::value value{};   // of a result
        std::exception_ptr reason{};  // of a failure; else the code counts
        error_code error{};
        time begun{};
    };
    using outcomes = std::vector<outcome>;
    /// A value of the progress of a job; to be passed on without the lock.
    struct progress_report {
        std::shared_ptr<progress_sink> to;
        boost::json::value value;
    };
    using progress_reports = std::vector<progress_report>;
    using settling_scope = thread_scope<process_pool, outcome>;

    /// A call of `on_memory` that needs no memory to be posted.
    struct retry final : completion {
        retry(process_pool& p, boost::asio::any_io_executor const& ex)
            : completion(&go, executor_ref(ex, executor_ref::work::untracked)), pool(p)
        {
        }
        static void go(completion* self, step what);
        void drop_executor() noexcept { take_executor(); }
        process_pool& pool;
    };

    // Events. Called without the lock, on the executor unless noted.

    void on_launched(
        link_ptr const& link, started_program&& program) noexcept;  // on a spare thread
    void on_exited(link_ptr const& link) noexcept;                  // on the thread of the reaper
    void on_output(link_ptr const& link) noexcept;
    void on_readable(link_ptr const& link) noexcept;
    void on_errors_readable(link_ptr const& link) noexcept;
    void on_writable(link_ptr const& link) noexcept;
    void on_input_error(link_ptr const& link) noexcept;
    void on_timer() noexcept;
    void on_queue_waited() noexcept;
    void on_memory() noexcept;

    template <class F>
    void guarded(F const& f) noexcept;
    template <class F>
    void guarded(link_ptr const& link, F const& f) noexcept;

    // Reading. Called without the lock, by one caller at a time for each worker.

    void read(link_ptr const& link, bool long_messages) noexcept;
    enum class after_read { more, again, nothing, elsewhere };
    after_read read_once(link_ptr const& link, lock& held, bool& long_messages, outcomes& done);
    void pass_on(progress_reports& reports, lock& held) noexcept;
    bool begin_reading(worker_link& link) noexcept;
    void settle(outcomes& done) noexcept;
    void settle(outcome& done, time now) noexcept;
    void settle_unlocked(lock& held, outcomes& done) noexcept;

    // All others are called with the lock.

    void after(worker_link& link) noexcept;
    void act(worker_link& link);
    void await_events(worker_link& link);
    void check_input(worker_link& link) noexcept;
    void account(worker_link& link) noexcept;
    void tick(worker_link& link, time at, outcomes& done);
    void finish(worker_link& link, outcomes& done);
    void out_of_memory(worker_link* link) noexcept;
    void fail_from_memory(worker_link& link) noexcept;

    // Jobs.
    void send_jobs();
    void give_job(worker_link& link, run_operation& op);
    void await_more_jobs() noexcept;

    // The number of workers.
    void supply();
    void start_worker();
    void start_failed(std::exception_ptr const& why);
    void start_trouble(std::exception_ptr const& why);
    void log_start_failure(severity level, std::exception_ptr const& why) noexcept;
    void report_workers() noexcept;
    void arm_timer();

    // Messages of a worker.
    void apply(
        worker_link& link, worker_link::received&& from, outcomes& done, progress_reports& reports);
    void on_notification(
        worker_link& link, wire::notification&& what, outcomes& done, progress_reports& reports);
    void on_ready(worker_link& link, boost::json::value const& params);
    void on_log(worker_link& link, boost::json::value const& params);
    void on_progress(worker_link& link, boost::json::value&& params, progress_reports& reports);
    void on_goodbye(worker_link& link, outcomes& done);
    void on_answer(worker_link& link, std::uint64_t id, link_state::answer how,
        worker_link::received&& from, outcomes& done);
    void on_violation(worker_link& link, errc code, std::string const& what, bool legible = true);
    void check_memory(worker_link& link);

    // The end of a worker.
    void on_ended(worker_link& link, outcomes& done);
    void on_lost(worker_link& link, outcomes& done);
    template <class Why>
    void take_jobs(worker_link& link, outcomes& done, Why const& why) noexcept;
    void remove(worker_link& link);

    // The log.
    /// Logs what is written to stderr, at least `most` bytes if there are as many. The default is
    /// what a pipe holds.
    void log_error_lines(worker_link& link, std::size_t most = std::size_t{64} << 10);
    void log_from(worker_link& link, severity level, std::string_view text, std::string_view source,
        run_operation* job) noexcept;
    void log_worker(worker_link& link, severity level, std::string_view text,
        std::string_view error = {}, run_operation* job = nullptr) noexcept;

    worker_facts facts_of(worker_link const& link) const;
    bool inherited() const noexcept;
    time now() noexcept { return now_ = std::chrono::steady_clock::now(); }

    unsigned const generation_;
    pool_site const site_;
    std::shared_ptr<process_backend_options const> const options_;
    wire::limits const bounds_;
    std::shared_ptr<spawn_options const> const spawn_;
    link_state::options const link_options_;
    job_source* source_ = nullptr;

    std::mutex mutex_;
    std::condition_variable settled_;
    int settling_ = 0;  // number of calls that settle outcomes now; `end` waits for them
    boost::asio::any_io_executor executor_;
    std::optional<boost::asio::steady_timer> timer_;
    time armed_for_ = link_state::never;
    retry retry_;
    std::atomic<bool> retry_posted_{false};
    std::shared_ptr<process_pool> kept_;  // while it is posted
    time now_{};
    worker_supply supply_;
    worker_index index_;
    std::vector<link_ptr> links_;
    bool has_workers_ = true;  // as the manager knows it
    enum class phase { starting, ready, failed, closing } phase_ = phase::starting;
    bool dead_ = false;
    bool more_jobs_awaited_ = false;
    run_operation* unsent_ = nullptr;  // was taken, and could not be given to a worker
    /// No worker takes a job now. The thread that changes this checks the queue. So a thread that has
    /// queued a job need not, and takes no lock.
    std::atomic<bool> no_room_{true};
};

}  // namespace leasepool::detail

#endif
