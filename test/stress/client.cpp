// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "stress/client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <memory>
#include <random>
#include <stop_token>
#include <thread>

namespace leasepool::test {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::microseconds;
using thread_lease = lease<thread_backend>;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

struct calling {
    calling() { in_a_call = true; }
    calling(calling const&) = delete;
    calling& operator=(calling const&) = delete;
    ~calling() { in_a_call = false; }
};

/// A function on a lease's executor, or a coroutine's argument there.
class piece {
public:
    piece(tally& on, kind what) : operation_(on, what) {}
    void operator()() { operation_.done(); }

private:
    operation operation_;
};

/// The coroutine holds the lease's executor, which is outstanding work: timers on it fire even if
/// the lease ends meanwhile.
asio::awaitable<void> session(piece p, microseconds pause)
{
    auto const ex = co_await asio::this_coro::executor;
    co_await asio::post(ex, asio::use_awaitable);
    asio::steady_timer timer(ex, pause);
    co_await timer.async_wait(asio::use_awaitable);
    p();
}

class one_client {
public:
    one_client(world& w, std::uint64_t number, asio::any_io_executor ex)
        : w_(w), random_(static_cast<std::uint32_t>(w.seed + number)), ex_(std::move(ex))
    {
    }

    asio::awaitable<void> work()
    {
        while (!w_.over()) {
            switch (below(16)) {
            default:
                co_await use(co_await acquire());
                break;
            case 0:
            case 1:
            case 2:
                co_await run_on_manager();
                break;
            case 3:
            case 4:
                co_await use(w_.shelf.take());
                break;
            case 5:
                notify();
                break;
            case 6:
                look_at_counts();
                break;
            case 7:
                if (below(4) == 0)
                    co_await look_at_stats();
                break;
            }
            // A stopped manager refuses all of it at once.
            co_await asio::post(ex_, asio::use_awaitable);
        }
    }

private:
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_()) % n; }
    microseconds up_to(std::uint32_t us) { return microseconds(below(us) + 1); }

    template <class F>
    void note(std::exception_ptr const& e, F const& what)
    {
        try {
            std::rethrow_exception(e);
        }
        catch (boost::system::system_error const& error) {
            if (is_ordinary(error.code()))
                return;
        }
        catch (...) {
        }
        w_.on.complain(std::string(what) + ": " + what_of(e));
    }

    /// A signal that is emitted soon, from this client's strand.
    std::shared_ptr<asio::cancellation_signal> canceled_soon()
    {
        static constexpr asio::cancellation_type types[] = {asio::cancellation_type::terminal,
            asio::cancellation_type::partial, asio::cancellation_type::total};
        auto const type = types[below(3)];
        auto const signal = std::make_shared<asio::cancellation_signal>();
        if (below(2) == 0)
            asio::post(ex_, [signal, type] { signal->emit(type); });
        else {
            auto const timer = std::make_shared<asio::steady_timer>(ex_, up_to(800));
            timer->async_wait([signal, type, timer](error_code) { signal->emit(type); });
        }
        return signal;
    }

    acquire_options wish()
    {
        acquire_options options{.owner = "somebody"};
        options.wait = below(8) != 0;
        if (below(4) == 0)
            options.timeout = microseconds(below(3000));
        if (below(5) == 0)
            options.duration = up_to(2000);
        return options;
    }

    asio::awaitable<thread_lease> acquire()
    {
        bool const cancel = below(5) == 0;
        operation op(w_.on, cancel ? kind::canceled_acquire : kind::acquire);
        error_code error;
        thread_lease granted;
        if (cancel) {
            auto const signal = canceled_soon();
            std::tie(error, granted) = co_await w_.pools.async_acquire(
                wish(), asio::bind_cancellation_slot(signal->slot(), as_tuple));
        }
        else
            std::tie(error, granted) = co_await w_.pools.async_acquire(wish(), as_tuple);
        op.done();
        if (!error)
            ++w_.on.granted;
        else if (!is_ordinary(error))
            w_.on.complain("acquire: " + error.message());
        if (granted.valid() == error.failed())
            w_.on.complain("acquire: a lease and an error, or neither");
        co_return granted;
    }

    asio::awaitable<void> use(thread_lease l)
    {
        if (!l)
            co_return;
        for (auto n = below(40); n != 0 && !l.ended(); --n)
            switch (below(10)) {
            case 0:
            case 1:
                co_await run(l);
                break;
            case 2:
                co_await run_throwing(l);
                break;
            case 3:
                co_await run_canceled(l);
                break;
            case 4:
                co_await run_raced(l);
                break;
            case 5:
            case 6:
                submit(l);
                break;
            case 7:
                spawn(l);
                break;
            case 8:
                renew(l);
                break;
            case 9:
                co_await run_stoppable(l);
                break;
            }
        switch (below(8)) {
        case 0: {
            operation op(w_.on, kind::release);
            calling const now;
            l.release();
            op.done();
            break;
        }
        case 1:
        case 2:
            co_await release_and_wait(l);
            break;
        case 3:
            drop_on_its_pool(l);
            break;
        case 4:
        case 5: {
            operation op(w_.on, kind::hand_over);
            w_.shelf.put(l);
            op.done();
            break;
        }
        default:
            break;
        }
    }

    // Functions ------------------------------------------------------------------------------------

    auto function(std::uint32_t result)
    {
        auto const pause = below(16) == 0 ? up_to(200) : 0us;
        return [&on = w_.on, result, pause] {
            running const here(on);
            if (pause != 0us)
                std::this_thread::sleep_for(pause);
            return result;
        };
    }

    /// Runs until it is asked to stop, or for a while.
    auto stoppable()
    {
        return [&on = w_.on, until = std::chrono::steady_clock::now() + up_to(300)](
                   std::stop_token stop) {
            running const here(on);
            while (!stop.stop_requested() && std::chrono::steady_clock::now() < until)
                std::this_thread::yield();
            return 1u;
        };
    }

    void expect(std::uint32_t expected, std::uint32_t got)
    {
        if (expected != got)
            w_.on.complain("a function's result is another's");
    }

    asio::awaitable<void> run(thread_lease& l)
    {
        operation op(w_.on, kind::run);
        auto const expected = below(1'000'000);
        try {
            expect(expected, co_await l.async_run(function(expected), asio::use_awaitable));
        }
        catch (...) {
            note(std::current_exception(), "run");
        }
        op.done();
    }

    asio::awaitable<void> run_throwing(thread_lease& l)
    {
        operation op(w_.on, kind::throwing_run);
        try {
            co_await l.async_run(
                [&on = w_.on] {
                    running const here(on);
                    ++on.threw;
                    throw thrown_on_purpose();
                },
                asio::use_awaitable);
            w_.on.complain("what a function threw did not arrive");
        }
        catch (thrown_on_purpose const&) {
        }
        catch (...) {
            note(std::current_exception(), "throwing run");
        }
        op.done();
    }

    asio::awaitable<void> run_stoppable(thread_lease& l)
    {
        operation op(w_.on, kind::stoppable_run);
        try {
            co_await l.async_run(stoppable(), asio::use_awaitable);
        }
        catch (...) {
            note(std::current_exception(), "stoppable run");
        }
        op.done();
    }

    asio::awaitable<void> run_canceled(thread_lease& l)
    {
        operation op(w_.on, kind::canceled_run);
        try {
            auto const signal = canceled_soon();
            auto token = asio::bind_cancellation_slot(signal->slot(), asio::use_awaitable);
            if (below(2) == 0)
                co_await l.async_run(stoppable(), std::move(token));
            else
                co_await l.async_run(function(1), std::move(token));
        }
        catch (...) {
            note(std::current_exception(), "canceled run");
        }
        op.done();
    }

    asio::awaitable<void> run_raced(thread_lease& l)
    {
        using namespace asio::experimental::awaitable_operators;
        operation op(w_.on, kind::raced_run);
        asio::steady_timer timer(ex_, up_to(500));
        try {
            co_await (l.async_run(stoppable(), asio::use_awaitable) ||
                timer.async_wait(asio::use_awaitable));
        }
        catch (...) {
            note(std::current_exception(), "raced run");
        }
        op.done();
    }

    asio::awaitable<void> run_on_manager()
    {
        bool const cancel = below(3) == 0;
        operation op(w_.on, cancel ? kind::canceled_manager_run : kind::manager_run);
        auto const expected = below(1'000'000);
        try {
            if (!cancel)
                expect(expected,
                    co_await w_.pools.async_run(wish(), function(expected), asio::use_awaitable));
            else {
                auto const signal = canceled_soon();
                co_await w_.pools.async_run(wish(), stoppable(),
                    asio::bind_cancellation_slot(signal->slot(), asio::use_awaitable));
            }
        }
        catch (...) {
            note(std::current_exception(), "run on the manager");
        }
        op.done();
    }

    // As an executor -------------------------------------------------------------------------------

    void submit(thread_lease const& l)
    {
        try {
            auto const ex = l.get_executor();
            switch (below(5)) {
            default:
                asio::post(ex, piece(w_.on, kind::post));
                break;
            case 0:
            case 1:
                asio::dispatch(ex, piece(w_.on, kind::dispatch));
                break;
            case 2:
                asio::require(ex, asio::execution::blocking.always)
                    .execute(piece(w_.on, kind::blocking_execute));
                break;
            }
        }
        catch (...) {
            note(std::current_exception(), "submission");
        }
    }

    void spawn(thread_lease const& l)
    {
        try {
            asio::co_spawn(
                l.get_executor(), session(piece(w_.on, kind::spawn), up_to(400)), asio::detached);
        }
        catch (...) {
            note(std::current_exception(), "co_spawn");
        }
    }

    // The lease ------------------------------------------------------------------------------------

    void renew(thread_lease& l)
    {
        operation op(w_.on, kind::renew);
        calling const now;
        l.renew(up_to(3000));
        op.done();
    }

    asio::awaitable<void> release_and_wait(thread_lease& l)
    {
        operation op(w_.on, kind::async_release);
        error_code error;
        if (below(4) == 0) {
            auto const signal = canceled_soon();
            std::tie(error) =
                co_await l.async_release(asio::bind_cancellation_slot(signal->slot(), as_tuple));
        }
        else
            std::tie(error) = co_await l.async_release(as_tuple);
        op.done();
        if (error && !is_ordinary(error))
            w_.on.complain("async_release: " + error.message());
    }

    void drop_on_its_pool(thread_lease& l)
    {
        try {
            auto const ex = l.get_executor();
            asio::post(
                ex, [p = piece(w_.on, kind::drop_on_pool_thread), held = std::move(l)]() mutable {
                    held = thread_lease();
                    p();
                });
        }
        catch (...) {
            note(std::current_exception(), "drop");
        }
    }

    // The manager ----------------------------------------------------------------------------------

    void notify()
    {
        operation op(w_.on, kind::notify);
        calling const now;
        w_.pools.notify_scale_changed();
        op.done();
    }

    void look_at_counts()
    {
        operation op(w_.on, kind::counts);
        auto const& m = w_.pools;
        if (m.available() > 12 || m.leased() > 12 || m.total() > 12 || m.desired() > 12 ||
            m.waiters() > 200)
            w_.on.complain("counts out of bounds");
        op.done();
    }

    asio::awaitable<void> look_at_stats()
    {
        operation op(w_.on, kind::stats);
        auto const s = co_await w_.pools.async_stats(asio::use_awaitable);
        op.done();
        if (s.starting + s.available + s.leased != s.total || s.total > s.max_pools ||
            s.leases.size() != s.leased || s.draining > s.leased ||
            s.acquired != s.released + s.revoked + s.leased)
            w_.on.complain("inconsistent stats");
    }

    world& w_;
    std::minstd_rand random_;
    asio::any_io_executor ex_;
};

}  // namespace

std::string what_of(std::exception_ptr const& error)
{
    try {
        std::rethrow_exception(error);
    }
    catch (std::exception const& e) {
        return e.what();
    }
    catch (...) {
        return "an unknown exception";
    }
}

asio::awaitable<void> client(world& w, std::uint64_t number)
{
    one_client me(w, number, co_await asio::this_coro::executor);
    co_await me.work();
}

}  // namespace leasepool::test
