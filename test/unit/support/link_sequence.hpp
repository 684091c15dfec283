// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LINK_SEQUENCE_HPP
#define LEASEPOOL_TEST_UNIT_LINK_SEQUENCE_HPP

#include "process/pool/link_state.hpp"
#include "unit/support/link_reference_model.hpp"
#include "unit/support/link_world.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

namespace leasepool::detail::test {

/// One random sequence of what may happen to a worker, and its end.
class link_sequence : link_world {
public:
    link_sequence(std::uint64_t seed, std::ostream* trace) : link_world(seed, trace) {}

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
        if (model_.is == phase::lost)
            return bury();
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
        if (roll == 94 && random_.once_in(2) && worker_.say_goodbye())
            return say("the worker says goodbye");
        advance();
    }

    void ready()
    {
        say("ready");
        link_.ready(pipelining_, time_at(now_));
        model_.ready(now_);
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
            model_.sent(id, timeout, sent_, now_);
            link_.send(id, &resolved_, link_state::duration{timeout}, sent_, time_at(now_));
            worker_.input.push_back({link_worker::kind::request, id, sent_});
            if (!random_.once_in(3))
                write(sent_);
        }
    }
    /// An answer that no honest worker would give. The shell would kill it; so as to go on, this one
    /// does not.
    void lie()
    {
        auto const id =
            static_cast<std::uint64_t>(random_.below(static_cast<int>(resolved_.size()) + 2));
        bool const not_begun = random_.once_in(2);
        auto next = model_;
        if (next.answered(id, not_begun, now_) == effect::violation)
            answer(id, not_begun);
    }
    void ask()
    {
        auto const id =
            static_cast<std::uint64_t>(random_.below(static_cast<int>(resolved_.size()) + 2));
        auto const at = std::find_if(model_.flights.begin(), model_.flights.end(),
            [&](auto const& job) { return job.id == id; });
        bool const here = at != model_.flights.end();
        ask(id, here ? &*at : nullptr);
    }
    void ask(std::uint64_t id, link_reference_model::job* job)
    {
        link_state::error_code const why = random_.once_in(2)
            ? make_error_code(errc::lease_expired)
            : link_state::error_code(boost::asio::error::operation_aborted);
        say("ask ", id);
        if (job)
            model_.ask(*job, why, now_);
        require(link_.ask(id, why, time_at(now_)) == (job != nullptr), "ask finds another job");
    }
    void retire()
    {
        say("retire");
        model_.retire(now_);
        link_.retire(time_at(now_));
    }
    void drop()
    {
        say("drop");
        model_.kill(verdict::dropped, now_);
        link_.kill(verdict::dropped, time_at(now_));
    }
    void dead()
    {
        auto const roll = random_.below(9);
        if (roll == 8)
            return exited();
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
            model_.pipe_closed(now_);
            return link_.pipe_closed(time_at(now_));
        }
        if (roll == 7)
            return random_.once_in(4) ? drop() : bury();
    }
    void advance()
    {
        auto const next = ticks(link_.next_deadline());
        auto const to = next < link_reference_model::never - 1 && random_.once_in(4)
            ? next
            : link_reference_model::plus(now_, random_.one_of({1, 1, 1, 2, 4}));
        now_ = std::clamp(to, now_, link_reference_model::never - 1);
        say("clock");
    }

    // Ends
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
            if (model_.kill_told)
                break;
            if (model_.goodbye)
                break;
            if (model_.flights.empty())
                return part();
            // An endless job runs.
            require(link_.in_flight() == 1 || !model_.overstays(now_),
                "jobs are left behind a long one");
            require(worker_.running() == link_.head()->id, "an honest worker is stuck");
            if (link_.next_deadline() < time_at(link_reference_model::never - 1))
                now_ = std::max(now_, ticks(link_.next_deadline()));
            else if (!link_.head()->asked)
                ask(link_.head()->id, &model_.flights.front());
            else
                break;  // it would be killed after the end of the clock
        }
        worker_.die();
        bury();
    }
    void part()
    {
        require(!model_.bar_up && !worker_.barred(), "the bar is left up");
        if (!model_.retiring)
            retire();
        settle(false);
        require(model_.close_told, "a retired worker's input is not closed");
        exhaust();
        require(worker_.exit() || model_.kill_told, "an honest worker does not end");
        bury();
    }
};

}  // namespace leasepool::detail::test

#endif
