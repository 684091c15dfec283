// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_SESSION_HPP
#define LEASEPOOL_LIBS_WORKER_SESSION_HPP

#include "channel.hpp"
#include "failure.hpp"
#include "input.hpp"
#include "input_watch.hpp"
#include "os.hpp"
#include "request_queue.hpp"

#include <leasepool/detail/worker_entry.hpp>
#include <leasepool/severity.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <unordered_map>
#include <variant>

namespace leasepool::worker {

class running_job;

/// One worker and its parent, from `ready` to the end of the input. `run_worker` makes it; it reads
/// from `input`, writes to `channel`, and calls the jobs.
///
/// While the main thread is idle, it reads the input itself. When a job begins, it arms the
/// watcher, a thread that waits for input. When no request is queued any more, it disarms the
/// watcher. So a job costs no switch of threads if no message arrives while it runs.
class session final : input_watch::listener {
public:
    session(protocol_descriptors pipes, std::span<detail::worker_entry const* const> jobs,
        severity min_severity, std::chrono::steady_clock::duration stop_grace);
    ~session();
    session(session const&) = delete;
    session& operator=(session const&) = delete;

    /// Runs jobs until the input ends or the parent breaks the protocol.
    /// @return false if the parent has broken the protocol.
    /// @throws std::system_error, std::bad_alloc; std::length_error if the names of the jobs are
    ///     too long for `ready`
    bool run();

    /// Returns the bytes after the last line of the input. Called after `run`.
    std::string_view unfinished_input() const noexcept { return input_.unfinished(); }

    /// Returns whether the other end of the output is closed, so that no answer will be read.
    bool parent_is_gone() const noexcept { return has_no_reader(channel_.descriptor()); }

private:
    /// The job to be asked to stop after the lock is released.
    using stop_request = std::optional<std::stop_source>;
    using outcome = std::variant<boost::json::value, failure>;

    void send_ready();
    std::optional<wire::request> next_request();
    bool check_is_due() noexcept;
    void await_request();
    void run_job(wire::request&& request);
    outcome call_job(running_job& job, wire::request& request);
    void answer_error(std::uint64_t id, failure const& why);
    void disarm_if_idle() noexcept;

    void read_input(stop_request& stop);
    void handle_message(wire::message&& from, stop_request& stop);
    void handle_notification(wire::notification&& from, stop_request& stop);
    void handle_violation(wire::violation&& from, stop_request& stop);
    void end_input(stop_request& stop);
    void stop_running(stop_request& stop);
    void answer_not_begun(std::uint64_t id);

    void on_input() noexcept override;
    void on_no_reader() noexcept override;
    void on_deadline() noexcept override;

    channel channel_;
    severity const min_severity_;
    std::chrono::steady_clock::duration const stop_grace_;
    std::unordered_map<std::string_view, detail::worker_entry const*> jobs_;

    std::mutex mutex_;
    // Changed only by the main thread, under the lock.
    bool armed_ = false;
    running_job* running_ = nullptr;

    // While armed, guarded by the lock. While disarmed, used only by the main thread, also without
    // it.
    input input_;
    request_queue requests_;
    bool input_ended_ = false;
    bool violated_ = false;   // the parent has broken the protocol: nothing more is read
    bool stop_next_ = false;  // ask the job to stop that has left the queue and is about to run
    bool stop_all_ = false;   // ask each job to stop when it begins
    std::int64_t last_check_ = 0;

    std::unique_ptr<input_watch> watch_;  // last: its thread uses the other members
};

}  // namespace leasepool::worker

#endif
