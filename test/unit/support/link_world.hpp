// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LINK_WORLD_HPP
#define LEASEPOOL_TEST_UNIT_LINK_WORLD_HPP

#include "process/pool/link_state.hpp"
#include "unit/support/ledger_random.hpp"
#include "unit/support/link_reference_model.hpp"
#include "unit/support/link_worker.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <vector>

namespace leasepool::detail::test {

/// The state of a worker and its shell, an honest worker at the other end of the pipes, and the
/// model who watches.
///
/// The model knows what the parent should do by what it can know; the worker knows what really
/// became of each job. Both must agree with the state.
class link_world {
protected:
    using tick = link_reference_model::tick;
    using phase = link_state::phase;
    using verdict = link_state::verdict;
    using effect = link_state::effect;
    using loss = link_state::loss;

    link_world(std::uint64_t seed, std::ostream* trace)
        : random_(seed), opts_(random_options(random_)), pipelining_(!random_.once_in(4)),
          // Some near the end of the clock.
          now_(random_.once_in(16) ? link_reference_model::never - 1 - random_.below(100) : 1000),
          link_(opts_, time_at(now_)), model_(opts_, now_), worker_(pipelining_), trace_(trace)
    {
        link_.launched();
        if (trace_)
            *trace_ << "startup_timeout " << opts_.startup_timeout.count() << " kill_grace "
                    << opts_.kill_grace.count() << " max_in_flight " << opts_.max_in_flight
                    << " budget " << opts_.budget.count() << " patience " << opts_.patience.count()
                    << (pipelining_ ? " pipelining" : "") << " now " << now_;
    }

    template <class... Words>
    void say(Words const&... words)
    {
        if (trace_)
            ((*trace_ << "\n" << now_ << ": ") << ... << words);
    }
    static link_state::time time_at(tick at) { return link_state::time{link_state::duration{at}}; }
    static tick ticks(link_state::time at) { return at.time_since_epoch().count(); }

    // The worker
    void work()
    {
        for (int n = 1 + random_.below(6); n != 0; --n)
            step(random_.below(5));
    }
    bool step(int which)
    {
        switch (which) {
        case 0:
        case 1:
            return worker_.read();
        case 2:
            if (!worker_.begin())
                return false;
            say("  ", worker_.running(), " begins");
            return true;
        case 3:
            if (is_endless(worker_.running()) || !worker_.finish())
                return false;
            say("  the job ends");
            return true;
        default:
            return worker_.flush(1 + static_cast<std::size_t>(random_.below(3)));
        }
    }
    /// Whether it runs for ever, whatever it is asked.
    static bool is_endless(std::uint64_t id) { return id % 16 == 7; }

    void die()
    {
        // Some of what it has answered may just have got out.
        if (random_.once_in(2))
            worker_.flush(1);
        say("the worker dies");
        worker_.die();
    }
    // The pipes
    void write(std::uint64_t bytes)
    {
        if (!worker_.alive() || model_.kill_told)
            return;
        model_.written = std::min(sent_, model_.written + bytes);
        worker_.arrived = model_.written;
        link_.written(model_.written);
    }
    void deliver(int count)
    {
        for (; count != 0 && !worker_.output.empty(); --count) {
            auto const reply = worker_.output.front();
            worker_.output.pop_front();
            if (reply.id == 0) {
                goodbye();
                continue;
            }
            auto const was = answer(reply.id, reply.not_begun);
            require(was != effect::violation, "an honest worker is accused");
            require((was == effect::finished) != reply.not_begun, "an answer is misread");
            if (was != effect::finished)
                require(!worker_.began(reply.id), "a job that began is said not to have");
        }
        if (random_.once_in(2))
            link_.paced(time_at(now_));
    }
    void goodbye()
    {
        say("goodbye");
        auto const told_before = model_.goodbye;
        model_.said_goodbye(now_);
        link_.said_goodbye(time_at(now_));
        require(link_.has_said_goodbye() == model_.goodbye, "a goodbye is not taken note of");
        if (!model_.goodbye || told_before)
            return;
        while (link_.in_flight() != 0) {
            link_state::flight out{};
            auto const was = link_.lose(out);
            require(was == (out.asked ? loss::stopped : loss::returned),
                "a job is lost with a worker that said goodbye");
            require(!worker_.began(out.id), "a job that began is said not to have");
            resolve(out, model_.flights.front());
            model_.flights.erase(model_.flights.begin());
        }
    }
    effect answer(std::uint64_t id, bool not_begun)
    {
        using how = link_state::answer;
        link_state::flight out{};
        auto const expected = model_.answered(id, not_begun, now_);
        auto const was =
            link_.answered(id, not_begun ? how::not_begun : how::done, out, time_at(now_));
        say("answer of ", id, not_begun ? ", not begun" : "", " = ", static_cast<int>(was));
        require(was == expected, "an answer is taken otherwise");
        if (was != effect::violation && was != effect::nothing)
            resolve(out, model_.last);
        return was;
    }
    void resolve(link_state::flight const& out, link_reference_model::job const& as)
    {
        require(out.id == as.id && out.what == &resolved_ && out.asked == as.asked &&
                out.timeout.count() == as.timeout && out.ends_at == as.ends_at,
            "a job is mixed up");
        require(++resolved_[out.id - 1] == 1, "a job is resolved twice");
    }
    // The shell
    void timer()
    {
        model_.ticked(now_);
        link_.tick(time_at(now_));
    }
    void settle(bool timer_fires)
    {
        if (timer_fires)
            timer();
        for (int polls = 0;; ++polls) {
            require(polls != 100, "polling does not end");
            auto const next = link_.poll();
            if (next.what == link_state::act::none)
                break;
            perform(next);
        }
        model_.at_rest();
        compare(timer_fires);
        if (model_.kill_told && worker_.alive()) {
            // It does not die at once, or not at all.
            if (random_.once_in(2))
                work();
            if (!random_.once_in(4))
                die();
        }
    }
    void perform(link_state::action const& next)
    {
        using act = link_state::act;
        say("=> ", static_cast<int>(next.what), " ", next.id);
        // Whatever the worker does meanwhile.
        if (next.what == act::kill && model_.killed_for == verdict::asked) {
            auto const running = worker_.running();
            require(running == 0 || running == model_.flights.front().id || !worker_.output.empty(),
                "a kill hits another job");
        }
        model_.told(next);
        if (next.what == act::kill)
            return;
        sent_ += 10;
        using kind = link_worker::kind;
        worker_.input.push_back({next.what == act::send_cancel ? kind::cancel
                : next.what == act::send_resume                ? kind::resume
                                                               : kind::end,
            next.id, sent_});
        if (random_.once_in(2))
            write(sent_);
    }
    void compare(bool timer_fired)
    {
        require(link_.state() == model_.is, "another phase");
        require(link_.in_flight() == model_.flights.size(), "another number in flight");
        require(link_.retiring() == model_.retiring, "retiring or not");
        require(link_.why_killed() == model_.killed_for, "another verdict");
        require(link_.idle() ==
                (model_.is == phase::ready && !model_.retiring && model_.flights.empty()),
            "idle or not");
        auto const* const head = link_.head();
        require((head != nullptr) == !model_.flights.empty(), "a head or none");
        if (head) {
            require(head->id == model_.flights.front().id, "another head");
            require(ticks(link_.head_since()) == model_.head_since, "another time of the head");
        }
        auto const depth = link_.depth();
        require(depth >= 1 && depth <= (pipelining_ ? opts_.max_in_flight : 1), "too deep");
        require(link_.room(time_at(now_)) == model_.room(now_, depth), "room or none");
        if (model_.is < phase::killing && !model_.goodbye)
            require(link_.barred() == model_.bar_up, "the bar is up or down");
        auto const next = ticks(link_.next_deadline());
        require(next == model_.next_deadline(), "another deadline");
        require(!timer_fired || next > now_, "a deadline that has passed: the shell would spin");
    }

    void exited()
    {
        say("exited");
        model_.exited();
        link_.exited();
    }
    void bury()
    {
        while (!worker_.output.empty())
            deliver(1);
        if (model_.is == phase::lost)
            return give_up();
        if (random_.once_in(2))
            exited();
        // What is unread is not always known.
        auto const unread =
            random_.once_in(2) ? model_.written - std::min(worker_.read_to, model_.written) : 0;
        say("ended; ", unread, " bytes unread");
        model_.exited();
        link_.ended(true, unread);
        take_out(model_.written - unread);
    }
    /// It was killed, and lives.
    void give_up()
    {
        say("lost");
        take_out(model_.written);
    }
    void take_out(std::uint64_t read)
    {
        require(link_.next_deadline() == link_state::never, "a dead worker has a deadline");
        for (bool first = true; link_.in_flight() != 0; first = false) {
            link_state::flight out{};
            auto const expected = model_.lost(first, read);
            auto const was = link_.lose(out);
            say("lost ", out.id, " = ", static_cast<int>(was));
            require(was == expected, "a job is lost otherwise");
            bool const began = worker_.began(out.id);
            require(!began || first, "a job began before the one in front of it was answered");
            require(!began || was == loss::failed || was == loss::killed,
                "a job that began is said not to have");
            require(was != loss::failed || first || model_.killed_for == verdict::overdue ||
                    model_.is == phase::lost,
                "two jobs fail with one worker");
            require(
                was != loss::returned || !out.asked, "a job that was asked to stop goes elsewhere");
            resolve(out, model_.flights.front());
            model_.flights.erase(model_.flights.begin());
        }
        require(model_.flights.empty(), "a job is forgotten");
        over_ = true;
    }

    random_numbers random_;
    link_state::options const opts_;
    bool const pipelining_;
    tick now_;
    link_state link_;
    link_reference_model model_;
    link_worker worker_;
    std::uint64_t sent_ = 0;
    std::vector<int> resolved_;  // how often, of the job with the id after the index
    bool over_ = false;
    std::ostream* trace_;

private:
    static link_state::options random_options(random_numbers& random)
    {
        auto const length = [&](std::initializer_list<std::int64_t> list) {
            return link_state::duration{random.one_of(list)};
        };
        link_state::options o;
        o.startup_timeout = length({1, 5, 50});
        o.kill_grace = length({0, 1, 5, 20, 50});
        o.least_time_to_die = length({1, 10});
        o.max_in_flight = static_cast<std::size_t>(random.one_of({1, 2, 3, 8, 8}));
        o.budget = length({0, 10, 100, 100});
        o.patience = length({1, 4, 20, 1000, link_reference_model::never});
        return o;
    }
};

}  // namespace leasepool::detail::test

#endif
