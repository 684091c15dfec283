// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "input_watch.hpp"
#include "os.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace leasepool::worker {
namespace {

/// A pipe to wake a thread by, which no program that a job starts inherits.
class bell {
public:
    bell()
    {
        if (::pipe(ends_.data()) != 0)
            throw std::system_error(errno, std::generic_category(), "watching the input");
        for (int const end : ends_) {
            ::fcntl(end, F_SETFD, FD_CLOEXEC);
            // A full pipe wakes as well as a fuller one.
            ::fcntl(end, F_SETFL, O_NONBLOCK);
        }
    }
    ~bell()
    {
        for (int const end : ends_)
            ::close(end);
    }
    bell(bell const&) = delete;
    bell& operator=(bell const&) = delete;

    int descriptor() const noexcept { return ends_[0]; }
    void ring() const noexcept
    {
        char const byte = 0;
        while (::write(ends_[1], &byte, 1) < 0 && errno == EINTR) {}
    }
    void hush() const noexcept
    {
        std::array<char, 64> bytes;
        while (::read(ends_[0], bytes.data(), bytes.size()) > 0) {}
    }

private:
    std::array<int, 2> ends_;
};

class poll_watch final : public input_watch {
public:
    poll_watch(int in, int out, listener& told) : in_{in}, out_{out}, told_{told}
    {
        signals_blocked const blocked;
        thread_ = std::thread([this] { run(); });
    }

    ~poll_watch() override
    {
        quit_ = true;
        bell_.ring();
        thread_.join();
    }

    void arm() noexcept override
    {
        armed_ = true;
        if (std::this_thread::get_id() != thread_.get_id())
            bell_.ring();
    }

    // If something comes nevertheless the thread wakes once, and then looks away.
    void disarm() noexcept override { armed_ = false; }

    void watch_output() noexcept override
    {
        armed_ = false;
        output_ = true;
        bell_.ring();
    }

private:
    void run() noexcept
    {
        name_watcher();
        while (!quit_) {
            // A negative descriptor is passed over.
            std::array<pollfd, 3> waited{pollfd{bell_.descriptor(), POLLIN, 0},
                pollfd{armed_ ? in_ : -1, POLLIN, 0}, pollfd{output_ ? out_ : -1, 0, 0}};
            if (::poll(waited.data(), waited.size(), -1) <= 0)
                continue;
            if (waited[0].revents != 0)
                bell_.hush();
            if (waited[1].revents != 0 && armed_.exchange(false))
                told_.on_input();
            if (waited[2].revents != 0 && output_.exchange(false))
                told_.on_no_reader();
        }
    }

    int const in_;
    int const out_;
    listener& told_;
    bell bell_;
    std::atomic<bool> armed_ = false;
    std::atomic<bool> output_ = false;
    std::atomic<bool> quit_ = false;
    std::thread thread_;
};

}  // namespace

std::unique_ptr<input_watch> make_poll_watch(int in, int out, input_watch::listener& told)
{
    return std::make_unique<poll_watch>(in, out, told);
}

}  // namespace leasepool::worker
