// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#if defined(__linux__)

#include "input_watch.hpp"
#include "os.hpp"
#include "watch_deadline.hpp"

#include <atomic>
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
          wake_(::eventfd(0, EFD_CLOEXEC))
    {
        add(wake_.get(), on_each_write);
        watches_input_ = add(in_, disarmed);
        signals_blocked const blocked;
        thread_ = std::thread([this] { run(); });
    }

    ~epoll_watch() override
    {
        quit_ = true;
        // Fails if the number refers to another file now, which must not be written to.
        modify(wake_.get(), on_each_write);
        wake();
        thread_.join();
    }

    void arm() noexcept override
    {
        if (watches_input_)
            modify(in_, EPOLLIN | EPOLLONESHOT);
    }

    void disarm() noexcept override
    {
        if (watches_input_)
            modify(in_, disarmed);
    }

    void watch_output(std::chrono::steady_clock::time_point deadline) noexcept override
    {
        if (watches_input_.exchange(false) &&
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, in_, nullptr) != 0)
            exit_without_descriptors();
        if (!can_add(out_, EPOLLONESHOT) && errno != EPERM)
            exit_without_descriptors();
        deadline_.set(deadline);
        wake();
    }

private:
    // The end of a pipe is reported even without EPOLLIN, but only once.
    static constexpr std::uint32_t disarmed = EPOLLONESHOT;
    static constexpr std::uint32_t on_each_write = EPOLLIN | EPOLLET;

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

    bool can_add(int fd, std::uint32_t events) const noexcept
    {
        return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, event(fd, events).get()) == 0;
    }

    /// Returns false for a regular file, which cannot be added. It is always readable, so it need
    /// not be watched.
    bool add(int fd, std::uint32_t events) const
    {
        if (can_add(fd, events))
            return true;
        if (errno != EPERM)
            throw std::system_error(errno, std::generic_category(), "watching the input");
        return false;
    }

    void modify(int fd, std::uint32_t events) const noexcept
    {
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, event(fd, events).get()) != 0)
            exit_without_descriptors();
    }

    void wake() const noexcept
    {
        std::uint64_t const one = 1;
        while (::write(wake_.get(), &one, sizeof one) < 0)
            if (errno != EINTR)
                exit_without_descriptors();
    }

    void run() noexcept
    {
        set_watcher_name();
        while (!quit_) {
            epoll_event happened = {};
            auto const count = ::epoll_wait(epoll_.get(), &happened, 1, deadline_.timeout());
            if (count < 0 && errno != EINTR)
                exit_without_descriptors();
            if (deadline_.has_passed()) {
                deadline_.reset();
                listener_.on_deadline();
            }
            if (count != 1)
                continue;
            if (happened.data.fd == in_)
                listener_.on_input();
            else if (happened.data.fd == out_)
                listener_.on_no_reader();
        }
    }

    int const in_;
    int const out_;
    listener& listener_;
    unique_fd epoll_;
    unique_fd wake_;
    watch_deadline deadline_;
    std::atomic<bool> watches_input_ = false;
    std::atomic<bool> quit_ = false;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<input_watch> make_epoll_watch(int in, int out, input_watch::listener& to)
{
    return std::make_unique<epoll_watch>(in, out, to);
}

}  // namespace leasepool::worker

#endif
