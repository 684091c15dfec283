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

/// What goes on between a worker and its parent, from `ready` to the end of the input.
///
/// The input belongs to the thread that runs jobs while that is idle: it blocks in `read` itself. When
/// a job begins the input is handed to a watcher, a thread that sleeps until bytes come, and taken
/// back when no job waits any more. A job for which nothing comes costs no switch of threads.
class session final : input_watch::listener {
public:
    session(protocol_descriptors pipes, std::span<detail::worker_entry const* const> jobs,
        severity least_severity);
    ~session();
    session(session const&) = delete;
    session& operator=(session const&) = delete;

    /// @return whether the parent kept to the protocol.
    /// @throws std::system_error, std::bad_alloc
    bool run();

    /// Whether nobody reads the answers any more.
    bool is_abandoned() const noexcept { return has_no_reader(channel_.descriptor()); }

private:
    /// What is to be done when the lock is released.
    using stop_request = std::optional<std::stop_source>;
    using outcome = std::variant<boost::json::value, failure>;

    void say_ready();
    std::optional<wire::request> next_request();
    bool look_is_due() noexcept;
    void await_request();
    void run_job(wire::request&& wanted);
    outcome perform(running_job& job, wire::request& wanted);
    void refuse(std::uint64_t id, failure const& why);
    void disarm_if_idle() noexcept;

    void take_input(stop_request& stop);
    void take(wire::message&& from, stop_request& stop);
    void take_notification(wire::notification&& from, stop_request& stop);
    void take_violation(wire::violation&& from, stop_request& stop);
    void end_input(stop_request& stop);
    void stop_running(stop_request& stop);
    void put_aside(std::uint64_t id);

    void on_input() noexcept override;
    void on_no_reader() noexcept override;

    channel channel_;
    severity const least_severity_;
    std::unordered_map<std::string_view, detail::worker_entry const*> jobs_;

    std::mutex mutex_;
    // Under the lock. While disarmed, all but these two belongs to the thread that runs jobs, also
    // without it.
    bool armed_ = false;
    running_job* running_ = nullptr;

    input input_;
    request_queue requests_;
    bool ended_ = false;      // of the input
    bool violated_ = false;   // there is no understanding the parent any more
    bool stop_next_ = false;  // the job that the queue has begun, and that is about to run
    bool stop_all_ = false;   // jobs that begin now are to stop soon
    std::int64_t last_look_ = 0;

    std::unique_ptr<input_watch> watch_;  // last: its thread uses all of this
};

}  // namespace leasepool::worker

#endif
