// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LINK_REFERENCE_MODEL_HPP
#define LEASEPOOL_TEST_UNIT_LINK_REFERENCE_MODEL_HPP

#include "process/pool/link_state.hpp"
#include "unit/support/ledger_reference_model.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace leasepool::detail::test {

/// What a parent that keeps to doc/protocol.md has to do, said as simply as possible: it keeps what
/// happened, with the times, and derives the rest whenever it is asked.
class link_reference_model {
public:
    using tick = std::int64_t;
    using phase = link_state::phase;
    using verdict = link_state::verdict;
    using effect = link_state::effect;
    using loss = link_state::loss;
    static constexpr tick never = std::numeric_limits<tick>::max();

    struct job {
        std::uint64_t id;
        tick timeout;
        std::uint64_t ends_at;
        link_state::error_code asked{};
        tick asked_at = 0;
        bool told = false;          // the worker was
        bool cancel_since = false;  // some cancel was sent after it
    };

    explicit link_reference_model(link_state::options const& o, tick now) : opts_(o), started_(now)
    {
    }

    static tick plus(tick at, tick by) { return by > never - at ? never : at + by; }

    // What happened
    void sent(std::uint64_t id, tick timeout, std::uint64_t ends_at, tick now)
    {
        require(!bar_up, "a job is sent while the bar is up");
        require(is == phase::ready && !retiring, "a job is sent to a worker that is to go");
        flights.push_back({.id = id, .timeout = timeout, .ends_at = ends_at});
        if (flights.size() == 1)
            head_since = now;
    }
    void ask(job& which, link_state::error_code why, tick now)
    {
        if (which.asked)
            return;
        which.asked = why;
        which.asked_at = now;
    }
    effect answered(std::uint64_t id, bool not_begun, tick now)
    {
        auto const at =
            std::find_if(flights.begin(), flights.end(), [&](job const& j) { return j.id == id; });
        if (at == flights.end() && not_begun && goodbye)
            return effect::nothing;
        bool const fair = at != flights.end() && at->ends_at <= written &&
            (not_begun ? at->cancel_since : at == flights.begin());
        if (!fair)
            return effect::violation;
        auto const what = !not_begun ? effect::finished
            : at->asked              ? effect::stopped
                                     : effect::returned;
        last = *at;
        bool const was_head = at == flights.begin();
        flights.erase(at);
        if (was_head)
            head_since = now;
        if (flights.size() <= 1)
            recalling = recall_told = false;
        close_if_done(now);
        return what;
    }
    void retire(tick now)
    {
        retiring = true;
        close_if_done(now);
    }
    void ready(tick now)
    {
        if (is == phase::starting) {
            is = phase::ready;
            was_ready = true;
        }
        close_if_done(now);
    }
    void pipe_closed(tick now)
    {
        if (is != phase::ready && is != phase::starting)
            return;
        closing_at = std::min(kill_at(), plus(now, opts_.kill_grace.count()));
        is = phase::closing;
    }
    void kill(verdict why, tick now)
    {
        if (is == phase::killing || is == phase::exited || is == phase::lost)
            return;
        is = phase::killing;
        killed_for = why;
        lost_at = plus(now, std::max(opts_.kill_grace, opts_.least_time_to_die).count());
    }
    void said_goodbye(tick now)
    {
        if (!was_ready || goodbye || is >= phase::ended || killed_for == verdict::violation)
            return;
        goodbye = retiring = true;
        if (is != phase::ready && is != phase::closing)
            return;
        close_due = true;
        recalling = recall_told = false;
        is = phase::closing;
        closing_at = plus(now, opts_.kill_grace.count());
    }
    void exited() { is = phase::exited; }
    void ticked(tick now)
    {
        if (is == phase::starting && now >= plus(started_, opts_.startup_timeout.count()))
            return kill(verdict::start_timeout, now);
        if (is == phase::closing && now >= closing_at)
            return kill(verdict::overdue, now);
        if (is == phase::killing && now >= lost_at)
            is = phase::lost;
        if (is != phase::ready || flights.empty())
            return;
        if (now >= times_out_at())
            ask(flights.front(), make_error_code(errc::job_timeout), now);
        if (now >= kill_at())
            return kill(verdict::asked, now);
        if (now >= recall_at())
            recalling = true;
    }

    // What the shell is told to do
    void told(link_state::action const& what)
    {
        using act = link_state::act;
        if (is == phase::killing || is == phase::lost) {
            require(what.what == act::kill && !kill_told, "something after a kill");
            kill_told = true;
            return;
        }
        require(!close_told, "something is sent after the end of the input");
        switch (what.what) {
        case act::none:
            return;
        case act::kill:
            return require(false, "a kill for nothing");
        case act::close_input:
            require(is == phase::closing && retiring && flights.empty() && !close_told,
                "the input is closed too early, or twice");
            close_told = true;
            return;
        case act::send_resume:
            require(bar_up, "a resume without a bar");
            require(!wants_bar(), "a resume while it could still come to a kill");
            bar_up = false;
            return;
        case act::send_cancel:
            break;
        }
        if (what.id == 0) {
            require(recalling && !recall_told, "a recall for nothing");
            recall_told = true;
        }
        else {
            auto const at = std::find_if(
                flights.begin(), flights.end(), [&](job const& j) { return j.id == what.id; });
            require(at != flights.end() && at->asked && !at->told,
                "a cancel of a job that was not asked to stop");
            at->told = true;
        }
        bar_up = true;
        for (auto& each : flights)
            each.cancel_since = true;
    }

    // What must be so when all is told
    void at_rest() const
    {
        require((is != phase::killing && is != phase::lost) || kill_told, "a kill is forgotten");
        if (is >= phase::killing)
            return;
        require(!close_due || close_told, "the input is not closed");
        for (auto const& each : flights)
            require(!each.asked || each.told, "a cancel is forgotten");
        require(!recalling || recall_told, "a recall is forgotten");
        require(goodbye || bar_up == wants_bar(), "the bar is not lifted");
    }
    tick next_deadline() const
    {
        switch (is) {
        case phase::starting:
            return plus(started_, opts_.startup_timeout.count());
        case phase::closing:
            return closing_at;
        case phase::ready:
            return std::min({times_out_at(), kill_at(), recall_at()});
        case phase::killing:
            return lost_at;
        case phase::launching:
        case phase::exited:
        case phase::ended:
        case phase::lost:
            break;
        }
        return never;
    }
    bool overstays(tick now) const
    {
        return !flights.empty() && now - head_since >= opts_.patience.count();
    }
    bool room(tick now, std::size_t depth) const
    {
        return is == phase::ready && !retiring && !bar_up && flights.size() < depth &&
            !overstays(now);
    }
    /// What becomes of the first in flight, after the end; `first`: nothing was lost before.
    /// `read`: how many bytes the worker may have read.
    loss lost(bool first, std::uint64_t read) const
    {
        auto const& head = flights.front();
        // One that has closed its stdout, and did not exit, may have done all of them. One that is lost
        // may still do them.
        bool const may_have_run =
            (first || killed_for == verdict::overdue || is == phase::lost) && head.ends_at <= read;
        if (!may_have_run)
            return head.asked ? loss::stopped : loss::returned;
        return head.asked && killed_for == verdict::asked ? loss::killed : loss::failed;
    }

    std::vector<job> flights;
    job last{};  // that was answered
    tick head_since = 0;
    std::uint64_t written = 0;
    phase is = phase::starting;
    verdict killed_for = verdict::none;
    bool retiring = false;
    bool bar_up = false;  // as the stream to the worker says
    bool recalling = false;
    bool kill_told = false;
    bool close_told = false;
    bool goodbye = false;
    bool was_ready = false;

private:
    bool any_asked() const
    {
        return std::any_of(flights.begin(), flights.end(), [](job const& j) { return !!j.asked; });
    }
    bool wants_bar() const { return recalling || any_asked(); }
    void close_if_done(tick now)
    {
        if (is != phase::ready || !retiring || !flights.empty())
            return;
        is = phase::closing;
        closing_at = plus(now, opts_.kill_grace.count());
        close_due = true;
    }

    /// Of the head, if it has a timeout and was not asked to stop.
    tick times_out_at() const
    {
        return flights.empty() || flights.front().asked || flights.front().timeout == 0
            ? never
            : plus(head_since, flights.front().timeout);
    }
    /// Of the head, if it was asked to stop.
    tick kill_at() const
    {
        return flights.empty() || !flights.front().asked
            ? never
            : plus(std::max(flights.front().asked_at, head_since), opts_.kill_grace.count());
    }
    tick recall_at() const
    {
        return flights.size() < 2 || wants_bar() ? never : plus(head_since, opts_.patience.count());
    }

    link_state::options const opts_;
    tick const started_;
    tick closing_at = never;
    tick lost_at = never;
    bool recall_told = false;
    bool close_due = false;
};

}  // namespace leasepool::detail::test

#endif
