// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "caretaker.hpp"

#include "os_process.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <csignal>
#include <exception>
#include <future>
#include <poll.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace leasepool::detail {
namespace {

// How often to look where no descriptor tells, or where there is no memory to wait for one.
constexpr int look_every_ms = 50;

thread_local bool on_thread = false;

bool reaped(left_process& left) noexcept
{
    auto const status = look_at(left.pid);
    if (!status)
        return false;
    // Before it is reaped: afterwards the number may be another group's.
    signal_group(left.exit.get(), left.pid, status->how != exit_status::kind::unknown, SIGKILL);
    left.exit.reset();  // first, so that a caller that finds the process reaped finds it closed
    reap_exited(left.pid);
    return true;
}

}  // namespace

caretaker& caretaker::instance()
{
    static caretaker* const only = new caretaker;  // see the comment of the class
    return *only;
}

caretaker::caretaker()
{
    boost::system::error_code ec;
    alarm_ = make_pipe(ec);
    if (!ec)
        ec = set_non_blocking(alarm_.read.get());
    if (!ec)
        ec = set_non_blocking(alarm_.write.get());
    if (ec)
        throw boost::system::system_error(ec, "leasepool: cannot wake the thread that reaps");
    signals_blocked const never_handles_any;
    std::thread([this] { live(); }).detach();
}

void caretaker::adopt(std::unique_ptr<left_process> left) noexcept
{
    {
        std::lock_guard lock(mutex_);
        left->next = std::move(arrived_);
        arrived_ = std::move(left);
    }
    wake();
}

void caretaker::run(std::function<void()> const& work)
{
    if (on_thread)
        return work();
    std::exception_ptr error;
    std::promise<void> done;
    post([&] {
        try {
            work();
        }
        catch (...) {
            error = std::current_exception();
        }
        done.set_value();
    });
    done.get_future().get();
    if (error)
        std::rethrow_exception(error);
}

void caretaker::post(std::function<void()> work)
{
    {
        std::lock_guard lock(mutex_);
        orders_.push_back(std::move(work));
    }
    wake();
}

void caretaker::wake() noexcept
{
    // If the pipe is full it is readable, which is all that is wanted.
    char const anything = 0;
    if (::write(alarm_.write.get(), &anything, 1) < 0) {}
}

void caretaker::live() noexcept
{
    on_thread = true;
    for (;;) {
        take_orders();
        look_after();
        try {
            wait();
        }
        catch (std::exception const&) {
            ::poll(nullptr, 0, look_every_ms);
        }
    }
}

void caretaker::take_orders()
{
    char ignored[64];
    while (::read(alarm_.read.get(), ignored, sizeof ignored) > 0) {}
    std::vector<std::function<void()>> orders;
    {
        std::lock_guard lock(mutex_);
        orders.swap(orders_);
        while (arrived_) {
            auto left = std::move(arrived_);
            arrived_ = std::move(left->next);
            left->next = std::move(kept_);
            kept_ = std::move(left);
        }
    }
    for (auto& order : orders)
        order();
}

void caretaker::look_after() noexcept
{
    for (auto* at = &kept_; *at;)
        if (reaped(**at))
            *at = std::move((*at)->next);
        else
            at = &(*at)->next;
}

void caretaker::wait()
{
    std::vector<pollfd> events{{alarm_.read.get(), POLLIN, 0}};
    bool blind = false;
    for (auto const* left = kept_.get(); left; left = left->next.get())
        if (left->exit)
            events.push_back({left->exit.get(), POLLIN, 0});
        else
            blind = true;
    if (::poll(events.data(), static_cast<nfds_t>(events.size()), blind ? look_every_ms : -1) <= 0)
        return;
    std::size_t n = 1;
    for (auto* left = kept_.get(); left; left = left->next.get())
        if (left->exit && events[n++].revents != 0 && !look_at(left->pid))
            // It is traced, and its tracer has not let go of it. Do not turn in circles.
            left->exit.reset();
}

}  // namespace leasepool::detail
