// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WORKER_HPP
#define LEASEPOOL_WORKER_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/worker_entry.hpp>
#include <leasepool/job.hpp>
#include <leasepool/worker_state.hpp>

#include <array>
#include <chrono>
#include <span>
#include <tuple>

/// @file
/// The worker's end of a process pool. It needs neither Asio nor the rest of leasepool: link
/// `leasepool::worker`.

namespace leasepool {

/// Options of a worker. An aggregate, for designated initializers.
struct worker_options {
    /// Makes the worker's state before the worker accepts jobs. The state is destroyed when no more
    /// jobs can arrive. Jobs access it through `job_context::state`.
    worker_state_factory worker_state{};

    /// How long a job may run after the parent is gone: the parent has closed the input, or has sent
    /// a message that breaks the protocol, while the job ran. The job is asked to stop at once. When
    /// this duration has passed on the steady clock, the worker kills itself. Must be greater than
    /// zero.
    std::chrono::steady_clock::duration stop_grace = std::chrono::seconds(2);
};

/// Results of `run_worker`, to be returned from `main`.
namespace worker_status {
/// The parent has closed the worker's input, and all requests were answered.
inline constexpr int finished = 0;
/// The state could not be made, a system call failed, or there was no memory.
inline constexpr int failed = 1;
/// The program was started by hand, from a terminal, or its options or its list of jobs are wrong.
inline constexpr int misused = 2;
/// The parent sent something that is not a message of the protocol.
inline constexpr int protocol_error = 3;
}  // namespace worker_status

/// Returns whether this program was started as a worker, that is, whether `LEASEPOOL_WORKER` is set
/// in its environment and not empty. `run_worker` removes the variable; the answer stays the same.
///
/// Example of one executable in both roles:
/// @code
/// int main(int argc, char** argv)
/// {
///     if (leasepool::is_worker(argc, argv))
///         return leasepool::run_worker(argc, argv, count_primes_job);
///     return serve();
/// }
/// @endcode
/// A launcher that does not pass the environment on (`ssh`) loses this variable. Then use a command
/// that is always a worker, or mark the worker with a command-line argument of your own.
bool is_worker(int argc, char** argv) noexcept;

namespace detail {

int run_worker(worker_options const& options, std::span<worker_entry const* const> jobs) noexcept;

}  // namespace detail

/// Runs this program as a worker with these jobs until its parent closes the input, breaks the
/// protocol, or is gone.
///
/// Must be called once, at the beginning of `main`, before the program reads stdin or writes to
/// stdout.
///
/// @param jobs jobs with distinct names, each with its function in this program.
/// @return a value of `worker_status`, for `main` to return. The reason of `failed` and of
///     `misused` has been written to stderr, that of `protocol_error` has been sent to the parent.
///
/// @par Jobs
/// They run on the calling thread, one at a time, in the order of their requests. An exception of a
/// job is delivered to the caller, see `remote_error`, and the worker continues. A job may exit or
/// crash: then the caller gets `worker_died`, and the jobs queued behind it run on another worker.
/// @par Descriptors
/// The protocol moves to descriptors of its own, which are not inherited by programs that a job
/// starts. From then on stdin is empty, and output to stdout appears on stderr, so a job may print.
/// @par Threads and signals
/// While a job runs, one of the worker's own threads waits for messages. Every signal is blocked on
/// it. If the disposition of SIGTERM is the default, SIGTERM is ignored from then on: a service
/// manager may send it to the parent and all workers at once, and the parent decides when a worker
/// ends. In the same way SIGPIPE is ignored: a write to a pipe or socket without a reader fails with
/// EPIPE. This is done with handlers, so both signals have their defaults again in a program that a job
/// starts, but not in a copy of the worker that a job forks. No other disposition is changed. A job must
/// not set the default disposition of SIGPIPE: if the parent is gone, the worker would be killed by the
/// signal alone, and not its process group. On Linux, a
/// worker of a `process_backend` gets SIGTERM when its parent dies, and then kills its process group
/// at once; if the program has a handler of its own, it is killed alone.
/// @par Environment
/// `LEASEPOOL_LOG_LEVEL`: `debug`, `info` (the default), `warning` or `error`. Log records of jobs
/// below this severity are not sent. `LEASEPOOL_WORKER` is removed, so that a program that a job
/// starts does not take itself for a worker.
/// @par The end of the worker
/// When the parent closes the input, the worker answers all requests that it has received and
/// destroys the state. If a job runs at that time, the parent is gone: that job and the jobs behind
/// it are asked to stop. Answers that are ready within `worker_options::stop_grace` are sent; after
/// that the worker kills itself. It does so at once when it detects that its answers are not read any
/// more, also while a job runs. If it leads a process group, as every worker of a `process_backend`
/// does, it kills the whole group, including the programs that its jobs have started. After a message
/// that breaks the protocol, the worker drops the requests that have not begun and asks the running
/// job to stop, with the same `stop_grace`; it returns when that job has been answered.
/// A job must close only descriptors that it has opened. If it closes those of the worker, the worker
/// writes that to stderr and exits with status 1.
/// @par Start by hand
/// If the program was not started as a worker and stdin is a terminal, the function prints an
/// explanation on stderr and returns `misused`.
/// @par Protocol
/// See doc/protocol.md. The worker supports pipelining.
template <class... Signatures>
int run_worker(
    int /*argc*/, char** /*argv*/, worker_options const& options, job<Signatures> const&... jobs)
{
    std::tuple<detail::worker_entry_for<Signatures>...> const entries(jobs...);
    return std::apply(
        [&](auto const&... each) {
            std::array<detail::worker_entry const*, sizeof...(each)> const list{&each...};
            return detail::run_worker(options, list);
        },
        entries);
}

/// Runs this program as a worker as above, without a state.
template <class... Signatures>
int run_worker(int argc, char** argv, job<Signatures> const&... jobs)
{
    return run_worker(argc, argv, worker_options{}, jobs...);
}

}  // namespace leasepool

#endif
