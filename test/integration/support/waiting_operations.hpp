// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_WAITING_OPERATIONS_HPP
#define LEASEPOOL_TEST_WAITING_OPERATIONS_HPP

#include "integration/support/io_threads.hpp"

#include <boost/asio/use_future.hpp>
#include <boost/mpl/list.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <exception>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace leasepool::test {

/// The code of an error, whichever way it comes.
inline error_code code_of(error_code error)
{
    return error;
}

inline error_code code_of(std::exception_ptr const& error)
{
    if (!error)
        return {};
    try {
        std::rethrow_exception(error);
    }
    catch (boost::system::system_error const& e) {
        return e.code();
    }
}

/// Where one operation waits until it is let go: a manager of one pool of one thread.
class scene {
public:
    explicit scene(bool started = true) : threads_held_up_(!started)
    {
        if (started)
            start(*pools);
    }

    ~scene()
    {
        starting.open();
        running.open();
        held = {};
        if (pools && io)
            get(pools->async_stop({.mode = stop_mode::cancel}, asio::use_future));
        if (io)
            io->join();
    }

    /// What was begun so far has got as far as it gets without help.
    void settle() { get(pools->async_stats(asio::use_future)); }

    /// Takes the only pool.
    void take_lease() { held = acquire(*pools); }

    /// Occupies the only thread of the lease.
    void occupy()
    {
        held.async_run([this] { running.pass(); }, [](std::exception_ptr) {});
        running.await();
    }

    /// Runs something on the io_context's thread, where handlers without an executor run.
    template <class F>
    void on_io(F&& f)
    {
        get(asio::post(io->context(), asio::use_future(std::forward<F>(f))));
    }

    /// The manager still grants and runs.
    void check_alive()
    {
        running.open();
        held = {};
        auto lease = acquire(*pools);
        BOOST_TEST(get(lease.async_run([] { return 42; }, asio::use_future)) == 42);
    }

    gate starting;
    gate running;
    std::atomic<bool> began = false;
    std::atomic<bool> asked_to_stop = false;

private:
    bool const threads_held_up_;

    thread_backend backend()
    {
        return thread_backend({.workers_per_pool = 1, .on_thread_start = [this](worker_id) {
                                   if (threads_held_up_)
                                       starting.pass();
                               }});
    }

public:
    std::optional<io_threads> io{std::in_place};
    std::optional<thread_manager> pools{
        std::in_place, io->context(), backend(), manager_options{.max_pools = 1}};
    thread_lease held;
};

// The operations. Each: begins with a token, waits (once `pending` has returned), goes on when it is
// let go. `outcome_of_*` is what it then says.

struct waiting_acquire {
    static constexpr bool starts = false;
    static constexpr bool runs = false;
    static void prepare(scene& s) { s.take_lease(); }
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.pools->async_acquire({}, std::forward<Token>(token));
    }
    static void pending(scene& s)
    {
        s.settle();
        BOOST_TEST(s.pools->waiters() == 1u);
    }
    static void let_go(scene& s) { s.held.release(); }
};

struct start_under_way {
    static constexpr bool starts = true;
    static constexpr bool runs = false;
    static void prepare(scene&) {}
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.pools->async_start(std::forward<Token>(token));
    }
    static void pending(scene& s) { s.starting.await(); }
    static void let_go(scene& s) { s.starting.open(); }
};

struct waiting_stop {
    static constexpr bool starts = false;
    static constexpr bool runs = false;
    static void prepare(scene& s) { s.take_lease(); }
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.pools->async_stop({}, std::forward<Token>(token));
    }
    static void pending(scene& s) { s.settle(); }
    static void let_go(scene& s) { s.held.release(); }
};

struct waiting_release {
    static constexpr bool starts = false;
    static constexpr bool runs = false;
    static void prepare(scene& s)
    {
        s.take_lease();
        s.occupy();
    }
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.held.async_release(std::forward<Token>(token));
    }
    static void pending(scene& s) { s.settle(); }
    static void let_go(scene& s) { s.running.open(); }
};

struct queued_run {
    static constexpr bool starts = false;
    static constexpr bool runs = false;
    static void prepare(scene& s)
    {
        s.take_lease();
        s.occupy();
    }
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.held.async_run(
            [&s] { return s.began.exchange(true); }, std::forward<Token>(token));
    }
    static void pending(scene&) {}
    static void let_go(scene& s) { s.running.open(); }
};

struct running_run {
    static constexpr bool starts = false;
    static constexpr bool runs = true;
    static constexpr bool stoppable = false;
    static void prepare(scene& s) { s.take_lease(); }
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.held.async_run([&s] { s.running.pass(); }, std::forward<Token>(token));
    }
    static void pending(scene& s) { s.running.await(); }
    static void let_go(scene& s) { s.running.open(); }
};

struct running_run_with_stop_token {
    static constexpr bool starts = false;
    static constexpr bool runs = true;
    static constexpr bool stoppable = true;
    static void prepare(scene& s) { s.take_lease(); }
    static auto function(scene& s)
    {
        return [&s](std::stop_token stop) {
            std::stop_callback const on_stop(stop, [&] {
                s.asked_to_stop = true;
                s.running.open();
            });
            s.running.pass();
            return 7;
        };
    }
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.held.async_run(function(s), std::forward<Token>(token));
    }
    static void pending(scene& s) { s.running.await(); }
    static void let_go(scene& s) { s.running.open(); }
};

struct waiting_manager_run {
    static constexpr bool starts = false;
    static constexpr bool runs = false;
    static void prepare(scene& s) { s.take_lease(); }
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.pools->async_run([&s] { s.began = true; }, std::forward<Token>(token));
    }
    static void pending(scene& s) { s.settle(); }
    static void let_go(scene& s) { s.held.release(); }
};

struct running_manager_run {
    static constexpr bool starts = false;
    static constexpr bool runs = true;
    static constexpr bool stoppable = true;
    static void prepare(scene&) {}
    template <class Token>
    static auto begin(scene& s, Token&& token)
    {
        return s.pools->async_run(
            running_run_with_stop_token::function(s), std::forward<Token>(token));
    }
    static void pending(scene& s) { s.running.await(); }
    static void let_go(scene& s) { s.running.open(); }
};

using waiting_operations =
    boost::mpl::list<waiting_acquire, start_under_way, waiting_stop, waiting_release, queued_run,
        running_run, running_run_with_stop_token, waiting_manager_run, running_manager_run>;

}  // namespace leasepool::test

#endif
