// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/launcher.hpp"

#include "process/child/launch_plan.hpp"
#include "process/child/os_process.hpp"

#include "core/support/os.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <csignal>
#include <pthread.h>
#include <unistd.h>

// The only file that forks and executes. `spawn` calls it, on a spare thread.

// macOS deprecates vfork. TSan makes it a fork, whose child has its own memory.
#if defined(__APPLE__) || defined(__SANITIZE_THREAD__)
#define LEASEPOOL_FORK 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LEASEPOOL_FORK 1
#endif
#endif
#if !defined(LEASEPOOL_FORK)
#define LEASEPOOL_FORK 0
#endif

namespace leasepool::detail {
namespace {

// A separate frame, so that no variable of the caller is in a register that the child changes.
[[gnu::noinline]] pid_t make_child(void (*become)(void*) noexcept, void* argument)
{
#if LEASEPOOL_FORK
    pid_t const pid = ::fork();
#else
    pid_t const pid = ::vfork();
#endif
    if (pid == 0)
        become(argument);
    return pid;
}

// If the child noticed that this thread is canceled, it would unwind the stack of the parent.
class thread_not_canceled {
public:
    thread_not_canceled() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    ~thread_not_canceled() { ::pthread_setcancelstate(before_, nullptr); }
    thread_not_canceled(thread_not_canceled const&) = delete;
    thread_not_canceled& operator=(thread_not_canceled const&) = delete;

private:
    int before_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace

void launcher_base::prepare()
{
    boost::system::error_code ec;
    report_ = make_pipe(ec);
    // After a vfork the whole report is in the pipe. The end of the pipe must not be waited for,
    // because a program that another thread has forked may hold it open.
    if (!ec && !LEASEPOOL_FORK)
        ec = set_non_blocking(report_.read.get());
    if (ec)
        fail(", no pipe to it", ec.value());
}

void launcher_base::start(void (*become)(void*) noexcept, void* argument)
{
    if (attempt_.canceled())
        fail(", the start was canceled", ECANCELED);
    int error = 0;
    {
        thread_not_canceled const no_unwinding;
        all_signals_blocked const no_handlers;
        this->pid = make_child(become, argument);
        error = errno;
    }
    if (this->pid < 0) {
        attempt_.end();
        fail(error == EAGAIN ? std::string(too_many_processes) : ", no process for it", error);
    }
    attempt_.has_child(this->pid);
    report_.write.reset();
}

void launcher_base::give_up(std::size_t step, int error) const noexcept
{
    failure const what{step, detail, error};
    // If the write fails, the parent does not read the report any more.
    if (::write(report_.write.get(), &what, sizeof what) < 0) {}
    ::_exit(127);
}

void launcher_base::execute(char const* path, char const* const* argv) const noexcept
{
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::execve(path, const_cast<char* const*>(argv), const_cast<char* const*>(this->env));
}

bool launcher_base::has_failed(failure& what) noexcept
{
    ssize_t got = 0;
    do
        got = ::read(report_.read.get(), &what, sizeof what);
    while (got < 0 && errno == EINTR);
    report_.read.reset();
    // From here on it is signaled through its pidfd.
    attempt_.end();
    if (got != static_cast<ssize_t>(sizeof what))
        return false;
    reap_dying(this->pid);
    return true;
}

unique_fd launcher_base::watch()
{
    // The descriptors of the pipe are free again, so this fails only if another thread was faster.
    boost::system::error_code ec;
    auto exit = watch_exit(this->pid, ec);
    if (ec) {
        discard();
        fail(", no descriptor to watch it", ec.value());
    }
    return exit;
}

void launcher_base::discard() noexcept
{
    signal_group(-1, this->pid, true, SIGKILL);
    reap_dying(this->pid);
}

void launcher_base::fail(std::string const& what, int error) const
{
    throw boost::system::system_error(
        error, boost::system::system_category(), cannot_start(name_) + what);
}

}  // namespace leasepool::detail
