// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The one place that forks and executes. The launchers of Boost.Process will not do: those of 1.81
// fork, which takes time by the memory of the parent, run Asio's fork handlers in a child that
// shares its parent's memory or its locks, and leave a failed child by exit(), through the parent's
// atexit handlers; those of every release know neither groups nor masks nor limits, and what an
// initializer of theirs does in the child cannot say which step failed.

#include "launcher.hpp"

#include "descriptors.hpp"
#include "os_process.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

// macOS deprecates vfork. TSan turns it into fork, with a memory of the child's own.
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

enum class launch_step { process_group, parent_death, standard_streams, directory, limit, program };

struct launch_report {
    launch_step step;
    std::size_t limit;
    int error;
};

// From here to `become`: runs in the child, on its parent's stack and in its parent's memory, while
// the calling thread stands still but others run. Only async-signal-safe calls, and nothing is
// written that the parent reads afterwards; so nothing has to be volatile either.

#if defined(__linux__) && defined(SYS_getdents64)

// A kernel older than 5.9, or a filter that does not know close_range.
bool close_listed_descriptors(int keep) noexcept
{
    int const list = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (list < 0)
        return false;
    // struct linux_dirent64: d_ino, d_off (8 bytes each), d_reclen (2), d_type (1), d_name. The
    // kernel lists descriptors by number, so the descriptors that are closed here have been listed.
    constexpr std::size_t length_at = 16;
    constexpr std::size_t name_at = 19;
    alignas(8) char entries[2048];
    long got = 0;
    while ((got = ::syscall(SYS_getdents64, list, entries, sizeof entries)) > 0)
        for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
            std::uint16_t length = 0;
            std::memcpy(&length, entries + at + length_at, sizeof length);
            int fd = 0;
            char const* digit = entries + at + name_at;
            for (; *digit >= '0' && *digit <= '9'; ++digit)
                fd = fd * 10 + (*digit - '0');
            if (*digit == '\0' && fd > STDERR_FILENO && fd != keep && fd != list)
                ::close(fd);
            at += length;
        }
    ::close(list);
    return got == 0;
}

#endif

// What this library opens is closed by the exec anyway; the program's other libraries may be less
// careful.
void close_descriptors_above_stderr(int keep, int bound) noexcept
{
    constexpr int first = STDERR_FILENO + 1;
#if defined(__linux__) && defined(SYS_close_range)
    if ((keep == first || ::syscall(SYS_close_range, first, keep - 1, 0) == 0) &&
        ::syscall(SYS_close_range, keep + 1, ~0U, 0) == 0)
        return;
#endif
#if defined(__linux__) && defined(SYS_getdents64)
    if (close_listed_descriptors(keep))
        return;
#endif
    for (int fd = first; fd < bound; ++fd)
        if (fd != keep)
            ::close(fd);
}

[[noreturn]] void give_up(int report_to, launch_step step, std::size_t limit = 0) noexcept
{
    launch_report const report{step, limit, errno};
    // If the write fails, the parent does not read the report any more.
    if (::write(report_to, &report, sizeof report) < 0) {}
    ::_exit(127);
}

// All signals are blocked here. A handler of the parent's must not run in its memory, so they stay
// blocked until none is left.
void reset_signals() noexcept
{
    struct sigaction by_default = {};
    by_default.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal)
        if (signal != SIGKILL && signal != SIGSTOP)
            ::sigaction(
                signal, &by_default, nullptr);  // refused for the C library's own, caught ones
}

[[noreturn]] void become(launch_plan const& plan, child_ends const& ends, int report_to) noexcept
{
    // Here alone: the parent does not go on before this program is executed or has failed.
    if (::setpgid(0, 0) != 0)
        give_up(report_to, launch_step::process_group);
    reset_signals();

#if defined(__linux__)
    if (plan.parent_death_signal() != 0) {
        if (::prctl(PR_SET_PDEATHSIG, plan.parent_death_signal()) != 0)
            give_up(report_to, launch_step::parent_death);
        if (::getppid() != plan.parent())
            ::_exit(127);  // it had died before
    }
#endif

    if (::dup2(ends.input, STDIN_FILENO) < 0 || ::dup2(ends.output, STDOUT_FILENO) < 0 ||
        ::dup2(ends.errors, STDERR_FILENO) < 0)
        give_up(report_to, launch_step::standard_streams);
    close_descriptors_above_stderr(report_to, plan.descriptor_bound());

    if (plan.directory() && ::chdir(plan.directory()) != 0)
        give_up(report_to, launch_step::directory);
    for (auto const& limit : plan.limits())
        if (::setrlimit(limit.resource, &limit.value) != 0)
            give_up(report_to, launch_step::limit,
                static_cast<std::size_t>(&limit - plan.limits().data()));

    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    ::execve(plan.path(), plan.argv(), plan.envp());
    give_up(report_to, launch_step::program);
}

// A frame of its own, so that nothing of the caller's is in registers that the child changes.
[[gnu::noinline]] pid_t start(launch_plan const& plan, child_ends const& ends, int report_to)
{
#if LEASEPOOL_FORK
    pid_t const pid = ::fork();
#else
    pid_t const pid = ::vfork();
#endif
    if (pid == 0)
        become(plan, ends, report_to);
    return pid;
}

// A cancellation of this thread that the child noticed would unwind the parent's stack.
class not_canceled {
public:
    not_canceled() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    ~not_canceled() { ::pthread_setcancelstate(before_, nullptr); }
    not_canceled(not_canceled const&) = delete;
    not_canceled& operator=(not_canceled const&) = delete;

private:
    int before_ = PTHREAD_CANCEL_ENABLE;
};

[[noreturn]] void fail(launch_plan const& plan, std::string const& what, int error)
{
    throw boost::system::system_error(
        error, boost::system::system_category(), cannot_start(plan.path()) + what);
}

[[noreturn]] void fail(launch_plan const& plan, launch_report const& report)
{
    std::string what;
    switch (report.step) {
    case launch_step::process_group:
        what = " in a process group of its own";
        break;
    case launch_step::parent_death:
        what = " with a parent-death signal";
        break;
    case launch_step::standard_streams:
        what = ", its standard streams cannot be set";
        break;
    case launch_step::directory:
        what = std::string(" in the working directory \"") + plan.directory() + '"';
        break;
    case launch_step::limit:
        what = std::string(" with the limit ") + plan.limits()[report.limit].name;
        break;
    case launch_step::program:
        break;
    }
    fail(plan, what, report.error);
}

}  // namespace

pid_t launch(launch_plan const& plan, child_ends const& ends)
{
    boost::system::error_code ec;
    auto report = make_pipe(ec);
    // After vfork all that will ever be reported is in the pipe, and its end must not be waited for:
    // a program that another thread forked just now may hold it open.
    if (!ec && !LEASEPOOL_FORK)
        ec = set_non_blocking(report.read.get());
    if (ec)
        fail(plan, ", no pipe to it", ec.value());

    pid_t pid = -1;
    int error = 0;
    {
        not_canceled const no_unwinding;
        signals_blocked const no_handlers;
        pid = start(plan, ends, report.write.get());
        error = errno;
    }
    if (pid < 0)
        fail(plan, ", no process for it", error);
    report.write.reset();

    launch_report what = {};
    ssize_t got = 0;
    do
        got = ::read(report.read.get(), &what, sizeof what);
    while (got < 0 && errno == EINTR);
    if (got == static_cast<ssize_t>(sizeof what)) {
        reap_dying(pid);
        fail(plan, what);
    }
    return pid;
}

}  // namespace leasepool::detail
