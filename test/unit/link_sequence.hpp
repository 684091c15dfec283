// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LINK_SEQUENCE_HPP
#define LEASEPOOL_TEST_UNIT_LINK_SEQUENCE_HPP

#include "../../libs/process/link_state.hpp"
#include "ledger_random.hpp"
#include "link_judge.hpp"
#include "link_worker.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

namespace leasepool::detail::test {

/// One random sequence: the shell of a worker's state, an honest worker at the other end of the
/// pipes, and the judge who watches.
///
/// The judge knows what the parent should do by what it can know; the worker knows what really
/// became of each job. Both must agree with the state.
class link_sequence {
    using tick = link_judge::tick;
    using phase = link_state::phase;
    using verdict = link_state::verdict;
    using effect = link_state::effect;
    using loss = link_state::loss;

public:
    link_sequence(std::uint64_t seed, std::ostream* trace)
        : random_(seed), opts_(random_options(random_)), pipelining_(!random_.once_in(4)),
          // Some near the end of the clock.
          now_(random_.once_in(16) ? link_judge::never - 1 - random_.below(100) : 1000),
          link_(opts_, time_at(now_)), judge_(opts_, now_), worker_(pipelining_), trace_(trace)
    {
        if (trace_)
            *trace_ << "startup_timeout " << opts_.startup_timeout.count() << " kill_grace "
                    << opts_.kill_grace.count() << " max_in_flight " << opts_.max_in_flight
                    << " budget " << opts_.budget.count() << " patience " << opts_.patience.count()
                    << (pipelining_ ? " pipelining" : "") << " now " << now_;
    }

    void run()
    {
        if (!random_.once_in(8))
            warm_up();
        for (int n = 20 + random_.below(80); n != 0 && !over_; --n) {
            event();
            if (over_)
                break;
            if (!random_.once_in(6))
                settle(random_.once_in(2));
            else if (random_.once_in(2))
                timer();  // the shell has more to do before it polls
        }
        if (!over_)
            wind_up();
        for (auto const count : resolved_)
            require(count == 1, "a job is not resolved");
    }

private:
    static link_state::options random_options(random_numbers& random)
    {
        auto const length = [&](std::initializer_list<std::int64_t> list) {
            return link_state::duration{random.one_of(list)};
        };
        link_state::options o;
        o.startup_timeout = length({1, 5, 50});
        o.kill_grace = length({0, 1, 5, 20, 50});
        o.max_in_flight = static_cast<std::size_t>(random.one_of({1, 2, 3, 8, 8}));
        o.budget = length({0, 10, 100, 100});
        o.patience = length({1, 4, 20, 1000, link_judge::never});
        return o;
    }

    template <class... Words>
    void say(Words const&... words)
    {
        if (trace_)
            ((*trace_ << "\n" << now_ << ": ") << ... << words);
    }
    static link_state::time time_at(tick at) { return link_state::time{link_state::duration{at}}; }
    static tick ticks(link_state::time at) { return at.time_since_epoch().count(); }

    /// One job, so that the pace is known, and more may be in flight.
    void warm_up()
    {
        ready();
        settle(false);
        send();
        exhaust();
        link_.paced(time_at(now_));
    }

    // Events
    void event()
    {
        if (random_.once_in(6))
            advance();  // the event comes before the timer
        if (!worker_.alive())
            return dead();
        auto const roll = random_.below(100);
        if (link_.state() == phase::starting)
            return roll < 90 ? ready() : roll < 92 ? retire() : roll < 94 ? die() : advance();
        if (roll < 24)
            return send();
        if (roll < 32)
            return write(1 + static_cast<std::uint64_t>(random_.below(40)));
        if (roll < 62)
            return work();
        if (roll < 78)
            return deliver(1 + random_.below(4));
        if (roll < 82)
            return ask();
        if (roll < 90)
            return lie();
        if (roll == 91 && random_.once_in(2))
            return retire();
        if (roll == 92 && random_.once_in(2))
            return die();
        if (roll == 93 && random_.once_in(4))
            return drop();
        advance();
    }

    void ready()
    {
        say("ready");
        link_.ready(pipelining_, time_at(now_));
        judge_.ready(now_);
    }
    void send()
    {
        for (int n = 1 + random_.below(4); n != 0 && link_.room(time_at(now_)); --n) {
            resolved_.push_back(0);
            auto const id = resolved_.size();
            auto const timeout = random_.one_of({0, 0, 0, 0, 1, 10, 50, 200});
            sent_ += 1 + static_cast<std::uint64_t>(random_.below(20));
            say("send ", id, timeout == 0 ? "" : " with a timeout of ",
                timeout == 0 ? "" : std::to_string(timeout));
            judge_.sent(id, timeout, sent_, now_);
            link_.send(id, &resolved_, link_state::duration{timeout}, sent_, time_at(now_));
            worker_.input.push_back({link_worker::kind::request, id, sent_});
            if (!random_.once_in(3))
                write(sent_);
        }
    }
    void write(std::uint64_t bytes)
    {
        if (!worker_.alive() || judge_.kill_told)
            return;
        judge_.written = std::min(sent_, judge_.written + bytes);
        worker_.arrived = judge_.written;
        link_.written(judge_.written);
    }
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

    void deliver(int count)
    {
        for (; count != 0 && !worker_.output.empty(); --count) {
            auto const reply = worker_.output.front();
            worker_.output.pop_front();
            auto const was = answer(reply.id, reply.not_begun);
            require(was != effect::violation, "an honest worker is accused");
            require((was == effect::finished) != reply.not_begun, "an answer is misread");
            if (was != effect::finished)
                require(!worker_.began(reply.id), "a job that began is said not to have");
        }
        if (random_.once_in(2))
            link_.paced(time_at(now_));
    }
    effect answer(std::uint64_t id, bool not_begun)
    {
        using how = link_state::answer;
        link_state::flight out{};
        auto const expected = judge_.answered(id, not_begun, now_);
        auto const was =
            link_.answered(id, not_begun ? how::not_begun : how::done, out, time_at(now_));
        say("answer of ", id, not_begun ? ", not begun" : "", " = ", static_cast<int>(was));
        require(was == expected, "an answer is taken otherwise");
        if (was != effect::violation)
            resolve(out, judge_.last);
        return was;
    }
    void resolve(link_state::flight const& out, link_judge::job const& as)
    {
        require(out.id == as.id && out.what == &resolved_ && out.asked == as.asked &&
                out.timeout.count() == as.timeout && out.ends_at == as.ends_at,
            "a job is mixed up");
        require(++resolved_[out.id - 1] == 1, "a job is resolved twice");
    }
    /// An answer that no honest worker would give. The shell would kill it; so as to go on, this one
    /// does not.
    void lie()
    {
        auto const id =
            static_cast<std::uint64_t>(random_.below(static_cast<int>(resolved_.size()) + 2));
        bool const not_begun = random_.once_in(2);
        auto judged = judge_;
        if (judged.answered(id, not_begun, now_) == effect::violation)
            answer(id, not_begun);
    }
    void ask()
    {
        auto const id =
            static_cast<std::uint64_t>(random_.below(static_cast<int>(resolved_.size()) + 2));
        auto const at = std::find_if(judge_.flights.begin(), judge_.flights.end(),
            [&](auto const& job) { return job.id == id; });
        bool const here = at != judge_.flights.end();
        ask(id, here ? &*at : nullptr);
    }
    void ask(std::uint64_t id, link_judge::job* job)
    {
        link_state::error_code const why = random_.once_in(2)
            ? make_error_code(errc::lease_expired)
            : link_state::error_code(boost::asio::error::operation_aborted);
        say("ask ", id);
        if (job)
            judge_.ask(*job, why, now_);
        require(link_.ask(id, why, time_at(now_)) == (job != nullptr), "ask finds another job");
    }
    void retire()
    {
        say("retire");
        judge_.retire(now_);
        link_.retire(time_at(now_));
    }
    void drop()
    {
        say("drop");
        judge_.kill(verdict::dropped);
        link_.kill(verdict::dropped);
    }
    void die()
    {
        // Some of what it has answered may just have got out.
        if (random_.once_in(2))
            worker_.flush(1);
        say("the worker dies");
        worker_.die();
    }
    void dead()
    {
        auto const roll = random_.below(8);
        if (roll < 3)
            return deliver(1 + random_.below(4));
        if (roll == 3)
            return ask();
        if (roll == 4)
            return send();
        if (roll == 5)
            return retire();
        if (roll == 6 && worker_.output.empty()) {
            say("pipe_closed");
            judge_.pipe_closed(now_);
            return link_.pipe_closed(time_at(now_));
        }
        if (roll == 7)
            return random_.once_in(4) ? drop() : bury();
    }
    void advance()
    {
        auto const next = ticks(link_.next_deadline());
        auto const to = next < link_judge::never - 1 && random_.once_in(4)
            ? next
            : link_judge::plus(now_, random_.one_of({1, 1, 1, 2, 4}));
        now_ = std::clamp(to, now_, link_judge::never - 1);
        say("clock");
    }

    // The shell
    void timer()
    {
        judge_.ticked(now_);
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
        judge_.at_rest();
        compare(timer_fires);
        if (judge_.kill_told && worker_.alive()) {
            // It does not die at once.
            if (random_.once_in(2))
                work();
            die();
        }
    }
    void perform(link_state::action const& next)
    {
        using act = link_state::act;
        say("=> ", static_cast<int>(next.what), " ", next.id);
        // Whatever the worker does meanwhile.
        if (next.what == act::kill && judge_.killed_for == verdict::asked) {
            auto const running = worker_.running();
            require(running == 0 || running == judge_.flights.front().id || !worker_.output.empty(),
                "a kill hits another job");
        }
        judge_.told(next);
        if (next.what == act::kill)
            return;
        if (next.what != act::close_input)
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
        require(link_.state() == judge_.is, "another phase");
        require(link_.in_flight() == judge_.flights.size(), "another number in flight");
        require(link_.retiring() == judge_.retiring, "retiring or not");
        require(link_.why_killed() == judge_.killed_for, "another verdict");
        require(link_.idle() ==
                (judge_.is == phase::ready && !judge_.retiring && judge_.flights.empty()),
            "idle or not");
        auto const* const head = link_.head();
        require((head != nullptr) == !judge_.flights.empty(), "a head or none");
        if (head) {
            require(head->id == judge_.flights.front().id, "another head");
            require(ticks(link_.head_since()) == judge_.head_since, "another time of the head");
        }
        auto const depth = link_.depth();
        require(depth >= 1 && depth <= (pipelining_ ? opts_.max_in_flight : 1), "too deep");
        require(link_.room(time_at(now_)) == judge_.room(now_, depth), "room or none");
        if (judge_.is != phase::killing)
            require(link_.barred() == judge_.bar_up, "the bar is up or down");
        auto const next = ticks(link_.next_deadline());
        require(next == judge_.next_deadline(), "another deadline");
        require(!timer_fired || next > now_, "a deadline that has passed: the shell would spin");
    }

    // Ends
    void bury()
    {
        while (!worker_.output.empty())
            deliver(1);
        say("ended");
        link_.ended();
        require(link_.next_deadline() == link_state::never, "a dead worker has a deadline");
        for (bool first = true; link_.in_flight() != 0; first = false) {
            link_state::flight out{};
            auto const expected = judge_.lost(first);
            auto const was = link_.lose(out);
            say("lost ", out.id, " = ", static_cast<int>(was));
            require(was == expected, "a job is lost otherwise");
            bool const began = worker_.began(out.id);
            require(!began || first, "a job began before the one in front of it was answered");
            require(!began || was == loss::failed ||
                    (was == loss::stopped && judge_.killed_for == verdict::asked),
                "a job that began is said not to have");
            require(was != loss::failed || first, "two jobs fail with one worker");
            require(was == loss::stopped || !out.asked || was == loss::failed,
                "a job that was asked to stop goes elsewhere");
            resolve(out, judge_.flights.front());
            judge_.flights.erase(judge_.flights.begin());
        }
        require(judge_.flights.empty(), "a job is forgotten");
        over_ = true;
    }
    /// Everybody does what is left to do.
    void exhaust()
    {
        for (bool more = true; more;) {
            write(sent_);
            more = false;
            for (int which = 1; which != 5; ++which)
                while (step(which))
                    more = true;
            if (!worker_.output.empty()) {
                deliver(1);
                more = true;
            }
            auto const before = sent_;
            settle(true);
            more = more || sent_ != before;
        }
    }
    void wind_up()
    {
        say("wind up");
        settle(true);
        if (link_.state() == phase::starting)
            ready();
        for (int rounds = 0; worker_.alive(); ++rounds) {
            require(rounds != 100, "it does not come to an end");
            settle(true);
            exhaust();
            if (judge_.kill_told)
                break;
            if (judge_.flights.empty())
                return part();
            // An endless job runs.
            require(link_.in_flight() == 1 || !judge_.overstays(now_),
                "jobs are left behind a long one");
            require(worker_.running() == link_.head()->id, "an honest worker is stuck");
            if (link_.next_deadline() < time_at(link_judge::never - 1))
                now_ = std::max(now_, ticks(link_.next_deadline()));
            else if (!link_.head()->asked)
                ask(link_.head()->id, &judge_.flights.front());
            else
                break;  // it would be killed after the end of the clock
        }
        worker_.die();
        bury();
    }
    void part()
    {
        require(!judge_.bar_up && !worker_.barred(), "the bar is left up");
        if (!judge_.retiring)
            retire();
        settle(false);
        require(judge_.close_told, "a retired worker's input is not closed");
        exhaust();
        require(worker_.exit() || judge_.kill_told, "an honest worker does not end");
        bury();
    }

    random_numbers random_;
    link_state::options const opts_;
    bool const pipelining_;
    tick now_;
    link_state link_;
    link_judge judge_;
    link_worker worker_;
    std::uint64_t sent_ = 0;
    std::vector<int> resolved_;  // how often, of the job with the id after the index
    bool over_ = false;
    std::ostream* trace_;
};

}  // namespace leasepool::detail::test

#endif
