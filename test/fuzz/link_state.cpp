// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The life of a worker, as the shell of a pool reports it: a sequence of events, and times.
//
// The first bytes of the input choose the options, each of the others an event or a part of one. At the
// other end of the pipes is a worker that keeps to the protocol, until it breaks it: then an answer is
// garbled, or says what it must not. What the state decides must agree with what the worker has done:
// each job ends once, and none that began goes to another worker. Nothing here repeats how the state
// decides.

#include "../../libs/process/pool/link_state.hpp"
#include "../unit/support/link_worker.hpp"

#include <leasepool/error.hpp>

#include <boost/asio/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <initializer_list>

namespace {

using namespace leasepool::detail;
using leasepool::detail::test::link_worker;
using act = link_state::act;
using effect = link_state::effect;
using error_code = link_state::error_code;
using loss = link_state::loss;
using phase = link_state::phase;
using verdict = link_state::verdict;
using tick = std::int64_t;

constexpr tick end_of_clock = link_state::never.time_since_epoch().count() - 1;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

class input {
public:
    input(std::uint8_t const* data, std::size_t size) : next_(data), end_(data + size) {}

    bool empty() const { return next_ == end_; }
    std::uint8_t byte() { return empty() ? std::uint8_t{0} : *next_++; }
    std::uint64_t below(unsigned end) { return byte() % end; }
    bool bit() { return below(2) != 0; }
    tick one_of(std::initializer_list<tick> list)
    {
        return *(list.begin() + below(static_cast<unsigned>(list.size())));
    }

private:
    std::uint8_t const* next_;
    std::uint8_t const* const end_;
};

link_state::options options_from(input& in)
{
    auto const length = [&](std::initializer_list<tick> list) {
        return link_state::duration{in.one_of(list)};
    };
    link_state::options o;
    o.startup_timeout = length({1, 5, 50});
    o.kill_grace = length({0, 1, 5, 20, 50});
    o.least_time_to_die = length({1, 10});
    o.max_in_flight = static_cast<std::size_t>(in.one_of({8, 3, 2, 1, 0}));
    o.budget = length({100, 10, 0});
    o.patience = length({4, 1, 20, 1000, link_state::never.time_since_epoch().count()});
    o.max_jobs = static_cast<std::size_t>(in.one_of({0, 1, 3, 9}));
    o.max_age = length({0, 0, 30});
    return o;
}

/// What is known of a job.
struct job {
    std::uint64_t id;
    std::uint64_t ends_at;
    tick timeout;
    tick sent_at;
    error_code asked{};
    bool told = false;  // the worker was sent a cancel
    bool ended = false;
};

class life {
public:
    explicit life(input& in)
        : in_(in), opts_(options_from(in)), pipelining_(in.bit()),
          now_(in.one_of({1000, end_of_clock - 100})), link_(opts_, time_at(now_)),
          worker_(pipelining_)
    {
    }

    void run()
    {
        while (!in_.empty() && !over_) {
            event();
            if (mute_)
                worker_.output.clear();
            check();
        }
        if (!over_)
            wind_up();
        for (auto const& each : jobs_)
            require(each.ended);
    }

private:
    static link_state::time time_at(tick at) { return link_state::time{link_state::duration{at}}; }
    static tick ticks(link_state::time at) { return at.time_since_epoch().count(); }
    link_state::time now() const { return time_at(now_); }
    bool is_running() const { return launched_ && worker_.alive(); }

    void event()
    {
        switch (in_.below(24)) {
        case 0:
            return launch();
        case 1:
            return ready();
        case 2:
        case 3:
            return send();
        case 4:
            return write(1 + in_.below(40));
        case 5:
        case 6:
        case 7:
            return work();
        case 8:
        case 9:
            return deliver(1 + in_.below(4));
        case 10:
            return break_the_protocol();
        case 11:
            return ask();
        case 12:
            return answer(in_.below(static_cast<unsigned>(jobs_.size()) + 2), in_.bit(), false);
        case 13:
            return link_.retire(now());
        case 14:
            return link_.due();
        case 15:
            return link_.kill(verdict::dropped, now());
        case 16:
            return close_pipe();
        case 17:
            return die();
        case 18:
            return end();
        case 19:
            return advance();
        case 20:
            return look_at_the_clock();
        case 21:
            return poll();
        case 22:
            return link_.paced(now());
        default:
            if (is_running() && link_.was_ready())
                worker_.say_goodbye();
        }
    }

    // The worker
    void launch()
    {
        if (!launched_)
            link_.launched();
        launched_ = true;
    }
    void ready()
    {
        if (!is_running() || link_.state() != phase::starting)
            return;
        link_.ready(pipelining_, now());
        require(link_.was_ready());
    }
    void work()
    {
        if (is_running())
            step(in_.below(4));
    }
    bool step(std::uint64_t which)
    {
        switch (which) {
        case 0:
            return !deaf_ && worker_.read();
        case 1:
            return worker_.begin();
        case 2:
            return worker_.finish();
        default:
            return worker_.flush(1);
        }
    }
    void close_pipe()
    {
        if (!launched_ || (!worker_.alive() && !worker_.output.empty()))
            return;
        deliver_all();
        if (over_)
            return;
        (in_.bit() ? deaf_ : mute_) = true;
        link_.pipe_closed(now());
    }
    void die()
    {
        if (!is_running())
            return;
        if (in_.bit())
            worker_.flush(1);
        worker_.die();
        if (in_.bit())
            link_.exited();
    }

    // The pipes
    void write(std::uint64_t bytes)
    {
        if (!is_running() || deaf_ || killed_)
            return;
        written_ = std::min(sent_, written_ + bytes);
        worker_.arrived = written_;
        link_.written(written_);
    }
    void send()
    {
        for (auto n = 1 + in_.below(4); n != 0 && link_.room(now()); --n) {
            require(!paused_ && link_.in_service());
            sent_ += 1 + in_.below(20);
            jobs_.push_back({.id = jobs_.size() + 1,
                .ends_at = sent_,
                .timeout = in_.one_of({0, 0, 1, 10, 50}),
                .sent_at = now_});
            auto& each = jobs_.back();
            link_.send(each.id, &each, link_state::duration{each.timeout}, sent_, now());
            worker_.input.push_back({link_worker::kind::request, each.id, sent_});
            if (in_.bit())
                write(sent_);
        }
    }
    void deliver(std::uint64_t count)
    {
        for (; count != 0 && !worker_.output.empty() && !over_; --count) {
            auto const reply = worker_.output.front();
            worker_.output.pop_front();
            if (!legible_)
                continue;
            if (reply.id == 0)
                goodbye();
            else
                answer(reply.id, reply.not_begun, true);
        }
    }
    void deliver_all() { deliver(worker_.output.size()); }

    /// A line that is no message: in the place of the next answer, or besides.
    void break_the_protocol()
    {
        if (!launched_ || !legible_ || mute_)
            return;
        if (in_.bit()) {
            if (worker_.output.empty())
                return;
            worker_.output.pop_front();
        }
        else if (!worker_.alive())
            return;
        violated(!in_.bit());
    }
    void violated(bool legible)
    {
        ++lines_;
        legible_ = legible_ && legible;
        link_.violated(legible, now());
    }
    void answer(std::uint64_t id, bool not_begun, bool is_honest)
    {
        if (!link_.was_ready())
            return;
        using how = link_state::answer;
        auto const what = not_begun ? how::not_begun : how::done;
        bool const violated_before = lines_ != 0;
        link_state::flight out{};
        auto was = link_.answered(id, what, out, now());
        while (was == effect::spoilt && out.id != id) {
            end_job(out);
            was = link_.answered(id, what, out, now());
        }
        switch (was) {
        case effect::violation:
            // If the worker is killed for another reason, no answer is taken after one that is garbled.
            require(!is_honest || !honest_ ||
                (violated_before && !not_begun && link_.why_killed() != verdict::violation));
            return violated(true);
        case effect::nothing:
            require(not_begun && link_.has_said_goodbye());
            return;
        case effect::spoilt:
            require(violated_before && !not_begun);
            break;
        case effect::finished:
            require(!not_begun);
            break;
        case effect::returned:
        case effect::stopped:
            require(not_begun && (was == effect::stopped) == !!out.asked);
            ++back_;
            break;
        }
        require(out.id == id);
        honest_ = honest_ && is_honest;
        require(!honest_ || worker_.began(id) == !not_begun);
        end_job(out);
    }
    void goodbye()
    {
        if (lines_ != 0 || (link_.retiring() && link_.in_flight() == 0))
            return;
        link_.said_goodbye(now());
        if (!link_.has_said_goodbye())
            return;
        while (link_.in_flight() != 0) {
            link_state::flight out{};
            auto const was = link_.lose(out);
            require(was == (out.asked ? loss::stopped : loss::returned));
            require(!honest_ || !worker_.began(out.id));
            ++back_;
            end_job(out);
        }
    }
    void end_job(link_state::flight const& out)
    {
        require(out.id != 0 && out.id <= jobs_.size());
        auto& each = jobs_[out.id - 1];
        require(out.what == &each && out.ends_at == each.ends_at && !each.ended);
        require(out.asked == each.asked);
        each.ended = true;
        ++ended_;
    }

    // The shell
    void ask()
    {
        auto const id = in_.below(static_cast<unsigned>(jobs_.size()) + 2);
        bool const here = id != 0 && id <= jobs_.size() && !jobs_[id - 1].ended;
        error_code const why = in_.bit() ? make_error_code(leasepool::errc::lease_expired)
                                         : error_code(boost::asio::error::operation_aborted);
        require(link_.ask(id, why, now()) == here);
        if (here && !jobs_[id - 1].asked)
            jobs_[id - 1].asked = why;
    }
    void advance()
    {
        auto const next = ticks(link_.next_deadline());
        auto const by = in_.below(8);
        auto const to =
            by == 7 ? next : now_ + std::min(static_cast<tick>(by), end_of_clock - now_);
        now_ = std::clamp(to, now_, end_of_clock);
    }
    void look_at_the_clock()
    {
        deliver_all();
        if (over_)
            return;
        bool const is_due = now() >= link_.next_deadline();
        auto const was = link_.state();
        auto const deadline = link_.next_deadline();
        link_.tick(now());
        require(is_due || (link_.state() == was && link_.next_deadline() == deadline));
        note_timeout();
        if (was != phase::killing && link_.state() == phase::killing &&
            link_.why_killed() == verdict::asked) {
            require(link_.head() && link_.head()->asked);
            auto const running = worker_.running();
            require(!honest_ || running == 0 || running == link_.head()->id);
        }
        poll();
        // Otherwise the shell would spin.
        require(link_.next_deadline() > now());
        if (link_.state() == phase::lost)
            lose_all(written_);
    }
    /// Only the head can have been asked to stop by the clock.
    void note_timeout()
    {
        auto const* const head = link_.head();
        if (!head || jobs_[head->id - 1].asked || !head->asked)
            return;
        auto& each = jobs_[head->id - 1];
        require(head->asked == leasepool::errc::job_timeout);
        require(each.timeout != 0 && now_ - each.sent_at >= each.timeout);
        each.asked = head->asked;
    }
    void poll()
    {
        for (std::size_t polls = 0;; ++polls) {
            require(polls <= jobs_.size() + 4);
            auto const next = link_.poll();
            if (next.what == act::none)
                break;
            perform(next);
        }
        check_rest();
    }
    void perform(link_state::action const& next)
    {
        using kind = link_worker::kind;
        require(!killed_);
        auto what = kind::end;
        switch (next.what) {
        case act::none:
            return;
        case act::kill:
            require(link_.why_killed() != verdict::none);
            killed_ = true;
            return;
        case act::send_cancel:
            what = kind::cancel;
            paused_ = true;
            if (next.id == 0) {
                require(link_.in_flight() > 1);
                break;
            }
            require(next.id <= jobs_.size());
            require(!jobs_[next.id - 1].ended && !!jobs_[next.id - 1].asked);
            require(!jobs_[next.id - 1].told);
            jobs_[next.id - 1].told = true;
            break;
        case act::send_resume:
            what = kind::resume;
            require(paused_);
            paused_ = false;
            require(std::ranges::none_of(
                jobs_, [](job const& each) { return !each.ended && each.asked; }));
            break;
        case act::close_input:
            require(link_.retiring() && link_.in_flight() == 0);
            break;
        }
        require(!closed_);
        closed_ = what == kind::end;
        sent_ += 10;
        worker_.input.push_back({what, next.id, sent_});
        write(in_.byte());
    }

    // The end
    void end()
    {
        if (launched_ && worker_.alive())
            return;
        deliver_all();
        if (over_)
            return;
        bool const is_known = in_.bit();
        auto const read_to = is_known ? std::min(worker_.read_to, written_) : written_;
        link_.ended(in_.bit(), written_ - read_to);
        require(link_.state() == phase::ended);
        // Without an answer it may have gone on to the next job, and then it has broken the protocol. If
        // it was not killed for that, it cannot be known.
        honest_ = honest_ && (!mute_ || link_.why_killed() == verdict::overdue);
        lose_all(read_to);
    }
    void lose_all(std::uint64_t read_to)
    {
        require(link_.next_deadline() == link_state::never);
        std::size_t failed = 0;
        while (link_.in_flight() != 0) {
            link_state::flight out{};
            auto const was = link_.lose(out);
            bool const returned = was == loss::returned || was == loss::stopped;
            require(was != loss::returned || !out.asked);
            require((was != loss::stopped && was != loss::killed) || !!out.asked);
            require(was != loss::killed || link_.why_killed() == verdict::asked);
            // What was never read has not begun.
            require(out.ends_at <= read_to || returned || link_.state() == phase::lost);
            require(out.ends_at <= written_ || returned);
            require(!returned || !honest_ || !worker_.began(out.id));
            failed += returned ? 0 : 1;
            end_job(out);
        }
        bool const may_have_run_all =
            !legible_ || link_.state() == phase::lost || link_.why_killed() == verdict::overdue;
        require(may_have_run_all || failed <= lines_ + 1);
        over_ = true;
    }
    /// The worker does nothing any more, and the clock goes on.
    void wind_up()
    {
        deliver_all();
        std::size_t const most = 4 * jobs_.size() + 16;
        for (std::size_t n = 0; !over_; ++n) {
            require(n != most);
            look_at_the_clock();
            if (over_ || ticks(link_.next_deadline()) > end_of_clock)
                break;
            now_ = std::max(now_, ticks(link_.next_deadline()));
        }
        // Near its end the clock saturates.
        if (now_ < end_of_clock / 2 && !over_) {
            auto const state = link_.state();
            require(state == phase::ready || state >= phase::exited);
            require(state != phase::ready || !link_.head() || !link_.head()->asked);
        }
        if (is_running())
            worker_.die();
        if (!over_)
            end();
        require(over_);
    }

    // What must be so
    void check()
    {
        require(link_.in_flight() == jobs_.size() - ended_);
        auto const* const head = link_.head();
        require((head != nullptr) == (link_.in_flight() != 0));
        bool is_first = true;
        for (auto const& each : jobs_) {
            if (each.ended)
                continue;
            require(link_.may_have(each.id));
            require(!is_first || head->id == each.id);
            is_first = false;
        }
        auto const most = std::max<std::size_t>(opts_.max_in_flight, 1);
        require(link_.depth() >= 1 && link_.depth() <= (pipelining_ ? most : 1));
        require(link_.in_flight() <= (pipelining_ ? most : 1));
        require(!link_.room(now()) || (link_.in_service() && !paused_ && !closed_));
        require(link_.idle() == (link_.in_service() && link_.in_flight() == 0));
        require(link_.jobs() == jobs_.size() - back_);
        require(opts_.max_jobs == 0 || link_.jobs() <= opts_.max_jobs);
        require(link_.had_a_job() == !jobs_.empty());
        check_phase();
    }
    void check_phase()
    {
        auto const is = link_.state();
        auto const why = link_.why_killed();
        require(is == phase_ || may_follow(phase_, is));
        require(is != phase::killing || why != verdict::none);
        require(why == why_ || why_ == verdict::none ||
            (why_ == verdict::overdue && is == phase::ended && why == verdict::none));
        require(link_.is_due() || !due_);
        phase_ = is;
        why_ = why;
        due_ = link_.is_due();
    }
    /// Whether it may have come so far with one event.
    static bool may_follow(phase before, phase is)
    {
        switch (before) {
        case phase::launching:
        case phase::starting:
        case phase::ready:
        case phase::closing:
        case phase::killing:
        case phase::exited:
            return is > before && (before < phase::exited || is == phase::ended) &&
                (is != phase::lost || before == phase::killing);
        case phase::ended:
        case phase::lost:
            return false;
        }
        return false;
    }
    /// Once all is polled.
    void check_rest() const
    {
        auto const is = link_.state();
        require((is != phase::killing && is != phase::lost) || killed_);
        if (is >= phase::killing)
            return;
        require(is != phase::ready || !link_.retiring() || link_.in_flight() != 0);
        require(is != phase::closing || !link_.retiring() || closed_ || deaf_ || mute_);
        if (link_.has_said_goodbye())
            return;
        require(link_.barred() == paused_);
        require(is != phase::ready || !paused_ || link_.in_flight() != 0);
        require(std::ranges::all_of(
            jobs_, [](job const& each) { return each.ended || !each.asked || each.told; }));
    }

    input& in_;
    link_state::options const opts_;
    bool const pipelining_;
    tick now_;
    link_state link_;
    link_worker worker_;
    std::deque<job> jobs_;  // their addresses are stable
    std::size_t ended_ = 0;
    std::size_t back_ = 0;  // as not begun
    std::uint64_t sent_ = 0;
    std::uint64_t written_ = 0;
    std::size_t lines_ = 0;  // that break the protocol
    bool legible_ = true;
    bool honest_ = true;  // no answer was taken that the worker has not given
    bool launched_ = false;
    bool deaf_ = false;    // it has closed its input
    bool mute_ = false;    // it has closed its output
    bool paused_ = false;  // as the stream to the worker says
    bool closed_ = false;
    bool killed_ = false;
    bool over_ = false;
    phase phase_ = phase::launching;
    verdict why_ = verdict::none;
    bool due_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    input in(data, size);
    life(in).run();
    return 0;
}
