// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "input_watch.hpp"
#include "os.hpp"
#include "watch_deadline.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <system_error>
#include <thread>
#include <unistd.h>

// The watch of a worker's pipes with poll, for systems without epoll. `make_input_watch` makes it;
// it calls `session`, its listener.

namespace leasepool::worker {
namespace {

/// A pipe that wakes a thread from poll. It is close-on-exec.
class wake_pipe {
public:
    wake_pipe()
    {
        // Non-blocking: if the pipe is full, the thread wakes anyway.
#if defined(__APPLE__)
        bool const made = ::pipe(ends_.data()) == 0;
        for (int const end : ends_) {
            ::fcntl(end, F_SETFD, FD_CLOEXEC);
            ::fcntl(end, F_SETFL, O_NONBLOCK);
        }
#else
        bool const made = ::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK) == 0;
#endif
        if (!made)
            throw std::system_error(errno, std::generic_category(), "watching the input");
    }
    ~wake_pipe()
    {
        for (int const end : ends_)
            ::close(end);
    }
    wake_pipe(wake_pipe const&) = delete;
    wake_pipe& operator=(wake_pipe const&) = delete;

    int descriptor() const noexcept
    {
        return ends_[0];
    }
    void wake() const noexcept
    {
        char const byte = 0;
        while (::write(ends_[1], &byte, 1) < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            if (errno != EINTR)
                exit_without_descriptors();
    }
    void drain() const noexcept
    {
        std::array<char, 64> bytes;
        while (::read(ends_[0], bytes.data(), bytes.size()) > 0) {}
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

class poll_watch final : public input_watch {
public:
    poll_watch(int in, int out, listener& to) : in_{in}, out_{out}, listener_{to}
    {
        signals_blocked const blocked;
        thread_ = std::thread([this] { run(); });
    }

    ~poll_watch() override
    {
        quit_ = true;
        wake_pipe_.wake();
        thread_.join();
    }

    void arm() noexcept override
    {
        armed_ = true;
        if (std::this_thread::get_id() != thread_.get_id())
            wake_pipe_.wake();
    }

    // The thread is not woken. If input arrives now, it wakes once, does not call the listener, and
    // then does not watch the input any more.
    void disarm() noexcept override { armed_ = false; }

    void watch_output(std::chrono::steady_clock::time_point deadline) noexcept override
    {
        armed_ = false;
        output_ = true;
        deadline_.set(deadline);
        wake_pipe_.wake();
    }

private:
    void run() noexcept
    {
        set_watcher_name();
        while (!quit_) {
            // poll ignores a negative descriptor.
            std::array<pollfd, 3> polled{pollfd{wake_pipe_.descriptor(), POLLIN, 0},
                pollfd{armed_ ? in_ : -1, POLLIN, 0}, pollfd{output_ ? out_ : -1, 0, 0}};
            auto const count = ::poll(polled.data(), polled.size(), deadline_.timeout());
            if (deadline_.has_passed()) {
                deadline_.reset();
                listener_.on_deadline();
            }
            if (count <= 0)
                continue;
            for (auto const& each : polled)
                if ((each.revents & POLLNVAL) != 0) {
                    errno = EBADF;
                    exit_without_descriptors();
                }
            if (polled[0].revents != 0)
                wake_pipe_.drain();
            if (polled[1].revents != 0 && armed_.exchange(false))
                listener_.on_input();
            if (polled[2].revents != 0 && output_.exchange(false))
                listener_.on_no_reader();
        }
    }

    int const in_;
    int const out_;
    listener& listener_;
    wake_pipe wake_pipe_;
    watch_deadline deadline_;
    std::atomic<bool> armed_ = false;
    std::atomic<bool> output_ = false;
    std::atomic<bool> quit_ = false;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<input_watch> make_poll_watch(int in, int out, input_watch::listener& to)
{
    return std::make_unique<poll_watch>(in, out, to);
}

}  // namespace leasepool::worker
