// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Both ways to watch the pipes while a job runs; that which is not built in here serves elsewhere.

#include "integration/support/worker_support.hpp"

#include "worker/input_watch.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

using namespace leasepool::test;
using leasepool::worker::input_watch;

namespace {

/// Tells on a pipe what it was told, so that a test can wait for it.
class teller final : public input_watch::listener {
public:
    void on_input() noexcept override
    {
        tell('i');
        std::lock_guard const lock(mutex_);
        if (then_)
            then_();
    }
    void on_no_reader() noexcept override { tell('o'); }
    void on_deadline() noexcept override { tell('d'); }

    /// What it was told, in order; waits for each.
    char next() const
    {
        char what = 0;
        BOOST_REQUIRE(::read(told_.read.get(), &what, 1) == 1);
        return what;
    }

    /// To be run by the thread that tells. The lock is what a session has: what goes through the
    /// kernel orders nothing.
    void then(std::function<void()> what)
    {
        std::lock_guard const lock(mutex_);
        then_ = std::move(what);
    }

private:
    void tell(char what) const noexcept
    {
        if (::write(told_.write.get(), &what, 1) != 1)
            std::abort();
    }

    pipe_ends told_ = a_pipe();
    std::mutex mutex_;
    std::function<void()> then_;
};

constexpr auto never = std::chrono::steady_clock::time_point::max();

using factory = std::unique_ptr<input_watch> (*)(int, int, input_watch::listener&);

struct watched {
    explicit watched(factory make) : watch(make(in.read.get(), out.write.get(), told)) {}

    void write() const { BOOST_REQUIRE(::write(in.write.get(), "x", 1) == 1); }
    void read() const
    {
        char byte = 0;
        BOOST_REQUIRE(::read(in.read.get(), &byte, 1) == 1);
    }

    pipe_ends in = a_pipe();
    pipe_ends out = a_pipe();
    teller told;
    std::unique_ptr<input_watch> watch;
};

template <class F>
void with_each(F const& f)
{
#if defined(__linux__)
    f(leasepool::worker::make_epoll_watch);
#endif
    f(leasepool::worker::make_poll_watch);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(worker_watch)

BOOST_AUTO_TEST_CASE(input_is_told_once_for_each_arming)
{
    with_each([](factory make) {
        watched w(make);
        w.write();
        w.watch->arm();
        BOOST_TEST(w.told.next() == 'i');
        // It is not told again although it was not read; the next that is told is the next arming's.
        w.watch->arm();
        BOOST_TEST(w.told.next() == 'i');
        w.read();
        w.watch->arm();
        w.write();
        BOOST_TEST(w.told.next() == 'i');
    });
}

BOOST_AUTO_TEST_CASE(listener_may_arm_again)
{
    with_each([](factory make) {
        watched w(make);
        int left = 3;
        w.told.then([&] {
            if (--left > 0)
                w.watch->arm();
        });
        w.write();
        w.watch->arm();
        for (int i = 0; i != 3; ++i)
            BOOST_TEST(w.told.next() == 'i');
        w.watch.reset();
        BOOST_TEST(left == 0);
    });
}

BOOST_AUTO_TEST_CASE(what_comes_while_disarmed_is_not_told)
{
    with_each([](factory make) {
        watched w(make);
        w.watch->arm();
        w.watch->disarm();
        w.write();
        w.read();
        w.watch->watch_output(never);
        w.out.read.reset();
        BOOST_TEST(w.told.next() == 'o');
    });
}

BOOST_AUTO_TEST_CASE(end_of_input_is_told_as_input)
{
    with_each([](factory make) {
        watched w(make);
        w.in.write.reset();
        w.watch->arm();
        BOOST_TEST(w.told.next() == 'i');
    });
}

BOOST_AUTO_TEST_CASE(output_without_a_reader_is_told_when_it_is_watched)
{
    with_each([](factory make) {
        watched w(make);
        w.out.read.reset();
        w.write();
        w.watch->arm();
        // Not before that.
        BOOST_TEST(w.told.next() == 'i');
        w.watch->watch_output(never);
        BOOST_TEST(w.told.next() == 'o');
    });
}

BOOST_AUTO_TEST_CASE(deadline_is_told_once_and_the_output_is_watched_on)
{
    with_each([](factory make) {
        watched w(make);
        w.watch->watch_output(std::chrono::steady_clock::now() + std::chrono::milliseconds(5));
        BOOST_TEST(w.told.next() == 'd');
        w.out.read.reset();
        BOOST_TEST(w.told.next() == 'o');
    });
}

BOOST_AUTO_TEST_CASE(deadline_may_be_set_inside_the_listener)
{
    with_each([](factory make) {
        watched w(make);
        w.told.then([&] { w.watch->watch_output(std::chrono::steady_clock::now()); });
        w.in.write.reset();
        w.watch->arm();
        BOOST_TEST(w.told.next() == 'i');
        BOOST_TEST(w.told.next() == 'd');
    });
}

BOOST_AUTO_TEST_CASE(thread_ends_in_whatever_state)
{
    with_each([](factory make) {
        watched idle(make);
        watched armed(make);
        armed.watch->arm();
        watched at_the_end(make);
        at_the_end.watch->watch_output(never);
        watched at_a_deadline(make);
        at_a_deadline.watch->watch_output(
            std::chrono::steady_clock::now() + std::chrono::hours(1000));
    });
}

BOOST_AUTO_TEST_SUITE_END()
