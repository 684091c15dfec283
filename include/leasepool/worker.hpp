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
#include <span>
#include <tuple>

/// @file
/// The worker's end of a process pool. It needs neither Asio nor the rest of leasepool: link
/// `leasepool::worker`.

namespace leasepool {

/// Options of a worker. An aggregate, for designated initialisers.
struct worker_options {
    /// Makes the worker's state, before it takes jobs; it is destroyed when there will be no more.
    /// Jobs reach it through `job_context::state`.
    worker_state_factory worker_state{};
};

/// What `run_worker` returns, for `main` to return.
namespace worker_status {
/// The parent has closed the worker's input, and everything was answered.
inline constexpr int finished = 0;
/// The state could not be made, or the system refused something.
inline constexpr int failed = 1;
/// It was not started as a worker, or its list of jobs is wrong.
inline constexpr int misused = 2;
/// The parent sent what is no message of the protocol.
inline constexpr int protocol_error = 3;
}  // namespace worker_status

/// Whether this program was started as a worker: `LEASEPOOL_WORKER` is set in its environment.
///
/// For one executable in both roles:
/// @code
/// int main(int argc, char** argv)
/// {
///     if (leasepool::is_worker(argc, argv))
///         return leasepool::run_worker(argc, argv, count_primes_job);
///     return serve();
/// }
/// @endcode
/// A launcher that does not pass the environment on (`ssh`) loses the mark: give it a command that is
/// a worker always, or an argument of your own.
bool is_worker(int argc, char** argv) noexcept;

namespace detail {

int run_worker(worker_options const& options, std::span<worker_entry const* const> jobs) noexcept;

}  // namespace detail

/// Runs this program as a worker with these jobs, until its parent wants no more of it.
///
/// To be called first thing in `main`, before anything reads stdin or writes to stdout, and once.
///
/// @param jobs of distinct names, each with its function in this program.
/// @return for `main` to return; see `worker_status`. Whatever is not `finished` was explained on
///     stderr.
///
/// @par Jobs
/// They run on the calling thread, one at a time, in the order of their requests. What one throws is
/// the caller's, see `remote_error`; the worker goes on. A job may exit or crash: the caller gets
/// `worker_died`, and what waited behind it runs on another worker.
/// @par Descriptors
/// The protocol moves to descriptors of its own, which nothing that a job starts inherits. From then
/// on stdin is empty and what goes to stdout comes out on stderr, so that a job may print.
/// @par Threads and signals
/// While a job runs, a thread of the worker's own, with every signal blocked, waits for messages.
/// Dispositions of signals are left alone.
/// @par Environment
/// `LEASEPOOL_LOG_LEVEL`: `debug`, `info` (the default), `warning` or `error`; what jobs log below it
/// is not sent.
/// @par Its end
/// When the parent closes the input, what was received is answered and the state destroyed; a job that
/// runs just then, which happens only if the parent is gone, is asked to stop. As soon as it is known
/// that nobody reads the answers any more, the worker kills itself, in the middle of a job too; and
/// where it leads a process group, as every worker of a `process_backend` does, the whole group with
/// it, that is, what its jobs have started.
/// @par By hand
/// Where it was not started as a worker and stdin is a terminal, it explains itself on stderr and
/// returns `misused`.
/// @par Protocol
/// doc/protocol.md; the worker pipelines.
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

/// The same, without a state.
template <class... Signatures>
int run_worker(int argc, char** argv, job<Signatures> const&... jobs)
{
    return run_worker(argc, argv, worker_options{}, jobs...);
}

}  // namespace leasepool

#endif
