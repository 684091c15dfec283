// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_GRINDER_SEQUENCE_HPP
#define LEASEPOOL_TEST_UNIT_GRINDER_SEQUENCE_HPP

#include "core/grinder/grinder_state.hpp"
#include "unit/support/grinder_fixture.hpp"
#include "unit/support/grinder_reference_model.hpp"
#include "unit/support/ledger_random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

namespace leasepool::detail::test {

/// One random sequence: the shell and the world around a grinder's state, and the model beside it.
class grinder_sequence {
    using tick = grinder_reference_model::tick;
    using is = grinder_reference_model::is;
    static constexpr int nobody = grinder_reference_model::nobody;

public:
    grinder_sequence(std::uint64_t seed, std::ostream* trace)
        : random_(seed), opts_(random_options(random_)), state_(opts_), model_(opts_), trace_(trace)
    {
        // Some near the end of the clock.
        now_ = random_.once_in(16) ? grinder_reference_model::never - 1 - random_.below(100) : 1000;
        if (trace_)
            *trace_ << "batch_size " << opts_.batch_size << " max_batch " << opts_.max_batch
                    << " max_wait " << opts_.max_wait.count() << " max_pending "
                    << opts_.max_pending << " concurrent " << opts_.max_concurrent_batches
                    << " now " << now_;
    }
    ~grinder_sequence()
    {
        grinder_state::item_list all;
        state_.forget_all(all);
        all.clear();
        for (auto& b : batches_)
            if (b.state() != grinder_state::batch::phase::fresh)
                state_.done(b);
    }

    void run()
    {
        if (!random_.once_in(32))
            start();
        for (int n = 10 + random_.below(50); n != 0; --n) {
            event();
            settle();
        }
        wind_up();
    }

private:
    static grinder_state::options random_options(random_numbers& random)
    {
        grinder_state::options opts;
        auto const size = [&](std::initializer_list<std::int64_t> list) {
            return static_cast<std::size_t>(random.one_of(list));
        };
        opts.batch_size = size({1, 2, 3, 5});
        opts.max_batch = opts.batch_size + size({0, 0, 1, 4, 1'000});
        opts.max_wait = steady_duration{random.one_of({1, 3, 10, 50})};
        opts.max_pending = opts.batch_size + size({0, 1, 3, 1'000});
        opts.max_concurrent_batches = size({1, 1, 2, 3});
        return opts;
    }

    template <class... Words>
    void say(Words const&... words)
    {
        if (trace_)
            ((*trace_ << "\n" << now_ << ":") << ... << words);
    }

    grinder_item& item(int n) { return items_[static_cast<std::size_t>(n)]; }
    bare_batch& batch(int n) { return batches_[static_cast<std::size_t>(n)]; }
    int number(grinder_item const* what) const
    {
        return static_cast<int>(static_cast<bare_item const*>(what) - items_.data());
    }
    int number(grinder_state::batch const* of) const
    {
        return static_cast<int>(static_cast<bare_batch const*>(of) - batches_.data());
    }
    static steady_time time_at(tick at) { return steady_time{steady_duration{at}}; }

    template <class Is>
    int some(int count, Is is_so)
    {
        auto const from = random_.below(count);
        for (int n = 0; n != count; ++n)
            if (auto const it = (from + n) % count; is_so(it))
                return it;
        return nobody;
    }
    template <class... Phases>
    int some_batch(Phases... phases)
    {
        return some(grinder_reference_model::batch_count,
            [&](int n) { return ((model_.at(n).phase == phases) || ...); });
    }

    // Events
    void event()
    {
        if (random_.once_in(4))
            now_ = grinder_reference_model::plus(now_, random_.one_of({1, 1, 2, 5, 20}));
        auto const roll = random_.below(100);
        if (model_.phase == grinder_state::phase::stopped && roll < 15)
            return start();
        if (roll < 40)
            return submit();
        if (roll < 47)
            return cancel(random_.below(grinder_reference_model::item_count));
        if (roll < 62)
            return grant(some_batch(is::acquiring));
        if (roll < 66)
            return acquire_failed(some_batch(is::acquiring));
        if (roll < 80)
            return run_one(some_batch(is::working, is::canceled, is::lost));
        if (roll < 88)
            return lose(some_batch(is::working, is::canceled));
        if (roll < 90)
            return stop();
        if (model_.next() != grinder_reference_model::never && random_.once_in(2))
            now_ = std::max(now_, model_.next());
        else
            now_ = grinder_reference_model::plus(now_, random_.one_of({1, 3, 10, 50}));
    }
    void start()
    {
        say(" start");
        require(state_.start() == model_.start(), "start decided otherwise");
    }
    void stop()
    {
        auto const deadline = random_.once_in(3)
            ? std::numeric_limits<tick>::min()
            : grinder_reference_model::plus(
                  now_, random_.one_of({0, 5, 30, grinder_reference_model::never}));
        say(" stop ", deadline);
        model_.stop(deadline);
        state_.stop(time_at(deadline));
    }
    void submit()
    {
        auto const which =
            some(grinder_reference_model::item_count, [&](int n) { return model_.outside(n); });
        if (which == nobody)
            return;
        bool const wait = !random_.once_in(4);
        item(which).marks.fruitless = 0;
        auto const expected = model_.submit(which, now_, wait);
        auto const result = state_.submit(item(which), time_at(now_), wait);
        say(" submit i", which, wait ? "" : " without waiting", " = ", static_cast<int>(result));
        require(result == expected, "submit decided otherwise");
    }
    void cancel(int which)
    {
        say(" cancel i", which);
        require(state_.cancel(item(which)) == model_.cancel(which), "cancel decided otherwise");
    }
    void grant(int n)
    {
        if (n == nobody)
            return;
        say(" grant b", n);
        grinder_state::item_list out;
        state_.granted(batch(n), time_at(now_), out);
        model_.granted(n, now_);
        require(take(out) == model_.at(n).items, "the lease gets other items");
        if (model_.at(n).items.empty())
            done(n);
    }
    void acquire_failed(int n)
    {
        if (n == nobody)
            return;
        say(" acquire_failed b", n);
        grinder_state::item_list out;
        state_.acquire_failed(batch(n), out);
        require(take(out) == model_.acquire_failed(n), "other items fail with the acquire");
    }
    void run_one(int n)
    {
        if (n == nobody)
            return;
        auto const which = model_.ran(n);
        say(" b", n, " ran i", which);
        item(which).marks.where = grinder_item::place::outside;
        if (model_.at(n).items.empty())
            done(n);
    }
    /// The lease ends: what has not begun comes back.
    void lose(int n)
    {
        if (n == nobody)
            return;
        say(" lose b", n);
        bool const told_first = random_.once_in(2);
        if (told_first)
            lost(n);
        take_back(n, static_cast<std::size_t>(random_.below(3)));
        if (!told_first)
            lost(n);
        if (model_.at(n).items.empty())
            done(n);
    }
    void lost(int n)
    {
        state_.lost(batch(n));
        model_.lost(n);
    }
    void take_back(int n, std::size_t but)
    {
        auto const there = model_.at(n).items;
        for (auto i = std::min(but, there.size()); i != there.size(); ++i) {
            say(" i", there[i], " comes back from b", n);
            require(state_.returned(item(there[i]), batch(n)) == model_.returned_from(there[i], n),
                "an item that comes back is treated otherwise");
        }
    }
    void done(int n)
    {
        say(" done b", n);
        state_.done(batch(n));
        model_.at(n) = {};
    }

    std::vector<int> take(grinder_state::item_list& out)
    {
        std::vector<int> numbers;
        while (!out.empty()) {
            numbers.push_back(number(&out.front()));
            out.pop_front();
        }
        return numbers;
    }

    // Actions
    void settle()
    {
        for (int polls = 0;; ++polls) {
            require(polls != 200, "polling does not end");
            model_.time_is(now_);
            auto const act = state_.poll(time_at(now_));
            if (!act)
                break;
            perform(act);
        }
        model_.settled(now_);
        compare();
    }
    void perform(grinder_state::action const& act)
    {
        using enum grinder_state::action::kind;
        switch (act.what) {
        case none:
            return;
        case begin: {
            auto const n = some_batch(is::fresh);
            if (n == nobody || random_.once_in(16)) {
                say(" -> begin, refused");
                grinder_state::item_list out;
                state_.not_begun(out);
                require(take(out) == model_.not_begun(), "other items fail with the begin");
                return;
            }
            say(" -> begin b", n);
            state_.begun(batch(n), time_at(now_));
            model_.begun(n, now_);
            std::vector<int> assigned;
            for (auto const& what : batch(n).items())
                assigned.push_back(number(&what));
            return require(assigned == model_.at(n).items, "a batch goes for other items");
        }
        case fail:
            say(" -> fail i", number(act.which));
            return model_.failed(number(act.which));
        case withdraw:
            say(" -> withdraw b", number(act.of));
            return model_.withdrawn(number(act.of));
        case cancel:
            say(" -> cancel b", number(act.of));
            model_.canceled(number(act.of));
            return taken_back(number(act.of));
        case stopped:
            say(" -> stopped");
            return model_.stopped();
        }
    }
    void taken_back(int n)
    {
        take_back(n, static_cast<std::size_t>(random_.below(3)));
        if (model_.at(n).items.empty())
            done(n);
    }
    void compare()
    {
        require(state_.state() == model_.phase, "phase differs");
        require(state_.pending() == model_.pending(), "pending differs");
        require(state_.waiting() == model_.waiting.size(), "waiting differs");
        require(state_.acquiring() == model_.batches_that_are(is::acquiring), "acquiring differs");
        require(state_.working() ==
                model_.batches_that_are(is::working) + model_.batches_that_are(is::canceled),
            "working differs");
        require(state_.lost() == model_.batches_that_are(is::lost), "lost differs");
        if (model_.phase != grinder_state::phase::canceling)
            require(state_.next_deadline() == time_at(model_.next()), "the next deadline differs");
    }

    void wind_up()
    {
        say(" the end");
        state_.stop(steady_time::min());
        model_.stop(std::numeric_limits<tick>::min());
        settle();
        for (int n = 0; n != grinder_reference_model::batch_count; ++n) {
            if (model_.at(n).phase == is::acquiring)
                n % 2 == 0 ? grant(n) : acquire_failed(n);
            settle();
            while (model_.at(n).phase != is::fresh)
                run_one(n);
            settle();
        }
        require(model_.phase == grinder_state::phase::stopped, "the stop has not ended");
        require(state_.next_deadline() == grinder_state::never, "a stopped grinder has a deadline");
        // Nothing is linked: else a batch's hook asserts.
    }

    random_numbers random_;
    grinder_state::options const opts_;
    std::array<bare_item, grinder_reference_model::item_count> items_{};
    std::array<bare_batch, grinder_reference_model::batch_count> batches_{};
    grinder_state state_;
    grinder_reference_model model_;
    tick now_ = 0;
    std::ostream* trace_;
};

}  // namespace leasepool::detail::test

#endif
