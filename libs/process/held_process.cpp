// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The one place that names boost::process.

#include "held_process.hpp"

#include "caretaker.hpp"
#include "os_process.hpp"

#include <boost/process/v2/process.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <utility>

namespace leasepool::detail {

namespace asio = boost::asio;

namespace {

using process = boost::process::v2::basic_process<asio::any_io_executor>;

// Attaches Boost's process to a running one.
process attach(asio::any_io_executor const& ex, pid_t pid, int exit_fd)
{
#if defined(BOOST_PROCESS_V2_PIDFD_OPEN)
    // With a descriptor of ours Boost opens none, which 1.81 would do without looking at the result.
    boost::system::error_code ec;
    auto copy = duplicate(exit_fd, ec);
    if (ec)
        throw boost::system::system_error(ec, "leasepool: no descriptor for a process");
    process attached(ex, pid, copy.get());
    copy.release();
    return attached;
#else
    // Boost then watches SIGCHLD with Asio's signal handling, unlike on Linux.
    static_cast<void>(exit_fd);
    return process(ex, pid);
#endif
}

pid_t launch_on_lasting_thread(caretaker& thread, launch_plan const& plan, child_ends const& ends)
{
    if (plan.parent_death_signal() == 0)
        return launch(plan, ends);
    pid_t pid = -1;
    thread.run([&] { pid = launch(plan, ends); });
    return pid;
}

}  // namespace

struct held_process::impl {
    impl(asio::any_io_executor const& ex, launch_plan const& plan, child_ends const& ends)
        : left(std::make_unique<left_process>()), exit(ex), held(ex)
    {
        auto& thread = caretaker::instance();
        left->pid = launch_on_lasting_thread(thread, plan, ends);
        try {
            // That there are too few descriptors has shown before the start: these two take the place
            // of those through which `launch` heard of its failure. Unless another thread is faster.
            boost::system::error_code ec;
            left->exit = watch_exit(left->pid, ec);
            if (ec)
                throw boost::system::system_error(
                    ec, cannot_start(plan.path()) + ", no descriptor to watch it");
            held = attach(ex, left->pid, left->exit.get());
            exit.assign(left->exit.get());
            left->exit.release();
        }
        catch (...) {
            forget();
            signal_group(left->exit.get(), left->pid, true, SIGKILL);
            thread.adopt(std::move(left));
            throw;
        }
    }

    // Boost's destructor would wait for the process, or for another one that has its number by now.
    void forget() noexcept
    {
        if (held.is_open())
            held.detach();
    }

    std::unique_ptr<left_process> left;  // made now, since there may be no memory later
    asio::posix::stream_descriptor exit;
    process held;
    std::optional<exit_status> status;
    bool reaped = false;
};

held_process::held_process(
    asio::any_io_executor const& ex, launch_plan const& plan, child_ends const& ends)
    : impl_(std::make_unique<impl>(ex, plan, ends))
{
}

held_process::~held_process()
{
    drop();
}

pid_t held_process::pid() const noexcept
{
    return impl_->left ? impl_->left->pid : -1;
}

asio::posix::stream_descriptor& held_process::exit_descriptor() noexcept
{
    return impl_->exit;
}

std::optional<exit_status> held_process::look() noexcept
{
    if (impl_->status || !impl_->left)
        return impl_->status;
    impl_->status = look_at(impl_->left->pid);
    if (impl_->status) {
        impl_->reaped = impl_->status->how == exit_status::kind::unknown;
        signal_group(impl_->exit.native_handle(), impl_->left->pid, !impl_->reaped, SIGKILL);
    }
    return impl_->status;
}

boost::system::error_code held_process::signal(int number) noexcept
{
    if (impl_->reaped || !impl_->left)
        return make_error_code(boost::system::errc::no_such_process);
    return signal_group(impl_->exit.native_handle(), impl_->left->pid, true, number);
}

void held_process::reap() noexcept
{
    if (!impl_->left || !look())
        return;
    if (!std::exchange(impl_->reaped, true)) {
        boost::system::error_code ec;
        impl_->held.running(ec);  // waitpid, which does not wait here
    }
    impl_->forget();
}

void held_process::drop() noexcept
{
    if (!impl_->left)
        return;
    if (!impl_->status)
        signal(SIGKILL);
    reap();
    impl_->forget();
    auto left = std::move(impl_->left);
    if (impl_->reaped) {
        boost::system::error_code ignored;
        impl_->exit.close(ignored);
        return;
    }
    left->exit.reset(impl_->exit.release());
    caretaker::instance().adopt(std::move(left));
}

}  // namespace leasepool::detail
