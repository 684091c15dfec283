// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_BACKEND_HPP
#define LEASEPOOL_PROCESS_BACKEND_HPP

#include <leasepool/backend.hpp>
#include <leasepool/detail/backend_base.hpp>
#include <leasepool/options.hpp>
#include <leasepool/resource_limits.hpp>
#include <leasepool/severity.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool {

/// Options of the process backend. An aggregate, for designated initialisers.
struct process_backend_options {
    /// The worker: a program and its arguments. A program without a slash is looked for in the
    /// `PATH` that the worker will have. Empty: this executable again, without arguments; its `main`
    /// has to ask `is_worker` first of all, and a worker must not start such workers in turn.
    std::vector<std::string> command{};
    /// Put in front of the command: `{"nice", "-n", "10"}`, `{"ssh", "host"}`, `{"docker", "run",
    /// "-i", "image"}`. Pid, limits and kills are then those of the launcher.
    std::vector<std::string> launcher{};
    /// Workers of a pool.
    std::size_t workers_per_pool = 2;
    /// Variables set, or, without a value, removed.
    std::map<std::string, std::optional<std::string>> environment{};
    /// Whether a worker has this program's variables too. They are read when a worker is started, so
    /// the program must not change its environment meanwhile.
    bool inherit_environment = true;
    /// Empty: this program's.
    std::string working_directory{};
    /// What the system lets a worker use at most.
    resource_limits limits{};

    /// How long a worker may take until it is ready.
    steady_duration startup_timeout = std::chrono::seconds{30};
    /// How long a job may run, from its begin; see `job_options::timeout`. Default: for ever.
    std::optional<steady_duration> job_timeout{};
    /// From asking a job to stop, or a worker to end, to killing the worker.
    steady_duration kill_grace = std::chrono::seconds{2};

    /// Of a message in either direction. At least 1024.
    std::size_t max_message_bytes = std::size_t{16} << 20;
    /// Arrays and objects inside each other in a message. At least 8.
    std::size_t max_message_depth = 64;

    /// A worker is given so many jobs, none more, and then replaced. Its successor is started after
    /// seven eighths of them: unless the rest takes it less time than a start, there is no pause.
    /// At least 1. Default: never.
    std::optional<std::size_t> max_jobs_per_worker{};
    /// A worker that is so old is replaced when its jobs are done. Default: never.
    std::optional<steady_duration> max_worker_age{};
    /// A worker whose resident memory, in bytes, is larger than this after a job is replaced. Looked
    /// at on Linux only. Default: never.
    std::optional<std::uint64_t> max_worker_rss{};

    /// First pause after a worker could not be started; doubles up to `max_backoff`, and is forgotten
    /// when one gets a job.
    steady_duration backoff = std::chrono::milliseconds{100};
    steady_duration max_backoff = std::chrono::seconds{30};
    /// After so many failures in a row, and with no worker left, the pool breaks.
    std::size_t start_attempts = 3;

    /// What workers log below this is not passed on. C++ workers do not even send it.
    severity log_level = severity::info;
    /// As what the lines are logged that workers write to stderr; they always are, at any level.
    severity stderr_severity = severity::info;
};

/// Throws `std::invalid_argument` naming option, value and bound, if one is out of bounds.
void validate(process_backend_options const& options);

/// Pools of worker processes.
///
/// A lease on such a pool runs jobs only: `lease.async_run(some_job(arguments…))`. Workers are C++
/// programs that call `run_worker`, or programs in any language that speak the protocol of
/// doc/protocol.md. The pool's I/O is done on the manager's executor.
///
/// A worker that dies, hangs, or breaks the protocol is replaced; other workers and their jobs do not
/// notice. Every job completes exactly once: the one that a dying worker may have begun fails with
/// `worker_died`, and those that it surely had not go to another worker.
///
/// The program's signal dispositions are not changed, SIGCHLD is left to it, and none of its
/// descriptors is inherited by a worker. A worker is started from a thread of the library's own, and
/// is in a process group of its own; that is killed when the worker ends, and, on Linux, the worker
/// when this program ends, however it ends.
///
/// A copy of a backend is another backend with the same options.
class process_backend {
public:
    class pool_type;
    static constexpr bool runs_jobs = true;

    /// Throws std::invalid_argument if the options are.
    explicit process_backend(process_backend_options options = {});

    static constexpr std::string_view name() noexcept { return "process"; }
    std::size_t workers_per_pool() const noexcept { return options_->workers_per_pool; }
    /// Fails with `errc::started_as_worker` if the command is this executable and it was itself
    /// started as a worker.
    std::unique_ptr<pool_type> make_pool(pool_site site);

private:
    std::shared_ptr<process_backend_options const> options_;
};

namespace detail {
class process_pool;
}

/// A pool of the process backend. Its manager's business.
class process_backend::pool_type {
public:
    pool_type(pool_site site, std::shared_ptr<process_backend_options const> options);
    ~pool_type();
    pool_type(pool_type const&) = delete;
    pool_type& operator=(pool_type const&) = delete;

    void close() noexcept;
    detail::job_pool* jobs() noexcept;

private:
    std::shared_ptr<detail::process_pool> pool_;
};

static_assert(backend<process_backend>);

/// @cond
/// Makes `any_backend("process")` known wherever this header is included, so that who does not
/// include it need not link what is behind it.
namespace detail {

struct process_backend_registration {
    process_backend_registration();
};
inline process_backend_registration const register_process_backend;

}  // namespace detail
/// @endcond

namespace detail {

extern template class pool_adaptor<process_backend::pool_type>;
extern template class backend_adaptor<process_backend>;

}  // namespace detail
}  // namespace leasepool

#endif
