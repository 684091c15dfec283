// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#if defined(__linux__)

#include "input_watch.hpp"
#include "os.hpp"

#include <cerrno>
#include <cstdint>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

// The watch of a worker's pipes with epoll, for Linux. `make_input_watch` makes it; it calls
// `session`, its listener.

namespace leasepool::worker {
namespace {

class unique_fd {
public:
    explicit unique_fd(int fd) : fd_{fd}
    {
        if (fd < 0)
            throw std::system_error(errno, std::generic_category(), "watching the input");
    }
    ~unique_fd() { ::close(fd_); }
    unique_fd(unique_fd const&) = delete;
    unique_fd& operator=(unique_fd const&) = delete;

    int get() const noexcept { return fd_; }

private:
    int fd_;
};

class epoll_watch final : public input_watch {
public:
    epoll_watch(int in, int out, listener& to)
        : in_{in}, out_{out}, listener_{to}, epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          quit_(::eventfd(0, EFD_CLOEXEC))
    {
        control(EPOLL_CTL_ADD, quit_.get(), EPOLLIN);
        // A regular file cannot be added (EPERM). It is always readable, so it need not be watched.
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, in_, event(in_, disarmed).get()) != 0 &&
            errno != EPERM)
            throw std::system_error(errno, std::generic_category(), "watching the input");
        signals_blocked const blocked;
        thread_ = std::thread([this] { run(); });
    }

    ~epoll_watch() override
    {
        std::uint64_t const one = 1;
        while (::write(quit_.get(), &one, sizeof one) < 0 && errno == EINTR) {}
        thread_.join();
    }

    void arm() noexcept override { control(EPOLL_CTL_MOD, in_, EPOLLIN | EPOLLONESHOT); }

    void disarm() noexcept override { control(EPOLL_CTL_MOD, in_, disarmed); }

    void watch_output() noexcept override
    {
        control(EPOLL_CTL_DEL, in_, 0);
        control(EPOLL_CTL_ADD, out_, EPOLLONESHOT);
    }

private:
    // The end of a pipe is reported even without EPOLLIN, but only once.
    static constexpr std::uint32_t disarmed = EPOLLONESHOT;

    class event {
    public:
        event(int fd, std::uint32_t events) noexcept
        {
            event_.events = events;
            event_.data.fd = fd;
        }
        epoll_event* get() noexcept { return &event_; }

    private:
        epoll_event event_ = {};
    };

    void control(int operation, int fd, std::uint32_t events) const noexcept
    {
        ::epoll_ctl(epoll_.get(), operation, fd, event(fd, events).get());
    }

    void run() noexcept
    {
        set_watcher_name();
        for (;;) {
            epoll_event happened = {};
            if (::epoll_wait(epoll_.get(), &happened, 1, -1) != 1)
                continue;
            if (happened.data.fd == quit_.get())
                return;
            if (happened.data.fd == in_)
                listener_.on_input();
            else
                listener_.on_no_reader();
        }
    }

    int const in_;
    int const out_;
    listener& listener_;
    unique_fd epoll_;
    unique_fd quit_;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<input_watch> make_epoll_watch(int in, int out, input_watch::listener& to)
{
    return std::make_unique<epoll_watch>(in, out, to);
}

}  // namespace leasepool::worker

#endif
