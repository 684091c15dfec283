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

/// Options of the process backend. An aggregate, for designated initializers.
struct process_backend_options {
    /// The command that starts a worker: a program and its arguments. A program without a slash is
    /// searched in the `PATH` that the worker will have. Empty: this executable, without arguments:
    /// the image that runs, also if its file was replaced since the start. Its `main` must then call
    /// `is_worker` before anything else, and a worker must not start such workers in turn.
    std::vector<std::string> command{};
    /// Words placed in front of the command: `{"nice", "-n", "10"}`, `{"ssh", "host"}`, `{"docker",
    /// "run", "-i", "image"}`. Pid, limits and kills then apply to the launcher. With an empty command,
    /// the start fails if the file of this executable was replaced.
    std::vector<std::string> launcher{};
    /// Number of workers in each pool.
    std::size_t workers_per_pool = 2;
    /// Environment variables to set or, without a value, to remove.
    std::map<std::string, std::optional<std::string>> environment{};
    /// Whether a worker also gets this program's environment variables. They are read when a worker
    /// is started, so the program must not change its environment at that time.
    bool inherit_environment = true;
    /// Working directory of a worker. Empty: that of this program.
    std::string working_directory{};
    /// Limits on what a worker may use, enforced by the system.
    resource_limits limits{};

    /// Maximum time from the start of a worker until it is ready, including the execution of its
    /// program.
    steady_duration startup_timeout = std::chrono::seconds{30};
    /// Maximum time that a job may run, counted from the moment when it begins; see
    /// `job_options::timeout`. Default: no limit.
    std::optional<steady_duration> job_timeout{};
    /// Time from asking a job to stop, or a worker to end, until the worker is killed. A worker that
    /// was killed and does not end within another `kill_grace`, at least one second, is given up: its
    /// job fails with `errc::worker_lost`.
    steady_duration kill_grace = std::chrono::seconds{2};

    /// Maximum size of a message in either direction, in bytes. At least 1024.
    std::size_t max_message_bytes = std::size_t{16} << 20;
    /// Maximum nesting of arrays and objects in a message. At least 8.
    std::size_t max_message_depth = 64;

    /// Maximum number of jobs that a worker gets; then it is replaced. Its successor is started
    /// after seven eighths of them. So there is no pause, unless the last eighth takes less time
    /// than a start. At least 1. Default: no limit.
    std::optional<std::size_t> max_jobs_per_worker{};
    /// Maximum age of a worker. An older one is replaced once its jobs are done. Default: no limit.
    std::optional<steady_duration> max_worker_age{};
    /// Maximum resident memory of a worker after a job, in bytes. A worker that uses more is
    /// replaced. Checked on Linux only. Default: no limit.
    std::optional<std::uint64_t> max_worker_rss{};

    /// First pause after a worker could not be started. The pause doubles up to `max_backoff`, and
    /// is reset when a worker gets a job.
    steady_duration backoff = std::chrono::milliseconds{100};
    steady_duration max_backoff = std::chrono::seconds{30};
    /// Number of consecutive failures to start a worker after which the pool is given up: it cannot be
    /// made if not all of its first workers are ready yet; later it breaks, provided that it has no
    /// worker left.
    std::size_t start_attempts = 3;

    /// Minimum severity of the log records of workers that are passed on. C++ workers do not send
    /// records below it. The text of a record of a worker, and of one made from its stderr, is one line:
    /// control characters except tabs are escaped, and at most 4 KiB of it are kept.
    severity log_level = severity::info;
    /// Severity of log records made from a worker's stderr. They are forwarded whatever `log_level`
    /// is.
    severity stderr_severity = severity::info;
};

/// Throws `std::invalid_argument`, naming the option, its value and its bound, if an option is out
/// of bounds.
void validate(process_backend_options const& options);

/// Pools of worker processes.
///
/// A lease on such a pool runs jobs only: `lease.async_run(some_job(arguments…))`. Workers are C++
/// programs that call `run_worker`, or programs in any language that implement the protocol of
/// doc/protocol.md. The pool's I/O is done on the manager's executor. An answer longer than 16 KiB is
/// parsed and converted on one of the library's own threads.
///
/// A worker that dies, hangs, or breaks the protocol is replaced. Other workers and their jobs are
/// not affected. Every job completes exactly once. When a worker dies, a job that may have begun on
/// it fails with `worker_died`, and jobs that certainly have not begun go to another worker.
///
/// The program's signal dispositions are not changed, SIGCHLD is left to the program, and no
/// descriptor of the program is inherited by a worker. A worker is started from one of the library's
/// own threads, leads a session and a process group of its own, has no controlling terminal, and is
/// scheduled as the main thread of this program is, as far as its privileges allow. The group is
/// killed when the worker ends. On Linux, the worker is killed when this program ends, for whatever
/// reason; doc/protocol.md says which processes may survive.
///
/// After `fork()` without exec, a job given to a pool of the parent fails in the child at once with
/// `errc::pool_broken`, and the pool is replaced by one of the child's. The workers of the parent are
/// not touched. Call `notify_fork` of the context, and fork while no other thread runs it.
///
/// A copy of a backend is a separate backend with the same options.
class process_backend {
public:
    class pool_type;
    static constexpr bool runs_jobs = true;

    /// Throws std::invalid_argument if `validate` rejects the options.
    explicit process_backend(process_backend_options options = {});

    static constexpr std::string_view name() noexcept { return "process"; }
    std::size_t workers_per_pool() const noexcept { return options_->workers_per_pool; }
    /// Makes a pool. Throws `errc::started_as_worker` if the command is this executable and this
    /// process was itself started as a worker.
    std::unique_ptr<pool_type> make_pool(pool_site site);

private:
    std::shared_ptr<process_backend_options const> options_;
};

namespace detail {
class process_pool;
}

/// A pool of the process backend. For use by the manager only.
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
/// Registers `any_backend("process")` in each program that includes this header. A program that
/// does not include it need not link the process backend.
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
