// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LEDGER_SEQUENCE_HPP
#define LEASEPOOL_TEST_UNIT_LEDGER_SEQUENCE_HPP

#include "core/ledger/ledger.hpp"
#include "unit/support/ledger_random.hpp"
#include "unit/support/ledger_reference_model.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

namespace leasepool::detail::test {

/// One random sequence: the shell and the world around a ledger, and the model beside it.
class sequence {
    using tick = ledger_reference_model::tick;
    using claim_is = ledger_reference_model::claim_is;
    using pool_is = ledger_reference_model::pool_is;

public:
    sequence(std::uint64_t seed, std::ostream* trace)
        : random_(seed), opts_(random_options(random_)), book_(opts_), model_(opts_), trace_(trace)
    {
        // Some near the end of the clock.
        now_ = random_.once_in(16) ? ledger_reference_model::never - 1 - random_.below(100) : 1000;
        if (trace_)
            *trace_ << "max_pools " << opts_.max_pools << " max_retired " << opts_.max_retired
                    << " min_pools " << opts_.min_pools << " max_waiters " << opts_.max_waiters
                    << " grace " << opts_.grace.count() << " idle_ttl " << opts_.idle_ttl.count()
                    << " check " << (opts_.check_interval ? opts_.check_interval->count() : 0)
                    << " backoff " << opts_.backoff.count() << " to " << opts_.max_backoff.count()
                    << " attempts " << opts_.make_attempts << " now " << now_;
    }

    void run()
    {
        try {
            if (!random_.once_in(32))
                start();
            for (int n = 10 + random_.below(40); n != 0; --n) {
                event();
                settle();
            }
            random_.once_in(4) ? shut_down() : wind_up();
        }
        catch (violation const&) {
            book_.forget_all([](auto&) {});
            throw;
        }
    }

private:
    template <class... Words>
    void say(Words const&... words)
    {
        if (trace_)
            ((*trace_ << "\n" << now_ << ":") << ... << words);
    }

    ledger::claim& node(int which) { return claims_[static_cast<std::size_t>(which)]; }
    ledger::pool& pool_node(int on) { return pools_[static_cast<std::size_t>(on)]; }

    /// A random one of those that are so, or nobody.
    template <class Is>
    int some(int count, Is is)
    {
        auto const from = random_.below(count);
        for (int n = 0; n != count; ++n)
            if (auto const it = (from + n) % count; is(it))
                return it;
        return ledger_reference_model::nobody;
    }
    template <class... States>
    int some_claim(States... states)
    {
        return some(ledger_reference_model::claim_count,
            [&](int n) { return ((model_.at(n).is == states) || ...); });
    }
    template <class... States>
    int some_pool(States... states)
    {
        return some(ledger_reference_model::pool_count,
            [&](int n) { return ((model_.pool_at(n).is == states) || ...); });
    }

    // Events
    void event()
    {
        if (random_.once_in(4))
            advance();  // the event comes before the timer
        auto const roll = random_.below(100);
        if (model_.phase == ledger::phase::stopped && roll < 15)
            return start();
        if (roll < 20)
            return acquire();
        if (roll < 31)
            return release(some_claim(claim_is::live));
        if (roll < 44)
            return drained(some_claim(claim_is::draining, claim_is::revoked));
        if (roll < 45)
            return drained(some_claim(claim_is::live, claim_is::draining, claim_is::revoked));
        if (roll < 60)
            return pool_ready(some_pool(pool_is::starting));
        if (roll < 64)
            return pool_failed(some_pool(pool_is::starting));
        if (roll < 67)
            return pool_broken(some_pool(pool_is::starting, pool_is::idle, pool_is::leased,
                pool_is::retired, pool_is::closing));
        if (roll < 75)
            return pool_closed(some_pool(pool_is::closing));
        if (roll < 80)
            return renew(some_claim(claim_is::live));
        if (roll < 83)
            return cancel(some_claim(claim_is::idle, claim_is::waiting, claim_is::live));
        if (roll < 86)
            return resize();
        if (roll < 88)
            return stop();
        if (roll < 89)
            return cancel_start();
        if (roll < 93)
            return pool_workers(
                some_pool(pool_is::starting, pool_is::idle, pool_is::leased, pool_is::retired));
        advance();
    }

    void start()
    {
        if (model_.phase != ledger::phase::stopped)
            return;
        say(" start");
        model_.start(now_);
        book_.start(time_at(now_));
    }
    void cancel_start()
    {
        say(" cancel_start");
        model_.cancel_start();
        book_.cancel_start();
    }
    void stop()
    {
        auto const later = [this](tick from) {
            return ledger_reference_model::plus(
                from, random_.one_of({0, 1, 5, 20, ledger_reference_model::never}));
        };
        auto const deadline = random_.once_in(8) ? ledger_reference_model::ever : later(now_);
        stop(deadline, later(now_), random_.once_in(2));
    }
    void stop(tick deadline, tick abandon, bool serve = false)
    {
        say(" stop ", deadline, " abandon ", abandon, serve ? " serving" : "");
        model_.stop(deadline, abandon, serve);
        book_.stop(time_at(deadline), time_at(abandon), serve);
    }
    void acquire()
    {
        auto const which = some_claim(claim_is::idle);
        if (which == ledger_reference_model::nobody)
            return;
        auto const wait = !random_.once_in(4);
        auto const until = ledger_reference_model::plus(now_,
            random_.one_of(
                {-1, 0, 1, 3, 9, ledger_reference_model::never, ledger_reference_model::never}));
        auto const lifetime = random_.one_of({1, 2, 5, 10, 50, ledger_reference_model::never});
        node(which).lifetime = steady_duration{lifetime};
        auto const expected = model_.acquire(which, now_, wait, until, lifetime);
        auto const result = book_.acquire(node(which), time_at(now_), wait, time_at(until));
        say(" acquire c", which, wait ? "" : " without waiting", " until ", until, " for ",
            lifetime, " = ", static_cast<int>(result));
        require(result == expected, "acquire decided otherwise");
    }
    void cancel(int which)
    {
        if (which == ledger_reference_model::nobody)
            return;
        say(" cancel c", which);
        require(book_.cancel(node(which)) == model_.cancel(which), "cancel decided otherwise");
    }
    void release(int which)
    {
        if (which == ledger_reference_model::nobody)
            return;
        say(" release c", which);
        model_.release(which);
        book_.release(node(which));
        if (random_.once_in(2))
            drained(which);
    }
    void drained(int which)
    {
        if (which == ledger_reference_model::nobody)
            return;
        say(" drained c", which);
        model_.drained(which, now_);
        book_.drained(node(which), time_at(now_));
    }
    void pool_ready(int on)
    {
        if (on == ledger_reference_model::nobody)
            return;
        say(" ready p", on);
        model_.pool_ready(on, now_);
        book_.pool_ready(pool_node(on), time_at(now_));
    }
    void pool_failed(int on)
    {
        if (on == ledger_reference_model::nobody)
            return;
        say(" failed p", on);
        model_.pool_failed(on, now_);
        book_.pool_failed(pool_node(on), time_at(now_));
    }
    void pool_broken(int on)
    {
        if (on == ledger_reference_model::nobody)
            return;
        say(" broken p", on);
        model_.pool_broken(on, now_);
        book_.pool_broken(pool_node(on), time_at(now_));
    }
    void pool_workers(int on)
    {
        if (on == ledger_reference_model::nobody)
            return;
        bool const any = !model_.pool_at(on).has_workers;
        say(any ? " workers p" : " no workers p", on);
        model_.pool_workers(on, any);
        book_.pool_workers(pool_node(on), any);
    }
    void pool_closed(int on)
    {
        if (on == ledger_reference_model::nobody)
            return;
        say(" closed p", on);
        model_.pool_closed(on);
        book_.pool_closed(pool_node(on));
    }
    void resize()
    {
        auto const least = static_cast<int>(opts_.min_pools);
        model_.desired = static_cast<std::size_t>(
            least + random_.below(static_cast<int>(opts_.max_pools) + 1 - least));
        say(" resize ", model_.desired);
        book_.resize(model_.desired);
    }
    void advance()
    {
        auto to = ledger_reference_model::plus(now_, random_.one_of({1, 1, 2, 5, 20}));
        if (random_.once_in(2))
            to = std::min(ticks(book_.next_deadline()), ledger_reference_model::plus(now_, 1000));
        now_ = std::clamp(to, now_, ledger_reference_model::never - 1);
        say(" clock");
    }
    /// A renewal on any thread. The ledger is told only what it must be told.
    void renew(int which)
    {
        if (which == ledger_reference_model::nobody)
            return;
        auto const to =
            ledger_reference_model::plus(now_, random_.one_of({-1, 0, 1, 1, 4, 15, 40}));
        auto const before = ticks(node(which).expiry.get());
        say(" renew c", which, " to ", to);
        require(node(which).expiry.renew(time_at(to)) == time_at(before),
            "a live lease was not renewed");
        model_.renew(which, to);
        if (to < before || before <= now_)
            renewals_.push_back(which);
    }

    // The shell
    void settle()
    {
        for (;;) {
            drive();
            if (renewals_.empty())
                break;
            for (auto which : renewals_) {
                say(" renewed c", which);
                if (model_.at(which).is == claim_is::live ||
                    model_.at(which).is == claim_is::draining)
                    model_.renewed(which);
                book_.renewed(node(which));
            }
            renewals_.clear();
        }
        model_.at_rest(now_);
        compare();
        auto const next = ticks(book_.next_deadline());
        auto const expected = model_.next_deadline();
        require(next > now_, "a deadline that has passed: the shell would spin");
        require(next <= expected, "a deadline is forgotten");
        require(next == expected || model_.any_moved(), "an alarm for nothing");
        require(!book_.poll(time_at(next - 1)), "something to do before the deadline");
    }

    /// Polls until there is nothing to do.
    void drive()
    {
        for (int polls = 0;; ++polls) {
            require(polls != 200, "polling does not end");
            if (random_.once_in(64))
                renew(some_claim(claim_is::live));
            auto const act = next_action();
            if (!act)
                return;
            auto const which = act.which ? static_cast<int>(act.which - claims_.data())
                                         : ledger_reference_model::nobody;
            auto const on =
                act.on ? static_cast<int>(act.on - pools_.data()) : ledger_reference_model::nobody;
            say("    action ", static_cast<int>(act.what), " c", which, " p", on, " why ",
                static_cast<int>(act.why), " error ", static_cast<int>(act.error), " count ",
                act.count);
            model_.allow(act, which, on, now_);
            if (act.what == ledger::action::kind::make)
                make();
        }
    }
    /// Sometimes with the grants alone before it, as the shell asks for them on any thread.
    ledger::action next_action()
    {
        if (random_.once_in(2))
            return book_.poll(time_at(now_));
        if (auto const act = book_.grant_next(time_at(now_))) {
            require(act.what == ledger::action::kind::grant, "something else than a grant");
            return act;
        }
        bool const wanted = book_.wants_poll() || book_.next_deadline() <= time_at(now_);
        auto const act = book_.poll(time_at(now_));
        require(wanted || !act, "an action that nobody was woken for");
        return act;
    }
    void make()
    {
        auto const on = some_pool(pool_is::fresh);
        if (on == ledger_reference_model::nobody || random_.once_in(64)) {
            say(" refused");
            model_.make_failed(now_);
            book_.make_refused(time_at(now_));
            return;
        }
        say(" starting p", on);
        model_.pool_starting(on);
        book_.pool_starting(pool_node(on));
    }

    void compare()
    {
        using lives = ledger::pool::phase;
        require(book_.state() == model_.phase, "phase differs");
        require(book_.desired() == model_.desired, "desired differs");
        require(book_.waiters() == model_.waiting.size(), "waiters differ");
        require(book_.starting() == model_.pools_that_are(pool_is::starting), "starting differs");
        require(book_.available() == model_.pools_that_are(pool_is::idle), "available differs");
        require(book_.leased() == model_.held.size(), "leased differs");
        require(book_.draining() == model_.claims_that_are(claim_is::draining), "draining differs");
        require(book_.in_service() == model_.in_service(), "in_service differs");
        require(book_.retired() == model_.retired(), "retired differs");
        require(book_.abandoned() == model_.abandoned(), "abandoned differs");
        require(book_.capacity() == model_.capacity(), "capacity differs");
        for (int n = 0; n != ledger_reference_model::claim_count; ++n) {
            auto const& c = model_.at(n);
            require(static_cast<int>(node(n).state()) == static_cast<int>(c.is), "claim differs");
            require(!node(n).holds_pool() ||
                    (node(n).on() == &pool_node(c.pool) && pool_node(c.pool).holder() == &node(n)),
                "a pool has not one holder");
            require(c.is != claim_is::revoked || !node(n).expiry.renew(time_at(now_)),
                "a revoked lease was renewed");
        }
        for (int n = 0; n != ledger_reference_model::pool_count; ++n) {
            auto const& p = model_.pool_at(n);
            auto const state = pool_node(n).state();
            require(p.is == pool_is::to_close || p.is == pool_is::closing
                    ? state == lives::closing
                    : static_cast<int>(state) == static_cast<int>(p.is),
                "pool differs");
            require(
                (p.holder == ledger_reference_model::nobody) == (pool_node(n).holder() == nullptr),
                "a pool's holder differs");
        }
        auto expected = model_.held.begin();
        book_.for_each_lease([&](ledger::claim const& held) {
            require(expected != model_.held.end() && &held == &node(*expected++),
                "leases are not in order");
        });
        require(expected == model_.held.end(), "leases are missing");
    }

    // Ends
    void wind_up()
    {
        say(" the end");
        if (random_.once_in(2)) {  // by itself
            stop(ledger_reference_model::ever, ledger_reference_model::never);
            settle();
        }
        else {
            stop(ledger_reference_model::ever, now_);
            settle();
            require(model_.phase == ledger::phase::stopped, "not even abandoning ends the stop");
        }
        for (int n = 0; n != ledger_reference_model::claim_count; ++n)
            if (node(n).holds_pool())
                drained(n);
        settle();
        for (int n = 0; n != ledger_reference_model::pool_count; ++n)
            if (model_.pool_at(n).is == pool_is::starting)
                n % 2 == 0 ? pool_ready(n) : pool_failed(n);
        settle();
        for (int n = 0; n != ledger_reference_model::pool_count; ++n)
            if (model_.pool_at(n).is == pool_is::closing)
                pool_closed(n);
        settle();
        require(model_.phase == ledger::phase::stopped, "the stop has not ended");
        require(book_.next_deadline() == ledger::never, "a stopped ledger has a deadline");
        require(book_.retired() + book_.abandoned() == 0, "pools are left behind");
        // Nothing is linked: else a hook's destructor asserts.
    }
    void shut_down()
    {
        say(" forget_all");
        std::vector<int> forgotten;
        book_.forget_all([&](ledger::claim& which) {
            forgotten.push_back(static_cast<int>(&which - claims_.data()));
        });
        require(forgotten == model_.waiting, "forget_all does not give each waiter once");
        require(book_.next_deadline() == ledger::never && book_.waiters() + book_.in_service() == 0,
            "forget_all does not forget all");
    }

    static steady_time time_at(tick at) { return steady_time{steady_duration{at}}; }
    static tick ticks(steady_time at) { return at.time_since_epoch().count(); }

    random_numbers random_;
    ledger::options const opts_;
    ledger book_;
    ledger_reference_model model_;
    std::array<ledger::claim, ledger_reference_model::claim_count> claims_{};
    std::array<ledger::pool, ledger_reference_model::pool_count> pools_{};
    std::vector<int> renewals_;  // of which the ledger is still to be told
    tick now_ = 0;
    std::ostream* trace_;
};

}  // namespace leasepool::detail::test

#endif
